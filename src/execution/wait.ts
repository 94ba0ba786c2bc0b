import type { Plan } from '../routing/plan.ts';
import { admitAgain, admitNext, type Admission, type Journey } from './admission.ts';
import type { Call, ExecutionTarget, Parts } from './call.ts';
import { tokensOf } from './continuation.ts';
import type { Outlook, Waiter } from './queue.ts';

/** A retry: the target that has just failed, and from when it may be asked again. */
export interface Again {
  readonly admission: Admission;
  readonly inMs: number;
}

/**
 * Waits in the queue of the model for whichever comes first: a target that was not asked and comes free, or the time of the
 * retry. Undefined: nothing came in time, or the caller has left.
 */
export async function waitForTarget(journey: Journey, again?: Again): Promise<Admission | undefined> {
  const { call, parts } = journey;
  const since = parts.runtime.now();
  const setForthBeforeMs = parts.queue.setForthMs();
  journey.walk.renew();
  // One may be free without having told anybody, because time freed it: then those in the queue come first, and this one next.
  if (!again && journey.walk.comingFree().length === 0 && !journey.walk.hasNext()) return undefined;
  // What it has waited before counts: a call that cannot be served should learn so once its patience is over.
  const wait: Wait = {
    journey,
    again,
    since: since - call.waitedMs,
    dueAt: since + (again?.inMs ?? Infinity),
    followedMs: setForthBeforeMs,
  };
  const { done, leave } = parts.queue.join(waiterOf(wait));
  const off = call.cancellation.on(leave);
  const offDeadline = call.deadline.on(leave);
  try {
    const admission = await done;
    if (!call.cancellation.cancelled) return admission;
    // Nothing was sent.
    admission?.permit.end({ outcome: 'undecided', tokens: 0 });
    return undefined;
  } finally {
    off();
    offDeadline();
    call.waitedMs += Math.max(0, parts.runtime.now() - since - (parts.queue.setForthMs() - setForthBeforeMs));
  }
}

interface Wait {
  readonly journey: Journey;
  readonly again: Again | undefined;
  /** Epoch milliseconds, as all that follow. */
  since: number;
  /** When the retry is due; Infinity: there is none. */
  dueAt: number;
  /** How much of what the queue has seen the clock set forth these instants have followed. */
  followedMs: number;
}

function waiterOf(wait: Wait): Waiter<Admission> {
  const { journey, again } = wait;
  const { walk } = journey;
  return {
    isTimed: again !== undefined,
    take(isClaimed) {
      const isOpen = ({ id }: { readonly id: string }) => !isClaimed(id);
      // Most of those who are woken find nobody free: for them no plan is made.
      const isLeft = walk.hasFree(isOpen) || (!again && walk.comingFree().length === 0);
      const other = isLeft && (walk.renew(), admitNext(journey, isOpen));
      if (other) return other;
      const isDue = again && timeIn(wait) >= wait.dueAt && isOpen(again.admission.candidate);
      return isDue ? admitAgain(again.admission, journey) : undefined;
    },
    outlook: () => outlookOf(wait),
  };
}

/** The instant. Where the clock was set forth, the wait moves with it; where it was set back, no wait lasts longer from then on than it was meant to: a step of an hour is no hour. */
function timeIn(wait: Wait): number {
  const { runtime, queue } = wait.journey.parts;
  const now = runtime.now();
  const forthMs = queue.setForthMs() - wait.followedMs;
  wait.followedMs += forthMs;
  wait.since += forthMs;
  wait.dueAt += forthMs;
  wait.since = Math.min(wait.since, now);
  wait.dueAt = Math.min(wait.dueAt, now + (wait.again?.inMs ?? Infinity));
  return now;
}

function outlookOf(wait: Wait): Outlook | undefined {
  const { call, walk, parts } = wait.journey;
  const now = timeIn(wait);
  const { again, since, dueAt } = wait;
  const isEarly = again !== undefined && now < dueAt;
  const wanted = walk.comingFree().map((candidate) => ({ target: parts.target(candidate), since }));
  if (again && !isEarly) wanted.push({ target: again.admission.target, since: dueAt });
  const claims: string[] = [];
  let lookAgainAt = isEarly ? dueAt : Infinity;
  for (const { target, since: from } of wanted) {
    const until = Math.min(from + target.queueMs, now + call.deadline.leftMs(now));
    const at = worthWaiting(target, { now, until, demand: tokensOf(call) });
    if (at === undefined) continue;
    claims.push(target.id);
    lookAgainAt = Math.min(lookAgainAt, at);
  }
  return claims.length === 0 && !isEarly ? undefined : { claims, lookAgainAt };
}

/** When to look at a target again that a limit or an earlier call keeps; undefined: it is not worth waiting for. */
function worthWaiting(
  { health }: ExecutionTarget,
  { now, until, demand }: { readonly now: number; readonly until: number; readonly demand: Call['tokens'] },
): number | undefined {
  const { blockedBy, limitedUntil = Infinity, estimated } = health.view(now, demand);
  if (now >= until) return undefined;
  if (blockedBy === undefined || (estimated && limitedUntil < Infinity)) return until;
  return limitedUntil <= until ? limitedUntil : undefined;
}

/** The ids of those targets of a plan that a call would wait for, if it came now and nobody could be asked. */
export function worthQueueing(
  { blocked }: Plan,
  call: Call,
  { runtime, target: targetOf }: Pick<Parts, 'runtime' | 'target'>,
): string[] {
  const now = runtime.now();
  const { deadline } = call;
  return blocked
    .map(targetOf)
    .filter((target) => {
      const until = now + Math.min(target.queueMs, deadline.leftMs(now));
      return worthWaiting(target, { now, until, demand: tokensOf(call) }) !== undefined;
    })
    .map(({ id }) => id);
}
