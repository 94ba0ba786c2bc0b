import type { BreakerState } from '../core/events.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Evidence } from './evidence.ts';
import { doubled, isHeld, jittered, type Hold } from './hold.ts';

const firstOpenMs = 1_000;
const longestOpenMs = 20_000;
/** While nobody else can serve, a breaker keeps callers away no longer than this. */
const longestLastResortMs = 2_000;
const slowStartMs = 10_000;
const firstShare = 0.1;
/** After this long without tripping, open times begin at the shortest again. */
const healthyStretchMs = 60_000;
/** In slow start two failures in a row suffice: it failed a moment ago. */
const slowStartWeight = 2;

/** So many failures in a row, and a target does not limp: it is down. Half of the calls to fail make such a row one time in 32. */
const rowOfTheDead = 5;

export interface BreakerChange {
  readonly at: number;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly openUntil?: number;
  readonly reason: string;
}

/** What a failure says: `weight` against the target; `alive`: it answered, if only to ask for a pause. */
export type Verdict =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly weight: number; readonly reason: string }
  | { readonly kind: 'alive'; readonly reason: string }
  | { readonly kind: 'undecided' };

/** One attempt's way through the breaker. */
export interface Pass {
  readonly probe: boolean;
  /** Content has come. */
  firstContent(now: number): void;
  /** To be called once. */
  end(verdict: Verdict, now: number): void;
}

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
  phase: BreakerState;
  /** When the phase began. */
  since: number;
  /** With `open`: how long. */
  hold: Hold | undefined;
  /** The pass that decides, while it is in flight. */
  probe: object | undefined;
  /** Counts the changes that results brought about. */
  era: number;
  /** How often it opened without a healthy stretch between. */
  openings: number;
  recoveredAt: number;
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
    phase: 'closed',
    since: -Infinity,
    hold: undefined,
    probe: undefined,
    era: 0,
    openings: 0,
    recoveredAt: -Infinity,
    failedInARow: Infinity,
  };
  return {
    state: (now) => stateAt(memory, now),
    openAt: (now) => openAt(memory, now),
    lastResortAt: (now) => lastResortAt(memory, now),
    limps: () => limps(memory),
    probing: () => memory.probe !== undefined,
    share: (now) => (memory.phase === 'slow-start' ? firstShare + (1 - firstShare) * rampAt(memory, now) : 1),
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
function rampAt({ since }: Memory, now: number): number {
  const elapsedMs = now - since;
  return elapsedMs < 0 || elapsedMs >= slowStartMs ? 1 : elapsedMs / slowStartMs;
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

function observe(memory: Memory, verdict: Verdict): void {
  if (verdict.kind === 'failure') memory.failedInARow += verdict.weight;
  else if (verdict.kind !== 'undecided') memory.failedInARow = 0;
}

function lastResortAt(memory: Memory, now: number): number | undefined {
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
  const { runtime, evidence } = memory.options;
  const ms = jittered(doubled(firstOpenMs, memory.openings, longestOpenMs), runtime.random());
  memory.era += 1;
  memory.openings += 1;
  memory.probe = undefined;
  memory.hold = { since: now, until: now + ms };
  evidence.reset();
  change(memory, 'open', now, reason);
}

function close(memory: Memory, to: 'slow-start' | 'closed', now: number, reason: string): void {
  memory.era += 1;
  memory.probe = undefined;
  memory.hold = undefined;
  memory.recoveredAt = now;
  memory.options.evidence.reset();
  change(memory, to, now, reason);
}

function enter(memory: Memory, now: number, lastResort: boolean): Pass | undefined {
  catchUp(memory, now);
  if (memory.phase === 'closed' || memory.phase === 'slow-start') return createPass(memory, false);
  const isKeptAway = memory.probe !== undefined || memory.phase === 'open';
  if (isKeptAway && lastResort && limps(memory)) return createPass(memory, false);
  if (memory.probe !== undefined) return undefined;
  if (memory.phase === 'open') {
    const from = lastResort ? lastResortAt(memory, now) : undefined;
    if (from === undefined || now < from) return undefined;
    change(memory, 'half-open', now, 'nobody else can serve');
  }
  return createPass(memory, true);
}

function createPass(memory: Memory, isProbe: boolean): Pass {
  const self = {};
  let begun = memory.era;
  if (isProbe) memory.probe = self;
  return {
    probe: isProbe,
    firstContent(now) {
      if (memory.probe !== self) return;
      endProbe(memory, { kind: 'success' }, now);
      // This attempt brought the era about, so the rest of it belongs to it.
      begun = memory.era;
    },
    end(verdict, now) {
      observe(memory, verdict);
      if (memory.probe === self) endProbe(memory, verdict, now);
      else if (begun === memory.era) record(memory, verdict, now);
    },
  };
}

function endProbe(memory: Memory, verdict: Verdict, now: number): void {
  if (verdict.kind === 'failure') open(memory, now, `the probe failed: ${verdict.reason}`);
  else if (verdict.kind === 'success') close(memory, 'slow-start', now, 'the probe succeeded');
  else if (verdict.kind === 'alive')
    close(memory, 'closed', now, `the probe was answered: ${verdict.reason}`);
  else memory.probe = undefined;
}

function record(memory: Memory, verdict: Verdict, now: number): void {
  const { evidence } = memory.options;
  // Asked while it was open, for want of anybody else: only the probe decides.
  if (memory.phase === 'open' || memory.phase === 'half-open') return;
  catchUp(memory, now);
  if (verdict.kind === 'success') evidence.record(true, now, 1);
  if (verdict.kind !== 'failure') return;
  evidence.record(
    false,
    now,
    memory.phase === 'slow-start' ? verdict.weight * slowStartWeight : verdict.weight,
  );
  if (!evidence.tripped(now)) return;
  if (now - memory.recoveredAt >= healthyStretchMs) memory.openings = 0;
  open(memory, now, verdict.reason);
}
