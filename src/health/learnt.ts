import { LRUCache } from 'lru-cache';
import type { Feature } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';

const rememberedMs = 24 * 3_600_000;
/** More than there are features. */
const mostFeatures = 64;
const none: ReadonlySet<Feature> = new Set();

/** Remembers for a day which features were refused: vendors add them to a model as often as they remove them. */
export interface Learnt {
  /** Whether it was not known before. */
  learn(feature: Feature): boolean;
  /** A set that is never changed afterwards. */
  at(now: number): ReadonlySet<Feature>;
  /** Until when the set of that instant holds. */
  holdsUntil(): number;
}

export function createLearnt(runtime: Runtime): Learnt {
  let cache: LRUCache<Feature, number> | undefined;
  let features = none;
  let holdsUntil = Infinity;

  function read(now: number): void {
    const entries = [...(cache?.entries() ?? [])].filter(([, until]) => until > now);
    features = entries.length === 0 ? none : new Set(entries.map(([feature]) => feature));
    holdsUntil = entries.reduce((soonest, [, until]) => Math.min(soonest, until), Infinity);
  }

  return {
    learn(feature) {
      // `ttlResolution: 0` keeps the cache from setting a timer. It takes the instant 0 for none, hence the 1.
      cache ??= new LRUCache({
        max: mostFeatures,
        ttl: rememberedMs,
        ttlResolution: 0,
        perf: { now: () => runtime.now() + 1 },
      });
      const now = runtime.now();
      const isNew = !cache.has(feature);
      cache.set(feature, now + rememberedMs);
      read(now);
      return isNew;
    },
    at(now) {
      if (now >= holdsUntil) read(now);
      return features;
    },
    holdsUntil: () => holdsUntil,
  };
}
