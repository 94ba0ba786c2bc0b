import type { CallRecord, HealthSample, Scenario, SimulatedFault, SimulationReport } from 'failsoft/testing';

/** What the charts of one run show: lists have one entry for each step. */
export interface Series {
  readonly stepMs: number;
  readonly steps: number;
  readonly lastsMs: number;
  readonly faultFromMs: number;
  readonly faultUntilMs: number;
  /** What callers saw, by when they called. */
  readonly callers: { readonly good: number[]; readonly slow: number[]; readonly failed: number[] };
  /** From here on an answer counts as slow. */
  readonly slowMs: { readonly firstText: number; readonly total: number };
  readonly firstText: Percentiles;
  readonly total: Percentiles;
  readonly machines: readonly MachineSeries[];
}

/** In milliseconds; NaN where there was none. */
export interface Percentiles {
  readonly p50: number[];
  readonly p95: number[];
  readonly p99: number[];
}

/** One target; where several share provider and model, all of them under the id of the first. */
export interface MachineSeries {
  readonly id: string;
  /** Of all first attempts of the step, from 0 to 1. */
  readonly share: number[];
  readonly attempts: number[];
  readonly failed: number[];
  /** Ended by whoever asked: timers, lost hedges, callers. */
  readonly givenUp: number[];
  /** How much of its usual share the router gives it, from 0 to 1. */
  readonly allowed: number[];
  readonly states: readonly StateSpan[];
  /** When something was wrong with it. */
  readonly faults: readonly (readonly [fromMs: number, untilMs: number])[];
}

/** Neither asked nor kept from being asked: there is nothing to show. */
export function isIdle({ attempts, states }: MachineSeries): boolean {
  return attempts.every((count) => count === 0) && states.every(({ state }) => state === 'closed');
}

/** How long the router saw a target in one state. */
export interface StateSpan {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly state: TargetState;
  readonly reason: string;
}

export type TargetState = 'closed' | 'open' | 'half-open' | 'slow-start' | 'held' | 'reduced';

const mostSteps = 60;
const niceSeconds = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400,
];
const samplesOfRun = 300;

/** So that short holds are seen as well. */
export function sampleEveryMs({ lastsMs }: Scenario): number {
  return Math.max(1_000, Math.ceil(lastsMs / samplesOfRun));
}

export function seriesOf(report: SimulationReport, scenario: Scenario): Series {
  const { lastsMs, faultFromMs, faultUntilMs } = scenario;
  const leastMs = lastsMs / mostSteps;
  const stepMs =
    (niceSeconds.find((seconds) => seconds * 1_000 >= leastMs) ?? Math.ceil(leastMs / 86_400_000) * 86_400) *
    1_000;
  const steps = Math.ceil(lastsMs / stepMs);
  const { calls } = report.record;
  const grid: Grid = { stepMs, steps };
  const slowMs = slowFrom(calls, faultFromMs);
  const firstText = calls.flatMap(({ at, firstTextAt }) =>
    firstTextAt === undefined ? [] : [[at, firstTextAt - at] as const],
  );
  const total = calls.flatMap(({ at, endedAt, outcome }) =>
    outcome === 'answer' && endedAt !== undefined ? [[at, endedAt - at] as const] : [],
  );
  return {
    ...grid,
    lastsMs,
    faultFromMs,
    faultUntilMs: Math.min(faultUntilMs, lastsMs),
    callers: callersOf(calls, grid, slowMs),
    slowMs,
    firstText: percentilesOf(firstText, grid),
    total: percentilesOf(total, grid),
    machines: machinesOf(report, grid, lastsMs),
  };
}

interface Grid {
  readonly stepMs: number;
  readonly steps: number;
}

function zeros({ steps }: Grid): number[] {
  return Array.from({ length: steps }, () => 0);
}

function countAt(counts: number[], at: number, { stepMs }: Grid): void {
  const step = Math.floor(at / stepMs);
  if (step < counts.length) counts[step] = (counts[step] ?? 0) + 1;
}

/** What 99 % of the calls before the fault stayed below; of all calls, where few came before it. */
function slowFrom(calls: readonly CallRecord[], faultFromMs: number): Series['slowMs'] {
  const answered = calls.filter(({ outcome }) => outcome === 'answer');
  const before = answered.filter(({ at }) => at < faultFromMs);
  const base = before.length >= 100 ? before : answered;
  return {
    firstText: percentile(
      base.flatMap(({ at, firstTextAt }) => (firstTextAt === undefined ? [] : [firstTextAt - at])),
      0.99,
    ),
    total: percentile(
      base.map(({ at, endedAt = at }) => endedAt - at),
      0.99,
    ),
  };
}

function callersOf(calls: readonly CallRecord[], grid: Grid, slowMs: Series['slowMs']): Series['callers'] {
  const callers = { good: zeros(grid), slow: zeros(grid), failed: zeros(grid) };
  for (const call of calls) countAt(callers[fateOf(call, slowMs)], call.at, grid);
  return callers;
}

function fateOf(call: CallRecord, slowMs: Series['slowMs']): keyof Series['callers'] {
  const { outcome, isCorrupt, at, firstTextAt, endedAt = Infinity } = call;
  if (outcome !== 'answer' || isCorrupt) return 'failed';
  const isSlow =
    firstTextAt === undefined ? endedAt - at > slowMs.total : firstTextAt - at > slowMs.firstText;
  return isSlow ? 'slow' : 'good';
}

function percentilesOf(
  values: readonly (readonly [at: number, ms: number])[],
  { stepMs, steps }: Grid,
): Percentiles {
  const byStep = Array.from({ length: steps }, (): number[] => []);
  for (const [at, ms] of values) byStep[Math.floor(at / stepMs)]?.push(ms);
  const at = (share: number) => byStep.map((inStep) => percentile(inStep, share));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

function machinesOf(
  { record, cast, health }: SimulationReport,
  grid: Grid,
  lastsMs: number,
): MachineSeries[] {
  const firsts = zeros(grid);
  for (const { at, number } of record.attempts) if (number === 1) countAt(firsts, at, grid);
  return cast.map(({ id, faults }) => {
    const counts = { first: zeros(grid), attempts: zeros(grid), failed: zeros(grid), givenUp: zeros(grid) };
    for (const { provider, at, number, outcome } of record.attempts) {
      if (provider !== id) continue;
      countAt(counts.attempts, at, grid);
      if (number === 1) countAt(counts.first, at, grid);
      if (outcome === 'failed') countAt(counts.failed, at, grid);
      if (outcome === 'left') countAt(counts.givenUp, at, grid);
    }
    const { first, ...rest } = counts;
    const share = first.map((count, step) => count / (firsts[step] || NaN));
    return {
      id,
      share,
      ...rest,
      allowed: allowedOf(id, health, grid),
      states: spansOf(id, health, lastsMs),
      faults: timesOf(faults, lastsMs),
    };
  });
}

/** The mean of each step; nothing is allowed while it is held. */
function allowedOf(id: string, health: readonly HealthSample[], grid: Grid): number[] {
  const sums = zeros(grid);
  const counts = zeros(grid);
  for (const { at, targets } of health) {
    const { share = 0, blockedReason } = targets[id] ?? {};
    const step = Math.floor(at / grid.stepMs);
    sums[step] = (sums[step] ?? 0) + (blockedReason === undefined ? share : 0);
    countAt(counts, at, grid);
  }
  return sums.map((sum, step) => sum / (counts[step] || NaN));
}

function spansOf(id: string, health: readonly HealthSample[], lastsMs: number): StateSpan[] {
  const spans: { fromMs: number; untilMs: number; state: TargetState; reason: string }[] = [];
  for (const [index, { at, targets }] of health.entries()) {
    const now = stateOf(targets[id]);
    const untilMs = health[index + 1]?.at ?? lastsMs;
    const last = spans.at(-1);
    if (last?.state === now.state && last.reason === now.reason) last.untilMs = untilMs;
    else spans.push({ fromMs: at, untilMs, ...now });
  }
  return spans;
}

function stateOf(health: HealthSample['targets'][string] | undefined): Pick<StateSpan, 'state' | 'reason'> {
  const { breaker = 'closed', share = 1, blockedReason } = health ?? {};
  if (breaker !== 'closed') return { state: breaker as TargetState, reason: '' };
  if (blockedReason !== undefined) return { state: 'held', reason: blockedReason };
  return { state: share < 0.995 ? 'reduced' : 'closed', reason: '' };
}

const mostTurns = 500;

/** When any of them is active, in order and without overlaps. */
function timesOf(faults: readonly SimulatedFault[], lastsMs: number): MachineSeries['faults'] {
  const times: [number, number][] = [];
  const sorted = faults.flatMap((fault) => turnsOf(fault, lastsMs)).sort(([one], [other]) => one - other);
  for (const [fromMs, untilMs] of sorted) {
    const last = times.at(-1);
    if (last && fromMs <= last[1]) last[1] = Math.max(last[1], untilMs);
    else times.push([fromMs, untilMs]);
  }
  return times;
}

function turnsOf({ fromMs, untilMs, cycle }: SimulatedFault, lastsMs: number): (readonly [number, number])[] {
  const end = Math.min(untilMs, lastsMs);
  if (cycle === undefined) return fromMs < end ? [[fromMs, end]] : [];
  const eachMs = cycle.onMs + cycle.offMs;
  const count = Math.min(mostTurns, Math.ceil((end - fromMs) / eachMs));
  return Array.from({ length: count }, (_, turn) => {
    const startMs = fromMs + turn * eachMs;
    return [startMs, Math.min(end, startMs + cycle.onMs)] as const;
  });
}
