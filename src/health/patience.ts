import type { Standing } from './passage.ts';
import type { Watched } from './waiting.ts';

/** How long one silence may last, and what led to that. */
export interface Patience {
  readonly ms: number;
  readonly because: string;
}

interface Measure {
  /** That share of healthy attempts is done by then, */
  readonly share: number;
  /** and so many times that is allowed, */
  readonly times: number;
  /** but never less than this. */
  readonly floorMs: number;
}

interface Moment {
  readonly now: number;
  /** So many times as long a probe is waited for. */
  readonly times: number;
  readonly overdue: () => number;
}

/** Where nothing speaks against the target: what no healthy attempt takes. */
const usual: Measure = { share: 0.99, times: 3, floorMs: 5_000 };
/**
 * Where it is suspected, somebody else is probably done sooner than the half that is slower than this. A probe too: it costs a
 * caller, and one given up so soon says so little that the next follows at once (measured: docs/decisions.md).
 */
const short: Measure = { share: 0.5, times: 1, floorMs: 1_000 };
/** An answer that has begun is not left as easily: what has come of it would be lost. */
const shortGap: Measure = { share: 0.95, times: 1, floorMs: 2_000 };

/** What the history of healthy attempts justifies; undefined while it is thin. */
export function patienceOf(
  standing: Standing,
  { silence, histories }: Watched,
  { now, times, overdue }: Moment,
): Patience | undefined {
  const [history, shortest] = silence.begun ? [histories.gap, shortGap] : [histories.firstToken, short];
  const measure = standing === 'usual' ? usual : shortest;
  const healthyMs = history.at(measure.share);
  if (healthyMs === undefined || !history.isRipe(now)) return undefined;
  const ms = Math.max(measure.floorMs, measure.times * healthyMs) * (standing === 'probe' ? times : 1);
  return { ms, because: because(standing, healthyMs, overdue) };
}

/** No patience is shorter than this: it need not be asked for sooner. */
export function shortestPatienceMs({ silence, histories }: Watched, now: number): number | undefined {
  const [history, { share, floorMs }] = silence.begun
    ? [histories.gap, shortGap]
    : [histories.firstToken, short];
  const healthyMs = history.at(share);
  return healthyMs === undefined || !history.isRipe(now) ? undefined : Math.max(floorMs, healthyMs);
}

function because(standing: Standing, healthyMs: number, overdue: () => number): string {
  if (standing === 'probe') return 'it decides whether the target is back';
  if (standing === 'usual') return `99 of 100 took at most ${Math.round(healthyMs)} ms in health`;
  const count = overdue();
  return `the target is suspected of hanging${count > 0 ? `, ${count} attempts are silent` : ''}`;
}
