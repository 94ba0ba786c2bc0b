import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureKind } from '../../src/core/failure.ts';
import type { Permit, TargetHealth } from '../../src/health/target-health.ts';
import { createProviderScope } from '../../src/health/provider-scope.ts';
import type { ScopeMember } from '../../src/health/scope-members.ts';
import { createTracker } from '../../src/health/tracker.ts';
import { createClock } from './clock.ts';

const ofKey: Failure[] = (['auth', 'quota'] as const).map((kind) => ({ kind, message: '', status: 401 }));
const ofHost: Failure[] = ['connection-refused', 'ENOTFOUND', 'CERT_HAS_EXPIRED'].map((code) => ({
  kind: 'network',
  message: '',
  code,
}));
const ofModel: Failure[] = (['server-error', 'overloaded', 'timeout', 'network'] satisfies FailureKind[]).map(
  (kind) => ({ kind, message: '' }),
);

function setUp() {
  const clock = createClock(() => 0.5);
  const key = { version: 1 };
  const provider = { name: 'acme', keyVersion: () => key.version };
  const tracker = createTracker({ runtime: clock, emit() {} });
  const models = ['large', 'small', 'tiny'].map((model) =>
    tracker.register({ id: model, provider, model }),
  ) as [TargetHealth, TargetHealth, TargetHealth];
  /** What holds all of them; undefined: nothing does. */
  const heldFor = () => {
    const reason = models[0].snapshot(clock.now()).providerHold?.reason;
    return reason && (reason === 'host' ? reason : `key ${key.version}`);
  };
  return { clock, key, models, heldFor, forget: (model: string) => tracker.forget(model) };
}

const ticks = fc.record({
  do: fc.constant('tick' as const),
  ms: fc.oneof(fc.nat(500), fc.nat(5_000), fc.nat(70_000)),
});
const end = (failures: readonly Failure[]) =>
  fc.record({
    do: fc.constant('end' as const),
    pick: fc.nat(),
    how: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...failures) },
      { weight: 1, arbitrary: fc.constantFrom('success' as const, 'undecided' as const) },
    ),
  });
const admit = fc.record({
  do: fc.constant('admit' as const),
  model: fc.nat(2),
  lastResort: fc.boolean(),
});
const steps = fc.array(
  fc.oneof(
    ticks,
    { weight: 4, arbitrary: admit },
    { weight: 4, arbitrary: end([...ofKey, ...ofHost, ...ofModel]) },
    fc.record({ do: fc.constant('content' as const), pick: fc.nat() }),
    fc.record({ do: fc.constant('enable' as const), model: fc.nat(2) }),
    fc.constant({ do: 'key' as const }),
  ),
  { maxLength: 100, size: 'max' },
);

type Step = (typeof steps extends fc.Arbitrary<infer All> ? All : never) extends (infer One)[] ? One : never;

/** Plays one step; what is under way is in `running`. */
function play(step: Step, { clock, key, models }: ReturnType<typeof setUp>, running: Permit[]): void {
  const picked = 'pick' in step ? running[step.pick % (running.length || 1)] : undefined;
  if (step.do === 'tick') clock.tick(step.ms);
  if (step.do === 'key') key.version += 1;
  if (step.do === 'enable') models[step.model]?.enable();
  if (step.do === 'content') picked?.firstContent(100);
  if (step.do === 'end' && picked) {
    const outcome = typeof step.how === 'string' ? step.how : 'failure';
    if (outcome === 'success') picked.firstContent(100);
    picked.end({ outcome, ...(typeof step.how === 'string' ? {} : { failure: step.how }) });
    running.splice(running.indexOf(picked), 1);
  }
}

/** Of a key that the model itself was refused for. */
const ownReason = /locked out \(\w+\)(?! with)/;

describe('models of one provider object, whatever happens in whatever order', () => {
  it('are admitted as their views say, one per model that was not refused while all are held, and never held for ever', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const stage = setUp();
        const { clock, models, heldFor } = stage;
        const running: Permit[] = [];
        // Those that were let through a hold, and have not decided on it.
        let deciding: { readonly permit: Permit; readonly model: number }[] = [];
        let held: string | undefined;
        for (const step of all) {
          if (held !== heldFor()) deciding = [];
          held = heldFor();
          if (step.do === 'admit') {
            const model = models[step.model] as TargetHealth;
            const { blockedReason, lastResortAt = Infinity } = model.view(clock.now());
            const isFree = blockedReason === undefined || (step.lastResort && lastResortAt <= clock.now());
            const permit = model.admit({ lastResort: step.lastResort });
            expect(permit !== undefined).toBe(isFree);
            if (permit) running.push(permit);
            if (permit && held) {
              // Beside another one only who has nobody else, and was not refused the key itself.
              if (deciding.length > 0)
                expect(step.lastResort && !ownReason.test(blockedReason ?? '')).toBe(true);
              expect(deciding.map((one) => one.model)).not.toContain(step.model);
              deciding.push({ permit, model: step.model });
            }
          } else play(step, stage, running);
          deciding = deciding.filter(({ permit }) => running.includes(permit));
        }
        for (const permit of running) permit.end({ outcome: 'undecided' });
        clock.tick(600_000);
        expect(models.some((one) => one.admit({ lastResort: false }))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are held by nothing of the others any more once one is answered', () => {
    fc.assert(
      fc.property(steps, fc.nat(2), (all, chosen) => {
        const stage = setUp();
        const { clock, models } = stage;
        const running: Permit[] = [];
        for (const step of all) {
          const permit = step.do === 'admit' && models[step.model]?.admit({ lastResort: step.lastResort });
          if (permit) running.push(permit);
          else play(step, stage, running);
        }
        for (const permit of running) permit.end({ outcome: 'undecided' });
        clock.tick(600_000);
        const one = models[chosen] as TargetHealth;
        one.admit({ lastResort: true })?.firstContent(100);
        for (const model of models) {
          expect(model.snapshot(clock.now()).providerHold).toBeUndefined();
          expect(model.view(clock.now()).blockedReason ?? '').not.toMatch(/with its provider|unreachable/);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('are never kept from calls, in whole or in part, for what others fail at while they answer', () => {
    const ill = fc.array(
      fc.oneof(ticks, { weight: 4, arbitrary: admit }, { weight: 4, arbitrary: end(ofModel) }),
      { maxLength: 120, size: 'max' },
    );
    fc.assert(
      fc.property(ill, (all) => {
        const stage = setUp();
        const { clock, models } = stage;
        const well = models[2];
        const running: Permit[] = [];
        for (const step of all) {
          if (step.do !== 'admit') play(step, stage, running);
          else if (step.model === 2) {
            const permit = well.admit({ lastResort: false });
            permit?.firstContent(100);
            permit?.end({ outcome: 'success' });
          } else {
            const permit = models[step.model]?.admit({ lastResort: step.lastResort });
            if (permit) running.push(permit);
          }
          expect(well.view(clock.now())).toMatchObject({ breaker: 'closed', share: 1 });
          expect(well.view(clock.now()).blockedReason).toBeUndefined();
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

const free = { lastResort: false };

it('an answer frees all that are held for their host where it began after the first that did not get there', () => {
  const {
    models: [large, small],
    heldFor,
  } = setUp();
  const admitted = [small, large, small, large].map((model) => model.admit(free) as Permit);
  const [before, first, between, second] = admitted as [Permit, Permit, Permit, Permit];
  for (const permit of [first, second]) permit.end({ outcome: 'failure', failure: ofHost[0] });
  expect(heldFor()).toBe('host');
  before.firstContent(100);
  expect(heldFor()).toBe('host');
  between.firstContent(100);
  expect(heldFor()).toBeUndefined();
  expect(small.admit(free)?.probe).toBe(false);
});

describe('a model that was taken away', () => {
  it.each([...ofKey, ...ofHost])(
    'keeps nobody from the others by what its last attempts meet, %o',
    (failure) => {
      const { models, heldFor, forget, clock } = setUp();
      const last = Array.from({ length: 6 }, () => models[0].admit(free) as Permit);
      forget('large');
      for (const permit of last) permit.end({ outcome: 'failure', failure });
      expect(heldFor()).toBeUndefined();
      expect(models[1].view(clock.now()).blockedReason).toBeUndefined();
    },
  );

  it('makes no failure of the others weigh more', () => {
    const clock = createClock();
    const scope = createProviderScope({ name: 'acme' }, { runtime: clock, emit() {} });
    const memberOf = (model: string): ScopeMember => ({
      model,
      targets: new Set([model]),
      watchers: new Set(),
      inviteBreaker() {},
    });
    const [gone, one, other] = ['large', 'small', 'tiny'].map(memberOf) as [
      ScopeMember,
      ScopeMember,
      ScopeMember,
    ];
    for (const member of [gone, one, other]) scope.join(member);
    scope.leave(gone);
    for (const member of [gone, one]) scope.opened(member, clock.now());
    expect(scope.strictness(other, clock.now())).toBe(1);
  });
});
