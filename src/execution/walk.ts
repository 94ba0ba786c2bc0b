import type { Rejection } from '../core/events.ts';
import type { HealthView } from '../health/target-health.ts';
import type { Candidate } from '../routing/candidate.ts';
import type { Order } from '../routing/order.ts';
import { grouped } from '../routing/eligibility.ts';
import type { Plan } from '../routing/plan.ts';
import type { Call, Parts } from './call.ts';

/** The way of one call over its plan: each target at most once; when the plan is used up, who has come free meanwhile. */
export interface Walk {
  /** Whether those asked now are admitted though their breaker is open, because nobody else can serve. */
  isLastResort(): boolean;
  /** Whether another target can be asked now. */
  hasNext(): boolean;
  /** The next one that can be asked now, and passes the test where there is one. */
  next(test?: (candidate: Candidate) => boolean): Candidate | undefined;
  /** It is asked now, and not again but as a retry. */
  ask(candidate: Candidate): void;
  /** It was given up for another one that was quicker: it may be asked again. */
  giveBack(candidate: Candidate): void;
  /** Makes a new plan, of now. */
  renew(): void;
  /** Whether one of those that the plan knows, and that passes the test, can be asked now. */
  hasFree(test: (candidate: Candidate) => boolean): boolean;
  /** Those that were not asked and may serve now or soon: all that keeps them is a limit, or who came before. */
  comingFree(): readonly Candidate[];
  /** After a `context-length`: only targets with a larger or unknown window are asked from now on. */
  outgrown(candidate: Candidate): void;
  /** Those of a plan that are too small for a request that was too long elsewhere. */
  passedOver(plan: Plan): Rejection[];
}

type WalkParts = Pick<Parts, 'runtime' | 'target' | 'replan'>;

interface Memory {
  readonly parts: WalkParts;
  readonly demand: () => Call['tokens'];
  readonly asked: Set<string>;
  plan: Plan;
  order: Order;
  /** In the order: whoever stands before it has been looked at. */
  position: number;
  /** How many targets the model has. */
  readonly targets: number;
  exceededWindow: number;
  replannedAt: number;
}

/** `demand`: what the call may take now, where a target limits its tokens. */
export function startWalk(plan: Plan, demand: () => Call['tokens'], parts: WalkParts): Walk {
  const memory: Memory = {
    parts,
    demand,
    asked: new Set(),
    plan,
    order: plan.order,
    position: 0,
    targets: plan.order.length + plan.rejected.length,
    exceededWindow: 0,
    replannedAt: -1,
  };
  const { asked } = memory;
  return {
    isLastResort: () => memory.plan.lastResort,
    hasNext: () => hasNext(memory),
    next: (test) => next(memory, test),
    ask: ({ id }) => void asked.add(id),
    giveBack: ({ id }) => void asked.delete(id),
    renew: () => replan(memory, parts.runtime.now()),
    hasFree(test) {
      const now = parts.runtime.now();
      const isFree = (candidate: Candidate) => suits(memory, candidate, now) && test(candidate);
      return memory.plan.blocked.some(isFree) || memory.order.some(isFree);
    },
    comingFree: () => comingFree(memory),
    outgrown({ contextWindow = 0 }) {
      memory.exceededWindow = Math.max(memory.exceededWindow, contextWindow);
    },
    passedOver: (now) => passedOver(memory, now),
  };
}

function isTooSmall({ exceededWindow }: Memory, { contextWindow = Infinity }: Candidate): boolean {
  return exceededWindow > 0 && contextWindow <= exceededWindow;
}

function isLeft(memory: Memory, candidate: Candidate): boolean {
  return !memory.asked.has(candidate.id) && !isTooSmall(memory, candidate);
}

function viewOf({ parts, demand }: Memory, candidate: Candidate, now: number): HealthView {
  return parts.target(candidate).health.view(now, demand());
}

function suits(memory: Memory, candidate: Candidate, now: number): boolean {
  if (!isLeft(memory, candidate)) return false;
  const { blockedReason, lastResortAt = Infinity } = viewOf(memory, candidate, now);
  return blockedReason === undefined || (memory.plan.lastResort && lastResortAt <= now);
}

function hasNext(memory: Memory): boolean {
  if (memory.asked.size >= memory.targets) return false;
  const now = memory.parts.runtime.now();
  const canServe = (candidate: Candidate) => suits(memory, candidate, now);
  // Whoever it is: to put thousands in order for this would cost more than the call.
  return memory.order.some(canServe) || (renewUsedUp(memory, now) && memory.order.some(canServe));
}

type Test = (candidate: Candidate) => boolean;

function next(memory: Memory, test: Test | undefined): Candidate | undefined {
  const now = memory.parts.runtime.now();
  return find(memory, now, test) ?? (renewUsedUp(memory, now) ? find(memory, now, test) : undefined);
}

function find(memory: Memory, now: number, test: Test | undefined): Candidate | undefined {
  const { order } = memory;
  for (let index = memory.position; index < order.length; index += 1) {
    const candidate = order.at(index);
    // Whom a test leaves out may be looked at without it.
    if (!test) memory.position = index + 1;
    if (candidate && suits(memory, candidate, now) && (!test || test(candidate))) return candidate;
  }
  return undefined;
}

function replan(memory: Memory, now: number): void {
  memory.replannedAt = now;
  memory.plan = memory.parts.replan(memory.asked);
  memory.order = memory.plan.order;
  memory.position = 0;
}

/**
 * The plan is used up: one who was cooling down then may be free now, and one who was no last resort, because others could
 * serve, may be one now that they have been asked.
 */
function renewUsedUp(memory: Memory, now: number): boolean {
  const { asked, targets, replannedAt } = memory;
  if (asked.size === 0 || asked.size >= targets || replannedAt === now) return false;
  replan(memory, now);
  return true;
}

function comingFree(memory: Memory): readonly Candidate[] {
  const now = memory.parts.runtime.now();
  const found: Candidate[] = [];
  const look = (candidate: Candidate) => {
    if (!isLeft(memory, candidate)) return false;
    const { blockedBy, limitedUntil } = viewOf(memory, candidate, now);
    if (blockedBy === undefined || limitedUntil !== undefined) found.push(candidate);
    return false;
  };
  memory.order.some(look);
  memory.plan.blocked.forEach(look);
  return found;
}

function passedOver(memory: Memory, { order }: Plan): Rejection[] {
  return order
    .toArray()
    .filter((candidate) => isTooSmall(memory, candidate) && !memory.asked.has(candidate.id))
    .map(({ id, contextWindow }) => ({
      target: id,
      reason: `context window ${grouped(contextWindow as number)} is no larger than one that was too small`,
    }));
}
