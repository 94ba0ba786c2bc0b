import type { Runtime } from '../core/runtime.ts';
import { doubled, jittered, type Hold } from './hold.ts';
import { createPace } from './pace.ts';

/** While nobody else can serve, what is open keeps callers away no longer than this. */
export const longestLastResortMs = 2_000;
/** Long enough that a target which goes up and down does not do so here. */
const firstOpenMs = 7_000;
/** The longest, where calls come often; where they are rare, so many gaps between two of them, up to ten minutes. */
const longestOpenMs = 20_000;
const gapsOpen = 10;
const longestOpenOfAllMs = 600_000;
/** After this long without tripping, open times begin at the shortest again. */
const healthyStretchMs = 60_000;
/** One that was only too slow, for the first time of late, perhaps had a queue: it is looked at again sooner, and comes back sooner. */
const firstOpenOfSlowMs = 3_000;
const slowStartOfSlowMs = 5_000;
const slowStartMs = 10_000;
/** One that failed soon after it came back comes back more slowly, up to so many times. */
const slowestStart = 3;
/** One that came back is given so long, unless it is down: until then its share falls, but it is not taken out again. */
const probationMs = 5_000;
/** After so many openings without a return it may have become slow for good: probes are given ever more time. */
const hastyOpenings = 4;

/** How long a breaker stays open, and how slowly its target comes back: by how often it opened of late, and why. */
export interface Openings {
  /** A call came while nothing kept it away. */
  called(now: number): void;
  /** It was in use and is no longer; `weight`: of what spoke against it last. */
  tripped(weight: number, now: number): void;
  /** It opens, whether it was in use or a probe failed. */
  open(now: number): Hold;
  /** A probe failed by that much; whether that is enough. One that was given up early is less than a whole failure. */
  doubt(weight: number): boolean;
  recovered(now: number): void;
  /** Whether it was taken out of use again soon after it came back. */
  hasRelapsed(): boolean;
  isOnProbation(now: number): boolean;
  slowStartMs(): number;
  /** So many times as long as usual a probe is waited for: grows while none is answered. */
  patience(): number;
}

export function createOpenings(runtime: Runtime): Openings {
  const pace = createPace();
  /** Without a healthy stretch between. */
  let openings = 0;
  let relapses = 0;
  /** It was taken out of use for slowness or silence, and not again since. */
  let wasSlow = false;
  /** What probes that were given up early say together: 1 is a failure. */
  let doubt = 0;
  let recoveredAt = -Infinity;

  return {
    called: (now) => pace.beat(now),
    tripped(weight, now) {
      if (now - recoveredAt < healthyStretchMs) relapses += 1;
      else relapses = openings = 0;
      wasSlow = weight < 1 && relapses === 0;
    },
    open(now) {
      const gapMs = Math.min(pace.gapMs(), longestOpenOfAllMs);
      const longestMs = Math.min(longestOpenOfAllMs, Math.max(longestOpenMs, gapsOpen * gapMs));
      const firstMs = wasSlow ? firstOpenOfSlowMs : firstOpenMs;
      const ms = doubled(Math.max(firstMs, gapMs), openings, longestMs);
      openings += 1;
      doubt = 0;
      pace.pause();
      return { since: now, until: now + jittered(ms, runtime.random()) };
    },
    doubt(weight) {
      doubt += weight;
      return doubt >= 1;
    },
    recovered(now) {
      doubt = 0;
      recoveredAt = now;
    },
    hasRelapsed: () => relapses > 0,
    isOnProbation: (now) => now >= recoveredAt && now - recoveredAt < probationMs,
    slowStartMs: () => (wasSlow ? slowStartOfSlowMs : slowStartMs) * Math.min(slowestStart, 1 + relapses),
    patience: () => 2 ** Math.max(0, openings - hastyOpenings),
  };
}
