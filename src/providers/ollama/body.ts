import type { Feature } from '../../core/failure.ts';
import { failureError } from '../failure.ts';
import type { ProviderCall, ProviderRequest } from '../provider.ts';
import { messagesOf } from './messages.ts';
import { thinkingOf } from './thinking.ts';
import type { OllamaBody } from './wire.ts';

/** Fields that the engine writes: an option of the same name would change what it believes it asked. */
const ownedFields = ['model', 'messages', 'stream', 'tools', 'format'];

/** A request in the server's form, and the wishes that it cannot hold. */
export interface BuiltRequest {
  readonly body: OllamaBody;
  readonly ignored: readonly Feature[];
}

/**
 * Builds the body of `/api/chat`. `truncate` and `shift` make newer servers refuse what does not fit instead of cutting
 * the front of it off (older ones take no notice of them).
 *
 * @throws a failure `unsupported` or `bad-request` for what cannot be expressed
 */
export function buildRequest({ model, request }: ProviderCall, stream: boolean): BuiltRequest {
  refuseOwnedFields(request.options);
  refuseToolChoice(request);
  const { options: extra, ...fields } = request.options ?? {};
  const thinking = thinkingOf(model, request);
  const tools = request.toolChoice === 'none' ? [] : (request.tools ?? []);
  const body: OllamaBody = {
    model,
    messages: messagesOf(model, request),
    stream,
    truncate: false,
    shift: false,
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
    ...(request.schema === undefined ? {} : { format: formatOf(request.schema) }),
    ...(thinking.think === undefined ? {} : { think: thinking.think }),
    ...fields,
    options: { ...settingsOf(request), ...(extra as object | undefined) },
  };
  return { body, ignored: ignoredOf(request, thinking.isExact) };
}

function refuseOwnedFields(options: ProviderRequest['options']): void {
  const owned = Object.keys(options ?? {}).find((key) => ownedFields.includes(key));
  if (owned === undefined) return;
  throw failureError({
    kind: 'bad-request',
    message: `providerOptions.ollama.${owned} is set by the request itself and cannot be overridden`,
  });
}

function refuseToolChoice({ toolChoice, tools }: ProviderRequest): void {
  if (toolChoice === undefined || toolChoice === 'auto' || toolChoice === 'none' || !tools?.length) return;
  throw failureError({
    kind: 'unsupported',
    feature: 'toolChoice',
    message: 'Ollama leaves the choice of a tool to the model',
  });
}

function toolOf({ name, description, parameters }: NonNullable<ProviderRequest['tools']>[number]): object {
  return {
    type: 'function',
    function: { name, ...(description === undefined ? {} : { description }), parameters },
  };
}

function formatOf(schema: NonNullable<ProviderRequest['schema']>): unknown {
  return Object.keys(schema).length === 0 ? 'json' : schema;
}

/** The wishes by the server's names. */
const wishes = [
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['topK', 'top_k'],
  ['seed', 'seed'],
  ['presencePenalty', 'presence_penalty'],
  ['frequencyPenalty', 'frequency_penalty'],
] as const;

function settingsOf(request: ProviderRequest): Record<string, unknown> {
  const { contextWindow, stop, refused } = request;
  const { maxTokens } = request;
  const settings: Record<string, unknown> = {};
  if (contextWindow !== undefined) settings['num_ctx'] = contextWindow;
  if (maxTokens !== undefined) settings['num_predict'] = maxTokens;
  if (stop !== undefined && stop.length > 0) settings['stop'] = [...stop];
  for (const [wish, name] of wishes) {
    if (request[wish] !== undefined && !refused?.has(wish)) settings[name] = request[wish];
  }
  return settings;
}

function ignoredOf(request: ProviderRequest, isThinkingExact: boolean): Feature[] {
  const ignored: Feature[] = wishes
    .map(([wish]) => wish)
    .filter((wish) => request[wish] !== undefined && request.refused?.has(wish));
  if (request.parallelToolCalls === false) ignored.push('parallelToolCalls');
  if (!isThinkingExact) ignored.push('reasoning');
  return ignored;
}
