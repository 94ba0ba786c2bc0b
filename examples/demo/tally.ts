import type { Outcome, Seen } from './callers.ts';

/** What one group of callers saw. */
export interface Tally {
  asked: number;
  readonly counts: Record<Outcome, number>;
  /** Of whole answers, in milliseconds. */
  readonly times: number[];
}

export function newTally(): Tally {
  return { asked: 0, counts: { whole: 0, wrong: 0, failed: 0, broken: 0, hung: 0 }, times: [] };
}

export function count(tally: Tally, { outcome, tookMs }: Seen): void {
  tally.counts[outcome] += 1;
  if (outcome === 'whole') tally.times.push(tookMs);
}

/** Asked, and neither answered nor told anything yet. */
export function waiting({ asked, counts }: Tally): number {
  return asked - Object.values(counts).reduce((sum, each) => sum + each, 0);
}

/** The time that a share of the whole answers took at most. */
export function percentile({ times }: Tally, share: number): number | undefined {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
