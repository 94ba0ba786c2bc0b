import { each } from '../../core/each.ts';
import type { ProviderRequest, Supports } from '../provider.ts';
import type { Endpoint } from './endpoint.ts';
import type { ModelFacts } from './facts.ts';
import { effortAsked } from './families.ts';
import type { OpenAIApi } from './options.ts';
import { isAnyJson } from './schema.ts';

/** What decides between the two surfaces beside model and request. */
export interface RouteSetting {
  readonly api: 'auto' | OpenAIApi;
  readonly endpoint: Endpoint;
  /** Whether the client has the Responses API at all. */
  readonly hasResponses: boolean;
}

/** The surface for one request. The rule is told where `api` is documented, in options.ts. */
export function apiFor(setting: RouteSetting, { family }: ModelFacts, request: ProviderRequest): OpenAIApi {
  if (setting.api !== 'auto') return setting.api;
  if (!isOfficial(setting)) return 'chat';
  if (family.responsesOnly) return 'responses';
  if (request.stop?.length) return 'chat';
  return family.reasons || holdsFileUrl(request) ? 'responses' : 'chat';
}

function isOfficial({ endpoint, hasResponses }: RouteSetting): boolean {
  return endpoint === 'openai' && hasResponses;
}

function holdsFileUrl({ messages }: ProviderRequest): boolean {
  return messages.some(
    ({ content }) => typeof content !== 'string' && content.some((part) => isFileUrl(part)),
  );
}

function isFileUrl(part: { readonly type: string; readonly content?: unknown }): boolean {
  if (part.type === 'tool-result' && Array.isArray(part.content)) {
    return (part.content as { type: string }[]).some((inner) => isFileUrl(inner));
  }
  return part.type === 'file' && 'url' in part;
}

/** What a model can take through this provider. */
export function supportsOf(setting: RouteSetting, { family }: ModelFacts): Supports {
  const hasFileUrls = setting.api === 'responses' || (setting.api === 'auto' && isOfficial(setting));
  const isClosed = setting.endpoint === 'openai' || setting.endpoint === 'azure';
  const onlyResponses = setting.api === 'responses' || (family.responsesOnly && isOfficial(setting));
  return {
    ...family.supports,
    fileUrls: hasFileUrls,
    ...((isClosed || setting.endpoint === 'mistral' || onlyResponses) && { topK: false }),
    ...(onlyResponses && each('stop seed presencePenalty frequencyPenalty', false)),
  };
}

/** Why a request cannot be expressed for this model; undefined if it can. */
export function refusalOf(
  setting: RouteSetting,
  facts: ModelFacts,
  request: ProviderRequest,
): string | undefined {
  const api = apiFor(setting, facts, request);
  return (
    toolRefusal(setting, api, { facts, request }) ??
    schemaRefusal(setting, request) ??
    stopRefusal(api, request)
  );
}

function toolRefusal(
  { endpoint }: RouteSetting,
  api: OpenAIApi,
  { facts, request }: { readonly facts: ModelFacts; readonly request: ProviderRequest },
): string | undefined {
  if (api === 'responses' || !request.tools?.length || request.reasoning === undefined) return undefined;
  // A gateway may ask the Responses API behind the scenes: there only a refusal tells.
  const isKnown = facts.family.toolsNeedResponses && (endpoint === 'openai' || endpoint === 'azure');
  const isRefused = isKnown || facts.toolsNeedResponses === true;
  return isRefused && effortAsked(request.reasoning) !== 'none'
    ? 'reasoning together with tools needs the Responses API for this model'
    : undefined;
}

function schemaRefusal({ endpoint }: RouteSetting, { schema }: ProviderRequest): string | undefined {
  if (schema === undefined || isAnyJson(schema) || (endpoint !== 'openai' && endpoint !== 'azure'))
    return undefined;
  return schema['type'] === 'object' && schema['anyOf'] === undefined
    ? undefined
    : 'structured output needs a schema whose root is a plain object';
}

function stopRefusal(api: OpenAIApi, { stop }: ProviderRequest): string | undefined {
  if (!stop?.length) return undefined;
  if (api === 'responses') return 'the Responses API has no stop sequences';
  return stop.length > 4 ? 'at most 4 stop sequences are taken' : undefined;
}
