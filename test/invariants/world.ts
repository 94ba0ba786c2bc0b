import fc from 'fast-check';
import type { FailureKind, StreamOptions, TargetLimits, Timeouts } from 'failsoft';
import { failureKinds } from './kinds.ts';

/** What one attempt at a provider does, after so many words of its answer. */
export type Act =
  /** Answers whole, each word after a wait. */
  | { readonly act: 'answer'; readonly words: number; readonly eachMs: number }
  /** Answers by a tool call. */
  | { readonly act: 'tool'; readonly words: number }
  | {
      readonly act: 'fail';
      readonly words: number;
      readonly kind: FailureKind;
      readonly retryAfterMs?: number;
    }
  /** Ends as if all were well, without its end. */
  | { readonly act: 'cut'; readonly words: number }
  /** Says nothing more. */
  | { readonly act: 'hang'; readonly words: number; readonly reasons: boolean }
  /** Keeps the connection busy and says nothing. */
  | { readonly act: 'chatter'; readonly words: number }
  /** Sends what no provider may send. */
  | { readonly act: 'garbage'; readonly words: number };

/** How a model takes an answer up: exactly there, or with some of the last words again, or from the beginning. */
export type Habit = 'exactly' | 'repeats' | 'starts over' | 'remarks';

export interface WorldTarget {
  /** One for each attempt, by the call and its number at this target. */
  readonly acts: readonly Act[];
  readonly habit: Habit;
  readonly prefill: boolean;
  readonly priority: number;
  readonly weight: number | undefined;
  readonly limits: TargetLimits | undefined;
}

export interface WorldCall {
  readonly streams: boolean;
  readonly afterMs: number;
  readonly abortAfterMs: number | undefined;
  /** Events after which its reader leaves. */
  readonly leaveAfter: number | undefined;
  readonly reader: 'events' | 'text' | 'nobody';
  readonly totalMs: number;
  readonly timeouts: Timeouts;
  readonly stream: StreamOptions;
  readonly retry: number;
  readonly maxAttempts: number;
  readonly transport: 'auto' | 'unary';
  readonly hedge: { readonly afterMs: number; readonly maxShare: number } | undefined;
}

/** What an operator does meanwhile. `target` is an index, taken round. */
export type Operation =
  | {
      readonly does: 'disable';
      readonly afterMs: number;
      readonly target: number;
      readonly forMs: number | undefined;
      readonly cut: boolean;
    }
  | { readonly does: 'enable' | 'rotate' | 'probe'; readonly afterMs: number; readonly target: number }
  /** New weights, and without the target where there are others. */
  | { readonly does: 'update'; readonly afterMs: number; readonly target: number }
  | { readonly does: 'close'; readonly afterMs: number; readonly graceMs: number };

export type WorldStrategy = 'in-order' | 'weighted' | 'fastest' | 'cheapest' | 'least-busy';

/** Everything that is by chance in one run. */
export interface World {
  readonly seed: number;
  readonly strategy: WorldStrategy | undefined;
  readonly targets: readonly WorldTarget[];
  readonly calls: readonly WorldCall[];
  readonly operations: readonly Operation[];
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 3): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq });

const words = fc.nat(4);

export const answers: fc.Arbitrary<Act> = fc.record({
  act: fc.constant('answer'),
  words,
  eachMs: fc.oneof(fc.constant(0), fc.nat(4_000)),
});

const failures: fc.Arbitrary<Act> = fc.record({
  act: fc.constant('fail'),
  words: fc.oneof(fc.constant(0), words),
  kind: fc.constantFrom(...failureKinds),
  retryAfterMs: maybe(fc.nat(30_000)),
});

export const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: answers },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('tool'), words }) },
  { weight: 5, arbitrary: failures },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('cut'), words }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('hang'), words, reasons: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('chatter'), words }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('garbage'), words }) },
);

const limits: fc.Arbitrary<TargetLimits | undefined> = maybe(
  fc.record(
    {
      rpm: fc.integer({ min: 1, max: 30 }),
      tpm: fc.integer({ min: 50, max: 5_000 }),
      concurrency: fc.integer({ min: 1, max: 3 }),
      queueMs: fc.constantFrom(0, 1_000, 20_000),
    },
    { requiredKeys: [] },
  ),
);

export const targets = (act: fc.Arbitrary<Act> = acts): fc.Arbitrary<WorldTarget> =>
  fc.record({
    acts: fc.array(act, { minLength: 1, maxLength: 4 }),
    habit: fc.constantFrom<Habit>('exactly', 'repeats', 'starts over', 'remarks'),
    prefill: fc.boolean(),
    priority: fc.nat(1),
    weight: maybe(fc.nat(3)),
    limits,
  });

const timeouts: fc.Arbitrary<Timeouts> = fc.record(
  {
    firstTokenMs: fc.integer({ min: 50, max: 8_000 }),
    idleMs: fc.integer({ min: 50, max: 8_000 }),
    attemptMs: fc.integer({ min: 100, max: 9_000 }),
  },
  { requiredKeys: [] },
);

const streamOptions: fc.Arbitrary<StreamOptions> = fc.record(
  {
    recovery: fc.constantFrom('none', 'restart', 'continue'),
    reasoning: fc.constantFrom('held', 'live'),
    holdMs: fc.oneof(fc.constant(0), fc.nat(3_000)),
    holdTokens: fc.oneof(fc.constant(0), fc.nat(8)),
  },
  { requiredKeys: [] },
);

export const calls: fc.Arbitrary<WorldCall> = fc.record({
  streams: fc.boolean(),
  afterMs: fc.nat(8_000),
  abortAfterMs: maybe(fc.nat(15_000), 4),
  leaveAfter: maybe(fc.nat(4), 6),
  reader: fc.constantFrom('events', 'events', 'text', 'nobody'),
  totalMs: fc.integer({ min: 200, max: 40_000 }),
  timeouts,
  stream: streamOptions,
  retry: fc.nat(3),
  maxAttempts: fc.integer({ min: 1, max: 8 }),
  transport: fc.constantFrom('auto', 'auto', 'unary'),
  hedge: maybe(fc.record({ afterMs: fc.integer({ min: 1, max: 3_000 }), maxShare: fc.constant(1) }), 2),
});

const afterMs = fc.nat(20_000);
const target = fc.nat(4);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('disable'),
      afterMs,
      target,
      forMs: maybe(fc.nat(10_000)),
      cut: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constantFrom('enable', 'rotate', 'probe'), afterMs, target }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('update'), afterMs, target }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('close'), afterMs, graceMs: fc.nat(5_000) }) },
);

export const operations: fc.Arbitrary<readonly Operation[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(operation, { maxLength: 3 }) },
);

export const strategies = maybe(
  fc.constantFrom<WorldStrategy>('in-order', 'weighted', 'fastest', 'cheapest', 'least-busy'),
);

/** Any world at all. A part that a property needs otherwise is given. */
export function worlds(
  given: Partial<{ [Part in keyof World]: fc.Arbitrary<World[Part]> }> = {},
): fc.Arbitrary<World> {
  return fc.record({
    seed: fc.nat(1_000_000),
    strategy: strategies,
    targets: fc.array(targets(), { minLength: 1, maxLength: 5 }),
    calls: fc.array(calls, { minLength: 1, maxLength: 6 }),
    operations,
    ...given,
  });
}
