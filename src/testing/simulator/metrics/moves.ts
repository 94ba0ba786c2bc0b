import type { AttemptRecord, ChangeRecord, RunRecord } from '../record.ts';
import type { Scenario } from '../scenario.ts';
import { isWithin, largest } from './statistics.ts';
import { isGivenUp } from './waits.ts';

const changeOfMindMs = 5_000;

/** How often it was taken out of use or back within 5 seconds; the states between are no change of mind. */
export function mostTurns(changes: readonly ChangeRecord[]): number {
  const isUp = (state: string) => state === 'closed' || state === 'slow-start';
  const turns = changes.filter(({ from, to }) => isUp(from) !== isUp(to));
  return largest(turns, ({ at }) => turns.filter(isWithin(at, at + changeOfMindMs)).length);
}

/** Requests to a target that the same call had asked before. */
export function repeats(attempts: readonly AttemptRecord[]): number {
  const asked = new Set(attempts.map(({ call, provider }) => `${call} ${provider}`));
  return attempts.length - asked.size;
}

/** What ends with its caller's own deadline is nobody's move. */
export function falseMoves(
  { attempts, calls, changes }: RunRecord,
  { faults }: Scenario,
  deadlineMs: number,
): number {
  if (Object.keys(faults).length > 0) return NaN;
  const endOf = (call: number) => (calls[call]?.at ?? 0) + deadlineMs;
  const givenUp = attempts.filter(
    (attempt) => isGivenUp(attempt) && (attempt.endedAt ?? 0) < endOf(attempt.call),
  );
  return changes.length + givenUp.length;
}
