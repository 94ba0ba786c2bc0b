import type { BreakerState } from '../core/events.ts';
import { isHeld, type Hold } from './hold.ts';
import type { Openings } from './openings.ts';
import type { TrackRecord } from './track-record.ts';

/** A probe that has said nothing for so long, the usual deadline of a first content, decides no longer: the target may be back. */
const longestProbeMs = 10_000;

const firstShare = 0.1;
/** In slow start two failures in a row suffice: it failed a moment ago. */
const slowStartStrictness = 2;

export interface BreakerChange {
  readonly at: number;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly openUntil?: number;
  readonly reason: string;
  /** With `open`: what spoke against it last says more of itself than of what stands around it. */
  readonly isOwn?: boolean;
}

/** An attempt that decides whether the target is back. */
export interface Probe {
  readonly beganAt: number;
  /** How long it may be silent by its own deadline; undefined: not known. */
  patienceMs(): number | undefined;
}

/**
 * Closed, open, half-open with exactly one probe in flight, slow start, closed. Time moves it from open to half-open
 * and from slow start to closed; that is worked out when asked, and told as a change by the next attempt.
 *
 * Each change that results bring about begins a new era. A result of an attempt that began in an earlier era says
 * nothing about this one: a timeout that began before the outage ended must not end a slow start.
 */
export interface Phases {
  readonly onChange: (change: BreakerChange) => void;
  readonly openings: Openings;
  /** What is known since the last change that results brought about. */
  readonly record: TrackRecord;
  /** The strictness that what befell its siblings asks for. */
  readonly strictnessBySiblings: (now: number) => number;
  phase: BreakerState;
  /** When the phase began. */
  since: number;
  /** With `open`: how long. */
  hold: Hold | undefined;
  /** The attempt that decides, while it is in flight and no later one has taken its place. */
  probe: Probe | undefined;
  /** Counts the changes that results brought about. */
  era: number;
}

export function createPhases(
  given: Pick<Phases, 'onChange' | 'openings' | 'record' | 'strictnessBySiblings'>,
): Phases {
  return { ...given, phase: 'closed', since: -Infinity, hold: undefined, probe: undefined, era: 0 };
}

export function stateAt(phases: Phases, now: number): BreakerState {
  if (phases.phase === 'open') return isHeld(phases.hold, now) ? 'open' : 'half-open';
  if (phases.phase === 'slow-start') return rampAt(phases, now) < 1 ? 'slow-start' : 'closed';
  return phases.phase;
}

/** Neither open nor half-open. */
export function isUp({ phase }: Phases): boolean {
  return phase === 'closed' || phase === 'slow-start';
}

/** Whether an attempt is under way that others wait for. */
export function isProbing({ probe }: Phases, now: number): boolean {
  return probe !== undefined && now - probe.beganAt < Math.max(longestProbeMs, probe.patienceMs() ?? 0);
}

/** In force only while calls are kept away by time. */
export function openAt({ phase, hold }: Phases, now: number): Hold | undefined {
  return phase === 'open' && isHeld(hold, now) ? hold : undefined;
}

/** How far slow start has come, from 0 to 1. */
function rampAt({ since, openings }: Phases, now: number): number {
  const elapsedMs = now - since;
  const ramp = elapsedMs / openings.slowStartMs();
  return elapsedMs < 0 || ramp >= 1 ? 1 : ramp;
}

export function shareAt(phases: Phases, now: number): number {
  if (!isUp(phases)) return 1;
  const share = phases.record.share(now);
  return phases.phase === 'slow-start'
    ? share * (firstShare + (1 - firstShare) * rampAt(phases, now))
    : share;
}

/** How many ordinary failures one counts for, by the phase alone. */
export function strictnessOf({ phase }: Phases): number {
  return phase === 'slow-start' ? slowStartStrictness : 1;
}

/** Whether those under way are silent for so long that it is thought to hang. */
export function isSuspect(phases: Phases, now: number): boolean {
  const { record } = phases;
  return isUp(phases) && record.waiting.evidence(now) > 0 && record.isBad(now, strictnessOf(phases));
}

export function change(
  phases: Phases,
  to: BreakerState,
  now: number,
  { reason, isOwn }: Pick<BreakerChange, 'reason' | 'isOwn'>,
): void {
  const from = phases.phase;
  phases.phase = to;
  phases.since = now;
  const openUntil = to === 'open' ? phases.hold?.until : undefined;
  phases.onChange({ at: now, from, to, reason, openUntil, isOwn });
}

/** Makes a change that time brought about. */
export function catchUp(phases: Phases, now: number): void {
  const state = stateAt(phases, now);
  if (state === phases.phase) return;
  change(phases, state, now, {
    reason: state === 'closed' ? 'slow start is over' : 'the open time is over',
  });
}

export function open(phases: Phases, now: number, why: Pick<BreakerChange, 'reason' | 'isOwn'>): void {
  phases.era += 1;
  phases.probe = undefined;
  phases.hold = phases.openings.open(now);
  phases.record.reset(true);
  change(phases, 'open', now, why);
}

export function close(phases: Phases, to: 'slow-start' | 'closed', now: number, reason: string): void {
  phases.era += 1;
  phases.probe = undefined;
  phases.hold = undefined;
  phases.openings.recovered(now);
  phases.record.reset(phases.openings.hasRelapsed());
  change(phases, to, now, { reason });
}
