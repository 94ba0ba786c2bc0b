import {
  adaptedCode,
  failureRules,
  wishes,
  type Failure,
  type FailureKind,
  type FailurePermit,
  type Feature,
} from '../core/failure.ts';

/** What a decision after a failure depends on. */
export interface Situation {
  readonly failure: Failure;
  readonly failures: Partial<Readonly<Record<FailureKind, FailurePermit>>>;
  /** Whether another target can answer now. */
  readonly othersReady: boolean;
  readonly retriesLeft: number;
  readonly attemptsLeft: number;
}

/** What a request can do without, when a target refuses it: the next one to the same target is a different request. */
const dispensable: readonly Feature[] = [...wishes, 'stream'];

/** Whether a refusal taught something that makes another try at the same target worth while. */
export function adapts({ kind, feature, code }: Failure): boolean {
  if (kind !== 'unsupported') return false;
  return feature === undefined ? code === adaptedCode : dispensable.includes(feature);
}

export function permitOf(kind: FailureKind, failures: Situation['failures']): FailurePermit {
  return failures[kind] ?? failureRules[kind].permits;
}

/**
 * What follows a failure. Nobody waits while another target can answer now: a retry at the same target is for when no
 * other is left.
 */
export function decide(situation: Situation): 'retry' | 'next' | 'stop' {
  const { failure, failures, othersReady, retriesLeft, attemptsLeft } = situation;
  const permits = permitOf(failure.kind, failures);
  if (permits === 'stop' || attemptsLeft <= 0) return 'stop';
  if (othersReady) return 'next';
  const mayRetry = permits === 'retry' || adapts(failure);
  return mayRetry && retriesLeft > 0 ? 'retry' : 'stop';
}
