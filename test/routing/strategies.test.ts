import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompletionRequest } from '../../src/core/request.ts';
import {
  cheapest,
  fastest,
  inOrder,
  leastBusy,
  weighted,
  type Strategy,
} from '../../src/routing/strategies.ts';
import { idsOf, makeCandidates } from './make-candidate.ts';

const request: CompletionRequest = { messages: [{ role: 'user', content: 'x'.repeat(4000) }] };

const now = 1_000_000;
/** A peak of first-token time that was measured just now, or so long ago. */
const peak = (ms: number, agoMs = 0) => ({ firstTokenPeak: { ms, at: now - agoMs, fadeMs: 10_000 } });

/** Chance that gives the numbers listed, then 0. */
const scripted =
  (...numbers: number[]) =>
  () =>
    numbers.shift() ?? 0;
const order = (strategy: Strategy, candidates: ReturnType<typeof makeCandidates>, random = scripted()) =>
  idsOf(strategy(candidates, { request, random, now }));

describe('in-order', () => {
  it('is the listed order', () => {
    expect(order(inOrder, makeCandidates({}, {}, {}))).toBe('a b c');
  });

  it('puts a target in slow start first only as often as its share says', () => {
    const candidates = makeCandidates({ health: { share: 0.3 } }, {}, {});
    expect(order(inOrder, candidates, scripted(0.29))).toBe('a b c');
    expect(order(inOrder, candidates, scripted(0.3))).toBe('b a c');
  });

  it('holds the listed order where all of them are in slow start and none is drawn', () => {
    const candidates = makeCandidates({ health: { share: 0.3 } }, { health: { share: 0.3 } });
    expect(order(inOrder, candidates, scripted(0.9, 0.9))).toBe('a b');
  });
});

describe('weighted', () => {
  it('goes by credit and weight', () => {
    expect(order(weighted, makeCandidates({ weight: 1 }, { weight: 5 }, { weight: 2, credit: 4 }))).toBe(
      'c b a',
    );
  });
});

describe('fastest', () => {
  const candidates = makeCandidates({ health: peak(900) }, { health: peak(300) }, { health: peak(600) });

  it('takes the better of two drawn at random, then the others by speed', () => {
    expect(order(fastest, candidates, scripted(0, 0))).toBe('b c a');
    expect(order(fastest, candidates, scripted(0, 0.9))).toBe('c b a');
    expect(order(fastest, candidates, scripted(0.5, 0.9))).toBe('b c a');
  });

  it('counts who waits for a first token: a fast one that is asked by many may answer later than a slow one that is free', () => {
    expect(
      order(fastest, makeCandidates({ health: { ...peak(300), awaitingContent: 3 } }, { health: peak(900) })),
    ).toBe('b a');
    expect(
      order(fastest, makeCandidates({ health: { ...peak(300), awaitingContent: 1 } }, { health: peak(900) })),
    ).toBe('a b');
  });

  it('lets a heavier one carry more', () => {
    const load = { ...peak(300), awaitingContent: 3 };
    expect(order(fastest, makeCandidates({ weight: 1, health: load }, { weight: 2, health: load }))).toBe(
      'b a',
    );
  });

  it('forgets a peak with time, so that a target that was slow is tried again', () => {
    expect(order(fastest, makeCandidates({ health: peak(9_000, 10_000) }, { health: peak(900) }))).toBe(
      'b a',
    );
    expect(order(fastest, makeCandidates({ health: peak(9_000, 30_000) }, { health: peak(900) }))).toBe(
      'a b',
    );
  });

  it('tries what it does not know, one attempt at a time', () => {
    const unknown = makeCandidates({ health: peak(300) }, {});
    expect(order(fastest, unknown)).toBe('b a');
    expect(order(fastest, makeCandidates({ health: peak(1) }, {}))).toBe('b a');
    const tried = makeCandidates({ health: peak(300) }, { health: { awaitingContent: 1 } });
    expect(order(fastest, tried)).toBe('a b');
  });

  it('never takes the slowest of three or more', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (one, other) => {
          expect(order(fastest, candidates, scripted(one, other))[0]).not.toBe('a');
        },
      ),
    );
  });
});

describe('cheapest', () => {
  it('goes by price and expected tokens; what has no price comes last', () => {
    const candidates = makeCandidates(
      {},
      { price: { input: 1, output: 10 } },
      { price: { input: 3, output: 1 } },
      { price: { input: 0, output: 0, perRequest: 0.01 } },
      { price: { input: 0, output: 0 } },
    );
    // 1,000 tokens in and 500 out: 6 mUSD, 3.5 mUSD, 10 mUSD, nothing.
    expect(order(cheapest, candidates)).toBe('e c b d a');
  });

  it('expects no more output than may come', () => {
    const candidates = makeCandidates(
      { price: { input: 4, output: 0 } },
      { price: { input: 1, output: 30 } },
    );
    expect(order(cheapest, candidates)).toBe('a b');
    const short = { ...request, maxTokens: 50 };
    expect(idsOf(cheapest(candidates, { request: short, random: () => 0, now }))).toBe('b a');
  });
});

describe('cheapest, with what was learnt of each target', () => {
  const price = { input: 1, output: 10 };

  it('expects answers as long as they were', () => {
    const wordy = { price, health: { typical: { outputTokens: 2_000, cachedShare: 0 } } };
    const terse = {
      price: { input: 1, output: 20 },
      health: { typical: { outputTokens: 100, cachedShare: 0 } },
    };
    expect(order(cheapest, makeCandidates(wordy, terse))).toBe('b a');
  });

  it('expects no more than the target itself permits', () => {
    const typical = { outputTokens: 2_000, cachedShare: 0 };
    const short = { price, overrides: { maxTokens: 10 }, health: { typical } };
    expect(order(cheapest, makeCandidates({ price, health: { typical } }, short))).toBe('b a');
  });

  it('counts cached input at its own price, as far as there was any', () => {
    const health = { typical: { outputTokens: 0, cachedShare: 0.9 } };
    const warm = { price: { input: 5, output: 0, cachedInput: 0.5 }, health };
    const plain = { price: { input: 2, output: 0 } };
    expect(order(cheapest, makeCandidates(plain, warm))).toBe('b a');
    expect(order(cheapest, makeCandidates(plain, { ...warm, health: {} }))).toBe('a b');
    // 0.5 for what is not cached and 2.7 for what is, by 1,000 tokens: 3.2 mUSD.
    const dear = { price: { input: 5, output: 0, cachedInput: 3 }, health };
    expect(order(cheapest, makeCandidates({ price: { input: 3.3, output: 0 } }, dear))).toBe('b a');
    expect(order(cheapest, makeCandidates(dear, { price: { input: 3.1, output: 0 } }))).toBe('b a');
  });
});

describe('least-busy', () => {
  it('goes by attempts in flight as a share of what each can hold', () => {
    const candidates = makeCandidates(
      { health: { inFlight: 4, concurrency: 5 } },
      { health: { inFlight: 6, concurrency: 10 } },
      { health: { inFlight: 7 } },
      { health: { inFlight: 1, concurrency: 10 } },
    );
    expect(order(leastBusy, candidates)).toBe('d b c a');
  });

  it('goes by attempts in flight where no limits are stated', () => {
    expect(order(leastBusy, makeCandidates({ health: { inFlight: 2 } }, { health: { inFlight: 1 } }))).toBe(
      'b a',
    );
  });
});

describe('least-busy among equals', () => {
  it('prefers the heavier, then the one listed first', () => {
    const one = { health: { inFlight: 1, concurrency: 10 } };
    const two = { health: { inFlight: 2, concurrency: 20 } };
    expect(order(leastBusy, makeCandidates(one, two))).toBe('a b');
    expect(order(leastBusy, makeCandidates({ ...one, weight: 1 }, { ...two, weight: 5 }))).toBe('b a');
  });
});

describe('every strategy', () => {
  const all = { inOrder, weighted, fastest, cheapest, leastBusy };

  it('returns each candidate exactly once', () => {
    const some = fc.array(
      fc.record({
        weight: fc.integer({ min: 0, max: 3 }),
        health: fc.record({ share: fc.constantFrom(0.1, 0.5, 1), inFlight: fc.nat(5) }),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(
        some,
        fc.constantFrom(...Object.values(all)),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (list, strategy, numbers) => {
          const candidates = makeCandidates(...list);
          const random = () => numbers.next().value ?? 0;
          const ordered = strategy(candidates, { request, random, now });
          expect([...ordered].map(({ id }) => id).sort()).toEqual(candidates.map(({ id }) => id));
        },
      ),
    );
  });

  it.each(Object.keys(all) as (keyof typeof all)[])('%s takes a weight of 0 after all others', (name) => {
    const best = { weight: 0, price: { input: 0, output: 0 }, health: peak(1) };
    const other = { weight: 1, price: { input: 5, output: 0 }, health: { ...peak(100), inFlight: 1 } };
    expect(order(all[name], makeCandidates(best, other, best, other), scripted(0.5, 0.5, 0.5))).toMatch(
      /^(b d|d b) a c$/,
    );
    expect(order(all[name], makeCandidates(best))).toBe('a');
  });

  it.each(['fastest', 'cheapest', 'leastBusy'] as const)('%s spares a target in slow start', (name) => {
    const best = { price: { input: 0, output: 0 }, health: { share: 0.1, ...peak(1) } };
    const other = { price: { input: 5, output: 0 }, health: { ...peak(100), inFlight: 1 } };
    expect(order(all[name], makeCandidates(best, other), scripted(0.5))).toBe('b a');
    expect(order(all[name], makeCandidates(best, other), scripted(0.05))).toBe('a b');
  });

  it.each(['fastest', 'cheapest', 'leastBusy'] as const)(
    '%s chooses among all where each is in slow start and none is drawn',
    (name) => {
      const best = { price: { input: 0, output: 0 }, health: { share: 0.1, ...peak(1) } };
      const other = { price: { input: 5, output: 0 }, health: { share: 0.1, ...peak(100), inFlight: 1 } };
      expect(order(all[name], makeCandidates(other, best), scripted(0.5, 0.5))).toBe('b a');
    },
  );
});
