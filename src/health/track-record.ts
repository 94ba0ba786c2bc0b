import { createBrownout } from './brownout.ts';
import type { Evidence } from './evidence.ts';
import { createRow } from './row.ts';
import { createWaiting, type Waiting } from './waiting.ts';

/**
 * What an attempt says: a failure `weight` against the target; `slow`: it answered, but so late that this counts against
 * it; `alive`: it answered, if only to ask for a pause.
 */
export type Verdict =
  | { readonly kind: 'success' }
  | {
      readonly kind: 'failure' | 'slow';
      readonly weight: number;
      readonly reason: string;
      /** It says more of the target than of what stands around it. */
      readonly isOwn?: boolean;
    }
  | { readonly kind: 'alive'; readonly reason: string }
  | { readonly kind: 'undecided' };

/** What speaks for and against a provider and model since it was last taken out of use or back. */
export interface TrackRecord {
  /** Those under way. */
  readonly waiting: Waiting;
  /** An attempt begins; its place in the order in which they do. */
  begin(): number;
  /** The answer of the attempt in that place begins. */
  answered(place: number): void;
  /** `strictness`: how many ordinary failures one counts for. */
  add(verdict: Verdict, now: number, how: { readonly strictness: number; readonly place: number }): void;
  /** Whether it is down: nothing but failures of late. */
  isDown(): boolean;
  /** Whether there is enough against it, with the silence of those under way. Never becomes true while none is. */
  isBad(now: number, strictness: number): boolean;
  /** The part of its usual share that it should get. */
  share(now: number): number;
  /** `relapsed`: not for the first time of late, so that something is remembered. */
  reset(relapsed: boolean): void;
}

export function createTrackRecord(evidence: Evidence): TrackRecord {
  const waiting = createWaiting();
  const brownout = createBrownout();
  const row = createRow();
  /** In the order of their ends. */
  let hasJustFailed = false;

  return {
    waiting,
    begin: () => row.begin(),
    answered: (place) => void row.answered(place),
    add(verdict, now, { strictness, place }) {
      if (verdict.kind === 'success') {
        evidence.record(true, now, 1);
        brownout.record(0, now);
        hasJustFailed = false;
        row.answered(place);
      } else if (verdict.kind === 'failure' || verdict.kind === 'slow') {
        evidence.record(false, now, verdict.weight * strictness);
        // Failures in a row are for the breaker to judge: a share that fell with them would only put that off.
        if (strictness > 1) brownout.record(verdict.weight, now);
        else if (!hasJustFailed) brownout.record(Math.min(1, verdict.weight), now);
        // One that was slow has answered all the same.
        hasJustFailed = verdict.kind === 'failure';
        if (verdict.kind === 'slow') row.end();
        else row.failed(place, verdict.weight);
      }
    },
    isDown: () => row.isDown(),
    isBad: (now, strictness) => evidence.tripped(now, waiting.evidence(now) * strictness),
    share: (now) => brownout.share(now),
    reset(relapsed) {
      evidence.reset();
      brownout.restart(relapsed);
      waiting.clear();
      row.end();
      hasJustFailed = false;
    },
  };
}
