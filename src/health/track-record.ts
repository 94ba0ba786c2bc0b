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
  /** An attempt begins; its place in the order in which they do. */
  begin(): number;
  /** The answer of the attempt in that place begins. */
  hasContent(place: number): void;
  /** `strictness`: how many ordinary failures one counts for. */
  add(verdict: Verdict, now: number, how: { readonly strictness: number; readonly place: number }): void;
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
  let begun = 0;
  let row = 0;
  /** The place of the first failure of the row. */
  let rowFrom = 0;
  /** In the order of their ends. */
  let hasJustFailed = false;

  /** What began before the row says nothing of now: it ends well for a while after a target has gone down. */
  function answered(place: number): void {
    if (place >= rowFrom) row = 0;
  }

  return {
    waiting,
    begin: () => (begun += 1),
    hasContent: answered,
    add(verdict, now, { strictness, place }) {
      if (verdict.kind === 'success') {
        evidence.record(true, now, 1);
        brownout.record(0, now);
        hasJustFailed = false;
        answered(place);
      } else if (verdict.kind === 'failure' || verdict.kind === 'slow') {
        evidence.record(false, now, verdict.weight * strictness);
        // Failures in a row are for the breaker to judge: a share that fell with them would only put that off.
        if (strictness > 1) brownout.record(verdict.weight, now);
        else if (!hasJustFailed) brownout.record(Math.min(1, verdict.weight), now);
        // One that was slow has answered all the same.
        hasJustFailed = verdict.kind === 'failure';
        if (row === 0) rowFrom = place;
        row = verdict.kind === 'slow' ? 0 : row + verdict.weight;
      }
    },
    // At a busy target a failure is told sooner than an answer: five of a hundred under way are no row.
    isDown: () => row >= rowOfTheDead && row * 2 > begun - rowFrom,
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
