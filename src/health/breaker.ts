import type { BreakerState } from '../core/events.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Evidence } from './evidence.ts';
import type { Hold } from './hold.ts';
import { createLiveness, type Liveness } from './liveness.ts';
import { createOpenings, longestLastResortMs } from './openings.ts';
import { createPass, type Pass } from './passage.ts';
import {
  catchUp,
  change,
  createPhases,
  isProbing,
  isSuspect,
  isUp,
  openAt,
  shareAt,
  stateAt,
  type BreakerChange,
  type Phases,
} from './phases.ts';
import { createTrackRecord } from './track-record.ts';

/** Who is let through to a target, by what the results of others say of it. */
export interface Breaker {
  state(now: number): BreakerState;
  /** In force only while calls are kept away by time. */
  openAt(now: number): Hold | undefined;
  /** The instant from which it may be asked if nobody else can serve; undefined where time does not keep calls away. */
  lastResortAt(now: number): number | undefined;
  /** Whether it still gives some answers: then it is asked by everybody who has nobody else, however open it is. */
  limps(): boolean;
  /** An attempt that decides is under way, and not for too long. */
  probing(now: number): boolean;
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
  /** Makes and tells a change that time brought about. */
  catchUp(now: number): void;
  enter(now: number, lastResort: boolean): Pass | undefined;
  /** Lets an open breaker be probed at once. */
  invite(now: number, reason: string): void;
}

export interface BreakerOptions {
  readonly runtime: Runtime;
  readonly evidence: Evidence;
  readonly onChange: (change: BreakerChange) => void;
  /** How many ordinary failures one counts for, by what befell others. @default 1 */
  readonly strictness?: (now: number) => number;
}

interface Memory {
  readonly phases: Phases;
  readonly liveness: Liveness;
}

export function createBreaker({
  runtime,
  evidence,
  onChange,
  strictness = () => 1,
}: BreakerOptions): Breaker {
  const record = createTrackRecord(evidence);
  const openings = createOpenings(runtime);
  const phases = createPhases({ onChange, openings, record, strictnessBySiblings: strictness });
  const liveness = createLiveness();
  const memory: Memory = { phases, liveness };
  return {
    state: (now) => stateAt(phases, now),
    openAt: (now) => openAt(phases, now),
    lastResortAt: (now) => lastResortAt(memory, now),
    limps: () => liveness.limps(),
    probing: (now) => isProbing(phases, now),
    share: (now) => shareAt(phases, now),
    shareReason: (now) => shareReason(phases, now),
    suspect: (now) => isSuspect(phases, now),
    overdue: (now) => record.waiting.overdue(now),
    patience: () => openings.patience(),
    unsuspectedUntil: () => record.waiting.holdsUntil(),
    catchUp: (now) => catchUp(phases, now),
    enter: (now, lastResort) => enter(memory, now, lastResort),
    invite(now, reason) {
      catchUp(phases, now);
      if (phases.phase === 'open') change(phases, 'half-open', now, { reason });
    },
  };
}

function shareReason(phases: Phases, now: number): string | undefined {
  if (!isUp(phases) || shareAt(phases, now) >= 1) return undefined;
  const { record } = phases;
  const reasons = stateAt(phases, now) === 'slow-start' ? ['slow start'] : [];
  // No number: the share follows how long they have been too many, not how many they were.
  if (record.share(now) < 1) reasons.push('too many of its calls fail or are slow');
  return reasons.join(', ');
}

/**
 * A breaker that keeps the only target away makes all calls fail where only some would (Marc Brooker, "Will circuit breakers
 * solve my problems?"): one that limps is kept from nobody who has nobody else.
 */
function lastResortAt({ phases, liveness }: Memory, now: number): number | undefined {
  if (isSuspect(phases, now)) return now;
  const hold = openAt(phases, now);
  if ((hold || isProbing(phases, now)) && liveness.limps()) return phases.since;
  return hold && Math.min(hold.until, hold.since + longestLastResortMs);
}

function enter(memory: Memory, now: number, lastResort: boolean): Pass | undefined {
  const { phases, liveness } = memory;
  catchUp(phases, now);
  if (isUp(phases)) {
    if (!lastResort && isSuspect(phases, now)) return undefined;
    if (phases.phase === 'closed') phases.openings.called(now);
    return createPass(memory, false, now);
  }
  const isProbed = isProbing(phases, now);
  const isKeptAway = isProbed || phases.phase === 'open';
  if (isKeptAway && lastResort && liveness.limps()) return createPass(memory, false, now);
  if (isProbed) return undefined;
  if (phases.phase === 'open') {
    const from = lastResort ? lastResortAt(memory, now) : undefined;
    if (from === undefined || now < from) return undefined;
  }
  // Before it is told: an observer may make a call at once.
  const pass = createPass(memory, true, now);
  if (phases.phase === 'open') change(phases, 'half-open', now, { reason: 'nobody else can serve' });
  return pass;
}
