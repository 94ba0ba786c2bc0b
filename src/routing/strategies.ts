import type { CompletionRequest } from '../core/request.ts';
import type { Candidate } from './candidate.ts';
import { expectedCostOf } from './expected-cost.ts';
import { betterOfTwo, expectedWait } from './speed.ts';
import { byCredit, pickByCredit } from './weighted.ts';

/** What a strategy may look at beside the candidates. */
export interface StrategyContext {
  /** Where an answer that broke off is taken up: with what that adds. */
  readonly request: CompletionRequest;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** The instant of the plan, in epoch milliseconds. */
  readonly now: number;
}

/**
 * Orders the candidates of one priority. What it leaves out is tried after what it returns; what it invents is
 * dropped; if it throws, the listed order holds.
 */
export type Strategy = (candidates: readonly Candidate[], context: StrategyContext) => readonly Candidate[];

/** The strategies by name; `docs/routing.md` says what each does. */
export type StrategyName = 'in-order' | 'weighted' | 'fastest' | 'cheapest' | 'least-busy';

/** A strategy in two steps, because most calls need only the first candidate. Neither is given an empty list. */
export interface Ordering {
  first(candidates: readonly Candidate[], context: StrategyContext): Candidate;
  /** Orders those that are left; a new array. */
  rest(others: readonly Candidate[], context: StrategyContext): Candidate[];
}

export const orderings: Readonly<Record<StrategyName, Ordering>> = {
  'in-order': {
    first: (candidates, { random }) =>
      candidates.find((candidate) => candidate.weight !== 0 && isWarm(candidate, random)) ??
      (weightyOf(candidates)[0] as Candidate),
    rest: (others) => weightlessLast(others),
  },
  weighted: {
    first: (candidates) => pickByCredit(candidates),
    rest: byCredit,
  },
  fastest: {
    first: (candidates, context) => betterOfTwo(warmOf(candidates, context.random), context),
    rest: (others, { now }) => lowestFirst(others, (candidate) => expectedWait(candidate, now)),
  },
  cheapest: {
    first: (candidates, { request, random }) =>
      lowest(warmOf(candidates, random), expectedCostOf(request), () => 0),
    rest: (others, { request }) => lowestFirst(others, expectedCostOf(request)),
  },
  'least-busy': {
    first: (candidates, { random }) => lowest(warmOf(candidates, random), loadAmong(candidates), weightOf),
    rest: (others) => lowestFirst(others, loadAmong(others)),
  },
};

// Pure, so that a bundle leaves out those that nobody names.

/** As listed; one in slow start comes first only as often as its share says. */
export const inOrder: Strategy = /* @__PURE__ */ strategyOf(orderings['in-order']);
/** Smooth weighted round robin. */
export const weighted: Strategy = /* @__PURE__ */ strategyOf(orderings.weighted);
/** The better of two drawn at random, by the latest peak of the time to first content and who waits for one. */
export const fastest: Strategy = /* @__PURE__ */ strategyOf(orderings.fastest);
/** By price and expected tokens, as learnt of each target; those without a price come last. */
export const cheapest: Strategy = /* @__PURE__ */ strategyOf(orderings.cheapest);
/** By attempts in flight, as a share of `limits.concurrency`; among equals the heavier one. */
export const leastBusy: Strategy = /* @__PURE__ */ strategyOf(orderings['least-busy']);

/** The ordering behind a name or one of the functions above; undefined for a host's own function. */
export function orderingOf(strategy: StrategyName | Strategy): Ordering | undefined {
  return typeof strategy === 'string' ? orderings[strategy] : (strategy as Named).ordering;
}

/** One of the strategies above as a function, for a host to call: recognised by its ordering, which works in two steps. */
interface Named extends Strategy {
  readonly ordering?: Ordering;
}

function strategyOf(ordering: Ordering): Strategy {
  const strategy: Strategy = (candidates, context) => {
    if (candidates.length === 0) return [];
    const first = ordering.first(candidates, context);
    const others = candidates.filter((candidate) => candidate !== first);
    return [first, ...ordering.rest(others, context)];
  };
  return Object.assign(strategy, { ordering });
}

/** A target in slow start, or that limps, gets only a share of the calls that would be its own. */
function isWarm({ health }: Candidate, random: () => number): boolean {
  return health.share >= 1 || random() < health.share;
}

function areAllWarm(candidates: readonly Candidate[]): boolean {
  for (const { health } of candidates) if (health.share < 1) return false;
  return true;
}

/** Those to choose among: without weights of 0 as long as there are others, and one that limps only as often as its share says. */
function warmOf(all: readonly Candidate[], random: () => number): readonly Candidate[] {
  const candidates = weightyOf(all);
  if (areAllWarm(candidates)) return candidates;
  const warm = candidates.filter((candidate) => isWarm(candidate, random));
  return warm.length > 0 ? warm : candidates;
}

/** One that states no limit is taken to hold as much as the largest that does. */
function loadAmong(candidates: readonly Candidate[]): (candidate: Candidate) => number {
  let largest = 1;
  for (const { health } of candidates) largest = Math.max(largest, health.concurrency ?? 1);
  return ({ health }) => health.inFlight / (health.concurrency ?? largest);
}

function weightOf({ weight = 1 }: Candidate): number {
  return weight;
}

/** The least of all by the measure; among equals the most preferred, else the first. */
function lowest(
  candidates: readonly Candidate[],
  measure: (candidate: Candidate) => number,
  preference: (candidate: Candidate) => number,
): Candidate {
  let best = candidates[0] as Candidate;
  let least = measure(best);
  for (const candidate of candidates) {
    const measured = measure(candidate);
    if (measured > least || (measured === least && preference(candidate) <= preference(best))) continue;
    least = measured;
    best = candidate;
  }
  return best;
}

function lowestFirst(
  candidates: readonly Candidate[],
  measure: (candidate: Candidate) => number,
): Candidate[] {
  const ordered = candidates
    .map((candidate) => ({ candidate, measured: measure(candidate) }))
    .sort((one, other) => (one.measured === other.measured ? 0 : one.measured - other.measured))
    .map(({ candidate }) => candidate);
  return weightlessLast(ordered);
}

/** A weight of 0 comes after all its siblings, whatever the strategy. */
function weightlessLast(candidates: readonly Candidate[]): Candidate[] {
  const ordered = candidates.filter(({ weight }) => weight !== 0);
  return [...ordered, ...candidates.filter(({ weight }) => weight === 0)];
}

function weightyOf(candidates: readonly Candidate[]): readonly Candidate[] {
  if (!hasWeightless(candidates)) return candidates;
  const weighty = candidates.filter(({ weight }) => weight !== 0);
  return weighty.length > 0 ? weighty : candidates;
}

function hasWeightless(candidates: readonly Candidate[]): boolean {
  for (const { weight } of candidates) if (weight === 0) return true;
  return false;
}
