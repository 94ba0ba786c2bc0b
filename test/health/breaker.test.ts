import { describe, expect, it } from 'vitest';
import { createBreaker, type BreakerChange, type Pass } from '../../src/health/breaker.ts';
import { cusum } from '../../src/health/evidence.ts';
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
    clock.tick(1000);
  }
  function recover() {
    halfOpen();
    admitted().firstContent(clock.now());
  }
  return { clock, breaker, changes, enter, admitted, state, fail, trip, halfOpen, recover };
}

describe('the breaker', () => {
  it('opens on failures, turns callers away, and lets one probe through after a second', () => {
    const { clock, enter, state, trip } = setUp();
    trip();
    expect(enter()).toBeUndefined();
    clock.tick(999);
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

  it('opens again after two failures in slow start', () => {
    const { state, fail, recover } = setUp();
    recover();
    fail();
    expect(state()).toBe('slow-start');
    fail();
    expect(state()).toBe('open');
  });

  it('stays open longer after each failed probe, from 1 s doubling to 20 s', () => {
    const { clock, breaker, admitted, trip } = setUp();
    const openMs = () => (breaker.openAt(clock.now())?.until ?? 0) - clock.now();
    trip();
    const lengths = [openMs()];
    for (let probe = 0; probe < 6; probe += 1) {
      clock.tick(openMs());
      admitted().end(failure, clock.now());
      lengths.push(openMs());
    }
    expect(lengths).toEqual([1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
  });

  it('shortens open times by up to a quarter, so that processes do not probe together', () => {
    const { clock, breaker, trip } = setUp(() => 0.999_999);
    trip();
    expect((breaker.openAt(clock.now())?.until ?? 0) - clock.now()).toBeCloseTo(750, 1);
  });

  it('goes on growing where it trips again soon after it recovered, and begins anew after a healthy minute', () => {
    const { clock, breaker, recover, trip } = setUp();
    const openMs = () => (breaker.openAt(clock.now())?.until ?? 0) - clock.now();
    recover();
    clock.tick(59_000);
    trip();
    expect(openMs()).toBe(2000);
    clock.tick(2000);
    breaker.enter(clock.now(), false)?.firstContent(clock.now());
    clock.tick(60_000);
    trip();
    expect(openMs()).toBe(1000);
  });

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
    for (const openMs of [1000, 2000, 4000]) {
      clock.tick(openMs);
      admitted().end(failure, clock.now());
    }
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
    const { clock, enter, trip } = setUp();
    trip();
    clock.set(clock.now() - 3_600_000);
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
    probe.end(failure, clock.now());
    fail();
    expect(state()).toBe('open');
  });
});
