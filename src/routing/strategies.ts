import type { CompletionRequest } from '../core/request.ts';
import type { Candidate } from './candidate.ts';
import { estimateInputTokens } from './demand.ts';
import { byCredit, pickByCredit } from './weighted.ts';

/** What a strategy may look at beside the candidates. */
export interface StrategyContext {
  readonly request: CompletionRequest;
  /** A number in [0, 1). */
  readonly random: () => number;
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

/** Until how many tokens an answer is expected to go when prices are compared. */
const expectedOutputTokens = 500;

export const orderings: Readonly<Record<StrategyName, Ordering>> = {
  'in-order': {
    first: (candidates, { random }) =>
      candidates.find((candidate) => isWarm(candidate, random)) ?? (candidates[0] as Candidate),
    rest: (others) => [...others],
  },
  weighted: {
    first: (candidates) => pickByCredit(candidates),
    rest: byCredit,
  },
  fastest: {
    first: (candidates, { random }) => betterOfTwo(warmOf(candidates, random), random),
    rest: (others) => lowestFirst(others, ({ health }) => health.firstTokenP50Ms ?? Infinity),
  },
  cheapest: {
    first: (candidates, { request, random }) => lowest(warmOf(candidates, random), costOf(request)),
    rest: (others, { request }) => lowestFirst(others, costOf(request)),
  },
  'least-busy': {
    first: (candidates, { random }) => lowest(warmOf(candidates, random), loadAmong(candidates)),
    rest: (others) => lowestFirst(others, loadAmong(others)),
  },
};

// Pure, so that a bundle leaves out those that nobody names.

/** As listed; one in slow start comes first only as often as its share says. */
export const inOrder: Strategy = /* @__PURE__ */ strategyOf(orderings['in-order']);
/** Smooth weighted round robin. */
export const weighted: Strategy = /* @__PURE__ */ strategyOf(orderings.weighted);
/** The better of two drawn at random by the median time to the first token; unknown ones are tried. */
export const fastest: Strategy = /* @__PURE__ */ strategyOf(orderings.fastest);
/** By price and expected tokens; those without a price come last. */
export const cheapest: Strategy = /* @__PURE__ */ strategyOf(orderings.cheapest);
/** By attempts in flight, as a share of `limits.concurrency`. */
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

/** A target in slow start gets only a share of the calls that would be its own. */
function isWarm({ health }: Candidate, random: () => number): boolean {
  return health.share >= 1 || random() < health.share;
}

function areAllWarm(candidates: readonly Candidate[]): boolean {
  for (const { health } of candidates) if (health.share < 1) return false;
  return true;
}

function warmOf(candidates: readonly Candidate[], random: () => number): readonly Candidate[] {
  if (areAllWarm(candidates)) return candidates;
  const warm = candidates.filter((candidate) => isWarm(candidate, random));
  return warm.length > 0 ? warm : candidates;
}

/**
 * Two drawn at random, the faster taken: nearly as good as the best of all, and it never sends everybody to one that
 * looked fast a moment ago.
 */
function betterOfTwo(candidates: readonly Candidate[], random: () => number): Candidate {
  if (candidates.length === 1) return candidates[0] as Candidate;
  const first = Math.floor(random() * candidates.length);
  const step = 1 + Math.floor(random() * (candidates.length - 1));
  const one = candidates[first] as Candidate;
  const other = candidates[(first + step) % candidates.length] as Candidate;
  return latencyOf(other) < latencyOf(one) ? other : one;
}

/** An unknown one is worth a try, but one at a time: it may be unknown because it never answers. */
function latencyOf({ health }: Candidate): number {
  return health.firstTokenP50Ms ?? (health.inFlight === 0 ? -1 : Infinity);
}

/** What a request is expected to cost, in USD. */
function costOf(request: CompletionRequest): (candidate: Candidate) => number {
  const inputTokens = estimateInputTokens(request);
  const outputTokens = Math.min(request.maxTokens ?? expectedOutputTokens, expectedOutputTokens);
  return ({ price }) => {
    if (price === undefined) return Infinity;
    const tokens = (price.input ?? 0) * inputTokens + (price.output ?? 0) * outputTokens;
    return tokens / 1_000_000 + (price.perRequest ?? 0);
  };
}

/** One that states no limit is taken to hold as much as the largest that does. */
function loadAmong(candidates: readonly Candidate[]): (candidate: Candidate) => number {
  let largest = 1;
  for (const { health } of candidates) largest = Math.max(largest, health.concurrency ?? 1);
  return ({ health }) => health.inFlight / (health.concurrency ?? largest);
}

function lowest(candidates: readonly Candidate[], measure: (candidate: Candidate) => number): Candidate {
  let best = candidates[0] as Candidate;
  let least = measure(best);
  for (const candidate of candidates) {
    const measured = measure(candidate);
    if (measured >= least) continue;
    least = measured;
    best = candidate;
  }
  return best;
}

function lowestFirst(
  candidates: readonly Candidate[],
  measure: (candidate: Candidate) => number,
): Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, measured: measure(candidate) }))
    .sort((one, other) => (one.measured === other.measured ? 0 : one.measured - other.measured))
    .map(({ candidate }) => candidate);
}
