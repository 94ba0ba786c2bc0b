import { isSuccess } from './metrics.ts';
import { providerIds, type ProviderId } from './profiles.ts';
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
  /** First attempts made in it, by target. */
  readonly firstAttempts: Readonly<Record<ProviderId, number>>;
  /** All attempts. */
  readonly attempts: Readonly<Record<ProviderId, number>>;
}

const shortestStepMs = 5_000;
/** A year in steps of 5 seconds would fill the memory. */
const mostSteps = 1_000;

/** What happened every 5 seconds; in longer steps where the scenario is long. */
export function timelineOf({ calls, attempts }: RunRecord, { lastsMs, traffic }: Scenario): TimelineEntry[] {
  const stepMs = Math.max(shortestStepMs, Math.ceil(lastsMs / mostSteps));
  const none = () => Object.fromEntries(providerIds.map((id) => [id, 0])) as Record<ProviderId, number>;
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
    entry.attempts[provider] += 1;
    if (number === 1) entry.firstAttempts[provider] += 1;
  }
  return entries;
}
