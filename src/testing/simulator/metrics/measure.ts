import { forRole, type Machine } from '../cast.ts';
import { isActive } from '../fault.ts';
import type { AttemptRecord, CallRecord, RunRecord } from '../record.ts';
import type { Scenario } from '../scenario.ts';
import { defaultDeadlineMs } from '../traffic.ts';
import type { Metrics } from './meanings.ts';
import { falseMoves, mostTurns, repeats } from './moves.ts';
import { isWithin, largest, mostPerSecond, ratio, shareOf, sum, type Dated } from './statistics.ts';
import { isHung, isSuccess } from './success.ts';
import { goodputBack, turningPoints } from './turning-points.ts';
import { latencies, longestWait, recovery, silenceP99, silencesMs } from './waits.ts';

type OfMachine = { readonly provider: string };

/** Works the figures out from what happened. */
export function measure(record: RunRecord, scenario: Scenario, cast: readonly Machine[]): Metrics {
  const { calls, attempts } = record;
  const { faultFromMs, faultUntilMs } = scenario;
  const roles = new Map(cast.map(({ id, role }) => [id, role]));
  const isA = ({ provider }: OfMachine) => roles.get(provider) === 'a';
  const deadlineMs = scenario.traffic.deadlineMs ?? defaultDeadlineMs;
  const isGood = (call: CallRecord) => isSuccess(call, deadlineMs);
  const callsInFault = calls.filter(isWithin(faultFromMs, faultUntilMs));
  const attemptsInFault = attempts.filter(isWithin(faultFromMs, faultUntilMs));
  const changesOfA = record.changes.filter(isA);
  return {
    success: shareOf(calls, isGood),
    successInFault: shareOf(callsInFault, isGood),
    corrupt: calls.filter(({ isCorrupt }) => isCorrupt).length,
    hangs: calls.filter((call) => isHung(call, deadlineMs)).length,
    ...latencies(callsInFault, calls, isGood),
    attemptsPerCall: ratio(
      sum(callsInFault, ({ attempts: count }) => count),
      callsInFault.length,
    ),
    wastedShare: 1 - ratio(calls.filter(isGood).length, attempts.length),
    ...turningPoints(record, scenario, isA),
    struckAttempts: attempts.filter((attempt) => isA(attempt) && attempt.struck).length,
    ...sharesOfA(attempts, scenario, isA),
    ...loads(attemptsInFault, callsInFault.length, cast),
    overshoot: ratio(
      mostPerSecond(attempts.filter((attempt) => isA(attempt) && attempt.at >= faultUntilMs)),
      mostPerSecond(calls),
    ),
    changes: changesOfA.length,
    changesPer5s: mostTurns(changesOfA),
    longestWaitMs: longestWait(record, isGood),
    earlyAttempts: record.earlyAttempts,
    answersFromAPerSecond: ratio(
      attempts
        .filter(isWithin((faultFromMs + faultUntilMs) / 2, faultUntilMs))
        .filter((attempt) => attempt.outcome === 'answered' && isA(attempt)).length,
      (faultUntilMs - faultFromMs) / 2_000,
    ),
    limitedShare: shareOf(attemptsInFault, ({ refusedFor }) => refusedFor === 'rate-limit'),
    answersInFault: callsInFault.filter(isGood).length,
    recoveryP95Ms: recovery(record),
    longestSilenceMs: largest(silencesMs(attempts), (silenceMs) => silenceMs),
    silenceP99Ms: silenceP99(attemptsInFault, callsInFault.length),
    falseMoves: falseMoves(record, scenario, deadlineMs),
    repeatsAtOneTarget: repeats(attempts),
    alerts: record.alerts,
    goodputBackMs: goodputBack(record, scenario, { isGood, isA }),
  };
}

/** How much of the first choice was `a`: while its fault was active, and once a router could have learnt of it. */
function sharesOfA(
  attempts: readonly AttemptRecord[],
  { faults, faultFromMs, faultUntilMs }: Scenario,
  isA: (attempt: AttemptRecord) => boolean,
) {
  const faultsOfA = forRole(faults, 'a') ?? [];
  const isActiveAt = ({ at }: Dated) => faultsOfA.some((fault) => isActive(fault, at));
  const firsts = attempts.filter(({ number }) => number === 1);
  const shareFrom = (afterMs: number) =>
    shareOf(firsts.filter(isWithin(faultFromMs + afterMs, faultUntilMs)), isA);
  return {
    shareInFault: shareOf(firsts.filter(isWithin(faultFromMs, faultUntilMs)).filter(isActiveAt), isA),
    shareAfter20s: shareFrom(20_000),
    shareAfter30s: shareFrom(30_000),
  };
}

/** Requests for one call, by role. */
function loads(attempts: readonly AttemptRecord[], calls: number, cast: readonly Machine[]) {
  const loadOn = (wanted: string) => {
    const id = cast.find(({ role }) => role === wanted)?.id;
    return ratio(attempts.filter(({ provider }) => provider === id).length, calls);
  };
  return {
    loadOnA: loadOn('a'),
    loadOnB: loadOn('b'),
    loadOnC: loadOn('c'),
    peakLoad: Math.max(...cast.map(({ role }) => loadOn(role))),
  };
}
