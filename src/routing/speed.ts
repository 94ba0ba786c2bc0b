import { fadedPeak } from '../health/peak-ewma.ts';
import type { Candidate } from './candidate.ts';
import type { StrategyContext } from './strategies.ts';

/**
 * Two drawn at random, the one that should answer sooner taken: nearly as good as the best of all, and it never sends
 * everybody to one that looked fast a moment ago.
 */
export function betterOfTwo(candidates: readonly Candidate[], { random, now }: StrategyContext): Candidate {
  if (candidates.length === 1) return candidates[0] as Candidate;
  const first = Math.floor(random() * candidates.length);
  const step = 1 + Math.floor(random() * (candidates.length - 1));
  const one = candidates[first] as Candidate;
  const other = candidates[(first + step) % candidates.length] as Candidate;
  return expectedWait(other, now) < expectedWait(one, now) ? other : one;
}

/**
 * Its peak of first-token time for each attempt that waits for its first token, and for one more, as for a target of weight
 * 1. Attempts that are already answering keep nobody waiting; where nothing comes any more, those that wait pile up, and turn
 * calls away before any timeout. An unknown one is worth a try, but one at a time: it may be unknown because it never answers.
 */
export function expectedWait({ health, weight = 1 }: Candidate, now: number): number {
  const { firstTokenPeak, awaitingContent } = health;
  const peakMs = fadedPeak(firstTokenPeak, now);
  if (peakMs === undefined) return awaitingContent === 0 ? -1 : Infinity;
  return (peakMs * (awaitingContent + 1)) / weight;
}
