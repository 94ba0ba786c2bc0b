import type { Rejection } from '../core/events.ts';
import type { Candidate } from '../routing/candidate.ts';
import type { Order } from '../routing/order.ts';
import { grouped } from '../routing/eligibility.ts';
import type { Plan } from '../routing/plan.ts';
import type { Parts } from './call.ts';

/** The way of one call over its plan: each target at most once; when the plan is used up, who has come free meanwhile. */
export interface Walk {
  /** Whether those asked now are admitted though their breaker is open, because nobody else can serve. */
  isLastResort(): boolean;
  /** Whether another target can be asked now. */
  hasNext(): boolean;
  next(): Candidate | undefined;
  /** After a `context-length`: only targets with a larger or unknown window are asked from now on. */
  outgrown(candidate: Candidate): void;
  /** Those of a plan that are too small for a request that was too long elsewhere. */
  passedOver(plan: Plan): Rejection[];
}

export function startWalk(first: Plan, parts: Pick<Parts, 'runtime' | 'target' | 'replan'>): Walk {
  const asked = new Set<string>();
  let plan = first;
  let order: Order = first.order;
  let position = 0;
  let exceededWindow = 0;
  let replannedAt = -1;

  function isTooSmall({ contextWindow }: Candidate): boolean {
    return exceededWindow > 0 && (contextWindow ?? Infinity) <= exceededWindow;
  }

  function suits(candidate: Candidate, now: number): boolean {
    if (asked.has(candidate.id)) return false;
    if (isTooSmall(candidate)) return false;
    const view = parts.target(candidate).health.view(now);
    return view.blockedReason === undefined || (plan.lastResort && (view.lastResortAt ?? Infinity) <= now);
  }

  function find(now: number): Candidate | undefined {
    for (; position < order.length; position += 1) {
      const candidate = order.at(position);
      if (candidate && suits(candidate, now)) return candidate;
    }
    return undefined;
  }

  /** The plan is used up: time has passed, and one who was cooling down then may be free now. */
  function renew(now: number): boolean {
    const areAllAsked = asked.size >= order.length + plan.rejected.length;
    if (asked.size === 0 || areAllAsked || replannedAt === now) return false;
    replannedAt = now;
    plan = parts.replan();
    order = plan.order;
    position = 0;
    return true;
  }

  function peek(): Candidate | undefined {
    const now = parts.runtime.now();
    return find(now) ?? (renew(now) ? find(now) : undefined);
  }

  return {
    isLastResort: () => plan.lastResort,
    hasNext() {
      const now = parts.runtime.now();
      const canServe = (candidate: Candidate) => suits(candidate, now);
      // Whoever it is: to put thousands in order for this would cost more than the call.
      return order.some(canServe) || (renew(now) && order.some(canServe));
    },
    next() {
      const candidate = peek();
      if (candidate) asked.add(candidate.id);
      return candidate;
    },
    outgrown(candidate) {
      exceededWindow = Math.max(exceededWindow, candidate.contextWindow ?? 0);
    },
    passedOver: ({ order: left }) =>
      [...left]
        .filter((candidate) => isTooSmall(candidate) && !asked.has(candidate.id))
        .map(({ id, contextWindow }) => ({
          target: id,
          reason: `context window ${grouped(contextWindow as number)} is no larger than one that was too small`,
        })),
  };
}
