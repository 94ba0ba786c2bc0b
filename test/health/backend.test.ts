import { describe, expect, it } from 'vitest';
import type { RouterEvent } from '../../src/core/events.ts';
import type { Failure, FailureKind } from '../../src/core/failure.ts';
import { createBackend } from '../../src/health/backend.ts';
import type { BackendPass } from '../../src/health/backend-pass.ts';
import { cusum } from '../../src/health/evidence.ts';
import { createProviderScope } from '../../src/health/provider-scope.ts';
import { createClock, eventsOf } from './clock.ts';

const now = 1_000_000;
const limits = (remaining: number) => ({
  requestsLimit: 100,
  requestsRemaining: remaining,
  requestsResetMs: now + 60_000,
});

function setUp() {
  const clock = createClock();
  const events: RouterEvent[] = [];
  const parts = { runtime: clock, emit: (event: RouterEvent) => void events.push(event) };
  const provider = { name: 'acme' };
  const scope = createProviderScope(provider, parts);
  const backend = createBackend(
    { id: 'one', provider, model: 'large' },
    { ...parts, evidence: cusum(), scope },
  );
  backend.targets.add('one');
  const told = { times: 0 };
  backend.watchers.add(() => void (told.times += 1));
  const enter = (lastResort = false) => backend.enter(clock.now(), { lastResort, tokens: 0 }) as BackendPass;
  const fail = (kind?: FailureKind, pass = enter(true), scope?: Failure['scope']) =>
    pass.end(
      { outcome: 'failure', durationMs: 1, ...(kind && { failure: { kind, message: '', scope } }) },
      clock.now(),
      'one',
    );
  const answer = (pass = enter()) => {
    pass.firstContent(10, clock.now());
    pass.end({ outcome: 'success', durationMs: 20 }, clock.now(), 'one');
  };
  const trip = () => {
    while (backend.breaker.state(clock.now()) !== 'open') fail('server-error');
  };
  /** Whether whoever keeps a view of it is told when this happens. */
  const tells = (act: () => void) => {
    const before = told.times;
    act();
    return told.times > before;
  };
  return { clock, events, backend, enter, fail, answer, trip, tells };
}

describe('whoever keeps a view of a target', () => {
  it('is told when it learns a feature, once', () => {
    const { backend, tells } = setUp();
    expect(tells(() => backend.learn('tools', now))).toBe(true);
    expect(tells(() => backend.learn('tools', now))).toBe(false);
  });

  it('is told when its breaker opens, and when a probe begins and ends', () => {
    const { trip, tells, clock, enter, fail } = setUp();
    expect(tells(trip)).toBe(true);
    clock.tick(60_000);
    let probe!: BackendPass;
    expect(tells(() => (probe = enter()))).toBe(true);
    expect(probe.probe).toBe(true);
    expect(tells(() => fail('server-error', probe))).toBe(true);
  });

  it('is told of nothing where an attempt comes, answers and goes', () => {
    const { enter, answer, tells } = setUp();
    expect(tells(() => answer(enter()))).toBe(false);
  });

  it('is told when something holds it back, and when a lockout is over', () => {
    const { fail, tells } = setUp();
    expect(tells(() => fail('rate-limit'))).toBe(true);
    const other = setUp();
    expect(other.tells(() => other.fail('quota', other.enter(), 'model'))).toBe(true);
    expect(other.backend.needsProbe(other.clock.now())).toBe(true);
    other.clock.tick(3_600_000);
    const pass = other.enter();
    expect(pass.probe).toBe(true);
    expect(other.tells(() => pass.firstContent(10, other.clock.now()))).toBe(true);
  });

  it('is told when the limits of its vendor come near, and when they are ample again', () => {
    const { enter, tells } = setUp();
    const pass = enter();
    expect(tells(() => pass.told(limits(90), now))).toBe(false);
    const next = enter();
    expect(tells(() => next.told(limits(5), now))).toBe(true);
    const last = enter();
    expect(tells(() => last.told(limits(4), now))).toBe(false);
    const later = enter();
    expect(tells(() => later.told({ ...limits(95), requestsResetMs: now + 90_000 }, now))).toBe(true);
  });
});

describe('a target', () => {
  it('needs a probe as long as its breaker is not closed', () => {
    const { backend, trip, clock, enter } = setUp();
    expect(backend.needsProbe(clock.now())).toBe(false);
    trip();
    expect(backend.needsProbe(clock.now())).toBe(true);
    clock.tick(60_000);
    enter();
    expect(backend.breaker.state(clock.now())).toBe('half-open');
    expect(backend.needsProbe(clock.now())).toBe(true);
  });

  it('is free of all that holds it once it is invited', () => {
    const held = [['rate-limit'], ['quota'], ['quota', 'model'], ['auth'], ['auth', 'model']] as const;
    for (const [kind, scope] of held) {
      const { backend, fail, clock, enter } = setUp();
      fail(kind, enter(), scope);
      expect(enter(), kind).toBeUndefined();
      backend.invite(clock.now());
      expect(enter(), kind).toBeDefined();
    }
    const { backend, trip, clock, events } = setUp();
    trip();
    backend.invite(clock.now());
    expect(backend.breaker.state(clock.now())).toBe('half-open');
    expect(eventsOf(events, 'breaker').at(-1)).toMatchObject({ to: 'half-open', reason: 'enabled' });
  });

  it('remembers when it was asked last', () => {
    const { backend, enter, clock } = setUp();
    expect(backend.askedAt()).toBe(-Infinity);
    enter();
    expect(backend.askedAt()).toBe(clock.now());
  });

  it('takes a failure without a reason as evidence', () => {
    const { backend, fail, clock } = setUp();
    for (let time = 0; time < 20 && backend.breaker.state(clock.now()) === 'closed'; time += 1) fail();
    expect(backend.breaker.state(clock.now())).toBe('open');
  });
});
