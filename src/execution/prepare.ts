import type { Problem } from '../core/errors.ts';
import { messageOf, wishes, type Feature } from '../core/failure.ts';
import type {
  AssistantPart,
  CompletionRequest,
  JsonSchema,
  Message,
  RequestSettings,
} from '../core/request.ts';
import { compileSchema, jsonSchemaOf, type CompiledSchema } from '../core/schema.ts';
import { stated } from '../core/stated.ts';
import type { ProviderRequest, ProviderTool } from '../providers/provider.ts';
import type { ExecutionTarget, ReadRequest } from './call.ts';
import { askToGoOn, type Continuation } from './continuation.ts';

/**
 * Reads a request once for a whole call.
 *
 * @returns the faults of schemas that cannot be read in `problems`
 */
export function readRequest(request: CompletionRequest): { read: ReadRequest; problems: Problem[] } {
  const problems: Problem[] = [];
  // Copied, since a later target is asked later: what becomes of the conversation meanwhile is for the next call.
  const messages = request.messages.map((message) => ({ ...message }));
  let first = 0;
  while (messages[first]?.role === 'system') first += 1;
  const system = first === 0 ? request.system : systemOf(request, messages.slice(0, first));
  const schema = readSchema(request, problems);
  const read: ReadRequest = {
    request,
    system: system === '' ? undefined : system,
    messages: first === 0 ? messages : messages.slice(first),
    tools: readTools(request, problems),
    schema,
    jsonSchema: schema?.json,
  };
  return { read, problems };
}

function systemOf({ system }: CompletionRequest, leading: readonly Message[]): string {
  const texts = leading.map(({ content }) => content as string);
  return (system === undefined ? texts : [system, ...texts]).join('\n\n');
}

function readSchema(request: CompletionRequest, problems: Problem[]): CompiledSchema | undefined {
  return request.schema && attempt('schema', problems, () => compileSchema(request.schema!));
}

function readTools(request: CompletionRequest, problems: Problem[]): ProviderTool[] | undefined {
  if (!request.tools || request.tools.length === 0) return undefined;
  return request.tools.map((tool, index) => {
    const parameters = attempt<JsonSchema>(`tools[${index}].parameters`, problems, () =>
      jsonSchemaOf(tool.parameters),
    );
    return { ...tool, parameters: parameters ?? {} };
  });
}

function attempt<T>(path: string, problems: Problem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    problems.push({
      path,
      message: `cannot be used: ${messageOf(error)}`,
    });
    return undefined;
  }
}

/** A request as one target gets it, and the wishes that were left out. */
export interface PreparedRequest {
  readonly request: ProviderRequest;
  readonly ignored: string[];
}

/** Makes one target's request: its defaults and overrides, its own options, and no other provider's private state. */
export function prepare(
  read: ReadRequest,
  target: ExecutionTarget,
  refused: ReadonlySet<Feature>,
  continuation?: Continuation,
): PreparedRequest {
  const settings = merged(read.request, target);
  const ignored: string[] = [];
  const kept: Record<string, unknown> = {};
  for (const wish of wishes) {
    const value = settings[wish];
    if (value === undefined) continue;
    if (target.supports[wish] === false || refused.has(wish)) ignored.push(wish);
    else kept[wish] = value;
  }
  const { reasoning } = settings;
  const noReasoning = reasoning && 'effort' in reasoning && reasoning.effort === 'none';
  const messages = ownState(read.messages, target.provider.name);
  const request: ProviderRequest = {
    system: read.system,
    messages: continuation ? [...messages, ...askToGoOn(continuation, target)] : messages,
    tools: read.tools,
    toolChoice: settings.toolChoice,
    maxTokens: settings.maxTokens,
    stop: typeof settings.stop === 'string' ? [settings.stop] : settings.stop,
    // A target that cannot reason meets the wish not to reason.
    reasoning:
      noReasoning && (target.supports.reasoning === false || refused.has('reasoning'))
        ? undefined
        : reasoning,
    schema: read.jsonSchema,
    options: optionsFor(settings, target),
    contextWindow: target.contextWindow,
    maxOutputTokens: target.maxOutputTokens,
    promptCache: target.promptCache,
    refused,
    supports: target.statedSupports,
    ...kept,
  };
  return { request, ignored };
}

function merged(request: CompletionRequest, { defaults, overrides }: ExecutionTarget): CompletionRequest {
  if (!defaults && !overrides) return request;
  const providerOptions = mergedOptions(defaults, request, overrides);
  return {
    ...defaults,
    ...stated(request),
    ...stated(overrides),
    ...(providerOptions && { providerOptions }),
  };
}

/** Options of several sources are joined key by key, so that a request's option does not void a target's others. */
function mergedOptions(...sources: (RequestSettings | undefined)[]): RequestSettings['providerOptions'] {
  const joined: Record<string, Record<string, unknown>> = {};
  for (const source of sources) {
    for (const [name, options] of Object.entries(source?.providerOptions ?? {})) {
      joined[name] = { ...joined[name], ...options };
    }
  }
  return Object.keys(joined).length === 0 ? undefined : joined;
}

function optionsFor(settings: RequestSettings, { provider }: ExecutionTarget): ProviderRequest['options'] {
  const { providerOptions } = settings;
  return providerOptions?.[provider.name] ?? providerOptions?.[provider.kind ?? ''];
}

/** Private state goes back to the provider that made it; no other one ever sees it. */
function ownState(messages: readonly Message[], provider: string): readonly Message[] {
  const isForeign = ({ providerState }: AssistantPart) =>
    providerState !== undefined && providerState.provider !== provider;
  return messages.map((message) => {
    const { role, content } = message;
    if (role !== 'assistant' || typeof content === 'string' || !content.some(isForeign)) return message;
    return {
      role,
      content: content.map((part) => (isForeign(part) ? { ...part, providerState: undefined } : part)),
    };
  });
}
