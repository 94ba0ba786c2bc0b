import { createBrownout } from './brownout.ts';
import type { Evidence } from './evidence.ts';
import { createWaiting, type Waiting } from './waiting.ts';

/**
 * What an attempt says: a failure `weight` against the target; `slow`: it answered, but so late that this counts against
 * it; `alive`: it answered, if only to ask for a pause.
 */
export type Verdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure' | 'slow'; readonly weight: number; readonly reason: string }
  | { readonly kind: 'alive'; readonly reason: string }
  | { readonly kind: 'undecided' };

/** So many failures in a row, and a target does not limp: it is down. Half of the calls to fail make such a row one time in 32. */
export const rowOfTheDead = 5;

/** What speaks for and against a provider and model since it was last taken out of use or back. */
export interface TrackRecord {
  /** Those under way. */
  readonly waiting: Waiting;
  /** `strictness`: how many ordinary failures one counts for; `beganAt`: when the attempt did. */
  add(verdict: Verdict, now: number, how: { readonly strictness: number; readonly beganAt: number }): void;
  /** An answer has begun, of an attempt that did at that instant: the row of failures is over. */
  answers(beganAt: number): void;
  /** Whether it is down: nothing but failures of late. */
  isDown(): boolean;
  /** Whether there is enough against it, with the silence of those under way. Never becomes true while none is. */
  isBad(now: number, strictness: number): boolean;
  /** About what share of its calls fails. */
  failing(): number;
  /** The part of its usual share that it should get. */
  share(now: number): number;
  /** `relapsed`: not for the first time of late, so that something is remembered. */
  reset(relapsed: boolean): void;
}

export function createTrackRecord(evidence: Evidence): TrackRecord {
  const waiting = createWaiting();
  const brownout = createBrownout();
  let row = 0;
  let rowSince = 0;
  /** In the order of their ends. */
  let hasJustFailed = false;
  // What began in health ends well for a while after a target has gone down.
  function answers(beganAt: number): void {
    if (beganAt >= rowSince) row = 0;
  }

  return {
    waiting,
    answers,
    add(verdict, now, { strictness, beganAt }) {
      if (verdict.kind === 'success') {
        evidence.record(true, now, 1);
        brownout.record(0, now);
        hasJustFailed = false;
        answers(beganAt);
      } else if (verdict.kind === 'failure' || verdict.kind === 'slow') {
        evidence.record(false, now, verdict.weight * strictness);
        // Failures in a row are for the breaker to judge: a share that fell with them would only put that off.
        if (strictness > 1) brownout.record(verdict.weight, now);
        else if (!hasJustFailed) brownout.record(Math.min(1, verdict.weight), now);
        // One that was slow has answered all the same.
        hasJustFailed = verdict.kind === 'failure';
        if (row === 0) rowSince = now;
        row = verdict.kind === 'slow' ? 0 : row + verdict.weight;
      }
    },
    isDown: () => row >= rowOfTheDead,
    isBad: (now, strictness) => evidence.tripped(now, waiting.evidence(now) * strictness),
    failing: () => brownout.failing(),
    share: (now) => brownout.share(now),
    reset(relapsed) {
      evidence.reset();
      brownout.restart(relapsed);
      waiting.clear();
      row = 0;
      hasJustFailed = false;
    },
  };
}
