import { rowOfTheDead } from './row.ts';
import type { Verdict } from './track-record.ts';

const stillAnsweringMs = 1_000;
/** Longer rows are no chance: at a target that fails as often as this one did before, less than one attempt in so many begins one. */
const oneIn = 100_000;
/** How often it failed is known of about so many attempts, */
const attemptsOfShare = 20;
/** and is never taken to be more than this: whoever fails every second time may be down as well. */
const largestShare = 0.5;

/** Whether a target still gives some answers, whatever is thought of it: a breaker that opens or closes changes nothing here. */
export interface Liveness {
  /** The answer of an attempt that began then begins. */
  answered(beganAt: number, now: number): void;
  ended(verdict: Verdict, beganAt: number): void;
  /** Whether it answers between its failures. False for one that never has. */
  limps(): boolean;
  /** Whether an answer has just begun. */
  isAnswering(now: number): boolean;
}

export function createLiveness(): Liveness {
  /** Failures since the last answer, by their weight; Infinity: it has never answered. */
  let row = Infinity;
  /** When the first of them began: what began before says nothing of now, since it ends well for a while after a target went down. */
  let rowBeganAt = -Infinity;
  /** When the latest attempt began that was given content. */
  let answeredBeganAt = -Infinity;
  let contentAt = -Infinity;
  /** Of late, and when the row began. */
  let failingShare = 0;
  let shareBefore = 0;

  return {
    answered(beganAt, now) {
      contentAt = now;
      failingShare -= failingShare / attemptsOfShare;
      answeredBeganAt = Math.max(answeredBeganAt, beganAt);
      if (beganAt >= rowBeganAt) row = 0;
    },
    ended(verdict, beganAt) {
      if (verdict.kind === 'failure') {
        if (row === 0) shareBefore = failingShare;
        failingShare += (1 - failingShare) / attemptsOfShare;
      }
      // Failures that took long are told after answers that began later: they are no row of their own.
      if (verdict.kind === 'failure' && beganAt < answeredBeganAt) return;
      if (verdict.kind === 'failure') {
        if (row === 0) rowBeganAt = beganAt;
        row += verdict.weight;
      } else if (verdict.kind !== 'undecided' && beganAt >= rowBeganAt) row = 0;
    },
    limps: () => row < rowOfTheDead || row < longestByChance(shareBefore),
    isAnswering: (now) => now - contentAt < stillAnsweringMs,
  };
}

/** How long a row of failures may be by chance, where that share of attempts fails. */
function longestByChance(share: number): number {
  return share > 0 ? -Math.log(oneIn) / Math.log(Math.min(share, largestShare)) : 0;
}
