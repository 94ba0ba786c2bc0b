import { messageOf } from '../core/failure.ts';
import { unawaited } from '../core/promise.ts';
import type { Candidate } from './candidate.ts';
import {
  orderingOf,
  type Ordering,
  type Strategy,
  type StrategyContext,
  type StrategyName,
} from './strategies.ts';

/** Who may serve, in order. Only the first is worked out at once, the others when they are asked for. */
export interface Order {
  readonly length: number;
  at(index: number): Candidate | undefined;
  /** Whether one of them passes the test; puts nobody in order. */
  some(test: (candidate: Candidate) => boolean): boolean;
  toArray(): Candidate[];
}

/** The candidates of one priority, ordered as far as was asked. */
export interface Tier {
  readonly candidates: readonly Candidate[];
  first(): Candidate;
  all(): readonly Candidate[];
}

export function createOrder(tiers: readonly Tier[]): Order {
  function at(index: number): Candidate | undefined {
    let before = 0;
    for (const tier of tiers) {
      const place = index - before;
      if (place === 0) return tier.first();
      if (place < tier.candidates.length) return tier.all()[place];
      before += tier.candidates.length;
    }
    return undefined;
  }

  return {
    length: tiers.reduce((sum, { candidates }) => sum + candidates.length, 0),
    at,
    some: (test) => tiers.some(({ candidates }) => candidates.some(test)),
    toArray: () => tiers.flatMap((tier) => tier.all()),
  };
}

/** `candidates` must not be empty. */
export function createTier(
  candidates: readonly Candidate[],
  strategy: StrategyName | Strategy,
  context: StrategyContext,
  warn: (warning: string) => void,
): Tier {
  const ordering = orderingOf(strategy);
  if (ordering !== undefined) return tierByOrdering(candidates, ordering, context);
  let ordered: readonly Candidate[] | undefined;
  const all = () => (ordered ??= orderByHost(candidates, strategy as Strategy, context, warn));
  return { candidates, first: () => all()[0] as Candidate, all };
}

function tierByOrdering(
  candidates: readonly Candidate[],
  ordering: Ordering,
  context: StrategyContext,
): Tier {
  let chosen: Candidate | undefined;
  let ordered: readonly Candidate[] | undefined;
  const first = () => (chosen ??= ordering.first(candidates, context));
  return {
    candidates,
    first,
    all() {
      if (ordered !== undefined) return ordered;
      const head = first();
      const others = candidates.filter((candidate) => candidate !== head);
      ordered = [head, ...(others.length > 0 ? ordering.rest(others, context) : [])];
      return ordered;
    },
  };
}

/** A host's function may sort, leave out, repeat, invent or throw: each candidate still stands there exactly once. */
function orderByHost(
  candidates: readonly Candidate[],
  strategy: Strategy,
  context: StrategyContext,
  warn: (warning: string) => void,
): readonly Candidate[] {
  try {
    const returned: unknown = strategy([...candidates], context);
    if (!Array.isArray(returned)) {
      unawaited(returned);
      warn(`strategy: expected a list of candidates, got ${typeof returned}; the listed order holds`);
      return candidates;
    }
    const known = new Set(candidates);
    const wanted = returned.filter((one): one is Candidate => known.has(one as Candidate));
    if (wanted.length < returned.length)
      warn('strategy: returned candidates that it was not given; left out');
    return [...new Set([...wanted, ...candidates])];
  } catch (error) {
    warn(`strategy: threw ${messageOf(error)}; the listed order holds`);
    return candidates;
  }
}
