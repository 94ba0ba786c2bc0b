import type { CompletionRequest } from '../core/request.ts';
import { expectedUsage } from '../health/typical-usage.ts';
import type { Candidate } from './candidate.ts';
import { estimateInputTokens } from './demand.ts';

/**
 * What a request is expected to cost at a target, in USD: its input by estimate, its output and what the vendor's cache
 * holds of its input as that target's answers were of late. Infinity where no price is stated.
 */
export function expectedCostOf(request: CompletionRequest): (candidate: Candidate) => number {
  const inputTokens = estimateInputTokens(request);
  return ({ price, health, overrides }) => {
    if (price === undefined) return Infinity;
    const { outputTokens, cachedShare } = health.typical ?? expectedUsage;
    const most = overrides?.maxTokens ?? request.maxTokens ?? Infinity;
    const cachedUsd = (price.cachedInput ?? price.input) * cachedShare;
    const inputUsd = inputTokens * (price.input * (1 - cachedShare) + cachedUsd);
    const outputUsd = Math.min(most, outputTokens) * price.output;
    return (inputUsd + outputUsd) / 1_000_000 + (price.perRequest ?? 0);
  };
}
