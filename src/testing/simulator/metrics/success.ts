import type { CallRecord } from '../record.ts';

/** How long after its deadline a call may still end without counting as hung. */
export const graceMs = 1_000;

/** From its scheduled start to its end. */
export function tookMs({ at, endedAt = Infinity }: CallRecord): number {
  return endedAt - at;
}

/** Answered whole and in time: its own, or else the one given. */
export function isSuccess(call: CallRecord, usualDeadlineMs: number): boolean {
  const { outcome, isCorrupt, deadlineMs = usualDeadlineMs } = call;
  return outcome === 'answer' && !isCorrupt && tookMs(call) <= deadlineMs;
}

/** Whether it had not ended when it should have, and a little longer. */
export function isHung(call: CallRecord, usualDeadlineMs: number): boolean {
  return tookMs(call) > (call.deadlineMs ?? usualDeadlineMs) + graceMs;
}
