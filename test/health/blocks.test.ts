import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import type { HealthView, Permit, TargetHealth, TargetLimits } from '../../src/health/target-health.ts';
import { createTracker } from '../../src/health/tracker.ts';
import { createClock } from './clock.ts';

const begin = 1_000_000;
const failureOf = (kind: Failure['kind'], more: Partial<Failure> = {}): Failure => ({
  kind,
  message: '',
  ...more,
});

function setUp(limits?: TargetLimits) {
  const clock = createClock();
  const tracker = createTracker({ runtime: clock, emit() {} });
  const provider = { name: 'acme' };
  const register = (id: string, own?: TargetLimits) =>
    tracker.register({ id, provider, model: id, ...(own ? { limits: own } : {}) });
  const [one, other] = [register('one', limits), register('other')];
  const admit = (health: TargetHealth = one, lastResort = false) =>
    health.admit({ lastResort, demand: undefined }) as Permit;
  const answer = (permit: Permit = admit()) => {
    permit.firstContent(300);
    permit.end({ outcome: 'success', durationMs: 900 });
  };
  const fail = (failure: Failure, health: TargetHealth = one, lastResort = false) =>
    admit(health, lastResort).end({ outcome: 'failure', failure, durationMs: 50 });
  const trip = () => {
    while (one.view(clock.now(), undefined).breaker !== 'open') fail(failureOf('server-error'));
  };
  return { clock, one, other, admit, answer, fail, trip, view: () => one.view(clock.now(), undefined) };
}
type Stage = ReturnType<typeof setUp>;

/** Brings it about; what is seen then, where the fault began. */
const table: Record<
  string,
  [arrange: (stage: Stage) => void, seen: Partial<HealthView>, limits?: TargetLimits]
> = {
  'an open breaker': [
    ({ trip }) => trip(),
    {
      blockedBy: 'breaker',
      blockedReason: 'circuit open',
      availableAt: begin + 7_000,
      estimated: undefined,
      lastResortAt: begin + 2_000,
      isDown: true,
      limitedUntil: undefined,
    },
  ],
  'a probe under way': [
    ({ trip, clock, admit }) => {
      trip();
      clock.tick(7_000);
      admit();
    },
    {
      blockedBy: 'breaker',
      blockedReason: 'circuit half-open, one attempt that decides is under way',
      availableAt: begin + 8_000,
      estimated: true,
      isDown: true,
    },
  ],
  'disabling by hand': [
    ({ one }) => one.disable({ reason: 'maintenance', until: begin + 60_000 }),
    { blockedBy: 'disabled', blockedReason: 'disabled: maintenance', availableAt: begin + 60_000 },
  ],
  'disabling for good': [
    ({ one }) => one.disable(),
    { blockedBy: 'disabled', blockedReason: 'disabled', availableAt: undefined, lastResortAt: undefined },
  ],
  'a cool-down': [
    ({ fail }) => fail(failureOf('rate-limit', { retryAfterMs: 30_000 })),
    {
      blockedBy: 'cool-down',
      blockedReason: 'cooling down (rate-limit)',
      availableAt: begin + 30_000,
      lastResortAt: undefined,
    },
  ],
  'a lockout of the model': [
    ({ fail }) => fail(failureOf('auth', { scope: 'model' })),
    { blockedBy: 'lockout', blockedReason: 'locked out (auth)', availableAt: begin + 60_000 },
  ],
  'the probe of a lockout': [
    ({ fail, clock, admit }) => {
      fail(failureOf('auth', { scope: 'model' }));
      clock.tick(60_000);
      admit();
    },
    {
      blockedBy: 'lockout',
      blockedReason: 'locked out (auth), one attempt that decides is under way',
      availableAt: begin + 61_000,
      estimated: true,
    },
  ],
  'a key that was refused to it': [
    ({ fail }) => fail(failureOf('auth')),
    { blockedBy: 'lockout', blockedReason: 'locked out (auth)', availableAt: begin + 60_000 },
  ],
  'a key that was refused to another model': [
    ({ fail, other }) => fail(failureOf('quota'), other),
    {
      blockedBy: 'lockout',
      blockedReason: 'locked out (quota) with its provider',
      availableAt: begin + 30_000,
      lastResortAt: begin,
    },
  ],
  'an attempt of another model that decides': [
    ({ fail, other, admit }) => {
      fail(failureOf('auth'));
      admit(other, true);
    },
    {
      blockedBy: 'lockout',
      blockedReason: 'locked out (auth), one attempt that decides is under way',
      availableAt: begin + 1_000,
      estimated: true,
    },
  ],
  'its own limit': [
    ({ admit }) => void admit(),
    { blockedBy: 'limit', estimated: true, lastResortAt: undefined },
    { concurrency: 1 },
  ],
  'a vendor whose limit is used up': [
    ({ admit }) => {
      const permit = admit();
      permit.told({ requestsLimit: 60, requestsRemaining: 0, requestsResetMs: begin + 60_000 });
    },
    { blockedBy: 'limit', lastResortAt: begin },
  ],
  'a ramp': [
    ({ admit, answer, clock }) => {
      const permits = Array.from({ length: 8 }, () => admit());
      for (const permit of permits.slice(0, 4)) answer(permit);
      clock.tick(10);
      for (const permit of permits.slice(4))
        permit.end({ outcome: 'failure', failure: failureOf('rate-limit'), durationMs: 10 });
    },
    { blockedBy: 'limit', blockedReason: 'ramping up after refusals', lastResortAt: undefined },
  ],
};

describe('what keeps a target away', () => {
  it.each(Object.entries(table))('is told of %s', (_, [arrange, seen, limits]) => {
    const stage = setUp(limits);
    expect(stage.view()).toMatchObject({ blockedReason: undefined, blockedBy: undefined, isDown: undefined });
    arrange(stage);
    expect(stage.view()).toMatchObject(seen);
  });

  it('is of several the one that lasts longest', () => {
    const { fail, one, view } = setUp();
    fail(failureOf('rate-limit', { retryAfterMs: 30_000 }));
    one.disable({ until: begin + 29_999 });
    expect(view().blockedBy).toBe('cool-down');
    one.disable({ until: begin + 30_001 });
    expect(view().blockedBy).toBe('disabled');
  });

  it('is not only a limit where something else keeps it too', () => {
    const { admit, one, view, clock } = setUp({ concurrency: 1, rpm: 1 });
    admit();
    expect(view().limitedUntil).toBeGreaterThan(clock.now());
    one.disable({ until: begin + 10 });
    expect(view().limitedUntil).toBeUndefined();
  });
});
