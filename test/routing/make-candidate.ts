import type { HealthView } from '../../src/health/target-health.ts';
import type { Candidate } from '../../src/routing/candidate.ts';

export function makeHealth(given: Partial<HealthView> = {}): HealthView {
  return { breaker: 'closed', share: 1, refused: new Set(), inFlight: 0, awaitingContent: 0, ...given };
}

type Given = Partial<Omit<Candidate, 'health'>> & { readonly health?: Partial<HealthView> };

/** A free target that states nothing. */
export function makeCandidate(id: string, { health, ...given }: Given = {}): Candidate {
  return {
    id,
    provider: 'acme',
    model: 'large',
    position: 0,
    priority: 0,
    degraded: false,
    supports: {},
    credit: 0,
    ...given,
    health: makeHealth(health),
  };
}

/** Candidates a, b, c… in the order given. */
export function makeCandidates(...given: Given[]): Candidate[] {
  return given.map((one, position) =>
    makeCandidate('abcdefghijklmnop'[position] ?? `t${position}`, { position, ...one }),
  );
}

export const idsOf = (candidates: Iterable<Candidate>): string =>
  [...candidates].map(({ id }) => id).join(' ');
