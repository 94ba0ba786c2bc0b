import { seededRandom } from '../manual-runtime.ts';

/** Numbers in [0, 1). */
export type Random = () => number;

/** Points of a distribution: which share of the values lies below which value, in rising order. */
export type Quantiles = readonly (readonly [share: number, value: number])[];

/**
 * Numbers that depend on the keys alone. What becomes of one call at one provider is drawn so: two routers in front of
 * the same world meet the same fate with the same call, however differently they behaved before.
 */
export function keyedRandom(...keys: readonly number[]): Random {
  let hash = 0x811c9dc5;
  for (const key of keys) {
    hash = Math.imul(hash ^ (key | 0), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) ^ (hash >>> 16);
  }
  return seededRandom(hash);
}

/** A value of the distribution; between two points it grows by equal factors, as latencies do. */
export function fromQuantiles(points: Quantiles, random: Random): number {
  const share = random();
  const above = points.findIndex(([upTo]) => upTo > share);
  const [toShare, toValue] = points.at(above) as readonly [number, number];
  const [fromShare, fromValue] = above > 0 ? (points[above - 1] as readonly [number, number]) : [0, toValue];
  return fromValue * (toValue / fromValue) ** ((share - fromShare) / (toShare - fromShare));
}

export function between([from, to]: readonly [number, number], random: Random): number {
  return from + (to - from) * random();
}

export function oneOf<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** One of the items, each as often as its weight says. */
export function weightedOneOf<T>(items: readonly (readonly [weight: number, item: T])[], random: Random): T {
  let left = random() * items.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, item] of items) {
    left -= weight;
    if (left < 0) return item;
  }
  return (items.at(-1) as readonly [number, T])[1];
}

export function exponential(mean: number, random: Random): number {
  return -mean * Math.log(1 - random());
}

/** Of the given median; `sigma` is that of the logarithm. */
export function lognormal(median: number, sigma: number, random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(sigma * normal);
}

/**
 * Two kinds of waits mixed, short and long (hyperexponential with balanced means): bursts, for a coefficient of variation
 * above 1.
 */
export function hyperexponential(mean: number, variation: number, random: Random): number {
  const squared = variation ** 2;
  const shareOfShort = (1 + Math.sqrt((squared - 1) / (squared + 1))) / 2;
  const isShort = random() < shareOfShort;
  return exponential(mean / (2 * (isShort ? shareOfShort : 1 - shareOfShort)), random);
}
