import type { Decision } from '../core/completion.ts';
import type { Failure } from '../core/failure.ts';
import type { HealthView } from '../health/target-health.ts';
import type { Journey } from './admission.ts';
import type { AttemptEnd } from './attempt.ts';
import type { Call, ExecutionTarget } from './call.ts';
import { continuationAfter, tokensOf, type Continuation } from './continuation.ts';
import { adapts, decide, permitOf } from './decide.ts';
import { retryDelay } from './retry.ts';

/** Why a call ends without an answer. */
export type EndReason = 'deadline' | 'cancelled' | 'interrupted' | 'stopped' | 'exhausted';

/** What follows an attempt. */
export interface Weighed {
  readonly decision: Decision;
  /** Why the call ends here; undefined: answered, or it goes on. */
  readonly ends?: EndReason;
  readonly retryInMs?: number;
  /** When the retry was paid for, where it had to be. */
  readonly paidAt?: number;
  /** Why a retry that is permitted does not follow. */
  readonly notRetried?: string;
}

/** A longer pause that no vendor has stated means that others have failed before: their news is not waited for. */
const longestPauseMs = 1_000;

/** What follows an attempt. The ends that nobody can change come first; then the table of failure kinds decides. */
export function weigh(journey: Journey, end: AttemptEnd, tries: number): Weighed {
  const { call } = journey;
  const { failure } = end;
  if (!failure) return { decision: 'answer' };
  if (call.cancellation.cancelled) return { decision: 'cut', ends: 'cancelled' };
  if (end.callDeadline) return { decision: 'stop', ends: 'deadline' };
  const recovery = recoveryAfter(call, end);
  if (recovery === 'impossible') return { decision: end.cut ? 'cut' : 'stop', ends: 'interrupted' };
  call.continuation = recovery;
  // What it takes to go on is longer than what was planned for.
  if (recovery) journey.walk.renew();
  if (end.cut) {
    const hasAttempts = call.attempts.length < call.maxAttempts;
    return { decision: 'cut', ...(hasAttempts ? {} : { ends: 'exhausted' as const }) };
  }
  return weighFailure(journey, end, failure, tries);
}

function weighFailure(journey: Journey, end: AttemptEnd, failure: Failure, tries: number): Weighed {
  const { call, walk } = journey;
  const attemptsLeft = call.maxAttempts - call.attempts.length;
  if (end.keyRefreshed && attemptsLeft > 0) return { decision: 'retry', retryInMs: 0 };
  const decision = decide({
    failure,
    failures: call.failures,
    othersReady: walk.hasNext(),
    retriesLeft: call.retry.limit - (tries - 1),
    attemptsLeft,
  });
  if (decision === 'next') return { decision };
  const retry = decision === 'retry' ? retryOf(journey, end.target, failure, tries) : undefined;
  if (retry && 'inMs' in retry) return { decision: 'retry', retryInMs: retry.inMs, paidAt: retry.paidAt };
  const mayMove = attemptsLeft > 0 && permitOf(failure.kind, call.failures) !== 'stop';
  if (mayMove && walk.comingFree().length > 0) return { decision: 'next', ...retry };
  return { decision: 'stop', ends: endOf(failure, call), ...retry };
}

/** How the next attempt can follow what was shown: by taking it up, or anew; undefined is anew, unseen or by a `restart`. */
function recoveryAfter(call: Call, end: AttemptEnd): Continuation | undefined | 'impossible' {
  const { recovery, show } = call;
  if (!show?.committed) return undefined;
  const continuation = recovery === 'continue' ? continuationAfter(call, end) : undefined;
  return continuation ?? (recovery !== 'none' && show.canTakeBack ? undefined : 'impossible');
}

/** A failure whose kind permits nothing stops the call; any other one has only run out of targets. */
function endOf({ kind }: Failure, call: Call): EndReason {
  return permitOf(kind, call.failures) === 'stop' ? 'stopped' : 'exhausted';
}

/** How long to wait before the same target is asked again, or why it is not. */
function retryOf(
  { call, parts: { runtime } }: Journey,
  target: ExecutionTarget,
  failure: Failure,
  tries: number,
): { readonly inMs: number; readonly paidAt?: number } | { readonly notRetried: string } {
  if (adapts(failure)) return { inMs: 0 };
  const now = runtime.now();
  const view = target.health.view(now, tokensOf(call));
  const blockedMs = blockedFor(view, now);
  if (failure.retryAfterMs === undefined && blockedMs > patienceFor(view, target))
    return { notRetried: view.blockedReason as string };
  const delayMs = retryDelay(
    { retry: tries, hintMs: failure.retryAfterMs, blockedMs, random: runtime.random() },
    call.retry,
  );
  if (delayMs === undefined) return { notRetried: 'asked to wait for longer than retry.maxDelayMs' };
  if (delayMs >= call.deadline.leftMs(now))
    return { notRetried: 'the wait would outlast the deadline of the call' };
  if (!target.health.payExtra(now)) return { notRetried: 'retry budget spent' };
  return { inMs: delayMs, paidAt: now };
}

/** One that limps, or that is to be asked while nobody else can serve, is asked before its time. */
function blockedFor(view: HealthView, now: number): number {
  const { blockedReason, availableAt = Infinity, lastResortAt = Infinity } = view;
  return blockedReason === undefined ? 0 : Math.max(0, Math.min(availableAt, lastResortAt) - now);
}

/** Nobody waits for what another call is about to find out. A lockout is retried only by a host that asks for it. */
function patienceFor({ blockedBy, estimated }: HealthView, { queueMs }: ExecutionTarget): number {
  if (blockedBy === 'limit') return queueMs;
  if (blockedBy === 'lockout') return Infinity;
  return estimated ? 0 : longestPauseMs;
}
