import type { Usage } from './completion.ts';

/** What a target's tokens cost. */
export interface Price {
  /** USD per million input tokens. */
  readonly input: number;
  /** USD per million output tokens. */
  readonly output: number;
  /** USD per million input tokens read from the vendor's cache. @default input */
  readonly cachedInput?: number | undefined;
  /** USD per million input tokens written to the vendor's cache. @default input */
  readonly cacheWrite?: number | undefined;
  /** USD for each request. @default 0 */
  readonly perRequest?: number | undefined;
}

/**
 * What one attempt cost, in USD. What the vendor reports wins; undefined where neither the vendor nor a price tells. What
 * costs nothing need not be counted. Cached and cache-written tokens are parts of the input.
 */
export function costOf(usage: Usage | undefined, price: Price | undefined): number | undefined {
  if (usage?.costUsd !== undefined) return usage.costUsd;
  if (price && isFree(price)) return 0;
  if (!price || usage?.inputTokens === undefined || usage.outputTokens === undefined) return undefined;
  const cached = usage.cachedInputTokens ?? 0;
  const written = usage.cacheWriteInputTokens ?? 0;
  const tokensUsd =
    (usage.inputTokens - cached - written) * price.input +
    cached * (price.cachedInput ?? price.input) +
    written * (price.cacheWrite ?? price.input) +
    usage.outputTokens * price.output;
  return tokensUsd / 1_000_000 + (price.perRequest ?? 0);
}

function isFree({ input, output, cachedInput = 0, cacheWrite = 0, perRequest = 0 }: Price): boolean {
  return input === 0 && output === 0 && cachedInput === 0 && cacheWrite === 0 && perRequest === 0;
}
