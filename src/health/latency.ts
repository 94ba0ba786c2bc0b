import type { LatencySnapshot } from './target-health.ts';

/** Each bucket is this much wider than the one before: a percentile is right to within 4 %. */
const growth = 1.08;
const logOfGrowth = Math.log(growth);
/** Ten minutes and more share the last one. */
const bucketCount = Math.ceil(Math.log(600_000) / logOfGrowth) + 1;
/** Older measurements count less, by 1/e in this time. */
const fadeMs = 300_000;
/** A quiet night leaves this many fadings of it: the first call of the morning must not stand for all. */
const longestGapMs = fadeMs;
/** The weight of new measurements grows until it is brought back to 1. */
const largestWeight = 2 ** 40;

/** A percentile of fewer measurements than this is luck. */
const fewestSamples = 20;

/** Remembers durations as percentiles, in fixed memory. */
export interface Latency {
  record(ms: number, now: number): void;
  isEmpty(): boolean;
  percentiles(): LatencySnapshot | undefined;
  /** The duration that this share of the measurements, from 0 to 1, did not exceed; undefined while there are too few. */
  at(share: number): number | undefined;
  /**
   * By bucket: the share of durations that last at least as long, with one more taken to last for ever, because the few
   * that were measured do not show the whole tail; undefined while there are too few.
   */
  survivals(): Float64Array | undefined;
}

/** A histogram of logarithmic buckets in which a new measurement weighs more than older ones. */
export function createLatency(): Latency {
  let buckets: Float64Array | undefined;
  let total = 0;
  let weight = 1;
  let at: number | undefined;
  let known: LatencySnapshot | undefined;

  function rescale(counts: Float64Array): void {
    for (let index = 0; index < bucketCount; index += 1) counts[index] = (counts[index] as number) / weight;
    total /= weight;
    weight = 1;
  }

  const isThin = () => total / weight < fewestSamples;

  return {
    record(ms, now) {
      if (!(ms >= 0)) return;
      buckets ??= new Float64Array(bucketCount);
      weight *= Math.exp(Math.min(longestGapMs, Math.max(0, now - (at ?? now))) / fadeMs);
      if (weight > largestWeight) rescale(buckets);
      at = now;
      const index = bucketOf(ms);
      buckets[index] = (buckets[index] as number) + weight;
      total += weight;
      known = undefined;
    },
    isEmpty: () => buckets === undefined,
    percentiles() {
      if (buckets !== undefined) known ??= read(buckets, total, weight);
      return known;
    },
    at: (share) => (isThin() ? undefined : reader(buckets as Float64Array, total)(share)),
    survivals: () => (isThin() ? undefined : survivalsOf(buckets as Float64Array, total, weight)),
  };
}

export function bucketOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(bucketCount - 1, Math.floor(Math.log(ms) / logOfGrowth));
}

function survivalsOf(buckets: Float64Array, total: number, weight: number): Float64Array {
  const survivals = new Float64Array(bucketCount);
  let left = 0;
  for (let index = bucketCount - 1; index >= 0; index -= 1) {
    left += buckets[index] as number;
    survivals[index] = (left + weight) / (total + weight);
  }
  return survivals;
}

/** Reads percentiles; to be asked for rising shares. */
function reader(buckets: Float64Array, total: number): (share: number) => number {
  let reached = 0;
  let index = -1;
  return (share) => {
    // Sums of fractions: the last bucket may be missed by a rounding error.
    while (reached < total * share && index < bucketCount - 1) {
      index += 1;
      reached += buckets[index] as number;
    }
    return Math.round(growth ** (Math.max(0, index) + 0.5) * 10) / 10;
  };
}

function read(buckets: Float64Array, total: number, weight: number): LatencySnapshot {
  const at = reader(buckets, total);
  return {
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    samples: Math.round((total / weight) * 10) / 10,
  };
}
