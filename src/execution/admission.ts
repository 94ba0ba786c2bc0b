import type { Permit } from '../health/target-health.ts';
import type { Candidate } from '../routing/candidate.ts';
import type { Call, ExecutionTarget, Parts } from './call.ts';
import { tokensOf } from './continuation.ts';
import type { Walk } from './walk.ts';

/** One call on its way. */
export interface Journey {
  readonly call: Call;
  readonly walk: Walk;
  readonly parts: Parts;
}

/** A target that lets the call in: the permit is to be used, or given back. */
export interface Admission {
  readonly candidate: Candidate;
  readonly target: ExecutionTarget;
  readonly permit: Permit;
}

/** The next target of the walk that lets the call in now. */
export function admitNext(
  { call, walk, parts }: Journey,
  test?: (candidate: Candidate) => boolean,
): Admission | undefined {
  let refused: Set<Candidate> | undefined;
  // A walk with a test looks from the beginning each time: whoever does not let the call in is not asked for ever.
  const isUntried = (other: Candidate) => !refused?.has(other) && (!test || test(other));
  for (let candidate = walk.next(test); candidate; candidate = walk.next(isUntried)) {
    const target = parts.target(candidate);
    const permit = target.health.admit({
      lastResort: walk.isLastResort(),
      demand: tokensOf(call),
    });
    if (!permit) {
      refused = (refused ?? new Set()).add(candidate);
      continue;
    }
    walk.ask(candidate);
    return { candidate, target, permit };
  }
  return undefined;
}

/** The same target once more. */
export function admitAgain({ candidate, target }: Admission, { call }: Journey): Admission | undefined {
  const permit = target.health.admit({ lastResort: true, demand: tokensOf(call), extra: true });
  return permit && { candidate, target, permit };
}
