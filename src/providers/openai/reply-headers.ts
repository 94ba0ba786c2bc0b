import type { VendorLimits } from '../provider.ts';
import { durationOf } from '../retry-after.ts';

const idHeaders = ['x-request-id', 'apim-request-id', 'x-generation-id', 'x-litellm-call-id', 'request-id'];

/** The vendor's id of a request, under any of the names that it goes by. */
export function requestIdOf(headers: Headers | undefined): string | undefined {
  for (const name of idHeaders) {
    const id = headers?.get(name);
    if (id) return id;
  }
  return undefined;
}

const remaining = ['', '-requests', '-tokens'].map((what) => `x-ratelimit-remaining${what}`);

/** What the headers say of the rate limits, resets as instants; undefined where they say nothing. */
export function limitsOf(headers: Headers, now: number): VendorLimits | undefined {
  // Most servers say nothing, and each look at a header costs.
  if (!remaining.some((name) => headers.has(name))) return undefined;
  const limits = {
    requestsLimit: amountIn(headers, 'x-ratelimit-limit-requests') ?? amountIn(headers, 'x-ratelimit-limit'),
    requestsRemaining:
      amountIn(headers, 'x-ratelimit-remaining-requests') ?? amountIn(headers, 'x-ratelimit-remaining'),
    requestsResetMs:
      resetIn(headers, 'x-ratelimit-reset-requests', now) ?? resetIn(headers, 'x-ratelimit-reset', now),
    tokensLimit: amountIn(headers, 'x-ratelimit-limit-tokens'),
    tokensRemaining: amountIn(headers, 'x-ratelimit-remaining-tokens'),
    tokensResetMs: resetIn(headers, 'x-ratelimit-reset-tokens', now),
  };
  return Object.values(limits).every((value) => value === undefined) ? undefined : limits;
}

// Whole names: putting one together costs as much as looking it up.

function amountIn(headers: Headers, name: string): number | undefined {
  const value = headers.get(name);
  const number = value === null || value === '' ? Number.NaN : Number(value);
  return number >= 0 ? number : undefined;
}

function resetIn(headers: Headers, name: string, now: number): number | undefined {
  const ms = resetMs(headers.get(name), now);
  return ms === undefined ? undefined : now + ms;
}

/** An instant in milliseconds is larger than this; a wait in seconds is not. */
const leastInstant = 1e11;

/**
 * Until a limit is full again, in milliseconds: written as a duration (`6m0s`), as whole seconds (Azure), or as an
 * instant in milliseconds (OpenRouter).
 */
export function resetMs(value: string | null | undefined, now: number): number | undefined {
  if (!value) return undefined;
  const number = Number(value);
  if (Number.isNaN(number)) return durationOf(value);
  if (number < 0) return undefined;
  return number > leastInstant ? Math.max(0, number - now) : number * 1000;
}
