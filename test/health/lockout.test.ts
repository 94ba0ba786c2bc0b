import { describe, expect, it } from 'vitest';
import { createLockout } from '../../src/health/lockout.ts';
import { createClock } from './clock.ts';

function setUp() {
  const clock = createClock();
  const key = { version: 1 };
  const lockout = createLockout(() => key.version);
  const refusal = (retryAfterMs?: number) => ({
    kind: 'auth' as const,
    now: clock.now(),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  const leftMs = () => (lockout.heldAt(clock.now())?.until ?? clock.now()) - clock.now();
  return { clock, key, lockout, refusal, leftMs };
}

describe('a lockout', () => {
  it('grows from 60 s to 10 min with each refused probe', () => {
    const { clock, lockout, refusal, leftMs } = setUp();
    const lengths = Array.from({ length: 6 }, () => {
      lockout.enter().refused(refusal());
      const length = leftMs();
      clock.tick(length);
      return length;
    });
    expect(lengths).toEqual([60_000, 120_000, 240_000, 480_000, 600_000, 600_000]);
  });

  it('lasts as long as the vendor stated, also shorter or longer than its own times', () => {
    const { clock, lockout, refusal, leftMs } = setUp();
    lockout.enter().refused(refusal(5000));
    expect(leftMs()).toBe(5000);
    clock.tick(5000);
    lockout.enter().refused(refusal(86_400_000));
    expect(leftMs()).toBe(86_400_000);
  });

  it('ends with one attempt that succeeds, after its time', () => {
    const { clock, lockout, refusal } = setUp();
    lockout.enter().refused(refusal());
    clock.tick(60_000);
    const probe = lockout.enter();
    expect(probe.probe).toBe(true);
    expect(lockout.probing()).toBe(true);
    expect(lockout.kind()).toBe('auth');
    probe.succeeded();
    expect(lockout.kind()).toBeUndefined();
    expect(lockout.enter().probe).toBe(false);
  });

  it('gives the probe back where an attempt decides nothing', () => {
    const { clock, lockout, refusal } = setUp();
    lockout.enter().refused(refusal());
    clock.tick(60_000);
    for (let round = 0; round < 50; round += 1) {
      const probe = lockout.enter();
      expect(probe.probe).toBe(true);
      probe.release();
      expect(lockout.probing()).toBe(false);
    }
  });

  it('counts many refusals at once as one', () => {
    const { clock, lockout, refusal, leftMs } = setUp();
    const passes = Array.from({ length: 20 }, () => lockout.enter());
    expect(passes.map((pass) => pass.refused(refusal()))).toEqual([
      'began',
      ...Array<undefined>(19).fill(undefined),
    ]);
    clock.tick(60_000);
    lockout.enter().refused(refusal());
    expect(leftMs()).toBe(120_000);
  });

  it('takes the later of two stated times', () => {
    const { lockout, refusal, leftMs } = setUp();
    const [first, second, third] = [lockout.enter(), lockout.enter(), lockout.enter()];
    first.refused(refusal(10_000));
    expect(second.refused(refusal(90_000))).toBe('longer');
    expect(third.refused(refusal(5_000))).toBeUndefined();
    expect(leftMs()).toBe(90_000);
  });

  it('goes by the kind of the refusal that lasts longest', () => {
    const { lockout, refusal } = setUp();
    const [first, second] = [lockout.enter(), lockout.enter()];
    first.refused(refusal(10_000));
    second.refused({ ...refusal(90_000), kind: 'quota' });
    expect(lockout.kind()).toBe('quota');
  });

  it('is not ended by a success of an attempt that began before it', () => {
    const { lockout, refusal, leftMs } = setUp();
    const early = lockout.enter();
    lockout.enter().refused(refusal());
    early.succeeded();
    expect(leftMs()).toBe(60_000);
  });

  it('ends as soon as the key is another', () => {
    const { key, lockout, refusal, leftMs } = setUp();
    lockout.enter().refused(refusal());
    key.version = 2;
    expect(leftMs()).toBe(0);
    expect(lockout.enter().probe).toBe(false);
  });

  it('does not hold the new key for what the old one was refused', () => {
    const { key, lockout, refusal, leftMs } = setUp();
    const early = [lockout.enter(), lockout.enter()];
    lockout.enter().refused(refusal());
    key.version = 2;
    expect(early[0]?.refused(refusal())).toBeUndefined();
    lockout.clear();
    expect(early[1]?.refused(refusal())).toBeUndefined();
    expect(leftMs()).toBe(0);
  });

  it('does not hold a rotated key for an old refusal where nothing was locked yet', () => {
    const { lockout, refusal, leftMs } = setUp();
    const early = lockout.enter();
    lockout.clear();
    early.refused(refusal());
    expect(leftMs()).toBe(0);
  });

  it('begins at 60 s again after it has ended', () => {
    const { clock, lockout, refusal, leftMs } = setUp();
    for (let round = 0; round < 3; round += 1) {
      lockout.enter().refused(refusal());
      clock.tick(leftMs());
    }
    lockout.enter().succeeded();
    lockout.enter().refused(refusal());
    expect(leftMs()).toBe(60_000);
  });
});
