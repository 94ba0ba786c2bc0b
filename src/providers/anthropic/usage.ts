import type { FinishReason, Usage } from '../../core/completion.ts';
import { headerOf } from '../retry-after.ts';
import type { VendorLimits } from '../provider.ts';
import type { Json } from './wire.ts';

/** The vendor counts cached input beside `input_tokens`, and thinking within `output_tokens`. */
export function toUsage(raw: Json | undefined): Usage | undefined {
  if (!raw) return undefined;
  const cachedInputTokens = count(raw['cache_read_input_tokens']);
  const cacheWriteInputTokens = count(raw['cache_creation_input_tokens']);
  const uncached = count(raw['input_tokens']);
  const outputTokens = count(raw['output_tokens']);
  const reasoningTokens = count(
    (raw['output_tokens_details'] as Json | undefined | null)?.['thinking_tokens'],
  );
  const inputTokens =
    uncached === undefined ? undefined : uncached + (cachedInputTokens ?? 0) + (cacheWriteInputTokens ?? 0);
  const totalTokens =
    inputTokens === undefined || outputTokens === undefined ? undefined : inputTokens + outputTokens;
  return {
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(cachedInputTokens === undefined ? {} : { cachedInputTokens }),
    ...(cacheWriteInputTokens === undefined ? {} : { cacheWriteInputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
    ...(totalTokens === undefined ? {} : { totalTokens }),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Later counts replace earlier ones; those that are missing or null do not. */
export function overlaid(before: Json | undefined, after: unknown): Json {
  const stated = Object.entries((after ?? {}) as Json).filter(([, value]) => value !== null);
  return { ...before, ...Object.fromEntries(stated) };
}

const finishReasons: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
};

export function toFinishReason(stopReason: string): FinishReason {
  return finishReasons[stopReason] ?? 'other';
}

/** What an operator should know about the end. */
export function endWarning(stopReason: string, stopDetails: unknown): string | undefined {
  if (stopReason === 'model_context_window_exceeded')
    return 'the answer ended at the end of the context window';
  if (stopReason !== 'refusal') return undefined;
  const category = (stopDetails as Json | undefined | null)?.['category'];
  return `the model refused to answer${typeof category === 'string' ? ` (${category})` : ''}`;
}

export function requestIdOf(headers: Headers): string | undefined {
  return headerOf(headers, 'request-id') ?? headerOf(headers, 'x-amzn-requestid');
}

/** A date of whole seconds says nothing of a clock that is off by less. */
const leastLagMs = 2_000;

/** By how much the vendor's clock, which its instants are of, is behind ours. */
function lagOf(headers: Headers, now: number): number {
  const lagMs = now - Date.parse(headers.get('date') ?? '');
  return Math.abs(lagMs) >= leastLagMs ? lagMs : 0;
}

/** The rate limits that stand in the headers of every answer; tokens of input where there is no sum. */
export function limitsOf(headers: Headers, now: number): VendorLimits | undefined {
  const tokens = headers.has('anthropic-ratelimit-tokens-limit') ? 'tokens' : 'input-tokens';
  const limits: { -readonly [key in keyof VendorLimits]: VendorLimits[key] } = {};
  for (const [name, bucket] of [
    ['requests', 'requests'],
    ['tokens', tokens],
  ] as const) {
    const limit = numberOf(headers, `anthropic-ratelimit-${bucket}-limit`);
    const remaining = numberOf(headers, `anthropic-ratelimit-${bucket}-remaining`);
    const reset = Date.parse(headers.get(`anthropic-ratelimit-${bucket}-reset`) ?? '');
    if (limit !== undefined) limits[`${name}Limit`] = limit;
    if (remaining !== undefined) limits[`${name}Remaining`] = remaining;
    if (!Number.isNaN(reset)) limits[`${name}ResetMs`] = reset + lagOf(headers, now);
  }
  return Object.keys(limits).length > 0 ? limits : undefined;
}

function numberOf(headers: Headers, name: string): number | undefined {
  const value = Number.parseFloat(headers.get(name) ?? '');
  return Number.isFinite(value) ? value : undefined;
}
