import type { Rejection } from '../core/events.ts';
import type { Candidate } from './candidate.ts';
import type { Demand } from './demand.ts';
import { blockOf, misfitOf } from './eligibility.ts';
import { createOrder, createTier, type Order, type Tier } from './order.ts';
import {
  orderingOf,
  orderings,
  type Strategy,
  type StrategyContext,
  type StrategyName,
} from './strategies.ts';
import type { Turn } from './weighted.ts';

/** Who may serve a call, in order, and who was rejected and why. */
export interface Plan {
  readonly order: Order;
  readonly rejected: readonly Rejection[];
  /** Those of the rejected that may serve, but not now. */
  readonly blocked: readonly Candidate[];
  /** Nobody is free: those in `order` have an open breaker and are to be admitted as a last resort. */
  readonly lastResort: boolean;
  /** The soonest that one of those rejected only for a time may serve, in milliseconds; at least 1. */
  readonly retryAfterMs?: number;
  /** What went wrong with a strategy of the host's own; grows as `order` is read. */
  readonly warnings: readonly string[];
  /** What to keep once the first of `order` is really asked; undefined where nothing is weighted. */
  turn(): Turn | undefined;
}

export interface PlanInput {
  readonly demand: Demand;
  /** All places of the model, in the order listed. */
  readonly candidates: readonly Candidate[];
  /** The ids of those that the call has asked before: they are in neither list. @default none */
  readonly asked?: ReadonlySet<string>;
  /** @default weighted in a priority where a weight is stated, else in-order */
  readonly strategy?: StrategyName | Strategy;
  readonly random: () => number;
  readonly now: number;
}

/** Decides who may serve and in what order, from plain data alone: it asks nobody and changes nothing. */
export function makePlan(input: PlanInput): Plan {
  const { free, blocked, rejected } = sift(input);
  const lastResort = free.length === 0 ? blocked.filter((candidate) => isLastResortOf(candidate, input)) : [];
  const isLastResort = lastResort.length > 0;
  const warnings: string[] = [];
  const tiers = tiersOf(isLastResort ? lastResort : free, input, (warning) => warnings.push(warning));
  const waiting = isLastResort ? blocked.filter((candidate) => !isLastResortOf(candidate, input)) : blocked;
  return {
    order: createOrder(tiers.map(({ tier }) => tier)),
    rejected: isLastResort ? withoutAll(rejected, lastResort) : rejected,
    blocked: waiting,
    lastResort: isLastResort,
    retryAfterMs: soonest(waiting, input.now),
    warnings,
    turn() {
      const [top] = tiers;
      return top?.isWeighted ? { candidates: top.tier.candidates, chosen: top.tier.first() } : undefined;
    },
  };
}

interface Sifted {
  readonly free: readonly Candidate[];
  /** Fit, but not to be asked now. */
  readonly blocked: readonly Candidate[];
  readonly rejected: readonly Rejection[];
}

function sift({ candidates: all, asked, demand, now }: PlanInput): Sifted {
  const candidates = asked ? all.filter(({ id }) => !asked.has(id)) : all;
  // Most calls find all of them free: then nothing is copied.
  let index = 0;
  while (index < candidates.length && isFree(candidates[index] as Candidate, demand)) index += 1;
  if (index === candidates.length) return { free: candidates, blocked: [], rejected: [] };
  const free = candidates.slice(0, index);
  const blocked: Candidate[] = [];
  const rejected: Rejection[] = [];
  for (; index < candidates.length; index += 1) {
    const candidate = candidates[index] as Candidate;
    const misfit = misfitOf(candidate, demand);
    if (misfit === undefined && candidate.health.blockedReason === undefined) free.push(candidate);
    else {
      if (misfit === undefined) blocked.push(candidate);
      rejected.push({ target: candidate.id, reason: misfit ?? (blockOf(candidate, now) as string) });
    }
  }
  return { free, blocked, rejected };
}

function isFree(candidate: Candidate, demand: Demand): boolean {
  return candidate.health.blockedReason === undefined && misfitOf(candidate, demand) === undefined;
}

/** A call that has asked others had better ask them again than one that is down. */
function isLastResortOf({ health }: Candidate, { asked, now }: PlanInput): boolean {
  if (health.lastResortAt === undefined || health.lastResortAt > now) return false;
  return health.isDown !== true || health.blockedBy !== 'breaker' || !asked?.size;
}

function withoutAll(rejected: readonly Rejection[], candidates: readonly Candidate[]): Rejection[] {
  const ids = new Set(candidates.map(({ id }) => id));
  return rejected.filter(({ target }) => !ids.has(target));
}

function soonest(waiting: readonly Candidate[], now: number): number | undefined {
  let at = Infinity;
  for (const { health } of waiting)
    at = Math.min(at, health.availableAt ?? Infinity, health.lastResortAt ?? Infinity);
  return at === Infinity ? undefined : Math.max(1, Math.ceil(at - now));
}

/** One tier for each priority, the lowest number first. All but the first wait until they are asked for. */
function tiersOf(
  candidates: readonly Candidate[],
  input: PlanInput,
  warn: (warning: string) => void,
): PlannedTier[] {
  const context: StrategyContext = {
    request: input.demand.request,
    random: input.random,
    now: input.now,
  };
  return byPriority(candidates).map((members) => {
    const { priority } = members[0] as Candidate;
    const strategy = input.strategy ?? (statesWeight(input.candidates, priority) ? 'weighted' : 'in-order');
    return {
      tier: createTier(members, strategy, context, warn),
      isWeighted: orderingOf(strategy) === orderings.weighted,
    };
  });
}

interface PlannedTier {
  readonly tier: Tier;
  readonly isWeighted: boolean;
}

function byPriority(candidates: readonly Candidate[]): (readonly Candidate[])[] {
  if (hasOnePriority(candidates)) return candidates.length > 0 ? [candidates] : [];
  const priorities = [...new Set(candidates.map(({ priority }) => priority))].sort(
    (one, other) => one - other,
  );
  return priorities.map((wanted) => candidates.filter(({ priority }) => priority === wanted));
}

// Plain loops: these run over every candidate of every call, and a callback costs more than what it does.

function hasOnePriority(candidates: readonly Candidate[]): boolean {
  const wanted = candidates[0]?.priority;
  for (const { priority } of candidates) if (priority !== wanted) return false;
  return true;
}

/** Also a sibling that may not serve now says how the tier is meant. */
function statesWeight(candidates: readonly Candidate[], priority: number): boolean {
  for (const candidate of candidates)
    if (candidate.weight !== undefined && candidate.priority === priority) return true;
  return false;
}
