import type { CompletionRequest } from '../core/request.ts';
import type { Candidate } from './candidate.ts';

export interface StrategyContext {
  readonly request: CompletionRequest;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** An estimate of the request's tokens. */
  readonly inputTokens: number;
}

/**
 * Orders the candidates of one priority. What it leaves out is tried after what it returns; what it invents is
 * dropped; if it throws, the listed order holds.
 */
export type Strategy = (candidates: readonly Candidate[], context: StrategyContext) => readonly Candidate[];

export type StrategyName = 'in-order' | 'weighted' | 'fastest' | 'cheapest' | 'least-busy';
