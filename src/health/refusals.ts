import type { FailureKind } from '../core/failure.ts';
import { createAdmissions, type Tally } from './admissions.ts';

/** So many refusals one after the other, and a target has not only as much as it can do. */
const rowOfTheClosed = 3;

/** Which requests were refused for their number, and how much that says against the target. */
export interface Refusals {
  /** Returns the number of the request. */
  sent(now: number): number;
  letIn(number: number): void;
  /** For one that failed before it was let in: what became of the others, if it was refused for the number of requests. */
  failed(number: number, kind: FailureKind, now: number): Tally | undefined;
  /** To be asked once for each refusal: how many failures it counts for. */
  weight(tally: Tally): number;
}

/**
 * Who refuses some and lets others in has as much as it can do, and is no worse for it; who refuses one after the other is as
 * good as down. So none of a row counts until it is long enough, then all of it at once.
 */
export function createRefusals(): Refusals {
  const admissions = createAdmissions();
  /** How many of the latest row are counted against the target. */
  let rowCounted = 0;

  return {
    sent: (now) => admissions.sent(now),
    letIn: (number) => admissions.settle(number, 'accepted'),
    failed(number, kind, now) {
      const isRefusal = kind === 'rate-limit' || kind === 'overloaded';
      admissions.settle(number, isRefusal ? 'refused' : 'other');
      return isRefusal ? admissions.tally(number, now) : undefined;
    },
    weight({ accepted, row }) {
      if (accepted > 0 && row < rowOfTheClosed) rowCounted = 0;
      if (accepted === 0) return 1;
      if (row < rowOfTheClosed) return 0;
      const weight = Math.max(1, row - rowCounted);
      rowCounted = row;
      return weight;
    },
  };
}
