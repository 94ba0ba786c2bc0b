import { isActive } from './fault.ts';
import { forRole, type Machine } from './cast.ts';
import type { AttemptRecord, CallRecord, RunRecord } from './record.ts';
import type { Scenario } from './scenario.ts';
import { defaultDeadlineMs } from './traffic.ts';

/** What is measured, each figure in words. Shares are from 0 to 1; what never came about is Infinity, what cannot be told is NaN. */
export const metricMeanings = {
  success: 'Calls answered whole and in time, of all',
  successInFault: 'Calls answered whole and in time, of those that began in the fault',
  corrupt:
    'Calls whose caller was given something else than the answer as if it were one, or text that is not of it',
  hangs: 'Calls that had not ended a second after their deadline',
  firstTokenP50Ms: 'First text of streamed calls that began in the fault, from their scheduled start: median',
  firstTokenP95Ms: 'First text of streamed calls that began in the fault: 95th percentile',
  firstTokenP99Ms: 'First text of streamed calls that began in the fault: 99th percentile',
  totalP50Ms: 'Answered calls that began in the fault, from their scheduled start to their end: median',
  totalP95Ms: 'Answered calls that began in the fault, to their end: 95th percentile',
  totalP99Ms: 'Answered calls that began in the fault, to their end: 99th percentile',
  errorP99Ms: 'Calls that failed, from their scheduled start: 99th percentile',
  attemptsPerCall: 'Requests to providers for one call, in the fault',
  wastedShare: 'Requests that were not the answer of their call, of all',
  timeToDetectMs: 'From the fault until 18 of the next 20 calls do not ask a first',
  timeToReturnMs: 'From the end of the fault until 18 of the next 20 calls ask a first',
  struckAttempts: 'Requests that met the fault at a',
  shareInFault: 'First attempts made at a while the fault was active, of all then',
  shareAfter20s: 'First attempts made at a from 20 seconds after the fault on until its end',
  shareAfter30s: 'First attempts made at a from 30 seconds after the fault on until its end',
  loadOnA: 'Requests to a for one call, in the fault',
  loadOnB: 'Requests to b for one call, in the fault',
  loadOnC: 'Requests to c for one call, in the fault',
  peakLoad: 'Requests to one target for one call, in the fault: the most that any had',
  overshoot:
    'After the fault: the most requests to a in one second, over the most calls in one second of the run',
  changes: 'Changes of the breaker of a',
  changesPer5s: 'How often the breaker of a took it out of use or back within any 5 seconds, at most',
  longestWaitMs: 'The longest that an answered call spent with no request under way',
  earlyAttempts: 'Requests before the time that a provider had asked to be left alone until',
  answersFromAPerSecond: 'Answers of a in the second half of the fault, by the second',
  limitedShare: 'Requests refused as a rate limit, of all in the fault',
  answersInFault: 'Calls that began in the fault and were answered',
  recoveryP95Ms:
    'Streamed calls whose first request fell silent: first text after it was given up, 95th percentile',
  longestSilenceMs: 'The longest that a request was left silent after a token',
  silenceP99Ms:
    'Calls that began in the fault: how long a request of theirs was silent after a token, 99th percentile',
  falseMoves:
    'Requests given up that would have been answered, and changes of breakers, though no provider had a fault',
  repeatsAtOneTarget: 'Requests to a target that the same call had asked before',
  alerts: 'Alerts told to the operator',
  goodputBackMs: 'From the end of the fault until a answers 95 % of its healthy share for 10 seconds',
} as const;

/** The names of the figures; `metricMeanings` says what each is. */
export type MetricName = keyof typeof metricMeanings;
/** All figures of one run. */
export type Metrics = Readonly<Record<MetricName, number>>;

const callsOfRun = 20;
const shareOfRun = 0.9;
/** How long after its deadline a call may still end without counting as hung. */
export const graceMs = 1_000;

type OfMachine = { readonly provider: string };

/** Works the figures out from what happened. */
export function measure(record: RunRecord, scenario: Scenario, cast: readonly Machine[]): Metrics {
  const roles = new Map(cast.map(({ id, role }) => [id, role]));
  const isA = ({ provider }: OfMachine) => roles.get(provider) === 'a';
  const { faultFromMs, faultUntilMs } = scenario;
  const within = <T extends { readonly at: number }>(items: readonly T[], fromMs: number, untilMs: number) =>
    items.filter(({ at }) => at >= fromMs && at < untilMs);
  const inFault = within(record.calls, faultFromMs, faultUntilMs);
  const attempts = record.attempts;
  const firsts = attempts.filter(({ number }) => number === 1);
  const deadlineMs = scenario.traffic.deadlineMs ?? defaultDeadlineMs;
  const isGood = (call: CallRecord) => isSuccess(call, deadlineMs);
  const shareFrom = (afterMs: number) => shareOf(isA, within(firsts, faultFromMs + afterMs, faultUntilMs));
  const load = loads(within(attempts, faultFromMs, faultUntilMs), inFault.length, cast);
  const answered = attempts.filter(({ outcome }) => outcome === 'answered');
  return {
    success: ratio(record.calls.filter(isGood).length, record.calls.length),
    successInFault: ratio(inFault.filter(isGood).length, inFault.length),
    corrupt: record.calls.filter(({ isCorrupt }) => isCorrupt).length,
    hangs: record.calls.filter((call) => tookMs(call) > (call.deadlineMs ?? deadlineMs) + graceMs).length,
    ...latencies(inFault, record.calls, isGood),
    attemptsPerCall: ratio(
      sum(inFault, ({ attempts: count }) => count),
      inFault.length,
    ),
    wastedShare: 1 - ratio(record.calls.filter(isGood).length, attempts.length),
    ...turningPoints(record, scenario, isA),
    struckAttempts: attempts.filter((attempt) => isA(attempt) && attempt.struck).length,
    shareInFault: shareOf(isA, firsts.filter(duringFaultOfA(scenario))),
    shareAfter20s: shareFrom(20_000),
    shareAfter30s: shareFrom(30_000),
    loadOnA: load('a'),
    loadOnB: load('b'),
    loadOnC: load('c'),
    peakLoad: Math.max(...cast.map(({ role }) => load(role))),
    overshoot: ratio(
      most(attempts.filter((attempt) => isA(attempt) && attempt.at >= faultUntilMs)),
      most(record.calls),
    ),
    changes: record.changes.filter(isA).length,
    changesPer5s: mostTurns(record.changes.filter(isA)),
    longestWaitMs: longestWait(record, isGood),
    earlyAttempts: record.earlyAttempts,
    answersFromAPerSecond: ratio(
      within(answered, (faultFromMs + faultUntilMs) / 2, faultUntilMs).filter(isA).length,
      (faultUntilMs - faultFromMs) / 2_000,
    ),
    limitedShare: limitedShare(within(attempts, faultFromMs, faultUntilMs)),
    answersInFault: inFault.filter(isGood).length,
    recoveryP95Ms: recovery(record),
    longestSilenceMs: largest(attempts, ({ outcome, lastTokenAt, endedAt = 0 }) =>
      outcome === 'left' && lastTokenAt !== undefined ? endedAt - lastTokenAt : 0,
    ),
    silenceP99Ms: silence(attempts, inFault.length, scenario),
    falseMoves: falseMoves(record, scenario, deadlineMs),
    repeatsAtOneTarget: repeats(attempts),
    alerts: record.alerts,
    goodputBackMs: goodputBack(record, scenario, { isGood, isA }),
  };
}

function limitedShare(attempts: RunRecord['attempts']): number {
  return ratio(attempts.filter(({ refusedFor }) => refusedFor === 'rate-limit').length, attempts.length);
}

/** Answered whole and in time: its own, or else the one given. */
export function isSuccess(call: CallRecord, usualDeadlineMs: number): boolean {
  const { outcome, isCorrupt, at, endedAt = Infinity, deadlineMs = usualDeadlineMs } = call;
  return outcome === 'answer' && !isCorrupt && endedAt - at <= deadlineMs;
}

function duringFaultOfA({ faults, faultFromMs, faultUntilMs }: Scenario) {
  const ofA = forRole(faults, 'a') ?? [];
  return ({ at }: { readonly at: number }) =>
    at >= faultFromMs && at < faultUntilMs && ofA.some((fault) => isActive(fault, at));
}

function latencies(
  inFault: readonly CallRecord[],
  calls: readonly CallRecord[],
  isGood: (call: CallRecord) => boolean,
) {
  const first = inFault.flatMap(({ at, firstTextAt }) =>
    firstTextAt === undefined ? [] : [firstTextAt - at],
  );
  const total = inFault.filter(isGood).map(tookMs);
  const failed = calls.filter(({ outcome }) => outcome === 'error').map(tookMs);
  return {
    firstTokenP50Ms: percentile(first, 0.5),
    firstTokenP95Ms: percentile(first, 0.95),
    firstTokenP99Ms: percentile(first, 0.99),
    totalP50Ms: percentile(total, 0.5),
    totalP95Ms: percentile(total, 0.95),
    totalP99Ms: percentile(total, 0.99),
    errorP99Ms: failed.length === 0 ? 0 : percentile(failed, 0.99),
  };
}

function tookMs({ at, endedAt = Infinity }: CallRecord): number {
  return endedAt - at;
}

/** Requests for one call, by role. */
function loads(attempts: readonly AttemptRecord[], calls: number, cast: readonly Machine[]) {
  return (wanted: string) => {
    const id = cast.find(({ role }) => role === wanted)?.id;
    return ratio(attempts.filter(({ provider }) => provider === id).length, calls);
  };
}

/**
 * Told by runs of calls that come later, so that the answer is no older than the change itself; a call that asks nobody
 * avoids `a` as well. The fewer calls, the longer it takes to tell.
 */
function turningPoints(
  { calls, attempts }: RunRecord,
  { faultFromMs, faultUntilMs }: Scenario,
  isA: (attempt: OfMachine) => boolean,
) {
  const askA = new Set(
    attempts.filter((attempt) => attempt.number === 1 && isA(attempt)).map(({ call }) => call),
  );
  const shareOfA = (run: readonly CallRecord[]) =>
    ratio(run.filter(({ number }) => askA.has(number)).length, run.length);
  const healthyShare = shareOfA(calls.filter(({ at }) => at < faultFromMs));
  const firstRun = (fromMs: number, passes: (run: readonly CallRecord[]) => boolean) => {
    const later = calls.filter(({ at }) => at >= fromMs);
    for (let start = 0; start + callsOfRun <= later.length; start += 1) {
      const run = later.slice(start, start + callsOfRun);
      if (passes(run)) return start === 0 ? 0 : (run[0] as CallRecord).at - fromMs;
    }
    return Infinity;
  };
  return {
    timeToDetectMs: firstRun(faultFromMs, (run) => shareOfA(run) <= 1 - shareOfRun),
    timeToReturnMs: firstRun(faultUntilMs, (run) => shareOfA(run) >= shareOfRun * healthyShare),
  };
}

/** How often it was taken out of use or back within 5 seconds; the states between are no change of mind. */
function mostTurns(changes: RunRecord['changes']): number {
  const isUp = (state: string) => state === 'closed' || state === 'slow-start';
  const turns = changes.filter(({ from, to }) => isUp(from) !== isUp(to));
  return largest(turns, ({ at }) => turns.filter((other) => other.at >= at && other.at < at + 5_000).length);
}

function longestWait({ calls, attempts }: RunRecord, isGood: (call: CallRecord) => boolean): number {
  const busyMs = new Map<number, number>();
  for (const { call, at, endedAt = at } of attempts) busyMs.set(call, (busyMs.get(call) ?? 0) + endedAt - at);
  return largest(calls.filter(isGood), (call) => tookMs(call) - (busyMs.get(call.number) ?? 0));
}

function recovery({ calls, attempts }: RunRecord): number {
  const given = attempts.filter(
    ({ number, struck, firstTokenAt, outcome }) =>
      number === 1 && struck && firstTokenAt === undefined && outcome === 'left',
  );
  const late = given.flatMap(({ call, endedAt = Infinity }) => {
    const { streamed, firstTextAt = Infinity } = calls[call] as CallRecord;
    return streamed ? [firstTextAt - endedAt] : [];
  });
  return percentile(late, 0.95);
}

function repeats(attempts: readonly AttemptRecord[]): number {
  const seen = new Set<string>();
  let count = 0;
  for (const { call, provider } of attempts) {
    const key = `${call} ${provider}`;
    if (seen.has(key)) count += 1;
    seen.add(key);
  }
  return count;
}

const goodputWindowMs = 10_000;

function goodputBack(
  { calls, attempts }: RunRecord,
  { faultFromMs, faultUntilMs, lastsMs }: Scenario,
  { isGood, isA }: { isGood: (call: CallRecord) => boolean; isA: (attempt: OfMachine) => boolean },
): number {
  const byA = new Set(
    attempts.filter((attempt) => attempt.outcome === 'answered' && isA(attempt)).map(({ call }) => call),
  );
  const shareIn = (fromMs: number, untilMs: number) => {
    const then = calls.filter(({ at }) => at >= fromMs && at < untilMs);
    return ratio(then.filter((call) => byA.has(call.number) && isGood(call)).length, then.length);
  };
  const healthy = shareIn(0, faultFromMs);
  for (let at = faultUntilMs; at + goodputWindowMs <= lastsMs; at += 1_000) {
    if (shareIn(at, at + goodputWindowMs) >= 0.95 * healthy) return at - faultUntilMs;
  }
  return Infinity;
}

function shareOf(isA: (attempt: OfMachine) => boolean, attempts: readonly AttemptRecord[]): number {
  return ratio(attempts.filter(isA).length, attempts.length);
}

/** The most in one second, as the clock counts them. */
function most(items: readonly { readonly at: number }[]): number {
  const counts = new Map<number, number>();
  for (const { at } of items) {
    const second = Math.floor(at / 1_000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return largest([...counts.values()], (count) => count);
}

export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] as number;
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? NaN : part / whole;
}

function isGivenUp({ outcome }: AttemptRecord): boolean {
  return outcome === 'left';
}

/** What ends with its caller's own deadline is nobody's move. */
function falseMoves(
  { attempts, calls, changes }: RunRecord,
  { faults }: Scenario,
  deadlineMs: number,
): number {
  if (Object.keys(faults).length > 0) return NaN;
  const endOf = (call: number) => (calls[call]?.at ?? 0) + deadlineMs;
  const givenUp = attempts.filter(
    (attempt) => isGivenUp(attempt) && (attempt.endedAt ?? 0) < endOf(attempt.call),
  );
  return changes.length + givenUp.length;
}

/** The 99th percentile over all calls of the fault, most of which met no silence. */
function silence(attempts: readonly AttemptRecord[], calls: number, scenario: Scenario): number {
  const { faultFromMs, faultUntilMs } = scenario;
  const silent = attempts
    .filter((attempt) => isGivenUp(attempt) && attempt.at >= faultFromMs && attempt.at < faultUntilMs)
    .map(({ lastTokenAt, endedAt = 0 }) => (lastTokenAt === undefined ? 0 : endedAt - lastTokenAt))
    .sort((one, other) => other - one);
  return silent[Math.floor(calls / 100)] ?? 0;
}

function largest<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((most, item) => Math.max(most, of(item)), 0);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
