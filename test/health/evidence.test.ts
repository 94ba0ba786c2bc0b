import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cusum, type Evidence } from '../../src/health/evidence.ts';

/** Feeds results at a steady rate until it trips; how many it took, or undefined. */
function callsToTrip(
  evidence: Evidence,
  results: Iterable<boolean>,
  everyMs: number,
  from = 0,
): number | undefined {
  let now = from;
  let calls = 0;
  for (const ok of results) {
    now += everyMs;
    calls += 1;
    evidence.record(ok, now, 1);
    if (evidence.tripped(now)) return calls;
  }
  return undefined;
}

function* always(ok: boolean, times: number): Generator<boolean> {
  for (let count = 0; count < times; count += 1) yield ok;
}

/** Numbers in [0, 1) from a seed (a linear congruential generator: enough for shares). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function* mixed(failureShare: number, times: number, seed: number): Generator<boolean> {
  const random = numbers(seed);
  for (let count = 0; count < times; count += 1) yield random() >= failureShare;
}

describe('the cumulative sum', () => {
  it('trips on the fifth failure in a row at one call a second', () => {
    expect(callsToTrip(cusum()(), always(false, 100), 1000)).toBe(5);
  });

  it('asks for more at higher rates, where chance alone reaches further', () => {
    const busy = cusum()();
    callsToTrip(busy, always(true, 10_000), 10);
    expect(callsToTrip(busy, always(false, 100), 10, 100_000)).toBe(8);
  });

  it.each([1000, 100, 10])('finds a brownout of a third within 100 calls, one every %i ms', (everyMs) => {
    const found = Array.from({ length: 20 }, (_, seed) =>
      callsToTrip(cusum()(), mixed(0.3, 1000, seed), everyMs),
    );
    expect(found.map((calls) => calls ?? Infinity).sort((one, other) => one - other)[10]).toBeLessThan(100);
  });

  /** Steady calls for long enough that the rate is known; the rate that fading by 1/e in 10 s makes of them. */
  function steady(everyMs: number) {
    const evidence = cusum()();
    const now = [...always(true, 20_000)].reduce((at) => {
      evidence.record(true, at + everyMs, 1);
      return at + everyMs;
    }, 0);
    const perSecond = 0.1 / (1 - Math.exp(-everyMs / 10_000));
    return { evidence, now, perSecond };
  }

  it.each([
    [2_000, () => 8],
    [1_100, () => 8],
    [300, (decades: number) => 8 + 3 * decades],
    [102, (decades: number) => 8 + 3 * decades],
    [98, (decades: number) => 11 + 3 * (decades - 1)],
    [30, (decades: number) => 11 + 3 * (decades - 1)],
    [9, () => 14],
    [1, () => 14],
  ])(
    'trips at a sum that grows with the logarithm of the rate, one call every %i ms',
    (everyMs, expected) => {
      const { evidence, now, perSecond } = steady(everyMs);
      const threshold = expected(Math.log10(perSecond));
      expect(evidence.tripped(now, threshold + 1e-6)).toBe(true);
      expect(evidence.tripped(now, threshold - 1e-6)).toBe(false);
    },
  );

  it('trips where the sum reaches the threshold, no less', () => {
    const evidence = cusum()();
    expect(evidence.tripped(0, 8)).toBe(true);
    expect(evidence.tripped(0, 8 - 1e-9)).toBe(false);
  });

  it('fades what is known by 1/e in two minutes, also where nothing is recorded, and adds what silence says', () => {
    const evidence = cusum()();
    for (let count = 0; count < 4; count += 1) evidence.record(false, 1_000, 1);
    const sum = 4 * Math.log(6) * Math.exp(-1);
    expect(evidence.tripped(121_000, 8 - sum + 1e-6)).toBe(true);
    expect(evidence.tripped(121_000, 8 - sum - 1e-6)).toBe(false);
    // A clock that was set back fades nothing.
    expect(evidence.tripped(0, 8 - 4 * Math.log(6) + 1e-6)).toBe(true);
    evidence.record(false, 0, 1);
    expect(evidence.tripped(0, 8 - 5 * Math.log(6) + 1e-6)).toBe(true);
  });

  it('leaves a target alone for an hour at 2 % errors and one call a second', () => {
    const trips = Array.from({ length: 20 }, (_, seed) =>
      callsToTrip(cusum()(), mixed(0.02, 3600, seed), 1000),
    );
    expect(trips.filter((calls) => calls !== undefined).length).toBeLessThanOrEqual(1);
  });

  it('lets old evidence fade: a failure every ten minutes never adds up', () => {
    expect(callsToTrip(cusum()(), always(false, 1000), 600_000)).toBeUndefined();
  });

  it('forgets what speaks against the target when it is reset', () => {
    const evidence = cusum()();
    callsToTrip(evidence, always(false, 5), 1000);
    evidence.reset();
    expect(evidence.tripped(5000)).toBe(false);
    expect(callsToTrip(evidence, always(false, 100), 1000, 5000)).toBe(5);
  });

  it('is not disturbed by a clock that is set back', () => {
    const evidence = cusum()();
    evidence.record(false, 10_000_000, 1);
    expect(callsToTrip(evidence, always(false, 100), 1000, 0)).toBeLessThanOrEqual(5);
  });

  it('is never tripped by the passing of time', () => {
    const results = fc.array(fc.record({ ok: fc.boolean(), afterMs: fc.integer({ min: 0, max: 60_000 }) }));
    fc.assert(
      fc.property(results, fc.array(fc.nat(10_000_000)), (history, waits) => {
        const evidence = cusum()();
        let now = 0;
        for (const { ok, afterMs } of history) evidence.record(ok, (now += afterMs), 1);
        let tripped = evidence.tripped(now);
        for (const wait of waits) {
          const after = evidence.tripped((now += wait));
          expect(after && !tripped).toBe(false);
          tripped = after;
        }
      }),
    );
  });

  it('fades with time alone: it takes ever more silence of those under way to trip it', () => {
    const results = fc.array(fc.record({ ok: fc.boolean(), weight: fc.constantFrom(0.3, 1, 3.5) }), {
      maxLength: 60,
      size: 'max',
    });
    const waits = fc.array(fc.oneof(fc.nat(5000), fc.nat(600_000)), { minLength: 1 });
    fc.assert(
      fc.property(results, fc.constantFrom(10, 100, 3000), waits, (history, everyMs, idle) => {
        const evidence = cusum()();
        let now = 0;
        for (const { ok, weight } of history) evidence.record(ok, (now += everyMs), weight);
        const silences = Array.from({ length: 57 }, (_, quarter) => quarter / 4);
        let missing = -Infinity;
        for (const ms of [0, ...idle]) {
          now += ms;
          const enough = silences.find((silence) => evidence.tripped(now, silence)) ?? Infinity;
          expect(enough).toBeGreaterThanOrEqual(missing);
          missing = enough;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is monotone: a failure instead of a success never makes it trip less', () => {
    const history = fc.array(fc.boolean(), { minLength: 1, maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(history, fc.nat(), fc.integer({ min: 1, max: 5000 }), (results, place, everyMs) => {
        const worse = results.map((ok, index) => (index === place % results.length ? false : ok));
        const trips = callsToTrip(cusum()(), results, everyMs) ?? Infinity;
        expect(callsToTrip(cusum()(), worse, everyMs) ?? Infinity).toBeLessThanOrEqual(trips);
      }),
    );
  });
});
