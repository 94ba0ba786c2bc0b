import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createOwnLimits, type Taken } from '../../src/health/limits.ts';

vi.setConfig({ testTimeout: 120_000 });

interface Limits {
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  readonly concurrency: number | undefined;
}

type Step =
  | { do: 'tick'; ms: number }
  /** Goes if it may; `insists`: it has nobody else. */
  | { do: 'ask'; tokens: number; insists: boolean }
  | { do: 'end'; pick: number; used: number | undefined }
  /** Somebody looks, and does nothing. */
  | { do: 'look'; tokens: number }
  | { do: 'change'; limits: Limits };

/** What one attempt is booked with. */
interface Booking {
  readonly at: number;
  readonly reserved: number;
  used: number;
}

/** Something that changed how far the pace is used up. */
interface Entry {
  readonly at: number;
  readonly amount: number;
}

/** One limit for a minute, as docs/health.md has it, over a list of all that went. */
function meter(limit: number, bookings: Booking[]) {
  const pace: Entry[] = [];
  // What may come in a second is part of the limit; a minute is counted as 61 s.
  const msEach = 61_000 / (limit - limit / 60);

  /** How far the pace is ahead of the clock: nothing that was used up can be less than nothing, at any time. */
  function aheadMs(now: number): number {
    let ahead = 0;
    let largest = 0;
    for (let index = pace.length - 1; index >= 0; index -= 1) {
      ahead += pace[index]!.amount * msEach;
      largest = Math.max(largest, ahead - (now - pace[index]!.at));
    }
    return largest;
  }

  const used = (now: number) =>
    bookings
      .filter(({ at }) => Math.floor(at / 1000) > Math.floor(now / 1000) - 61)
      .reduce((sum, one) => sum + one.used, 0);

  return {
    limit,
    used,
    /** Whether the minute has room. One that is larger than the limit goes when nothing else does. */
    hasRoom: (amount: number, now: number) => used(now) <= Math.max(0, limit - amount),
    /** Whether it is its turn: so many seconds of the limit may come at once, and always so many calls. */
    isInTurn(amount: number, now: number, [seconds, calls]: readonly [number, number]) {
      const most = Math.max((limit * seconds) / 60, calls * amount);
      return aheadMs(now) + amount * msEach <= most * msEach + 1e-6;
    },
    take: (amount: number, now: number) => void pace.push({ at: now, amount: Math.min(amount, limit) }),
    correct(from: number, to: number, now: number) {
      pace.push({ at: now, amount: Math.min(to, limit) - Math.min(from, limit) });
    },
  };
}

/** Own limits as docs/health.md has them. */
function reference() {
  let limits: Limits = { rpm: undefined, tpm: undefined, concurrency: undefined };
  let inFlight = 0;
  let requests: ReturnType<typeof meter> | undefined;
  let tokens: ReturnType<typeof meter> | undefined;
  let ofRequests: Booking[] = [];
  let ofTokens: Booking[] = [];

  /** What went through counts against a new limit too, but its pace begins anew; without a limit nothing is written down. */
  function change(next: Limits): void {
    if (next.rpm !== limits.rpm) requests = next.rpm === undefined ? undefined : meter(next.rpm, ofRequests);
    if (next.tpm !== limits.tpm) tokens = next.tpm === undefined ? undefined : meter(next.tpm, ofTokens);
    if (next.rpm === undefined) ofRequests = [];
    if (next.tpm === undefined) ofTokens = [];
    limits = next;
  }

  const inTurn = (now: number, amount: number, turns: readonly [number, number]) =>
    (requests?.isInTurn(1, now, turns) ?? true) &&
    (tokens?.isInTurn(Math.max(1, amount), now, turns) ?? true);
  /** A minute and concurrency are for all calls. */
  const hasMinute = (now: number, amount: number) =>
    (requests?.hasRoom(1, now) ?? true) && (tokens?.hasRoom(Math.max(1, amount), now) ?? true);
  const hasSlot = () => limits.concurrency === undefined || inFlight < limits.concurrency;

  return {
    change,
    hasSlot,
    mayGo: (now: number, amount: number) =>
      hasSlot() && hasMinute(now, amount) && inTurn(now, amount, [1, 3]),
    mayInsist: (now: number, amount: number) =>
      hasSlot() && hasMinute(now, amount) && inTurn(now, amount, [10, 10]),
    /** But for concurrency, of which nobody knows when it ends. */
    mayGoInTime: (now: number, amount: number) => hasMinute(now, amount) && inTurn(now, amount, [1, 3]),
    usedRequests: (now: number) => requests?.used(now) ?? 0,
    usedTokens: (now: number) => tokens?.used(now) ?? 0,
    inFlight: () => inFlight,
    take(now: number, amount: number): (used: number | undefined, now: number) => void {
      inFlight += 1;
      const own = tokens;
      if (requests) ofRequests.push({ at: now, reserved: 1, used: 1 });
      requests?.take(1, now);
      const booking = { at: now, reserved: amount, used: amount };
      if (own) ofTokens.push(booking);
      own?.take(amount, now);
      return (used, endedAt) => {
        inFlight -= 1;
        if (used === undefined || !own) return;
        booking.used = used;
        own.correct(amount, used, endedAt);
      };
    },
  };
}

const limits: fc.Arbitrary<Limits> = fc.record({
  rpm: fc.option(fc.integer({ min: 2, max: 400 }), { nil: undefined, freq: 3 }),
  tpm: fc.option(fc.integer({ min: 100, max: 20_000 }), { nil: undefined, freq: 3 }),
  concurrency: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined, freq: 2 }),
});
const size = fc.oneof({ weight: 6, arbitrary: fc.nat(600) }, { weight: 1, arbitrary: fc.nat(30_000) });
const ask: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('ask' as const),
  tokens: size,
  insists: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.nat(400) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.nat(15_000) }) },
  { weight: 12, arbitrary: ask },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      pick: fc.nat(),
      used: fc.option(size, { nil: undefined, freq: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('look' as const), tokens: size }) },
  { weight: 1, arbitrary: limits.map((changed): Step => ({ do: 'change', limits: changed })) },
);

describe('own limits', () => {
  it('let go whom their reference lets go, and name the instant from which it does, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { minLength: 20, maxLength: 140, size: 'max' }), (first, steps) => {
        const own = createOwnLimits();
        const book = reference();
        const running: { taken: Taken; settle: ReturnType<typeof book.take> }[] = [];
        let now = 1_000_000;
        own.set(first);
        book.change(first);

        function check(tokens: number): { goes: boolean; insists: boolean } {
          const block = own.block(now, tokens);
          const goes = block === undefined;
          const insists = goes || (block.lastResortAt ?? Infinity) <= now;
          expect({ goes, insists }).toEqual({
            goes: book.mayGo(now, tokens),
            insists: book.mayInsist(now, tokens),
          });
          if (block === undefined) return { goes, insists };
          expect(block.availableAt).toBeGreaterThan(now);
          // With a slot at once; else it is a guess.
          if (block.estimated) expect(book.hasSlot()).toBe(false);
          else {
            expect(book.mayGoInTime(block.availableAt, tokens)).toBe(true);
            if (book.hasSlot()) expect(book.mayGoInTime(block.availableAt - 1, tokens)).toBe(false);
          }
          return { goes, insists };
        }

        for (const next of steps) {
          if (next.do === 'tick') now += next.ms;
          if (next.do === 'look') check(next.tokens);
          if (next.do === 'change') {
            own.set(next.limits);
            book.change(next.limits);
          }
          if (next.do === 'ask') {
            const { goes, insists } = check(next.tokens);
            if (goes || (next.insists && insists))
              running.push({ taken: own.take(now, next.tokens), settle: book.take(now, next.tokens) });
          }
          if (next.do === 'end' && running.length > 0) {
            const [ended] = running.splice(next.pick % running.length, 1);
            ended!.taken.settle(next.used, now);
            ended!.settle(next.used, now);
          }
          expect([own.inFlight(), own.usedRequests(now), own.usedTokens(now)]).toEqual([
            book.inFlight(),
            book.usedRequests(now),
            book.usedTokens(now),
          ]);
        }
      }),
      { numRuns: 1_000, seed: 20_260_101 },
    );
  });
});
