import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenEstimate, type TokenDemand } from '../../src/health/token-estimate.ts';
import { createTracker } from '../../src/health/tracker.ts';
import type { AttemptResult, Permit } from '../../src/health/target-health.ts';
import { createClock } from './clock.ts';

const generous: TokenDemand = { inputTokens: 100, maxTokens: 8_192 };

function learnt(counted: { inputTokens?: number; outputTokens?: number }, times = 20, demand = generous) {
  const estimate = createTokenEstimate();
  for (let answer = 0; answer < times; answer += 1) estimate.record(demand, counted);
  return estimate;
}

describe('the estimate of tokens', () => {
  it('is the length and all that the caller allows, until 20 answers have been counted', () => {
    const estimate = learnt({ inputTokens: 150, outputTokens: 200 }, 19);
    expect(estimate.of(generous)).toBe(100 + 8_192);
    estimate.record(generous, { inputTokens: 150, outputTokens: 200 });
    expect(estimate.of(generous)).toBe(150 + 200);
  });

  it('follows the ratio of real to guessed input, and not beyond a factor of four', () => {
    const none = { inputTokens: 1_000, maxTokens: 0 };
    expect(learnt({ inputTokens: 230, outputTokens: 0 }).of(none)).toBe(2_300);
    expect(learnt({ inputTokens: 9_000, outputTokens: 0 }).of(none)).toBe(4_000);
    expect(learnt({ inputTokens: 1, outputTokens: 0 }).of(none)).toBe(250);
  });

  it('leaves room for answers that are longer than the mean: three standard deviations', () => {
    const estimate = createTokenEstimate();
    for (let answer = 0; answer < 400; answer += 1)
      estimate.record(generous, { inputTokens: 100, outputTokens: answer % 2 === 0 ? 100 : 300 });
    expect(estimate.of(generous)).toBeGreaterThan(100 + 480);
    expect(estimate.of(generous)).toBeLessThan(100 + 520);
  });

  it('is never more than the caller allows', () => {
    expect(learnt({ inputTokens: 100, outputTokens: 8_000 }).of({ ...generous, maxTokens: 3_000 })).toBe(
      3_100,
    );
  });

  it('takes nothing that was learnt from callers who allow a word for what an essay needs', () => {
    const estimate = learnt({ inputTokens: 100, outputTokens: 5 }, 50, { inputTokens: 100, maxTokens: 16 });
    expect(estimate.of({ inputTokens: 100, maxTokens: 16 })).toBe(105);
    expect(estimate.of(generous)).toBe(100 + 8_192);
  });

  it('learns from callers who allow no number what they need', () => {
    const open = { inputTokens: 100, maxTokens: undefined };
    expect(createTokenEstimate().of(open)).toBe(100);
    expect(learnt({ inputTokens: 100, outputTokens: 700 }, 20, open).of(open)).toBe(800);
  });

  it('learns nothing where a vendor counts only one of the two', () => {
    expect(learnt({ inputTokens: 300 }).of(generous)).toBe(100 + 8_192);
  });
});

describe('what is learnt of a target', () => {
  it('holds for its view, its admission and what its vendor says alike', () => {
    const clock = createClock();
    const tracker = createTracker({ runtime: clock, emit: () => {} });
    const health = tracker.register({ id: 'one', provider: { name: 'one' }, model: 'm' });
    const near = { tokensLimit: 100_000, tokensRemaining: 1_000, tokensResetMs: clock.now() + 3_600_000 };
    const ask = (lastResort: boolean) => health.admit({ lastResort, demand: generous });
    const free = () => health.view(clock.now(), generous).blockedReason === undefined;
    for (let answer = 0; answer < 20; answer += 1) {
      const permit = ask(true) as Permit;
      permit.told(near);
      expect([free(), ask(false)]).toEqual([false, undefined]);
      const usage = { inputTokens: 100, outputTokens: 200 };
      permit.end({ outcome: 'success', tokens: 300, usage });
    }
    expect(free()).toBe(true);
    expect(ask(false)).toBeDefined();
  });

  it('is kept where its limits change', () => {
    const clock = createClock();
    const tracker = createTracker({ runtime: clock, emit: () => {} });
    const provider = { name: 'one' };
    const register = (tpm: number) => tracker.register({ id: 'one', provider, model: 'm', limits: { tpm } });
    const health = register(1_000_000);
    const usage = { inputTokens: 100, outputTokens: 200 };
    for (let answer = 0; answer < 20; answer += 1)
      health.admit({ lastResort: true, demand: generous })?.end({ outcome: 'success', tokens: 300, usage });
    register(500_000);
    clock.tick(120_000);
    health.admit({ lastResort: true, demand: generous });
    expect(health.snapshot(clock.now()).limits?.tokens?.used).toBe(300);
  });
});

type Step =
  | { do: 'tick'; ms: number }
  | { do: 'begin'; demand: TokenDemand }
  | { do: 'end'; pick: number; result: AttemptResult }
  | { do: 'update'; tpm: number | undefined };

const count = fc.nat(400);
const counted = fc
  .record({ inputTokens: count, outputTokens: count })
  .map((usage) => ({ usage, tokens: usage.inputTokens + usage.outputTokens }));
const result: fc.Arbitrary<AttemptResult> = fc.oneof(
  { weight: 4, arbitrary: counted.map((usage): AttemptResult => ({ outcome: 'success', ...usage })) },
  fc.constant<AttemptResult>({ outcome: 'success' }),
  // Cut, lost to a hedge, or failed: counted whole, in part, or not at all.
  fc.record({
    outcome: fc.constantFrom('undecided' as const, 'outpaced' as const),
    writtenTokens: count,
    usage: fc.option(fc.record({ inputTokens: count }), { nil: undefined }),
  }),
  fc.constant<AttemptResult>({ outcome: 'undecided', tokens: 0 }),
  fc.constant<AttemptResult>({ outcome: 'undecided' }),
);
const demand = fc.record({
  inputTokens: fc.nat(300),
  maxTokens: fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.oneof(fc.nat(900), fc.nat(90_000)) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('begin' as const), demand }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('end' as const), pick: fc.nat(), result }) },
  fc.record({
    do: fc.constant('update' as const),
    tpm: fc.option(fc.integer({ min: 100, max: 20_000 }), { nil: undefined, freq: 8 }),
  }),
);

/** What one attempt has been booked with, in the second in which it began. */
interface Booking {
  readonly second: number;
  readonly reserved: number;
  amount: number;
}

/** The tokens of a minute, written down one by one. */
function naiveBook() {
  let bookings: Booking[] | undefined;
  return {
    setLimit(tpm: number | undefined) {
      if (tpm === undefined) bookings = undefined;
      else bookings ??= [];
    },
    begin(now: number, reserved: number): Booking | undefined {
      const booking = { second: Math.floor(now / 1000), reserved, amount: reserved };
      bookings?.push(booking);
      return bookings && booking;
    },
    used: (now: number) =>
      (bookings ?? [])
        .filter(({ second }) => second > Math.floor(now / 1000) - 61)
        .reduce((sum, { amount }) => sum + amount, 0),
  };
}

describe('what is reserved and settled', () => {
  it('is what a book says that is kept by hand, whatever happens in whatever order, and each is settled once', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 160, size: 'max' }), (steps) => {
        const clock = createClock(() => 0.5);
        const provider = { name: 'one' };
        const tracker = createTracker({ runtime: clock, emit: () => {} });
        let tpm: number | undefined = 5_000;
        const register = () =>
          tracker.register({ id: 'one', provider, model: 'm', limits: { tpm, concurrency: 1_000 } });
        const health = register();
        const estimate = createTokenEstimate();
        const book = naiveBook();
        book.setLimit(tpm);
        const running: { permit: Permit; booking: Booking | undefined; demand: TokenDemand }[] = [];
        for (const next of steps) {
          if (next.do === 'tick') clock.tick(next.ms);
          if (next.do === 'update') {
            tpm = next.tpm;
            register();
            book.setLimit(tpm);
          }
          if (next.do === 'begin') {
            const { blockedReason, lastResortAt = Infinity } = health.view(clock.now(), next.demand);
            const permit = health.admit({ lastResort: true, demand: next.demand });
            expect(permit !== undefined).toBe(blockedReason === undefined || lastResortAt <= clock.now());
            if (!permit) continue;
            const reserved = estimate.of(next.demand);
            const { inputTokens, maxTokens = 32_768 } = next.demand;
            expect(reserved).toBeGreaterThanOrEqual(inputTokens / 4);
            expect(reserved).toBeLessThanOrEqual(inputTokens * 4 + maxTokens);
            running.push({ permit, booking: book.begin(clock.now(), reserved), demand: next.demand });
          }
          const index = next.do === 'end' ? next.pick % (running.length || 1) : -1;
          const ended = running[index];
          if (next.do === 'end' && ended) {
            running.splice(index, 1);
            const { tokens, writtenTokens, usage } = next.result;
            const known =
              writtenTokens === undefined
                ? ended.booking?.reserved
                : (usage?.inputTokens ?? estimate.inputOf(ended.demand)) + writtenTokens;
            if (ended.booking) ended.booking.amount = (tokens ?? known) as number;
            ended.permit.end(next.result);
            ended.permit.end({ outcome: 'success', tokens: 77, usage: { inputTokens: 70, outputTokens: 7 } });
            if (tokens !== undefined && usage) estimate.record(ended.demand, usage);
          }
          expect(health.snapshot(clock.now()).limits?.tokens?.used ?? 0).toBeCloseTo(
            book.used(clock.now()),
            6,
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('in a time that a clock has taken back corrects nothing of the same second when it comes again', () => {
    const clock = createClock(() => 0.5, 10_000_000);
    const tracker = createTracker({ runtime: clock, emit: () => {} });
    const provider = { name: 'one' };
    const health = tracker.register({ id: 'one', provider, model: 'm', limits: { tpm: 1_000 } });
    const admit = (inputTokens: number) =>
      health.admit({ lastResort: true, demand: { inputTokens, maxTokens: undefined } }) as Permit;
    const before = admit(300);
    clock.set(9_900_000);
    admit(1).end({ outcome: 'success', tokens: 1 });
    clock.set(10_000_000);
    admit(200);
    before.end({ outcome: 'undecided', tokens: 0 });
    expect(health.snapshot(clock.now()).limits?.tokens?.used).toBe(200);
  });
});
