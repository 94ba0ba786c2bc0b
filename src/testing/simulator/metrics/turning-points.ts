import type { AttemptRecord, CallRecord, RunRecord } from '../record.ts';
import type { Scenario } from '../scenario.ts';
import { isWithin, shareOf } from './statistics.ts';

const callsOfRun = 20;
const shareOfRun = 0.9;
const goodputWindowMs = 10_000;
const goodputStepMs = 1_000;
const shareOfGoodput = 0.95;

/**
 * Told by runs of calls that come later, so that the answer is no older than the change itself; a call that asks nobody
 * avoids `a` as well. The fewer calls, the longer it takes to tell.
 */
export function turningPoints(
  { calls, attempts }: RunRecord,
  { faultFromMs, faultUntilMs }: Scenario,
  isA: (attempt: AttemptRecord) => boolean,
) {
  const asksA = callsWith(attempts, (attempt) => attempt.number === 1 && isA(attempt));
  const healthyShare = shareOf(calls.filter(isWithin(0, faultFromMs)), asksA);
  const firstRun = (fromMs: number, passes: (run: readonly CallRecord[]) => boolean) => {
    const later = calls.filter(isWithin(fromMs, Infinity));
    for (let start = 0; start + callsOfRun <= later.length; start += 1) {
      const run = later.slice(start, start + callsOfRun);
      if (passes(run)) return start === 0 ? 0 : (run[0] as CallRecord).at - fromMs;
    }
    return Infinity;
  };
  return {
    timeToDetectMs: firstRun(faultFromMs, (run) => shareOf(run, asksA) <= 1 - shareOfRun),
    timeToReturnMs: firstRun(faultUntilMs, (run) => shareOf(run, asksA) >= shareOfRun * healthyShare),
  };
}

/** How long after the fault `a` answers again what it answered before. */
export function goodputBack(
  { calls, attempts }: RunRecord,
  { faultFromMs, faultUntilMs, lastsMs }: Scenario,
  { isGood, isA }: { isGood: (call: CallRecord) => boolean; isA: (attempt: AttemptRecord) => boolean },
): number {
  const isByA = callsWith(attempts, (attempt) => attempt.outcome === 'answered' && isA(attempt));
  const shareIn = (fromMs: number, untilMs: number) =>
    shareOf(calls.filter(isWithin(fromMs, untilMs)), (call) => isByA(call) && isGood(call));
  const healthy = shareIn(0, faultFromMs);
  for (let at = faultUntilMs; at + goodputWindowMs <= lastsMs; at += goodputStepMs) {
    if (shareIn(at, at + goodputWindowMs) >= shareOfGoodput * healthy) return at - faultUntilMs;
  }
  return Infinity;
}

/** Whether a call has such an attempt. */
function callsWith(attempts: readonly AttemptRecord[], counts: (attempt: AttemptRecord) => boolean) {
  const numbers = new Set(attempts.filter(counts).map(({ call }) => call));
  return ({ number }: CallRecord) => numbers.has(number);
}
