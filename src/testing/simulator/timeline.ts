import { isSuccess } from './metrics/success.ts';
import type { Machine } from './cast.ts';
import type { RunRecord } from './record.ts';
import type { Scenario } from './scenario.ts';
import { defaultDeadlineMs } from './traffic.ts';

/** Some seconds of a run. */
export interface TimelineEntry {
  /** Where it begins, in milliseconds since the start. */
  readonly at: number;
  /** Calls that began in it. */
  readonly calls: number;
  /** Those of them that were answered well. */
  readonly answered: number;
  /** First attempts made in it, by target; by the first, where several share provider and model. */
  readonly firstAttempts: Readonly<Record<string, number>>;
  /** All attempts. */
  readonly attempts: Readonly<Record<string, number>>;
}

const shortestStepMs = 5_000;
/** A year in steps of 5 seconds would fill the memory. */
const mostSteps = 1_000;

/** What happened every 5 seconds; in longer steps where the scenario is long. */
export function timelineOf(
  { calls, attempts }: RunRecord,
  { lastsMs, traffic }: Scenario,
  cast: readonly Machine[],
): TimelineEntry[] {
  const stepMs = Math.max(shortestStepMs, Math.ceil(lastsMs / mostSteps));
  const none = (): Record<string, number> => Object.fromEntries(cast.map(({ id }) => [id, 0]));
  const entries = Array.from({ length: Math.ceil(lastsMs / stepMs) }, (_, index) => ({
    at: index * stepMs,
    calls: 0,
    answered: 0,
    firstAttempts: none(),
    attempts: none(),
  }));
  for (const call of calls) {
    const entry = entries[Math.floor(call.at / stepMs)];
    if (entry === undefined) continue;
    entry.calls += 1;
    if (isSuccess(call, traffic.deadlineMs ?? defaultDeadlineMs)) entry.answered += 1;
  }
  for (const { at, provider, number } of attempts) {
    const entry = entries[Math.floor(at / stepMs)];
    if (entry === undefined) continue;
    count(entry.attempts, provider);
    if (number === 1) count(entry.firstAttempts, provider);
  }
  return entries;
}

function count(counts: Record<string, number>, id: string): void {
  counts[id] = (counts[id] ?? 0) + 1;
}
