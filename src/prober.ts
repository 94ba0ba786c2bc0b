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
 * breaker has to be probed first, then those that have been left alone longest. All of them together no more than so many
 * times an hour. The permit is the one that every call needs, so that limits, cool-downs and a probe under way keep probes
 * away as well.
 */
export function createProber({ lineup, ...parts }: ProberParts): Prober {
  const { runtime } = parts;
  const closing = new AbortController();
  let settings: ProbeSettings | undefined;
  let callOff = () => {};
  let sentAt: readonly number[] = [];

  function wind({ everyMs }: ProbeSettings): void {
    callOff = setAlarm(runtime, everyMs, ring, { keepsAlive: false });
  }

  function ring(): void {
    if (settings === undefined) return;
    const now = runtime.now();
    const { everyMs, maxPerHour } = settings;
    // A clock that was set back: what it says was sent later than now would hold all probes back until then.
    sentAt = sentAt.filter((at) => at <= now && now - at < hourMs);
    for (const target of dueOf(lineup(), now, everyMs)) {
      if (sentAt.length >= maxPerHour) break;
      // Another target of the same provider and model may have been asked just now.
      const permit = isDue(target, now, everyMs) && target.health.admit({ lastResort: false });
      if (!permit) continue;
      sentAt = [...sentAt, now];
      probeWith(permit, target, 'schedule', { ...parts, signal: closing.signal }).catch(() => {});
    }
    wind(settings);
  }

  return {
    set(next) {
      callOff();
      settings = closing.signal.aborted ? undefined : next;
      if (settings !== undefined) wind(settings);
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
  const rank = ({ health }: ExecutionTarget) => (health.needsProbe(now) ? -Infinity : health.askedAt());
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
