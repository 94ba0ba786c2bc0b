import type { Rejection } from '../core/events.ts';
import type { Plan } from '../routing/plan.ts';
import { admitAgain, admitNext, type Admission, type Journey } from './admission.ts';
import { runAttempt, type Answer, type AttemptEnd } from './attempt.ts';
import type { Call, Parts } from './call.ts';
import { tokensOf } from './continuation.ts';
import { attemptHedged } from './hedge.ts';
import { tryWhileAsked, type TryEnd } from './retry.ts';
import { conclude, tellFailover } from './tell.ts';
import { waitForTarget } from './wait.ts';
import { startWalk } from './walk.ts';
import { weigh, type EndReason } from './weigh.ts';

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

/** Carries one call to an outcome: attempt, decide, and on to the next target, as the plan says. */
export async function carry(call: Call, plan: Plan, parts: Parts): Promise<Outcome> {
  const walk = startWalk(plan, () => tokensOf(call), parts);
  const journey: Journey = { call, walk, parts };
  let last: AttemptEnd | undefined;
  /** The attempt whose text the reader saw last. */
  let shown: AttemptEnd | undefined;
  if (call.hedge) parts.hedges.earn(call.hedge.maxShare);
  for (let next = nextAdmission(journey); next;) {
    const admission = next instanceof Promise ? await next : next;
    if (!admission) break;
    if (last) tellFailover(call, last, admission.target.id, parts);
    const step: Step = await askTarget(journey, admission);
    last = step.end;
    shown = step.shown ?? shown;
    if (last.answer) return { ok: true, answer: last.answer };
    if (step.ends) return ended(step.ends);
    next = step.elsewhere ?? nextAdmission(journey);
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

/**
 * The next target that lets the call in: at once, or from the queue. What those who wait there claim is left to them. Whether there
 * are attempts left was weighed before.
 */
function nextAdmission(journey: Journey): Admission | Promise<Admission | undefined> | undefined {
  const { call, parts } = journey;
  if (call.cancellation.cancelled) return undefined;
  const { queue } = parts;
  const isOpen = queue.isEmpty() ? undefined : ({ id }: { readonly id: string }) => !queue.isClaimed(id);
  return admitNext(journey, isOpen) ?? waitForTarget(journey);
}

interface Step {
  readonly end: AttemptEnd;
  /** Why the call ends here; undefined: answered, or on to the next target. */
  readonly ends: EndReason | undefined;
  /** The latest of its attempts of which the reader of a stream saw text or a tool call. */
  readonly shown: AttemptEnd | undefined;
  /** When the retry that was to follow was paid for. */
  readonly paidAt?: number | undefined;
  /** Another target, which came free before the time of the retry. */
  readonly elsewhere?: Admission;
}

/** Instead of the retry that was to come. */
function movedOn(step: Step, elsewhere: Admission): Step {
  step.end.attempt.decision = 'next';
  return { ...step, elsewhere };
}

/** Asks one target, again as a retry where that is permitted. */
async function askTarget(journey: Journey, first: Admission): Promise<Step> {
  const { call, walk, parts } = journey;
  let admission = first;
  let tries = 0;
  let refreshed = false;
  let step: Step | undefined;

  async function tryOnce(): Promise<TryEnd<Step>> {
    const last = !walk.hasNext() || call.attempts.length + 1 >= call.maxAttempts;
    const { candidate, target, permit } = admission;
    const mayRefresh = !refreshed;
    const input = {
      call,
      parts,
      candidate,
      target,
      permit,
      last,
      mayRefresh,
      canMoveOn: () => canMoveOn(journey),
    };
    // Most calls are not hedged: they do not pay for it.
    const hedged = call.hedge && (await attemptHedged(journey, input));
    const end = hedged?.end ?? (await runAttempt(input));
    if (hedged && hedged.admission.target !== admission.target) {
      admission = hedged.admission;
      tries = 0;
    }
    tries += 1;
    refreshed ||= end.keyRefreshed;
    if (end.failure?.kind === 'context-length') walk.outgrown(admission.candidate);
    const { decision, ends, retryInMs, paidAt, notRetried } = weigh(journey, end, tries);
    const shown = call.show?.committed ? end : step?.shown;
    if (notRetried !== undefined) end.attempt.notRetried = notRetried;
    conclude(call, end, decision, parts);
    step = { end, ends, shown, paidAt };
    return { end: step, retryInMs };
  }

  async function wait(delayMs: number): Promise<boolean> {
    const next =
      delayMs > 0
        ? await waitForTarget(journey, { admission, inMs: delayMs })
        : admitAgain(admission, journey);
    const isSame = next?.target === admission.target;
    if (next && isSame) admission = next;
    else if (next && step) step = movedOn(step, next);
    if (!isSame && step?.paidAt !== undefined)
      admission.target.health.giveBackExtra(step.paidAt, parts.runtime.now());
    return isSame;
  }

  const once = await tryOnce();
  // Most calls need one try: they do not pay for the machinery of retrying.
  if (once.retryInMs === undefined) return once.end;
  const end = await tryWhileAsked(once, tryOnce, { tries: call.maxAttempts, wait });
  return step ?? end;
}

/** Whether another target could take the call over from an attempt under way. */
function canMoveOn({ call, walk }: Journey): boolean {
  if (call.show?.committed && call.recovery === 'none') return false;
  return call.attempts.length < call.maxAttempts && walk.hasNext();
}
