import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { suspicions } from '../../src/health/evidence.ts';
import { createHistory } from '../../src/health/history.ts';
import { bucketOf, createLatency } from '../../src/health/latency.ts';

vi.setConfig({ testTimeout: 120_000 });

interface Measured {
  readonly ms: number;
  readonly at: number;
}

/** The rule of docs/health.md, from lists of all that was measured: percentiles are those of `createLatency`, tested by itself. */
function reference() {
  let usual: Measured[] = [];
  /** What was kept apart, and how much was accepted since then. */
  let apart: Measured[] = [];
  let acceptedSince = 0;
  let first: number | undefined;
  /** What was known when it was last looked at. */
  let seen: { at: number; survivals: Float64Array | undefined; farMs: number } | undefined;

  const latencyOf = (some: Measured[]) => {
    const latency = createLatency();
    for (const { ms, at } of some) latency.record(ms, at);
    return latency;
  };
  const isRipe = (now: number) => first !== undefined && now >= first + 30_000;

  /** Known again after a second, where the clock was set back, and where there was nothing. */
  function look(now: number) {
    const isFresh = seen?.survivals !== undefined && now >= seen.at && now < seen.at + 1_000;
    if (isFresh) return seen!;
    const latency = latencyOf(usual);
    const p99Ms = isRipe(now) ? latency.at(0.99) : undefined;
    const farMs = p99Ms === undefined ? Infinity : Math.max(1_000, 2 * p99Ms);
    seen = { at: now, survivals: isRipe(now) ? latency.survivals() : undefined, farMs };
    return seen;
  }

  return {
    record(ms: number, now: number, trusted: boolean) {
      first ??= now;
      const { farMs } = look(now);
      if (trusted && ms <= farMs) {
        usual.push({ ms, at: now });
        acceptedSince += 1;
        if (acceptedSince > apart.length) apart = [];
        return;
      }
      if (apart.length === 0) acceptedSince = 0;
      apart.push({ ms, at: now });
      if (apart.length < 20 || now - apart[0]!.at < 300_000) return;
      usual = apart;
      apart = [];
      if (seen) seen = { ...seen, survivals: undefined };
    },
    at: (share: number) => latencyOf(usual).at(share),
    isRipe: (now: number) => isRipe(now) && latencyOf(usual).at(0.5) !== undefined,
    evidence(ms: number, now: number) {
      const survival = look(now).survivals?.[bucketOf(ms)];
      if (ms <= 0 || survival === undefined) return { some: 0, nearlyAll: 0 };
      const { some, nearlyAll } = suspicions;
      return { some: some.silenceStep(survival), nearlyAll: nearlyAll.silenceStep(survival) };
    },
    isFar: (ms: number) => ms > (seen?.farMs ?? Infinity),
  };
}

type Step =
  | { do: 'tick'; ms: number }
  | { do: 'record'; times: number; everyMs: number; ms: number; trusted: boolean }
  | { do: 'look'; ms: number };

const duration = fc.constantFrom(0, 1, 200, 300, 400, 500, 999, 1_000, 1_001, 3_000, 20_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      ms: fc.constantFrom(1, 999, 1_000, 1_001, 29_999, 30_000, 300_000, -1, -5_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      times: fc.constantFrom(1, 1, 5, 19, 20, 21, 30),
      everyMs: fc.constantFrom(0, 100, 1_000, 15_000, 16_000),
      ms: duration,
      trusted: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('look' as const), ms: duration }) },
);

/** Thirty quick ones, and the first moments are over. */
const ripe: Step[] = [
  { do: 'record', times: 30, everyMs: 1_100, ms: 300, trusted: true },
  { do: 'tick', ms: 30_000 },
];
const stories = fc
  .tuple(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }))
  .map(([isRipe, steps]) => (isRipe ? [...ripe, ...steps] : steps));

describe('the history of one kind of silence', () => {
  it('is what its reference says, whatever is measured, trusted or looked at', () => {
    const property = fc.property(stories, (steps) => {
      const history = createHistory();
      const model = reference();
      let now = 1_000_000;
      for (const one of steps) {
        if (one.do === 'tick') now += one.ms;
        else if (one.do === 'look')
          expect(history.evidence(one.ms, now)).toEqual(model.evidence(one.ms, now));
        else
          for (let index = 0; index < one.times; index += 1) {
            history.record(one.ms, now, one.trusted);
            model.record(one.ms, now, one.trusted);
            now += one.everyMs;
          }
        expect(history.at(0.99)).toBe(model.at(0.99));
        expect(history.isRipe(now)).toBe(model.isRipe(now));
        for (const ms of [999, 1_000, 1_001, 20_000]) expect(history.isFar(ms)).toBe(model.isFar(ms));
      }
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});
