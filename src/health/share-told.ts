import { tellShare, type Subject } from './announcements.ts';
import type { Breaker } from './breaker.ts';

/** A share is told once when it is below this, */
const smallShare = 0.5;
/** and once when it is above this again. */
const restoredShare = 0.9;

/** A share, and what observers know of it. */
export interface ShareTold {
  readonly breaker: Breaker;
  toldShare: number;
}

/** It rises with time alone: the end of the next attempt tells of that. The ramp of slow start is told by the breaker. */
export function lookAtShare(told: ShareTold & Subject, at: number): void {
  const { breaker, toldShare: from } = told;
  if (breaker.state(at) !== 'closed') return;
  const share = breaker.share(at);
  const isSmall = from < restoredShare;
  if (isSmall ? share <= restoredShare : share >= smallShare) return;
  const to = Math.round(share * 100) / 100;
  told.toldShare = to;
  const reason = isSmall ? 'few enough of its calls fail' : (breaker.shareReason(at) as string);
  tellShare(told, { at, from, to, reason });
}
