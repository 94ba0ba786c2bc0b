import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { RouterEvent } from '../../src/core/events.ts';
import type { Failure } from '../../src/core/failure.ts';
import type { AttemptResult, Permit, TargetHealth, TargetLimits } from '../../src/health/target-health.ts';
import { createTracker } from '../../src/health/tracker.ts';
import { createClock, eventsOf } from './clock.ts';

const serverError: Failure = { kind: 'server-error', message: 'broken', status: 500 };
const success: AttemptResult = { outcome: 'success', durationMs: 900 };
const failed = (failure: Failure): AttemptResult => ({ outcome: 'failure', failure, durationMs: 50 });

function setUp(random: () => number = () => 0) {
  const clock = createClock(random);
  const events: RouterEvent[] = [];
  const tracker = createTracker({ runtime: clock, emit: (event) => events.push(event) });
  const key = { version: 1 };
  const provider = { name: 'acme', keyVersion: () => key.version };
  const register = (id: string, limits?: TargetLimits, model = 'large') =>
    tracker.register({ id, provider, model, ...(limits ? { limits } : {}) });
  const demandOf = (inputTokens: number) => ({ inputTokens, maxTokens: undefined });
  const view = (health: TargetHealth, tokens = 0) => health.view(clock.now(), demandOf(tokens));
  const admit = (health: TargetHealth, lastResort = false, tokens = 0) =>
    health.admit({ lastResort, demand: demandOf(tokens) });
  const attempt = (health: TargetHealth, result: AttemptResult, lastResort = false) => {
    const permit = admit(health, lastResort) as Permit;
    if (result.outcome === 'success') permit.firstContent(300);
    permit.end(result);
  };
  function trip(health: TargetHealth) {
    while (view(health).breaker !== 'open') attempt(health, failed(serverError));
  }
  function halfOpen(health: TargetHealth) {
    trip(health);
    clock.tick(7000);
  }
  return { clock, events, tracker, key, provider, register, view, admit, attempt, trip, halfOpen };
}

describe('targets of one provider object and model', () => {
  it('learn of faults, limits and refused features together', () => {
    const { register, view, attempt, trip, events } = setUp();
    const [one, other, elsewhere] = [
      register('one'),
      register('other'),
      register('third', undefined, 'small'),
    ];
    one.learn('tools');
    expect([...view(other).refused]).toEqual(['tools']);
    attempt(one, failed({ kind: 'rate-limit', message: 'slow', retryAfterMs: 1 }));
    expect(view(other).blockedReason).toBe('cooling down (rate-limit)');
    expect(view(elsewhere).blockedReason).toBeUndefined();
    one.enable();
    trip(one);
    expect(view(other).breaker).toBe('open');
    expect(view(elsewhere)).toMatchObject({ breaker: 'closed', inFlight: 0 });
    expect([...view(elsewhere).refused]).toEqual([]);
    expect(eventsOf(events, 'breaker')[0]?.targets).toEqual(['one', 'other']);
  });

  it('keep latency, limits, attempts in flight and disabling apart', () => {
    const { register, view, attempt, admit } = setUp();
    const [one, other] = [register('one', { concurrency: 1 }), register('other')];
    attempt(one, success);
    expect(view(one).firstTokenP50Ms).toBeCloseTo(300, -2);
    expect(view(other).firstTokenP50Ms).toBeUndefined();
    admit(one);
    expect(view(one)).toMatchObject({ inFlight: 1, concurrency: 1, estimated: true });
    expect(view(other)).toMatchObject({ inFlight: 0 });
    one.disable();
    expect(view(one).blockedReason).toBe('disabled');
    expect(view(other).blockedReason).toBeUndefined();
  });

  it('are strangers where the provider object is another, whatever its name', () => {
    const { tracker, register, trip, view } = setUp();
    const stranger = tracker.register({ id: 'stranger', provider: { name: 'acme' }, model: 'large' });
    trip(register('one'));
    expect(view(stranger).breaker).toBe('closed');
  });
});

describe('the probe', () => {
  it('is given back undecided by an abort, a lost hedge and a bad request', () => {
    const { register, halfOpen, admit, view } = setUp();
    const one = register('one');
    halfOpen(one);
    const ends: AttemptResult[] = [
      { outcome: 'undecided' },
      failed({ kind: 'aborted', message: 'gone' }),
      failed({ kind: 'bad-request', message: 'no', status: 400 }),
      failed({ kind: 'unsupported', message: 'no', feature: 'tools' }),
      failed({ kind: 'context-length', message: 'long' }),
      failed({ kind: 'content-policy', message: 'no' }),
    ];
    for (const end of ends) {
      const probe = admit(one);
      expect(probe?.probe).toBe(true);
      expect(view(one)).toMatchObject({ estimated: true, breaker: 'half-open' });
      expect(view(one).blockedReason).toMatch('one attempt that decides is under way');
      expect(admit(one)).toBeUndefined();
      probe?.end(end);
      expect(view(one)).toMatchObject({ breaker: 'half-open', blockedReason: undefined });
    }
  });

  it('closes the breaker and starts a cool-down where it meets a rate limit', () => {
    const { clock, register, halfOpen, attempt, view } = setUp();
    const one = register('one');
    halfOpen(one);
    attempt(one, failed({ kind: 'rate-limit', message: 'slow', status: 429, retryAfterMs: 7000 }));
    expect(view(one)).toMatchObject({ breaker: 'closed', blockedReason: 'cooling down (rate-limit)' });
    clock.tick(7000);
    expect(view(one).blockedReason).toBeUndefined();
  });

  it('opens the breaker again where it fails', () => {
    const { register, halfOpen, attempt, view, clock } = setUp();
    const one = register('one');
    halfOpen(one);
    attempt(one, failed({ kind: 'timeout', message: 'silent' }));
    expect(view(one)).toMatchObject({ breaker: 'open', availableAt: clock.now() + 14_000 });
  });

  it('counts what its stream does after the first content', () => {
    const { register, halfOpen, admit, attempt, view } = setUp();
    const one = register('one');
    halfOpen(one);
    const probe = admit(one);
    probe?.firstContent(200);
    expect(view(one)).toMatchObject({ breaker: 'slow-start', share: 0.1 });
    probe?.end(failed({ kind: 'invalid-response', message: 'cut' }));
    expect(view(one).breaker).toBe('slow-start');
    for (let failure = 1; failure < 5; failure += 1) attempt(one, failed(serverError));
    expect(view(one).breaker).toBe('open');
  });

  it('of a lockout and of a breaker can be one attempt', () => {
    const { clock, register, halfOpen, attempt, admit, view } = setUp();
    const one = register('one');
    halfOpen(one);
    attempt(one, failed({ kind: 'auth', message: 'no', status: 401 }));
    expect(view(one)).toMatchObject({ breaker: 'half-open', blockedReason: 'locked out (auth)' });
    clock.tick(60_000);
    const probe = admit(one);
    expect(admit(one)).toBeUndefined();
    probe?.firstContent(100);
    expect(view(one)).toMatchObject({ breaker: 'slow-start', blockedReason: undefined });
  });
});

describe('evidence', () => {
  it('comes from faults only: limits, refusals and bad requests never trip', () => {
    const { register, attempt, view, clock } = setUp();
    const one = register('one');
    const harmless: Failure[] = [
      { kind: 'bad-request', message: '' },
      { kind: 'model-not-found', message: '' },
      { kind: 'permission', message: '' },
      { kind: 'aborted', message: '' },
      { kind: 'rate-limit', message: '', retryAfterMs: 1 },
      { kind: 'invalid-response', message: '', code: 'schema-mismatch' },
    ];
    for (let round = 0; round < 20; round += 1)
      for (const failure of harmless) {
        attempt(one, failed(failure));
        clock.tick(1);
      }
    expect(view(one).breaker).toBe('closed');
  });

  it('is what the caller says, where it says so', () => {
    const { register, attempt, view } = setUp();
    const one = register('one');
    for (let round = 0; round < 20; round += 1) attempt(one, { ...failed(serverError), evidence: false });
    expect(view(one).breaker).toBe('closed');
    for (let round = 0; round < 8; round += 1)
      if (view(one).breaker === 'closed')
        attempt(one, { ...failed({ kind: 'permission', message: '' }), evidence: true });
    expect(view(one).breaker).toBe('open');
  });

  it('is strongest where nobody listens: the second refused connection opens the breaker', () => {
    const { register, attempt, view } = setUp();
    const one = register('one');
    const refused: Failure = { kind: 'network', message: 'refused', code: 'connection-refused' };
    for (let call = 0; call < 500; call += 1) attempt(one, success);
    attempt(one, failed(refused));
    expect(view(one).breaker).toBe('closed');
    attempt(one, failed(refused));
    expect(view(one).breaker).toBe('open');
  });

  it('goes together with a pause that the vendor names', () => {
    const { register, attempt, view, clock } = setUp();
    const one = register('one');
    attempt(one, failed({ kind: 'overloaded', message: 'busy', status: 529 }));
    expect(view(one).blockedReason).toBeUndefined();
    attempt(one, failed({ kind: 'overloaded', message: 'busy', status: 529, retryAfterMs: 5000 }));
    expect(view(one)).toMatchObject({
      blockedReason: 'cooling down (overloaded)',
      availableAt: clock.now() + 5000,
    });
  });

  it('can be weighed by another rule', () => {
    const clock = createClock();
    const evidence = () => {
      let failures = 0;
      return {
        record: (ok: boolean) => void (failures = ok ? 0 : failures + 1),
        tripped: () => failures > 0,
        reset: () => void (failures = 0),
      };
    };
    const tracker = createTracker({ runtime: clock, emit() {}, evidence });
    const one = tracker.register({ id: 'one', provider: { name: 'acme' }, model: 'm' });
    one.admit({ lastResort: false })?.end(failed(serverError));
    expect(one.view(clock.now()).breaker).toBe('open');
  });
});

describe('a single target', () => {
  it('is protected, and named as a last resort after 2 s at most', () => {
    const { clock, register, trip, attempt, view, admit } = setUp();
    const one = register('one');
    trip(one);
    clock.tick(7000);
    attempt(one, failed(serverError));
    const { availableAt, lastResortAt } = view(one);
    expect(availableAt).toBe(clock.now() + 14_000);
    expect(lastResortAt).toBe(clock.now() + 2000);
    clock.tick(2000);
    expect(admit(one)).toBeUndefined();
    expect(admit(one, true)?.probe).toBe(true);
  });

  it('is no last resort before the vendor lets it, nor while it is disabled', () => {
    const { clock, register, attempt, trip, view, admit } = setUp();
    const one = register('one');
    trip(one);
    clock.tick(7000);
    attempt(one, failed({ kind: 'overloaded', message: 'busy', retryAfterMs: 30_000 }));
    expect(view(one)).toMatchObject({
      lastResortAt: clock.now() + 30_000,
      availableAt: clock.now() + 30_000,
    });
    clock.tick(4000);
    expect(admit(one, true)).toBeUndefined();
    one.disable();
    expect(view(one).lastResortAt).toBeUndefined();
    expect(view(one).availableAt).toBeUndefined();
  });
});

describe('lockouts', () => {
  const exhausted: Failure = { kind: 'quota', message: 'insufficient_quota', status: 429 };

  it('are told with one alert each, and with each time that they last longer', () => {
    const { clock, events, register, attempt, admit } = setUp();
    const one = register('one');
    const early = [admit(one), admit(one), admit(one)];
    for (const permit of early) permit?.end(failed(exhausted));
    clock.tick(60_000);
    attempt(one, failed(exhausted));
    expect(eventsOf(events, 'alert')).toEqual([
      { type: 'alert', at: 1_000_000, name: 'quota-exhausted', target: 'one', message: 'insufficient_quota' },
    ]);
    expect(eventsOf(events, 'limit').map(({ kind, until }) => [kind, until - 1_000_000])).toEqual([
      ['quota', 60_000],
      ['quota', 180_000],
    ]);
    clock.tick(120_000);
    attempt(one, success);
    attempt(one, failed({ kind: 'auth', message: 'bad key' }));
    expect(eventsOf(events, 'alert').map(({ name }) => name)).toEqual(['quota-exhausted', 'key-refused']);
  });

  it('ask a target no more than 5 times in 4 minutes while its quota is exhausted', () => {
    const { clock, register, admit } = setUp();
    const one = register('one');
    let asked = 0;
    for (let tick = 0; tick < 2400; tick += 1) {
      const permit = admit(one);
      if (permit) asked += 1;
      permit?.end(failed(exhausted));
      clock.tick(100);
    }
    expect(asked).toBeLessThanOrEqual(5);
  });

  it('give their probe back where an attempt decides nothing', () => {
    const { clock, register, attempt, admit, view } = setUp();
    const one = register('one');
    attempt(one, failed(exhausted));
    clock.tick(60_000);
    const undecided: AttemptResult[] = [
      { outcome: 'undecided' },
      failed(serverError),
      failed({ kind: 'bad-request', message: '' }),
    ];
    for (const end of undecided) {
      const probe = admit(one);
      expect(probe?.probe).toBe(true);
      expect(view(one).blockedReason).toMatch('one attempt that decides is under way');
      expect(admit(one)).toBeUndefined();
      probe?.end(end);
      expect(view(one).blockedReason).toBeUndefined();
    }
  });

  it.each([
    ['a changed key', ({ key }: ReturnType<typeof setUp>) => void (key.version = 2)],
    ['rotation', (_: unknown, one: TargetHealth) => one.clearLockout()],
    ['enable', (_: unknown, one: TargetHealth) => one.enable()],
  ])('are cleared at once by %s', (_, change) => {
    const set = setUp();
    const one = set.register('one');
    set.attempt(one, failed({ kind: 'auth', message: 'no' }));
    expect(set.view(one).blockedReason).toBe('locked out (auth)');
    change(set, one);
    expect(set.view(one).blockedReason).toBeUndefined();
    expect(set.admit(one)?.probe).toBe(false);
  });
});

describe('disable and enable', () => {
  it('say why and until when, and are told', () => {
    const { clock, events, register, view, admit } = setUp();
    const one = register('one');
    one.disable({ until: clock.now() + 5000, reason: 'maintenance' });
    expect(view(one)).toMatchObject({
      blockedReason: 'disabled: maintenance',
      availableAt: clock.now() + 5000,
    });
    expect(admit(one)).toBeUndefined();
    clock.tick(5000);
    expect(view(one).blockedReason).toBeUndefined();
    expect(admit(one)).toBeDefined();
    one.disable();
    expect(view(one).availableAt).toBeUndefined();
    one.enable();
    expect(admit(one)).toBeDefined();
    expect(eventsOf(events, 'target').map(({ action, reason }) => [action, reason])).toEqual([
      ['disabled', 'maintenance'],
      ['enabled', 'its time is over'],
      ['disabled', undefined],
      ['enabled', undefined],
    ]);
  });

  it('let attempts in flight finish', () => {
    const { register, admit, view } = setUp();
    const one = register('one');
    const permit = admit(one);
    one.disable();
    expect(view(one).inFlight).toBe(1);
    permit?.end(success);
    expect(view(one).inFlight).toBe(0);
  });

  it('enable ends a cool-down, and lets an open breaker be probed at once', () => {
    const { register, attempt, view, admit, trip } = setUp();
    const one = register('one');
    attempt(one, failed({ kind: 'rate-limit', message: 'slow', retryAfterMs: 3_600_000 }));
    one.enable();
    expect(view(one).blockedReason).toBeUndefined();
    trip(one);
    one.enable();
    expect(view(one)).toMatchObject({ breaker: 'half-open', blockedReason: undefined });
    expect(admit(one)?.probe).toBe(true);
  });
});

describe('what is learnt', () => {
  it('is forgotten after a day, and told once', () => {
    const { clock, events, register, view } = setUp();
    const one = register('one');
    one.learn('temperature');
    one.learn('temperature');
    one.learn('tools');
    expect([...view(one).refused].sort()).toEqual(['temperature', 'tools']);
    clock.tick(86_399_000);
    expect(view(one).refused.size).toBe(2);
    clock.tick(1001);
    expect(view(one).refused.size).toBe(0);
    one.learn('tools');
    expect(eventsOf(events, 'learned').map(({ feature }) => feature)).toEqual([
      'temperature',
      'tools',
      'tools',
    ]);
  });

  it('holds from the instant 0 on as well, and sets no timer', () => {
    vi.useFakeTimers();
    try {
      const clock = createClock(() => 0, 0);
      const tracker = createTracker({ runtime: clock, emit() {} });
      const one = tracker.register({ id: 'one', provider: { name: 'acme' }, model: 'm' });
      one.learn('tools');
      expect(one.view(0).refused.has('tools')).toBe(true);
      clock.set(86_400_001);
      expect(one.view(clock.now()).refused.size).toBe(0);
      one.learn('tools');
      expect(one.view(clock.now()).refused.size).toBe(1);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('registering', () => {
  it('keeps health and takes new limits where the id, provider and model are the same', () => {
    const { register, trip, view, admit } = setUp();
    const one = register('one', { concurrency: 1 });
    admit(one);
    const again = register('one', { concurrency: 2 });
    expect(again).toBe(one);
    expect(view(one)).toMatchObject({ inFlight: 1, concurrency: 2, blockedReason: undefined });
    trip(one);
    expect(view(register('one')).breaker).toBe('open');
  });

  it('starts anew with another model, and attempts of the old one still end well', () => {
    const { register, admit, view } = setUp();
    const old = register('one');
    const permit = admit(old);
    const anew = register('one', undefined, 'small');
    expect(view(anew).inFlight).toBe(0);
    permit?.end(success);
    expect(view(old).inFlight).toBe(0);
  });

  it('forgets what no target uses any more', () => {
    const { tracker, register, trip, view } = setUp();
    trip(register('one'));
    register('other');
    tracker.forget('one');
    expect(view(register('one')).breaker).toBe('open');
    tracker.forget('one');
    tracker.forget('other');
    tracker.forget('unknown');
    expect(view(register('one')).breaker).toBe('closed');
  });
});

describe('a snapshot', () => {
  it('is plain JSON that says all', () => {
    const { clock, register, attempt, admit, trip } = setUp();
    const one = register('one', { rpm: 1000, tpm: 5000, concurrency: 3 });
    attempt(one, success);
    one.learn('seed');
    admit(one, false, 50);
    trip(one);
    const snapshot = one.snapshot(clock.now());
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot).toMatchObject({
      provider: 'acme',
      model: 'large',
      breaker: 'open',
      openUntil: clock.now() + 7000,
      blockedReason: 'circuit open',
      inFlight: 1,
      refused: ['seed'],
      firstToken: { samples: 1 },
      total: { samples: 1 },
      limits: { tokens: { used: 50, limit: 5000 }, concurrency: { used: 1, limit: 3 } },
    });
  });

  it('names cool-down, lockout and disabling with their ends', () => {
    const { clock, register, attempt } = setUp();
    const one = register('one');
    attempt(one, failed({ kind: 'rate-limit', message: 'slow', retryAfterMs: 9000 }));
    expect(one.snapshot(clock.now())).toMatchObject({
      coolingUntil: clock.now() + 9000,
      coolingKind: 'rate-limit',
    });
    clock.tick(9000);
    expect(one.snapshot(clock.now()).coolingUntil).toBeUndefined();
    attempt(one, failed({ kind: 'quota', message: 'none left' }));
    one.disable({ until: clock.now() + 1, reason: 'why' });
    expect(one.snapshot(clock.now())).toMatchObject({
      coolingUntil: clock.now() + 60_000,
      coolingKind: 'quota',
      lockedOut: true,
      disabled: true,
      disabledReason: 'why',
      disabledUntil: clock.now() + 1,
    });
  });
});

describe('a view', () => {
  it('is the same object for as long as nothing changes', () => {
    const { clock, register, view, attempt } = setUp();
    const one = register('one');
    const first = view(one);
    clock.tick(1_000_000);
    expect(view(one)).toBe(first);
    attempt(one, success);
    expect(view(one)).not.toBe(first);
    expect(first.firstTokenP50Ms).toBeUndefined();
  });

  it('changes for all targets of a provider and model when one of them is enabled', () => {
    const { register, view, attempt } = setUp();
    const [one, other] = [register('one'), register('other')];
    attempt(one, failed({ kind: 'rate-limit', message: 'slow', retryAfterMs: 60_000 }));
    expect(view(other).blockedReason).toBeDefined();
    one.enable();
    expect(view(other).blockedReason).toBeUndefined();
  });

  it('changes with the limits', () => {
    const { register, view } = setUp();
    expect(view(register('one')).concurrency).toBeUndefined();
    expect(view(register('one', { concurrency: 4 })).concurrency).toBe(4);
  });

  it('changes at the instant at which the breaker, a cool-down or a disabling ends', () => {
    const { clock, register, view, attempt, trip } = setUp();
    const one = register('one');
    attempt(one, failed({ kind: 'rate-limit', message: 'slow', retryAfterMs: 500 }));
    expect(view(one).blockedReason).toBeDefined();
    clock.tick(500);
    expect(view(one).blockedReason).toBeUndefined();
    trip(one);
    one.disable();
    expect(view(one).breaker).toBe('open');
    clock.tick(7000);
    expect(view(one).breaker).toBe('half-open');
  });
});

type Step =
  | { do: 'tick'; ms: number }
  | { do: 'admit'; lastResort: boolean; tokens: number }
  | { do: 'content'; pick: number }
  | { do: 'end'; pick: number; result: AttemptResult }
  | { do: 'disable'; forMs: number }
  | { do: 'enable' }
  | { do: 'key' };

const failures: Failure[] = [
  serverError,
  { kind: 'network', message: '', code: 'connection-refused' },
  { kind: 'rate-limit', message: '' },
  { kind: 'rate-limit', message: '', retryAfterMs: 3000 },
  { kind: 'overloaded', message: '', retryAfterMs: 2000 },
  { kind: 'auth', message: '' },
  { kind: 'quota', message: '', retryAfterMs: 20_000 },
  { kind: 'bad-request', message: '' },
  { kind: 'aborted', message: '' },
];
const results = fc.oneof(
  fc.constant<AttemptResult>(success),
  fc.constant<AttemptResult>({ outcome: 'undecided', tokens: 10 }),
  fc.constantFrom(...failures).map(failed),
  fc.constant(failed(serverError)),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('tick' as const), ms: fc.oneof(fc.nat(2000), fc.nat(70_000)) }),
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('admit' as const), lastResort: fc.boolean(), tokens: fc.nat(60) }),
  },
  fc.record({ do: fc.constant('content' as const), pick: fc.nat() }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), pick: fc.nat(), result: results }) },
  fc.record({ do: fc.constant('disable' as const), forMs: fc.nat(5000) }),
  fc.constant<Step>({ do: 'enable' }),
  fc.constant<Step>({ do: 'key' }),
);

describe('whatever happens in whatever order', () => {
  it('a target that its view calls free is admitted, one that it blocks is not, and no permit leaks', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const { clock, key, register, admit, view } = setUp(() => 0.5);
        const one = register('one', { rpm: 20, tpm: 400, concurrency: 6 });
        let running: Permit[] = [];
        for (const next of steps) {
          if (next.do === 'tick') clock.tick(next.ms);
          if (next.do === 'key') key.version += 1;
          if (next.do === 'disable') one.disable({ until: clock.now() + next.forMs });
          if (next.do === 'enable') one.enable();
          if (next.do === 'admit') {
            const {
              blockedReason,
              availableAt,
              lastResortAt = Infinity,
              breaker,
              isDown,
            } = view(one, next.tokens);
            expect(blockedReason !== undefined || availableAt === undefined).toBe(true);
            if (availableAt !== undefined) expect(availableAt).toBeGreaterThan(clock.now());
            const free = blockedReason === undefined || (next.lastResort && lastResortAt <= clock.now());
            const permit = admit(one, next.lastResort, next.tokens);
            expect(permit !== undefined).toBe(free);
            // One that limps is asked as a last resort by more than its probe.
            const limps = next.lastResort && isDown === false;
            if (permit && !limps && (breaker === 'open' || breaker === 'half-open'))
              expect(permit.probe).toBe(true);
            if (permit) running.push(permit);
          }
          const picked = 'pick' in next ? running[next.pick % (running.length || 1)] : undefined;
          if (next.do === 'content') picked?.firstContent(200);
          if (next.do === 'end' && picked) {
            picked.end(next.result);
            picked.end(success);
            picked.firstContent(1);
            running = running.filter((permit) => permit !== picked);
          }
          expect(view(one).inFlight).toBe(running.length);
        }
        for (const permit of running) permit.end({ outcome: 'undecided' });
        expect(view(one).inFlight).toBe(0);
        clock.tick(24 * 3_600_000);
        one.enable();
        expect(admit(one)).toBeDefined();
      }),
      { numRuns: 1000 },
    );
  });
});

describe('whoever waits for a target', () => {
  it('is told which obstacle lasts longest', () => {
    const { register, view, attempt, admit, trip } = setUp();
    const one = register('one', { concurrency: 1 });
    const permit = admit(one) as Permit;
    expect(view(one).blockedBy).toBe('limit');
    permit.end({ outcome: 'undecided' });
    expect(view(one).blockedBy).toBeUndefined();
    attempt(one, failed({ kind: 'rate-limit', message: 'slow', retryAfterMs: 50 }));
    expect(view(one).blockedBy).toBe('cool-down');
    one.enable();
    trip(one);
    expect(view(one).blockedBy).toBe('breaker');
    one.disable();
    expect(view(one).blockedBy).toBe('disabled');
  });

  it('hears when a slot is given back, when it is enabled and when its limits change, until it leaves', () => {
    const { tracker, provider, register, admit } = setUp();
    const one = register('one', { concurrency: 1 });
    const permit = admit(one) as Permit;
    const heard = vi.fn();
    const leave = one.watch(heard);
    permit.end({ outcome: 'undecided' });
    expect(heard).toHaveBeenCalled();
    heard.mockClear();
    one.enable();
    expect(heard).toHaveBeenCalled();
    heard.mockClear();
    tracker.register({ id: 'one', provider, model: 'large', limits: { concurrency: 2 } });
    expect(heard).toHaveBeenCalled();
    heard.mockClear();
    leave();
    one.enable();
    expect(heard).not.toHaveBeenCalled();
  });

  it('keeps what is left of its budget of retries where it is registered anew', () => {
    const { clock, register } = setUp();
    for (let count = 0; count < 25; count += 1) register('one').payExtra(clock.now());
    expect(register('one').payExtra(clock.now())).toBe(false);
  });

  it('pays for retries and hedges from a budget that its first attempts fill, and no others', () => {
    const { clock, register } = setUp();
    const one = register('one');
    const ask = (extra: boolean) => one.admit({ lastResort: false, extra })?.end({ outcome: 'success' });
    for (let count = 0; count < 25; count += 1) expect(one.payExtra(clock.now())).toBe(true);
    ask(true);
    expect(one.payExtra(clock.now())).toBe(false);
    for (let count = 0; count < 6; count += 1) ask(false);
    expect(one.payExtra(clock.now())).toBe(true);
    expect(one.payExtra(clock.now())).toBe(false);
  });
});
