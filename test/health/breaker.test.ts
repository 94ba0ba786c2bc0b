import { describe, expect, it } from 'vitest';
import { createBreaker } from '../../src/health/breaker.ts';
import { cusum } from '../../src/health/evidence.ts';
import type { Pass } from '../../src/health/passage.ts';
import type { BreakerChange } from '../../src/health/phases.ts';
import { createClock } from './clock.ts';

const failure = { kind: 'failure', weight: 1, reason: 'server-error (500)' } as const;
const success = { kind: 'success' } as const;
const undecided = { kind: 'undecided' } as const;
const alive = { kind: 'alive', reason: 'rate-limit (429)' } as const;

function setUp(random = () => 0) {
  const clock = createClock(random);
  const changes: BreakerChange[] = [];
  const breaker = createBreaker({
    runtime: clock,
    evidence: cusum()(),
    onChange: (change) => changes.push(change),
  });
  const enter = (lastResort = false) => breaker.enter(clock.now(), lastResort);
  const admitted = (lastResort = false) => enter(lastResort) as Pass;
  const state = () => breaker.state(clock.now());
  const fail = () => admitted().end(failure, clock.now());
  function trip() {
    while (state() !== 'open') {
      clock.tick(100);
      fail();
    }
  }
  /** Opens and lets the open time pass. */
  function halfOpen() {
    trip();
    clock.tick(7000);
  }
  function recover() {
    halfOpen();
    admitted().firstContent(clock.now());
  }
  return { clock, breaker, changes, enter, admitted, state, fail, trip, halfOpen, recover };
}

describe('failures in a row', () => {
  it('open at once where everything that begins fails', () => {
    const { clock, admitted, state } = setUp();
    const before = admitted();
    for (let call = 0; call < 5; call += 1) admitted().end(failure, clock.now());
    // It began in health, and says nothing of now.
    before.firstContent(clock.now());
    expect(state()).toBe('open');
  });

  it('are none at a busy target, which tells its failures sooner than its answers', () => {
    const { clock, admitted, state } = setUp();
    // It answers nearly everything, so that all else speaks for it.
    for (let call = 0; call < 40; call += 1) admitted().end(success, clock.now());
    const failing = () => admitted().end(failure, clock.now());
    failing();
    const underWay = Array.from({ length: 40 }, admitted);
    for (let call = 0; call < 3; call += 1) failing();
    underWay[0]?.firstContent(clock.now());
    failing();
    expect(state()).toBe('closed');
  });

  it('say of a target that limps only what began after its latest answer', () => {
    const { clock, breaker, admitted } = setUp();
    const hung = Array.from({ length: 5 }, admitted);
    clock.tick(10);
    admitted().firstContent(clock.now());
    hung.forEach((pass) => pass.end(failure, clock.now()));
    expect(breaker.limps()).toBe(true);
  });
});

describe('the breaker', () => {
  it('opens on failures, turns callers away, and lets one probe through after 7 seconds', () => {
    const { clock, enter, state, trip } = setUp();
    trip();
    expect(enter()).toBeUndefined();
    clock.tick(6999);
    expect(state()).toBe('open');
    expect(enter()).toBeUndefined();
    clock.tick(1);
    expect(state()).toBe('half-open');
    expect(enter()?.probe).toBe(true);
    expect(enter()).toBeUndefined();
    expect(enter(true)).toBeUndefined();
  });

  it('begins slow start at the first content of the probe, not at its end', () => {
    const { clock, admitted, enter, state, halfOpen } = setUp();
    halfOpen();
    const probe = admitted();
    probe.firstContent(clock.now());
    expect(state()).toBe('slow-start');
    expect(enter()?.probe).toBe(false);
    probe.end(success, clock.now());
    expect(state()).toBe('slow-start');
  });

  it('raises the share in slow start from a tenth to all within 10 seconds', () => {
    const { clock, breaker, state, recover } = setUp();
    recover();
    expect(breaker.share(clock.now())).toBeCloseTo(0.1);
    clock.tick(5000);
    expect(breaker.share(clock.now())).toBeCloseTo(0.55);
    clock.tick(5000);
    expect(breaker.share(clock.now())).toBe(1);
    expect(state()).toBe('closed');
  });

  it('ends slow start where the clock is set back', () => {
    const { clock, breaker, state, recover } = setUp();
    recover();
    clock.set(clock.now() - 3_600_000);
    expect(breaker.share(clock.now())).toBe(1);
    expect(state()).toBe('closed');
  });

  it('opens again after three failures in slow start', () => {
    const { clock, state, fail, recover } = setUp();
    recover();
    clock.tick(5000);
    fail();
    fail();
    expect(state()).toBe('slow-start');
    fail();
    expect(state()).toBe('open');
  });

  it('takes nobody out again within 5 seconds of its return, unless it is down', () => {
    const { clock, admitted, state, fail, recover } = setUp();
    recover();
    clock.tick(4000);
    for (let round = 0; round < 10; round += 1) {
      fail();
      fail();
      admitted().end(success, clock.now());
    }
    expect(state()).toBe('slow-start');
    for (let round = 0; round < 5; round += 1) fail();
    expect(state()).toBe('open');
  });

  it('comes back more slowly where it failed soon after it had come back', () => {
    const { clock, breaker, admitted, trip, recover } = setUp();
    recover();
    clock.tick(20_000);
    trip();
    clock.tick(20_000);
    admitted().firstContent(clock.now());
    clock.tick(10_000);
    expect(breaker.state(clock.now())).toBe('slow-start');
    expect(breaker.shareReason(clock.now())).toMatch('slow start');
    clock.tick(10_000);
    expect(breaker.state(clock.now())).toBe('closed');
  });

  it('loses share while more of its calls fail than is normal, and says so; gets it back with time alone', () => {
    const { clock, breaker, admitted, state } = setUp();
    for (let call = 0; call < 200; call += 1) {
      clock.tick(100);
      admitted().end(call % 10 === 0 ? failure : success, clock.now());
    }
    expect(state()).toBe('closed');
    expect(breaker.share(clock.now())).toBeLessThan(0.2);
    expect(breaker.shareReason(clock.now())).toBe('too many of its calls fail or are slow');
    clock.tick(180_000);
    expect(breaker.share(clock.now())).toBe(1);
  });

  it('stays open longer after each failed probe, from 7 s doubling to 20 s', () => {
    const { clock, breaker, admitted, trip } = setUp();
    const openMs = () => (breaker.openAt(clock.now())?.until ?? 0) - clock.now();
    trip();
    const lengths = [openMs()];
    for (let probe = 0; probe < 6; probe += 1) {
      clock.tick(openMs());
      admitted().end(failure, clock.now());
      lengths.push(openMs());
    }
    expect(lengths).toEqual([7000, 14_000, 20_000, 20_000, 20_000, 20_000, 20_000]);
  });

  it('shortens open times by up to a quarter, so that processes do not probe together', () => {
    const { clock, breaker, trip } = setUp(() => 0.999_999);
    trip();
    expect((breaker.openAt(clock.now())?.until ?? 0) - clock.now()).toBeCloseTo(5250, 1);
  });

  it('goes on growing where it trips again soon after it recovered, and begins anew after a healthy minute', () => {
    const { clock, breaker, recover, trip } = setUp();
    const openMs = () => (breaker.openAt(clock.now())?.until ?? 0) - clock.now();
    recover();
    clock.tick(59_000);
    trip();
    expect(openMs()).toBe(14_000);
    clock.tick(14_000);
    breaker.enter(clock.now(), false)?.firstContent(clock.now());
    clock.tick(60_000);
    trip();
    expect(openMs()).toBe(7000);
  });

  it.each([
    [60, 60, 600],
    [10, 10, 100],
    [0.1, 7, 20],
  ])(
    'with a call every %s s it stays open for %s s at first, and for %s s at most',
    (everyS, first, most) => {
      const { clock, breaker, admitted } = setUp();
      const openMs = () => (breaker.openAt(clock.now())?.until ?? 0) - clock.now();
      for (let call = 0; call < 200; call += 1) {
        admitted().end(success, clock.now());
        clock.tick(everyS * 1000);
      }
      while (openMs() <= 0) {
        admitted().end(failure, clock.now());
        if (openMs() <= 0) clock.tick(everyS * 1000);
      }
      expect(openMs()).toBeCloseTo(first * 1000, -1);
      for (let probe = 0; probe < 10; probe += 1) {
        clock.tick(openMs());
        admitted().end(failure, clock.now());
      }
      expect(openMs()).toBeCloseTo(most * 1000, -1);
    },
  );

  it('gives the probe back undecided where an abort or a lost hedge ends it', () => {
    const { clock, admitted, enter, state, halfOpen } = setUp();
    halfOpen();
    for (let round = 0; round < 50; round += 1) admitted().end(undecided, clock.now());
    expect(state()).toBe('half-open');
    expect(enter()?.probe).toBe(true);
  });

  it('closes where the probe is answered by a rate limit', () => {
    const { clock, admitted, state, halfOpen } = setUp();
    halfOpen();
    admitted().end(alive, clock.now());
    expect(state()).toBe('closed');
  });

  it('is not closed by an idle hour, nor tripped by one', () => {
    const { clock, state, trip, changes } = setUp();
    clock.tick(3_600_000);
    expect(state()).toBe('closed');
    trip();
    clock.tick(3_600_000);
    expect(state()).toBe('half-open');
    expect(changes.map(({ to }) => to)).toEqual(['open']);
  });

  it('lets a last resort probe after 2 s at most, however long it is open, and never two at once', () => {
    const { clock, breaker, admitted, enter, state, trip } = setUp();
    trip();
    for (const openMs of [7000, 14_000]) {
      clock.tick(openMs);
      admitted().end(failure, clock.now());
    }
    expect(breaker.openAt(clock.now())?.until).toBe(clock.now() + 20_000);
    expect(breaker.lastResortAt(clock.now())).toBe(clock.now() + 2000);
    clock.tick(1999);
    expect(enter(true)).toBeUndefined();
    clock.tick(1);
    expect(enter(false)).toBeUndefined();
    const probe = admitted(true);
    expect(probe.probe).toBe(true);
    expect(enter(true)).toBeUndefined();
    probe.end(undecided, clock.now());
    expect(state()).toBe('half-open');
  });

  it('is probed at once when it is invited', () => {
    const { clock, breaker, enter, trip } = setUp();
    trip();
    breaker.invite(clock.now(), 'enabled');
    expect(enter()?.probe).toBe(true);
  });

  it('tells each change with its reason', () => {
    const { clock, changes, admitted, halfOpen } = setUp();
    halfOpen();
    const openUntil = clock.now();
    admitted().firstContent(clock.now());
    clock.tick(10_000);
    admitted();
    expect(changes).toMatchObject([
      { from: 'closed', to: 'open', openUntil, reason: 'server-error (500)' },
      { from: 'open', to: 'half-open', reason: 'the open time is over' },
      { from: 'half-open', to: 'slow-start', reason: 'the probe succeeded' },
      { from: 'slow-start', to: 'closed', reason: 'slow start is over' },
    ]);
  });

  it('does not keep a target for an hour because the clock was set back by one', () => {
    const { clock, state, enter, trip } = setUp();
    trip();
    clock.set(clock.now() - 3_600_000);
    expect(state()).toBe('half-open');
    clock.tick(3_600_000);
    expect(state()).toBe('half-open');
    expect(enter()?.probe).toBe(true);
  });
});

describe('results of attempts that began before the breaker changed', () => {
  it('do not lengthen the open time', () => {
    const { clock, breaker, admitted, trip } = setUp();
    const early = Array.from({ length: 20 }, () => admitted());
    trip();
    const before = breaker.openAt(clock.now());
    for (const pass of early) pass.end(failure, clock.now());
    expect(breaker.openAt(clock.now())).toEqual(before);
  });

  it('do not close it, nor take the probe from the one that holds it', () => {
    const { clock, admitted, enter, state, halfOpen } = setUp();
    const early = admitted();
    const other = admitted();
    halfOpen();
    admitted();
    early.end(success, clock.now());
    other.firstContent(clock.now());
    other.end(undecided, clock.now());
    expect(state()).toBe('half-open');
    expect(enter()).toBeUndefined();
  });

  it('do not end a slow start', () => {
    const { clock, admitted, state, recover } = setUp();
    const early = Array.from({ length: 20 }, () => admitted());
    recover();
    for (const pass of early) pass.end(failure, clock.now());
    expect(state()).toBe('slow-start');
  });

  it('but the rest of the probe that closed it counts', () => {
    const { clock, admitted, fail, state, halfOpen } = setUp();
    halfOpen();
    const probe = admitted();
    probe.firstContent(clock.now());
    clock.tick(5000);
    probe.end(failure, clock.now());
    fail();
    fail();
    expect(state()).toBe('open');
  });
});
