import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCoolDown } from '../../src/health/cooldown.ts';
import { createClock } from './clock.ts';

const limited = (now: number, retryAfterMs?: number) => ({
  kind: 'rate-limit' as const,
  now,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

function setUp(random = () => 0) {
  const clock = createClock(random);
  const coolDown = createCoolDown(clock);
  const begin = (retryAfterMs?: number, era = coolDown.era()) =>
    coolDown.begin(limited(clock.now(), retryAfterMs), era);
  const leftMs = () => (coolDown.heldAt(clock.now())?.until ?? clock.now()) - clock.now();
  return { clock, coolDown, begin, leftMs };
}

describe('a cool-down', () => {
  it('lasts exactly as long as the vendor asked', () => {
    const { clock, coolDown, begin } = setUp();
    begin(20_000);
    clock.tick(19_999);
    expect(coolDown.heldAt(clock.now())).toBeDefined();
    clock.tick(1);
    expect(coolDown.heldAt(clock.now())).toBeUndefined();
  });

  it('ends for good where the clock is set back, and does not come again an hour later', () => {
    const { clock, coolDown, begin } = setUp();
    begin(20_000);
    clock.tick(-3_600_000);
    expect(coolDown.heldAt(clock.now())).toBeUndefined();
    clock.tick(3_600_000);
    expect(coolDown.heldAt(clock.now())).toBeUndefined();
  });

  it('lasts a day at most, also where a vendor states an instant as if it were a duration', () => {
    const { begin, leftMs } = setUp();
    begin(1_755_000_000_000);
    expect(leftMs()).toBe(86_400_000);
  });

  it('grows from 1 s to 60 s from limit to limit where the vendor names no time', () => {
    const { clock, begin, leftMs } = setUp();
    const lengths = Array.from({ length: 8 }, () => {
      begin();
      const length = leftMs();
      clock.tick(length);
      return length;
    });
    expect(lengths).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('begins at 1 s again after a success', () => {
    const { clock, coolDown, begin, leftMs } = setUp();
    begin();
    clock.tick(leftMs());
    begin();
    clock.tick(leftMs());
    coolDown.succeeded(coolDown.era());
    begin();
    expect(leftMs()).toBe(1000);
  });

  it('does not grow where calls are answered between the pauses, though the limit is always told first', () => {
    const { clock, coolDown, begin, leftMs } = setUp();
    begin();
    const pauses: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      clock.tick(leftMs());
      // Two attempts begin; the one that is limited is told so before the other's first token has come.
      const era = coolDown.era();
      begin(undefined, era);
      pauses.push(leftMs());
      coolDown.succeeded(era);
    }
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2_000);
  });

  it('takes no step for each of many attempts that are limited at once', () => {
    const { clock, coolDown, begin, leftMs } = setUp();
    const era = coolDown.era();
    for (let attempt = 0; attempt < 50; attempt += 1) begin(undefined, era);
    expect(leftMs()).toBe(1000);
    clock.tick(1000);
    begin();
    expect(leftMs()).toBe(2000);
  });

  it('is not made shorter again by a success of an attempt that began before it', () => {
    const { clock, coolDown, begin, leftMs } = setUp();
    const early = coolDown.era();
    begin();
    coolDown.succeeded(early);
    expect(leftMs()).toBe(1000);
    clock.tick(1000);
    begin();
    expect(leftMs()).toBe(2000);
  });

  it('takes a Retry-After of nothing as none', () => {
    const { begin, leftMs } = setUp();
    begin(0);
    expect(leftMs()).toBe(1000);
    expect(setUp().begin(-5)).toBe(true);
    expect(setUp().begin(Number.NaN)).toBe(true);
  });

  it('heeds a time named beside another failure, but makes none up', () => {
    const { clock, coolDown, leftMs } = setUp();
    expect(coolDown.heed({ kind: 'overloaded', now: clock.now() })).toBe(false);
    expect(leftMs()).toBe(0);
    expect(coolDown.heed({ kind: 'overloaded', now: clock.now(), retryAfterMs: 3000 })).toBe(true);
    expect(leftMs()).toBe(3000);
  });

  it('shortens its own times by up to a quarter, and never a stated one', () => {
    const { clock, begin, leftMs } = setUp(() => 0.999_999);
    begin();
    expect(leftMs()).toBeCloseTo(750, 1);
    clock.tick(750);
    begin(5000);
    expect(leftMs()).toBe(5000);
  });

  it('ends at once when it is cleared', () => {
    const { coolDown, begin, leftMs } = setUp();
    begin(3_600_000);
    coolDown.clear();
    expect(leftMs()).toBe(0);
    begin();
    expect(leftMs()).toBe(1000);
  });

  it('takes no step for an attempt that began before it was cleared', () => {
    const { clock, coolDown, begin, leftMs } = setUp();
    const early = coolDown.era();
    coolDown.clear();
    begin(undefined, early);
    clock.tick(leftMs());
    begin();
    expect(leftMs()).toBe(1000);
  });

  it('lasts until the latest of all times that were named, in whatever order', () => {
    const hints = fc.array(
      fc.record({ afterMs: fc.nat(500), retryAfterMs: fc.integer({ min: 1, max: 100_000 }) }),
      {
        minLength: 1,
        maxLength: 20,
        size: 'max',
      },
    );
    fc.assert(
      fc.property(hints, fc.boolean(), (sequence, stale) => {
        const { clock, coolDown, begin } = setUp();
        const early = coolDown.era();
        let latest = 0;
        for (const { afterMs, retryAfterMs } of sequence) {
          clock.tick(afterMs);
          if (latest <= clock.now()) latest = 0;
          latest = Math.max(latest, clock.now() + retryAfterMs);
          begin(retryAfterMs, stale ? early : coolDown.era());
          expect(coolDown.heldAt(clock.now())?.until).toBe(latest);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
