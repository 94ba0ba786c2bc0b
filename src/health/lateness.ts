import { failureStep } from './evidence.ts';
import type { History } from './history.ts';
import type { Verdict } from './track-record.ts';
import type { Watched } from './waiting.ts';

/** What it says that the first content came so late; undefined where it was in time. */
export function lateStart({ histories }: Watched, firstTokenMs: number, now: number): Verdict | undefined {
  return lateness(histories.firstToken, firstTokenMs, now, 'first content after');
}

/** What it says that an answer which ended well had such a gap in it. */
export function lateGap({ histories, silence }: Watched, now: number): Verdict | undefined {
  return lateness(histories.gap, silence.longestGapMs, now, 'a gap of');
}

function lateness(history: History, ms: number, now: number, what: string): Verdict | undefined {
  if (!history.isFar(ms)) return undefined;
  const weight = history.evidence(ms, now).some / failureStep;
  return { kind: 'slow', weight, reason: `slow: ${what} ${Math.round(ms)} ms` };
}

/**
 * How much of a failure it is that it was cut in its present silence: one that had hardly waited says little. Undefined on
 * thin history.
 */
export function weightOfSilence({ histories, silence }: Watched, now: number): number | undefined {
  const history = silence.begun ? histories.gap : histories.firstToken;
  return history.isRipe(now) ? history.evidence(now - silence.since, now).some / failureStep : undefined;
}
