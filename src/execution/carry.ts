import type { Decision } from '../core/completion.ts';
import type { Rejection } from '../core/events.ts';
import type { Failure } from '../core/failure.ts';
import type { Candidate } from '../routing/candidate.ts';
import type { Plan } from '../routing/plan.ts';
import { conclude, runAttempt, type Answer, type AttemptEnd } from './attempt.ts';
import type { Call, ExecutionTarget, Parts } from './call.ts';
import { continuationAfter, type Continuation } from './continuation.ts';
import { adapts, decide, permitOf } from './decide.ts';
import { retryDelay, tryWhileAsked, type TryEnd } from './retry.ts';
import { startWalk, type Walk } from './walk.ts';

/** What a call came to. */
export type Outcome =
  | { readonly ok: true; readonly answer: Answer }
  | {
      readonly ok: false;
      /** Why it ended: by its own deadline, by the caller, past the commit point, by a failure that stops, or used up. */
      readonly reason: EndReason;
      /** The attempt that ended last. */
      readonly last: AttemptEnd | undefined;
      /** The attempt that the partial answer is of. */
      readonly shown: AttemptEnd | undefined;
      /** As of the end. */
      readonly plan: Plan;
      /** Targets of that plan that were not worth asking. */
      readonly passedOver: readonly Rejection[];
    };

export type EndReason = 'deadline' | 'cancelled' | 'interrupted' | 'stopped' | 'exhausted';

/** Carries one call to an outcome: attempt, decide, and on to the next target, as the plan says. */
export async function carry(call: Call, plan: Plan, parts: Parts): Promise<Outcome> {
  const walk = startWalk(plan, parts);
  let last: AttemptEnd | undefined;
  /** The attempt whose text the reader saw last. */
  let shown: AttemptEnd | undefined;
  for (let candidate = walk.next(); candidate; candidate = walk.next()) {
    if (call.cancellation.cancelled) break;
    if (last) reportFailover(call, last, candidate.id, parts);
    const step = await askTarget({ call, candidate, target: parts.target(candidate), walk, parts });
    if (!step) continue;
    last = step.end;
    shown = step.shown ?? shown;
    if (last.answer) return { ok: true, answer: last.answer };
    if (step.ends) return ended(step.ends);
  }
  return ended(call.cancellation.cancelled ? 'cancelled' : 'exhausted');

  function ended(reason: EndReason): Outcome {
    // The caller is told how things stand now: the last failure may have begun a cool-down.
    const now = parts.replan();
    const interrupted = shown !== undefined && (reason === 'exhausted' || reason === 'stopped');
    return {
      ok: false,
      reason: interrupted ? 'interrupted' : reason,
      last,
      shown: shown ?? last,
      plan: now,
      passedOver: walk.passedOver(now),
    };
  }
}

function reportFailover(call: Call, last: AttemptEnd, to: string, { emit, runtime }: Parts): void {
  const kind = last.failure?.kind ?? 'unknown';
  emit({
    type: 'failover',
    at: runtime.now(),
    callId: call.id,
    model: call.model,
    from: last.target.id,
    to,
    kind,
  });
}

/** One call at one of its targets. */
interface Stop {
  readonly call: Call;
  readonly candidate: Candidate;
  readonly target: ExecutionTarget;
  readonly walk: Walk;
  readonly parts: Parts;
}

interface Step {
  readonly end: AttemptEnd;
  /** Why the call ends here; undefined: answered, or on to the next target. */
  readonly ends: EndReason | undefined;
  /** The latest of its attempts of which the reader of a stream saw text or a tool call. */
  readonly shown: AttemptEnd | undefined;
}

/** Asks one target, again as a retry where that is permitted; undefined where it could not be admitted after all. */
function askTarget(stop: Stop): Promise<Step | undefined> {
  const { call, candidate, target, walk, parts } = stop;
  let tries = 0;
  let refreshed = false;
  let step: Step | undefined;

  async function tryOnce(): Promise<TryEnd<Step | undefined>> {
    const permit = target.health.admit({
      lastResort: walk.isLastResort() || tries > 0,
      tokens: call.estimatedTokens,
    });
    if (!permit) return { end: step, retryInMs: undefined };
    tries += 1;
    const end = await runAttempt({
      call,
      target,
      permit,
      parts,
      last: !walk.hasNext() || call.attempts.length + 1 >= call.maxAttempts,
      mayRefresh: !refreshed,
    });
    refreshed ||= end.keyRefreshed;
    if (end.failure?.kind === 'context-length') walk.outgrown(candidate);
    const { decision, ends, retryInMs } = weigh(stop, end, tries);
    const shown = call.show?.committed ? end : step?.shown;
    conclude(call, end, decision, parts);
    step = { end, ends, shown };
    return { end: step, retryInMs };
  }

  // One try more than the limit allows: a refreshed key is worth one beside the retries.
  return tryWhileAsked(tryOnce, { tries: call.retry.limit + 2, call, runtime: parts.runtime });
}

interface Weighed {
  readonly decision: Decision;
  readonly ends?: EndReason;
  readonly retryInMs?: number;
}

/** What follows an attempt. The ends that nobody can change come first; then the table of failure kinds decides. */
function weigh(stop: Stop, end: AttemptEnd, tries: number): Weighed {
  const { call, walk } = stop;
  const { failure } = end;
  if (!failure) return { decision: 'answer' };
  if (call.cancellation.cancelled) return { decision: 'cut', ends: 'cancelled' };
  if (end.callDeadline) return { decision: 'stop', ends: 'deadline' };
  const recovery = recoveryAfter(call, end);
  if (recovery === 'impossible') return { decision: end.cut ? 'cut' : 'stop', ends: 'interrupted' };
  call.continuation = recovery;
  const attemptsLeft = call.maxAttempts - call.attempts.length;
  if (end.cut) return { decision: 'cut', ends: attemptsLeft > 0 ? undefined : 'exhausted' };
  if (end.keyRefreshed && attemptsLeft > 0) return { decision: 'retry', retryInMs: 0 };
  const retriesLeft = call.retry.limit - (tries - 1);
  const decision = decide({
    failure,
    failures: call.failures,
    othersReady: walk.hasNext(),
    retriesLeft,
    attemptsLeft,
  });
  if (decision === 'next') return { decision };
  const retryInMs = decision === 'retry' ? delayFor(stop, failure, tries) : undefined;
  return retryInMs === undefined ? { decision: 'stop', ends: endOf(failure, call) } : { decision, retryInMs };
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

/** How long to wait before the same target is asked again; undefined: too long. */
function delayFor(
  { call, target, parts: { runtime } }: Stop,
  failure: Failure,
  tries: number,
): number | undefined {
  if (adapts(failure)) return 0;
  const now = runtime.now();
  const view = target.health.view(now);
  // As the only one left, an open breaker may be probed before its time.
  const freeAt =
    view.blockedReason === undefined
      ? now
      : Math.min(view.availableAt ?? Infinity, view.lastResortAt ?? Infinity);
  const wait = {
    retry: tries,
    hintMs: failure.retryAfterMs,
    blockedMs: freeAt - now,
    random: runtime.random(),
  };
  const delayMs = retryDelay(wait, call.retry);
  return delayMs === undefined || now + delayMs >= call.deadline ? undefined : delayMs;
}
