import {
  connectionRefusedCode,
  failureRules,
  schemaMismatchCode,
  silenceCodes,
  type Failure,
} from '../core/failure.ts';
import { lateGap, weightOfSilence } from './lateness.ts';
import type { AttemptResult } from './target-health.ts';
import type { Verdict } from './track-record.ts';
import type { Watched } from './waiting.ts';

/** Nobody listening is the strongest evidence: two of them trip at any rate of calls. */
const connectionRefusedWeight = 3.5;

/** What else bears on it. */
export interface Circumstances {
  readonly at: number;
  readonly watched: Watched | undefined;
  /** How many failures a refusal counts for. */
  readonly refusals: number | undefined;
}

/** What the result of an attempt says of its target: the breaker knows neither kinds of failure nor outcomes. */
export function verdictOf(
  result: AttemptResult,
  failure: Failure | undefined,
  circumstances: Circumstances,
): Verdict {
  if (failure === undefined) return verdictWithoutFailure(result, circumstances);
  const reason = failure.status === undefined ? failure.kind : `${failure.kind} (${failure.status})`;
  if (result.evidence ?? isEvidence(failure)) {
    if (circumstances.refusals === 0) return { kind: 'undecided' };
    return {
      kind: 'failure',
      weight: weightOf(failure, circumstances),
      reason,
      isOwn: isOwn(failure) || undefined,
    };
  }
  // Whoever limits the rate is up.
  return failureRules[failure.kind].hold === 'cool-down' ? { kind: 'alive', reason } : { kind: 'undecided' };
}

function verdictWithoutFailure(result: AttemptResult, { at, watched }: Circumstances): Verdict {
  if (result.outcome === 'success') return (watched && lateGap(watched, at)) ?? { kind: 'success' };
  const weight = result.outcome === 'outpaced' && watched ? (weightOfSilence(watched, at) ?? 0) : 0;
  return weight > 0 ? { kind: 'slow', weight, reason: 'slow: outpaced by a hedge' } : { kind: 'undecided' };
}

function weightOf({ kind, code }: Failure, { at, watched, refusals }: Circumstances): number {
  if (code === connectionRefusedCode) return connectionRefusedWeight;
  if (refusals !== undefined) return refusals;
  const isSilence = kind === 'timeout' && (code === silenceCodes.first || code === silenceCodes.gap);
  return (isSilence && watched ? weightOfSilence(watched, at) : undefined) ?? 1;
}

/** Garbage says more of the model than of what stands around it. */
function isOwn({ kind }: Failure): boolean {
  return kind === 'invalid-response' || kind === 'unknown';
}

/** Whether a failure of that kind counts against whoever had it. */
export function isEvidence({ kind, code }: Failure): boolean {
  return failureRules[kind].evidence && code !== schemaMismatchCode;
}
