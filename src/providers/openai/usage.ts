import { stated } from '../../core/stated.ts';
import type { Usage } from '../../core/completion.ts';

/** A vendor's numbers, as a map of maps. */
type Numbers = Readonly<Record<string, any>>;

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Usage of either surface, and of the servers that speak them with words of their own. */
export function usageOf(usage: unknown): Usage | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  const given = usage as Numbers;
  const inputDetails = (given['prompt_tokens_details'] ?? given['input_tokens_details'] ?? {}) as Numbers;
  const outputDetails = (given['completion_tokens_details'] ??
    given['output_tokens_details'] ??
    {}) as Numbers;
  const input = count(given['prompt_tokens'] ?? given['input_tokens']);
  const reasoning = count(outputDetails['reasoning_tokens'] ?? given['reasoning_tokens']);
  const total = count(given['total_tokens']);
  return compact({
    inputTokens: input,
    // DeepSeek and Databricks have words of their own.
    cachedInputTokens: count(
      inputDetails['cached_tokens'] ?? given['prompt_cache_hit_tokens'] ?? given['cache_read_input_tokens'],
    ),
    cacheWriteInputTokens: count(inputDetails['cache_write_tokens'] ?? given['cache_creation_input_tokens']),
    outputTokens: outputOf(count(given['completion_tokens'] ?? given['output_tokens']), {
      input,
      reasoning,
      total,
    }),
    reasoningTokens: reasoning,
    totalTokens: total,
    costUsd: count(given['cost']),
  });
}

/** xAI counts reasoning beside the completion instead of in it, which its total gives away. */
function outputOf(
  output: number | undefined,
  { input, reasoning, total }: Partial<Record<'input' | 'reasoning' | 'total', number | undefined>>,
): number | undefined {
  if (output === undefined || !reasoning) return output;
  const isBeside = output < reasoning || total === (input ?? 0) + output + reasoning;
  return isBeside ? output + reasoning : output;
}

function compact(usage: Usage): Usage | undefined {
  const told = stated(usage);
  return Object.keys(told).length === 0 ? undefined : told;
}

/** Adds what a LiteLLM proxy says in a header of what the call has cost. */
export function withHeaderCost(usage: Usage | undefined, headers: Headers | undefined): Usage | undefined {
  const cost = Number.parseFloat(headers?.get('x-litellm-response-cost') ?? '');
  return cost > 0 && usage?.costUsd === undefined ? { ...usage, costUsd: cost } : usage;
}
