import type { ProviderRequest } from '../provider.ts';
import { chatMessages } from './chat-messages.ts';
import { addWishes, effortOf, mergeOptions, type Asked, type Draft } from './draft.ts';
import { effortAsked } from './families.ts';
import { formatOf } from './schema.ts';

/** The body of one request to Chat Completions. */
export function chatRequest(asked: Asked): Draft {
  const { call, streaming } = asked;
  const { request } = call;
  const draft: Draft = {
    body: { model: call.model, messages: chatMessages(asked) },
    ignored: [],
    warnings: [],
  };
  addTools(draft, request);
  addLimits(draft, asked);
  addFormat(draft, request);
  const effort = effortOf(asked, draft);
  addEffort(draft, asked, effort);
  addWishes(asked, draft, wishNames(asked), effort);
  if (streaming) {
    draft.body['stream'] = true;
    if (!asked.facts.noStreamOptions) draft.body['stream_options'] = { include_usage: true };
  }
  mergeOptions(draft, request.options);
  return draft;
}

const officialNames = {
  temperature: 'temperature',
  topP: 'top_p',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  seed: 'seed',
  parallelToolCalls: 'parallel_tool_calls',
};
const openNames = { ...officialNames, topK: 'top_k' };
const mistralNames = { ...officialNames, seed: 'random_seed' };

function wishNames({ endpoint }: Asked): Readonly<Record<string, string>> {
  if (endpoint === 'mistral') return mistralNames;
  return endpoint === 'openai' || endpoint === 'azure' ? officialNames : openNames;
}

function addTools({ body }: Draft, request: ProviderRequest): void {
  const { tools, toolChoice } = request;
  if (!tools?.length) return;
  body['tools'] = tools.map(({ name, description, parameters, strict }) => ({
    type: 'function',
    function: { name, description, parameters, strict },
  }));
  if (toolChoice === undefined) return;
  body['tool_choice'] =
    typeof toolChoice === 'string' ? toolChoice : { type: 'function', function: { name: toolChoice.name } };
}

function addLimits({ body }: Draft, { call, endpoint, facts }: Asked): void {
  const { maxTokens, stop } = call.request;
  if (stop?.length) body['stop'] = stop;
  if (maxTokens === undefined) return;
  const isNewer = facts.family.reasons || endpoint === 'openai' || endpoint === 'azure';
  body[facts.maxTokensField ?? (isNewer ? 'max_completion_tokens' : 'max_tokens')] = maxTokens;
}

function addFormat({ body }: Draft, request: ProviderRequest): void {
  const format = formatOf(request);
  if (!format) return;
  const { type, ...description } = format;
  body['response_format'] = type === 'json_object' ? { type } : { type, json_schema: description };
}

function addEffort({ body }: Draft, { call, endpoint }: Asked, effort: string | undefined): void {
  if (effort === undefined) return;
  if (endpoint !== 'openrouter') {
    body['reasoning_effort'] = effort;
    return;
  }
  const { reasoning } = call.request;
  const hasBudget =
    reasoning !== undefined && 'budgetTokens' in reasoning && effortAsked(reasoning) !== 'none';
  body['reasoning'] = hasBudget ? { max_tokens: reasoning.budgetTokens } : { effort };
}
