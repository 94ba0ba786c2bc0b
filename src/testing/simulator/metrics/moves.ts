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

/** What ends with its caller's own deadline is nobody's move; nor is a hedge, whose loser is cut because the other answers. */
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
  const inDoubt = new Set(givenUp.map(({ call }) => call));
  const siblings = attempts.filter(({ call }) => inDoubt.has(call));
  return changes.length + givenUp.filter((attempt) => !isOutrun(attempt, siblings)).length;
}

/** Whether another request of the same call, under way beside it, had begun to answer when it was cut. */
function isOutrun(attempt: AttemptRecord, attempts: readonly AttemptRecord[]): boolean {
  const { call, at, endedAt = Infinity } = attempt;
  return attempts.some(
    (other) =>
      other !== attempt &&
      other.call === call &&
      other.at < endedAt &&
      (other.endedAt ?? Infinity) > at &&
      (other.firstTokenAt ?? Infinity) <= endedAt,
  );
}
