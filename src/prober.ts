import { setAlarm } from './core/runtime.ts';
import type { ExecutionTarget } from './execution/call.ts';
import type { Lineup } from './lineup.ts';
import { probeWith, type ProbeParts } from './probe.ts';
import type { ProbeSettings } from './settings.ts';

const hourMs = 3_600_000;

/** Asks targets that nobody else asks, at times. */
export interface Prober {
  /** Takes new settings; undefined: no timer runs. */
  set(settings: ProbeSettings | undefined): void;
  /** Ends what is under way, too. */
  close(): void;
}

export interface ProberParts extends ProbeParts {
  readonly lineup: () => Lineup;
}

/**
 * Every so often, whoever waits for an attempt that decides is asked, and whoever has not been asked since: those whose
 * breaker has to be probed first, then those that have been left alone longest. One at a time, an even share of the hour
 * apart: so the bound is never passed, and never spent at the beginning of an hour, whatever happens in the rest of it.
 * The permit is the one that every call needs, so that limits, cool-downs and a probe under way keep probes away as well.
 */
export function createProber({ lineup, ...parts }: ProberParts): Prober {
  const { runtime } = parts;
  const closing = new AbortController();
  let settings: ProbeSettings | undefined;
  let callOff = () => {};
  let sentAt = -Infinity;

  function wind(ms: number): void {
    callOff = setAlarm(runtime, ms, ring, { keepsAlive: false });
  }

  function ring(): void {
    if (settings === undefined) return;
    const now = runtime.now();
    const { everyMs, maxPerHour } = settings;
    const apartMs = Math.ceil(hourMs / maxPerHour);
    // A clock that was set back: what it says was sent later than now would hold all probes back until then.
    const heldMs = sentAt > now ? 0 : sentAt + apartMs - now;
    if (heldMs > 0) wind(heldMs);
    else if (sendOne(now, everyMs)) wind(apartMs);
    else wind(Math.min(everyMs, Math.max(apartMs, nextDueMs(lineup(), now, everyMs))));
  }

  /** Asks the most urgent target that admits an attempt; whether there was one. */
  function sendOne(now: number, everyMs: number): boolean {
    for (const target of dueOf(lineup(), now, everyMs)) {
      const permit = target.health.admit({ lastResort: false });
      if (!permit) continue;
      sentAt = now;
      probeWith(permit, target, 'schedule', { ...parts, signal: closing.signal }).catch(() => {});
      return true;
    }
    return false;
  }

  return {
    set(next) {
      callOff();
      settings = closing.signal.aborted ? undefined : next;
      if (settings !== undefined) wind(settings.everyMs);
    },
    close() {
      callOff();
      settings = undefined;
      closing.abort(new Error('the router was closed'));
    },
  };
}

/** The most urgent first. */
function dueOf({ targets }: Lineup, now: number, everyMs: number): ExecutionTarget[] {
  // Also before those that nobody has asked ever.
  const rank = ({ health }: ExecutionTarget) =>
    health.needsProbe(now) ? -Infinity : Math.max(health.askedAt(), -Number.MAX_VALUE);
  return [...targets.values()]
    .filter((target) => isDue(target, now, everyMs))
    .map((target) => ({ target, rank: rank(target) }))
    .sort((one, other) => (one.rank === other.rank ? 0 : one.rank - other.rank))
    .map(({ target }) => target);
}

function isDue({ health }: ExecutionTarget, now: number, everyMs: number): boolean {
  const askedAt = health.askedAt();
  return health.needsProbe(now) || askedAt <= now - everyMs || askedAt > now;
}

/** How long until the first of those that are not due yet will be. */
function nextDueMs({ targets }: Lineup, now: number, everyMs: number): number {
  const waits = [...targets.values()].map(({ health }) => health.askedAt() + everyMs - now);
  return waits.reduce((soonest, wait) => (wait > 0 && wait < soonest ? wait : soonest), everyMs);
}
