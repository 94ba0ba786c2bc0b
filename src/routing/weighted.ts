import type { Candidate } from './candidate.ts';

/** What asking one of them does to the counters of smooth weighted selection, each kept at its candidate's place. */
export interface Turn {
  readonly candidates: readonly Candidate[];
  readonly chosen: Candidate;
}

/** Its stated share (1 where a sibling states one), as far as its health lets it have it. */
export function effectiveWeight({ weight, health }: Candidate): number {
  return (weight ?? 1) * health.share;
}

/**
 * Smooth weighted round robin, as nginx does it: each pick gives every candidate its weight as credit, takes the one
 * with the most, and charges it the sum of all weights. Heavy ones are spread out instead of coming in a row. A weight
 * of 0 is taken only where nothing else is there.
 */
export function pickByCredit(candidates: readonly Candidate[]): Candidate {
  let best = candidates[0] as Candidate;
  let most = -Infinity;
  for (const candidate of candidates) {
    const weight = effectiveWeight(candidate);
    if (weight <= 0 || candidate.credit + weight <= most) continue;
    most = candidate.credit + weight;
    best = candidate;
  }
  return best;
}

/** The most credit first, a weight of 0 after all others, else as listed. */
export function byCredit(candidates: readonly Candidate[]): Candidate[] {
  const standing = (candidate: Candidate) => {
    const weight = effectiveWeight(candidate);
    return weight > 0 ? candidate.credit + weight : -Infinity;
  };
  return candidates
    .map((candidate) => ({ candidate, standing: standing(candidate) }))
    .sort((one, other) => (one.standing === other.standing ? 0 : other.standing - one.standing))
    .map(({ candidate }) => candidate);
}

/** Tells by how much each counter changes. Where the chosen one has no weight none of them does. */
export function takeTurn(
  { candidates, chosen }: Turn,
  give: (candidate: Candidate, credit: number) => void,
): void {
  if (effectiveWeight(chosen) <= 0) return;
  let total = 0;
  for (const candidate of candidates) {
    const weight = effectiveWeight(candidate);
    if (weight <= 0) continue;
    total += weight;
    give(candidate, weight);
  }
  give(chosen, -total);
}
