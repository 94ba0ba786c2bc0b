import type { BreakerState } from '../core/events.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Evidence } from './evidence.ts';
import { doubled, isHeld, jittered, type Hold } from './hold.ts';
import { createPace, type Pace } from './pace.ts';
import { createTrackRecord, rowOfTheDead, type TrackRecord, type Verdict } from './track-record.ts';
import type { Waiter, Watched } from './waiting.ts';

/** Long enough that a target which goes up and down does not do so here. */
const firstOpenMs = 7_000;
/** The longest, where calls come often; where they are rare, so many gaps between two of them, up to ten minutes. */
const longestOpenMs = 20_000;
const gapsOpen = 10;
const longestOpenOfAllMs = 600_000;
/** While nobody else can serve, a breaker keeps callers away no longer than this. */
const longestLastResortMs = 2_000;
const slowStartMs = 10_000;
/** One that failed soon after it came back comes back more slowly, up to so many times. */
const slowestStart = 3;
const firstShare = 0.1;
/** After this long without tripping, open times begin at the shortest again. */
const healthyStretchMs = 60_000;
/** In slow start two failures in a row suffice: it failed a moment ago. */
const slowStartStrictness = 2;

const stillAnsweringMs = 1_000;
/** One that was only too slow, for the first time of late, perhaps had a queue: it is looked at again sooner, and comes back sooner. */
const firstOpenOfSlowMs = 3_000;
const slowStartOfSlowMs = 5_000;
/** After so many openings without a return it may have become slow for good: probes are given ever more time. */
const hastyOpenings = 4;
/** One that came back is given so long, unless it is down: until then its share falls, but it is not taken out again. */
const probationMs = 5_000;

export interface BreakerChange {
  readonly at: number;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly openUntil?: number;
  readonly reason: string;
}

/** One attempt's way through the breaker. */
export interface Pass {
  readonly probe: boolean;
  /** From now on its silence says something. */
  watch(watched: Watched): void;
  /** What is thought of its silence, and how many others are silent for too long. */
  standing(now: number): Standing;
  /** Content has come; `late`: why it says as much against the target as a failure. */
  firstContent(now: number, late?: Verdict): void;
  /** To be called once. */
  end(verdict: Verdict, now: number): void;
}

/**
 * `usual`: nothing speaks against the target; `probe`: this attempt decides whether it is back; `suspect`: it is thought to
 * hang, or was taken out of use since the attempt began.
 */
export type Standing = 'usual' | 'probe' | 'suspect';

export interface Breaker {
  state(now: number): BreakerState;
  /** In force only while calls are kept away by time. */
  openAt(now: number): Hold | undefined;
  /** The instant from which it may be asked if nobody else can serve; undefined where time does not keep calls away. */
  lastResortAt(now: number): number | undefined;
  /** Whether it still gives some answers: then it is asked by everybody who has nobody else, however open it is. */
  limps(): boolean;
  probing(): boolean;
  share(now: number): number;
  /** Why the share is below 1. */
  shareReason(now: number): string | undefined;
  /** Whether those under way are silent for so long that it is thought to hang: only who has nobody else is let through. */
  suspect(now: number): boolean;
  /** How many are. */
  overdue(now: number): number;
  /** So many times as long as usual a probe is waited for: grows while none is answered. */
  patience(): number;
  /** Until when nobody is suspected, if nothing happens. */
  unsuspectedUntil(): number;
  enter(now: number, lastResort: boolean): Pass | undefined;
  /** Lets an open breaker be probed at once. */
  invite(now: number, reason: string): void;
}

export interface BreakerOptions {
  readonly runtime: Runtime;
  readonly evidence: Evidence;
  readonly onChange: (change: BreakerChange) => void;
}

/** What the breaker remembers. */
interface Memory {
  readonly options: BreakerOptions;
  readonly record: TrackRecord;
  readonly pace: Pace;
  phase: BreakerState;
  /** When the phase began. */
  since: number;
  /** With `open`: how long. */
  hold: Hold | undefined;
  /** The pass that decides, while it is in flight. */
  probe: object | undefined;
  /** What probes that were given up early say together: 1 is a failure. */
  doubt: number;
  /** Counts the changes that results brought about. */
  era: number;
  /** How often it opened without a healthy stretch between. */
  openings: number;
  /** It was taken out of use for slowness or silence, and not again since. */
  wasSlow: boolean;
  /** How often it was taken out of use again soon after it came back. */
  relapses: number;
  recoveredAt: number;
  /** When content of an answer began last. */
  contentAt: number;
  /** When the attempt with content began that began last. */
  answeredBeganAt: number;
  /** Failures since the last answer, by their weight; Infinity: it has never answered. */
  failedInARow: number;
}

/**
 * Closed, open, half-open with exactly one probe in flight, slow start, closed. Time moves it from open to half-open
 * and from slow start to closed; that is worked out when asked, and told as a change by the next attempt.
 *
 * Each change that results bring about begins a new era. A result of an attempt that began in an earlier era says
 * nothing about this one: a timeout that began before the outage ended must not end a slow start.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const memory: Memory = {
    options,
    record: createTrackRecord(options.evidence),
    pace: createPace(),
    phase: 'closed',
    since: -Infinity,
    hold: undefined,
    probe: undefined,
    doubt: 0,
    era: 0,
    openings: 0,
    wasSlow: false,
    relapses: 0,
    recoveredAt: -Infinity,
    contentAt: -Infinity,
    answeredBeganAt: -Infinity,
    failedInARow: Infinity,
  };
  return {
    state: (now) => stateAt(memory, now),
    openAt: (now) => openAt(memory, now),
    lastResortAt: (now) => lastResortAt(memory, now),
    limps: () => limps(memory),
    probing: () => memory.probe !== undefined,
    share: (now) => shareAt(memory, now),
    shareReason: (now) => shareReason(memory, now),
    suspect: (now) => isSuspect(memory, now),
    overdue: (now) => memory.record.waiting.overdue(now),
    patience: () => 2 ** Math.max(0, memory.openings - hastyOpenings),
    unsuspectedUntil: () => memory.record.waiting.holdsUntil(),
    enter: (now, lastResort) => enter(memory, now, lastResort),
    invite(now, reason) {
      catchUp(memory, now);
      if (memory.phase === 'open') change(memory, 'half-open', now, reason);
    },
  };
}

function stateAt(memory: Memory, now: number): BreakerState {
  if (memory.phase === 'open') return isHeld(memory.hold, now) ? 'open' : 'half-open';
  if (memory.phase === 'slow-start') return rampAt(memory, now) < 1 ? 'slow-start' : 'closed';
  return memory.phase;
}

/** How far slow start has come, from 0 to 1. */
function rampAt({ since, relapses, wasSlow }: Memory, now: number): number {
  const elapsedMs = now - since;
  const lastsMs = (wasSlow ? slowStartOfSlowMs : slowStartMs) * Math.min(slowestStart, 1 + relapses);
  const ramp = elapsedMs / lastsMs;
  return elapsedMs < 0 || ramp >= 1 ? 1 : ramp;
}

function isUp({ phase }: Memory): boolean {
  return phase === 'closed' || phase === 'slow-start';
}

function shareAt(memory: Memory, now: number): number {
  if (!isUp(memory)) return 1;
  const share = memory.record.share(now);
  return memory.phase === 'slow-start'
    ? share * (firstShare + (1 - firstShare) * rampAt(memory, now))
    : share;
}

function shareReason(memory: Memory, now: number): string | undefined {
  if (!isUp(memory) || shareAt(memory, now) >= 1) return undefined;
  const reasons = stateAt(memory, now) === 'slow-start' ? ['slow start'] : [];
  if (memory.record.share(now) < 1)
    reasons.push(`${Math.round(memory.record.failing() * 100)} % of its calls fail or are slow`);
  return reasons.join(', ');
}

function openAt({ phase, hold }: Memory, now: number): Hold | undefined {
  return phase === 'open' && isHeld(hold, now) ? hold : undefined;
}

/**
 * A breaker that keeps the only target away makes all calls fail where only some would (Marc Brooker, "Will circuit breakers
 * solve my problems?"): one that limps is kept from nobody who has nobody else.
 */
function limps({ failedInARow }: Memory): boolean {
  return failedInARow < rowOfTheDead;
}

function observe(memory: Memory, verdict: Verdict, beganAt: number): void {
  // Failures that took long are told after answers that began later: they are no row of their own.
  if (verdict.kind === 'failure' && beganAt < memory.answeredBeganAt) return;
  if (verdict.kind === 'failure') memory.failedInARow += verdict.weight;
  else if (verdict.kind !== 'undecided') memory.failedInARow = 0;
}

function lastResortAt(memory: Memory, now: number): number | undefined {
  if (isSuspect(memory, now)) return now;
  const hold = openAt(memory, now);
  if ((hold || memory.probe) && limps(memory)) return memory.since;
  return hold && Math.min(hold.until, hold.since + longestLastResortMs);
}

function change(memory: Memory, to: BreakerState, now: number, reason: string): void {
  const from = memory.phase;
  memory.phase = to;
  memory.since = now;
  const openUntil = to === 'open' ? memory.hold?.until : undefined;
  memory.options.onChange({ at: now, from, to, reason, openUntil });
}

/** Makes a change that time brought about. */
function catchUp(memory: Memory, now: number): void {
  const state = stateAt(memory, now);
  if (state === memory.phase) return;
  change(memory, state, now, state === 'closed' ? 'slow start is over' : 'the open time is over');
}

function open(memory: Memory, now: number, reason: string): void {
  const { options, record, pace } = memory;
  const gapMs = Math.min(pace.gapMs(), longestOpenOfAllMs);
  const longestMs = Math.min(longestOpenOfAllMs, Math.max(longestOpenMs, gapsOpen * gapMs));
  const firstMs = memory.wasSlow ? firstOpenOfSlowMs : firstOpenMs;
  const ms = doubled(Math.max(firstMs, gapMs), memory.openings, longestMs);
  memory.era += 1;
  memory.openings += 1;
  memory.probe = undefined;
  memory.doubt = 0;
  memory.hold = { since: now, until: now + jittered(ms, options.runtime.random()) };
  record.reset(true);
  pace.pause();
  change(memory, 'open', now, reason);
}

function close(memory: Memory, to: 'slow-start' | 'closed', now: number, reason: string): void {
  memory.era += 1;
  memory.probe = undefined;
  memory.doubt = 0;
  memory.hold = undefined;
  memory.recoveredAt = now;
  memory.record.reset(memory.relapses > 0);
  change(memory, to, now, reason);
}

function enter(memory: Memory, now: number, lastResort: boolean): Pass | undefined {
  catchUp(memory, now);
  if (isUp(memory)) {
    if (!lastResort && isSuspect(memory, now)) return undefined;
    if (memory.phase === 'closed') memory.pace.beat(now);
    return createPass(memory, false, now);
  }
  const isKeptAway = memory.probe !== undefined || memory.phase === 'open';
  if (isKeptAway && lastResort && limps(memory)) return createPass(memory, false, now);
  if (memory.probe !== undefined) return undefined;
  if (memory.phase === 'open') {
    const from = lastResort ? lastResortAt(memory, now) : undefined;
    if (from === undefined || now < from) return undefined;
    change(memory, 'half-open', now, 'nobody else can serve');
  }
  return createPass(memory, true, now);
}

/** An attempt as the breaker remembers it. */
interface Passage {
  readonly memory: Memory;
  begun: number;
  waiter: Waiter | undefined;
  readonly beganAt: number;
  readonly place: number;
  /** What it says is recorded already. */
  isJudged: boolean;
}

function createPass(memory: Memory, isProbe: boolean, now: number): Pass {
  const passage: Passage = {
    memory,
    begun: memory.era,
    waiter: undefined,
    beganAt: now,
    place: memory.record.begin(),
    isJudged: false,
  };
  if (isProbe) memory.probe = passage;
  return {
    probe: isProbe,
    watch(watched) {
      if (passage.begun === memory.era) passage.waiter = memory.record.waiting.begin(watched);
    },
    standing: (now) => standingOf(passage, now),
    firstContent: (now, late) => firstContent(passage, now, late),
    end: (verdict, now) => endPass(passage, verdict, now),
  };
}

function standingOf(passage: Passage, now: number): Standing {
  const { memory, begun } = passage;
  if (memory.probe === passage) return 'probe';
  return begun !== memory.era || isSuspect(memory, now) ? 'suspect' : 'usual';
}

function isSuspect(memory: Memory, now: number): boolean {
  const { record: known } = memory;
  return isUp(memory) && known.waiting.evidence(now) > 0 && known.isBad(now, strictness(memory));
}

function firstContent(passage: Passage, now: number, late: Verdict | undefined): void {
  const { memory, waiter, beganAt } = passage;
  memory.contentAt = now;
  memory.answeredBeganAt = Math.max(memory.answeredBeganAt, beganAt);
  memory.failedInARow = 0;
  if (memory.probe === passage) {
    endProbe(memory, { kind: 'success' }, now);
    // This attempt brought the era about, so the rest of it belongs to it.
    passage.begun = memory.era;
    return;
  }
  if (waiter) memory.record.waiting.note(waiter, late ? 'none' : 'good');
  if (passage.begun === memory.era) memory.record.hasContent(passage.place);
  if (late) judge(passage, late, now);
}

function endPass(passage: Passage, verdict: Verdict, now: number): void {
  const { memory, waiter } = passage;
  observe(memory, verdict, passage.beganAt);
  if (waiter) memory.record.waiting.leave(waiter, verdict.kind === 'success' ? 'good' : 'settled');
  if (memory.probe === passage) endProbe(memory, verdict, now);
  else if (!passage.isJudged || verdict.kind === 'failure') judge(passage, verdict, now);
}

/** Its result counts only as long as nothing has changed since it began. */
function judge(passage: Passage, verdict: Verdict, now: number): void {
  passage.isJudged = true;
  if (passage.begun === passage.memory.era) record(passage, verdict, now);
}

function endProbe(memory: Memory, verdict: Verdict, now: number): void {
  if (verdict.kind === 'failure') failProbe(memory, verdict, now);
  else if (verdict.kind === 'success' || verdict.kind === 'slow')
    close(memory, 'slow-start', now, 'the probe succeeded');
  else if (verdict.kind === 'alive')
    close(memory, 'closed', now, `the probe was answered: ${verdict.reason}`);
  else memory.probe = undefined;
}

/** One that was not waited for as long as health would explain says little: the next one goes at once. */
function failProbe(
  memory: Memory,
  { weight, reason }: Verdict & { kind: 'failure' | 'slow' },
  now: number,
): void {
  memory.probe = undefined;
  memory.doubt += weight;
  if (memory.doubt >= 1) open(memory, now, `the probe failed: ${reason}`);
}

function record({ memory, place }: Passage, verdict: Verdict, now: number): void {
  // Asked while it was open, for want of anybody else: only the probe decides.
  if (!isUp(memory)) return;
  catchUp(memory, now);
  const { record: known } = memory;
  known.add(verdict, now, { strictness: strictness(memory), place });
  if (verdict.kind !== 'failure' && verdict.kind !== 'slow') return;
  if (!known.isDown() && !isBadEnough(memory, verdict, now)) return;
  if (now - memory.recoveredAt < healthyStretchMs) memory.relapses += 1;
  else memory.relapses = memory.openings = 0;
  memory.wasSlow = verdict.weight < 1 && memory.relapses === 0;
  const overdue = known.waiting.overdue(now);
  open(memory, now, overdue > 0 ? `${verdict.reason}; ${overdue} more are silent` : verdict.reason);
}

/** One that is slow, but goes on answering, has too much to do: to turn new calls away for as long as others wait is enough. */
function isBadEnough(memory: Memory, { weight }: { readonly weight: number }, now: number): boolean {
  if (isOnProbation(memory, now) || !memory.record.isBad(now, strictness(memory))) return false;
  return weight >= 1 || now - memory.contentAt >= stillAnsweringMs;
}

function strictness({ phase }: Memory): number {
  return phase === 'slow-start' ? slowStartStrictness : 1;
}

function isOnProbation({ recoveredAt }: Memory, now: number): boolean {
  return now >= recoveredAt && now - recoveredAt < probationMs;
}
