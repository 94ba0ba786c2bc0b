import type { AttemptRecord, CallRecord, RunRecord } from '../record.ts';
import { largest, percentile } from './statistics.ts';
import { tookMs } from './success.ts';

/** How long callers waited: for a first text, for the whole, for an error. */
export function latencies(
  inFault: readonly CallRecord[],
  calls: readonly CallRecord[],
  isGood: (call: CallRecord) => boolean,
) {
  const first = inFault.flatMap(({ at, firstTextAt }) =>
    firstTextAt === undefined ? [] : [firstTextAt - at],
  );
  const total = inFault.filter(isGood).map(tookMs);
  const failed = calls.filter(({ outcome }) => outcome === 'error').map(tookMs);
  return {
    firstTokenP50Ms: percentile(first, 0.5),
    firstTokenP95Ms: percentile(first, 0.95),
    firstTokenP99Ms: percentile(first, 0.99),
    totalP50Ms: percentile(total, 0.5),
    totalP95Ms: percentile(total, 0.95),
    totalP99Ms: percentile(total, 0.99),
    errorP99Ms: failed.length === 0 ? 0 : percentile(failed, 0.99),
  };
}

/** The longest that an answered call spent with no request under way. */
export function longestWait({ calls, attempts }: RunRecord, isGood: (call: CallRecord) => boolean): number {
  const busyMs = new Map<number, number>();
  for (const { call, at, endedAt = at } of attempts) busyMs.set(call, (busyMs.get(call) ?? 0) + endedAt - at);
  return largest(calls.filter(isGood), (call) => tookMs(call) - (busyMs.get(call.number) ?? 0));
}

/** How long after a silent first request was given up the first text came. */
export function recovery({ calls, attempts }: RunRecord): number {
  const givenUp = attempts.filter(
    (attempt) =>
      attempt.number === 1 && attempt.struck && attempt.firstTokenAt === undefined && isGivenUp(attempt),
  );
  const late = givenUp.flatMap(({ call, endedAt = Infinity }) => {
    const { streamed, firstTextAt = Infinity } = calls[call] as CallRecord;
    return streamed ? [firstTextAt - endedAt] : [];
  });
  return percentile(late, 0.95);
}

/** Left by whoever had asked, before it ended by itself. */
export function isGivenUp({ outcome }: AttemptRecord): boolean {
  return outcome === 'left';
}

/** How long each request that was given up had been silent after a token; 0 where none had come. */
export function silencesMs(attempts: readonly AttemptRecord[]): number[] {
  return attempts
    .filter(isGivenUp)
    .map(({ lastTokenAt, endedAt = 0 }) => (lastTokenAt === undefined ? 0 : endedAt - lastTokenAt));
}

/** The 99th percentile over all calls, most of which met no silence. */
export function silenceP99(attempts: readonly AttemptRecord[], calls: number): number {
  const longestFirst = silencesMs(attempts).sort((one, other) => other - one);
  return longestFirst[Math.floor(calls / 100)] ?? 0;
}
