import { failureError } from '../failure.ts';
import type { ProviderRequest } from '../provider.ts';
import { familyFor, familyOf, takesSampling, type Family } from './families.ts';
import { isRoundWithoutThinking, toMessages } from './messages.ts';
import { schemaInstruction, strictSchema } from './schema.ts';
import { refusal } from './supports.ts';
import { asksForThinking, planThinking, type ThinkingPlan } from './thinking.ts';
import { isToolForced, toolFields } from './tools.ts';
import { isObject, type Block, type Surface, type WireMessage } from './wire.ts';

const defaultMaxTokens = 8_192;

/** Keys of the body that follow from the request itself. */
const ownedKeys = new Set(['model', 'messages', 'system', 'stream', 'tools', 'tool_choice', 'max_tokens']);

/** A request in the vendor's form, and what of it could not be said. */
export interface WireRequest {
  readonly body: Record<string, unknown>;
  readonly ignored: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * The body of a request.
 * @throws a failure of kind `unsupported` for what this model cannot take, `bad-request` for options that are not the
 * caller's to set
 */
export function toWireRequest(model: string, request: ProviderRequest, surface: Surface): WireRequest {
  const family = familyFor(model, request.supports);
  const reason = refusal(model, request, surface);
  if (reason) throw failureError({ kind: 'unsupported', message: reason });
  const notes = { ignored: new Set<string>(), warnings: [] as string[] };

  const format = schemaFields(request, family, notes);
  const messages = historyOf(model, request, surface, family);
  const plan = thinkingOf(request, family, messages, notes);
  const { warnings, ...tools } = toolFields(request, family, messages);
  notes.warnings.push(...warnings);
  const { effort } = plan;
  const outputConfig = { ...format.outputConfig, ...(effort ? { effort } : {}) };

  const body: Record<string, unknown> = {
    model,
    max_tokens: plan.maxTokens,
    ...systemField(request.system, format.instruction),
    messages,
    ...tools,
    ...(plan.thinking ? { thinking: plan.thinking } : {}),
    ...(Object.keys(outputConfig).length > 0 ? { output_config: outputConfig } : {}),
    ...samplingFields(model, request, surface, { isThinking: plan.isOn, ...notes }),
    ...(request.stop?.length ? { stop_sequences: request.stop } : {}),
  };
  for (const key of ['seed', 'presencePenalty', 'frequencyPenalty'] as const) {
    if (request[key] !== undefined) notes.ignored.add(key);
  }
  const marked = request.promptCache ? withCacheMarks(body) : body;
  return {
    body: withOptions(marked, request.options),
    ignored: [...notes.ignored],
    warnings: notes.warnings,
  };
}

interface Notes {
  readonly ignored: Set<string>;
  readonly warnings: string[];
}

function historyOf(
  model: string,
  request: ProviderRequest,
  { platform }: Surface,
  family: Family,
): WireMessage[] {
  const thinks = family.thinksUnasked || asksForThinking(request.reasoning);
  return toMessages(request.messages, {
    platform,
    model,
    // Thinking and a format both exclude a reply that goes on from given words.
    prefill: family.prefill && !thinks && request.schema === undefined,
  });
}

function thinkingOf(
  request: ProviderRequest,
  family: Family,
  messages: readonly WireMessage[],
  notes: Notes,
): ThinkingPlan {
  const isRefused = request.refused?.has('reasoning') === true && request.reasoning !== undefined;
  const plan = planThinking(family, {
    reasoning: isRefused ? undefined : request.reasoning,
    maxTokens: request.maxTokens ?? request.maxOutputTokens,
    defaultMaxTokens,
    toolIsForced: isToolForced(request),
    roundWithoutThinking: isRoundWithoutThinking(messages),
  });
  if (plan.isIgnored || isRefused) notes.ignored.add('reasoning');
  if (plan.warning) notes.warnings.push(plan.warning);
  return plan;
}

function schemaFields(
  { schema, refused }: ProviderRequest,
  family: Family,
  notes: Notes,
): { outputConfig?: object; instruction?: string } {
  if (schema === undefined) return {};
  const strict = family.schemas === false || refused?.has('schema') ? undefined : strictSchema(schema);
  if (strict) return { outputConfig: { format: { type: 'json_schema', schema: strict } } };
  notes.warnings.push('the model is asked for JSON in words: this schema cannot be enforced by the vendor');
  return { instruction: schemaInstruction(schema) };
}

function systemField(system: string | undefined, instruction: string | undefined): { system?: string } {
  const text = [system, instruction].filter((part) => part !== undefined && part.trim() !== '').join('\n\n');
  return text === '' ? {} : { system: text };
}

const samplingKeys = { temperature: 'temperature', topP: 'top_p', topK: 'top_k' } as const;

function samplingFields(
  model: string,
  request: ProviderRequest,
  surface: Surface,
  { isThinking, ignored, warnings }: Notes & { isThinking: boolean },
): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const [key, wireKey] of Object.entries(samplingKeys) as [keyof typeof samplingKeys, string][]) {
    const value = request[key];
    if (value === undefined) continue;
    const isKnownAs = takesSampling(model, surface.version) && !isThinking;
    const isTaken = request.supports?.[key] ?? isKnownAs;
    const isOneTooMany =
      key === 'topP' && fields['temperature'] !== undefined && !familyOf(model).bothSamplings;
    if (!isTaken || isOneTooMany || request.refused?.has(key)) ignored.add(key);
    else fields[wireKey] = value;
  }
  if ((fields['temperature'] ?? 0) > 1) {
    warnings.push(`temperature ${fields['temperature']} was lowered to 1, the most that is taken`);
    fields['temperature'] = 1;
  }
  return fields;
}

const mark = { cache_control: { type: 'ephemeral' } };

/** Marks the ends of what stays the same from call to call: the tools, the system text, the conversation so far. */
function withCacheMarks(body: Record<string, unknown>): Record<string, unknown> {
  const { system, tools, messages } = body;
  const marked = { ...body, messages: lastMarked(messages as WireMessage[]) };
  return {
    ...marked,
    ...(typeof system === 'string' ? { system: [{ type: 'text', text: system, ...mark }] } : {}),
    ...(Array.isArray(tools)
      ? {
          tools: tools.map((tool: object, index) =>
            index === tools.length - 1 ? { ...tool, ...mark } : tool,
          ),
        }
      : {}),
  };
}

function lastMarked(messages: readonly WireMessage[]): WireMessage[] {
  return messages.map((message, index) => {
    if (index !== messages.length - 1) return message;
    const content = message.content.map((block, place): Block =>
      place === message.content.length - 1 ? { ...block, ...mark } : block,
    );
    return { ...message, content };
  });
}

/** Merges the caller's own fields last; `output_config` field by field, so that an effort does not drop the format. */
function withOptions(
  body: Record<string, unknown>,
  options: ProviderRequest['options'],
): Record<string, unknown> {
  if (!options) return body;
  for (const key of Object.keys(options)) {
    if (!ownedKeys.has(key)) continue;
    throw failureError({
      kind: 'bad-request',
      message: `providerOptions: "${key}" follows from the request and cannot be set here`,
    });
  }
  const { output_config: given } = options;
  const outputConfig = isObject(given)
    ? { output_config: { ...(body['output_config'] as object), ...given } }
    : {};
  return { ...body, ...options, ...outputConfig };
}
