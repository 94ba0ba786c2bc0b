import type { Feature } from '../../core/failure.ts';
import type { ToolChoice } from '../../core/request.ts';
import { strictToolWarnings } from '../notes.ts';
import type { ProviderRequest, ProviderTool } from '../provider.ts';
import { conversationOf } from './contents.ts';
import { familyFor, familyOf, type Family } from './families.ts';
import { withOptions } from './options.ts';
import { thinkingOf } from './thinking.ts';
import type { Route, WireBody } from './wire.ts';

/** The body of a request in REST JSON, and what it leaves out. */
export interface Prepared {
  readonly body: WireBody;
  readonly ignored: readonly Feature[];
  readonly warnings: readonly string[];
}

type Json = { readonly [key: string]: unknown };

/** Writes a request for one model: the one mapping that both packages and both routes share. */
export function prepare(model: string, route: Route, request: ProviderRequest): Prepared {
  const family = familyFor(model, route, request.supports);
  const ignored: Feature[] = [];
  const { contents, systemInstruction } = conversationOf(request, { model, route, family });
  const generationConfig = generationConfigOf(request, family, ignored);
  const tools = request.tools?.length ? request.tools : undefined;
  if (tools && request.parallelToolCalls === false) ignored.push('parallelToolCalls');
  const body: WireBody = {
    contents,
    ...(systemInstruction ? { systemInstruction } : {}),
    ...(tools ? { tools: [{ functionDeclarations: tools.map(declarationOf) }] } : {}),
    ...(tools && request.toolChoice ? { toolConfig: toolConfigOf(request.toolChoice) } : {}),
    ...(Object.keys(generationConfig).length > 0 ? { generationConfig } : {}),
  };
  return { body: withOptions(body, request.options), ignored, warnings: strictToolWarnings(request) };
}

function generationConfigOf(request: ProviderRequest, family: Family, ignored: Feature[]): Json {
  const config: { [key: string]: unknown } = {};
  if (request.maxTokens !== undefined) config['maxOutputTokens'] = request.maxTokens;
  if (request.stop?.length) config['stopSequences'] = request.stop;
  for (const wish of samplingWishes) {
    if (request[wish] === undefined) continue;
    if (family.supports[wish] === false || isRefused(wish, request.refused)) ignored.push(wish);
    else config[wish] = request[wish];
  }
  if (!request.refused?.has('reasoning')) {
    const thinking = thinkingOf(request.reasoning, family.thinking);
    if (thinking.config) config['thinkingConfig'] = thinking.config;
    if (!thinking.kept) ignored.push('reasoning');
  } else if (request.reasoning) ignored.push('reasoning');
  if (request.schema) {
    config['responseMimeType'] = 'application/json';
    if (Object.keys(request.schema).length > 0) config['responseJsonSchema'] = request.schema;
  }
  return config;
}

/** Named in the vendor's body as in the request. */
const samplingWishes = [
  'temperature',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'seed',
] as const;

/** "Penalty is not enabled" does not say which of the two: it means both. */
function isRefused(wish: Feature, refused: ReadonlySet<Feature> | undefined): boolean {
  return (
    refused?.has(wish.endsWith('Penalty') ? 'presencePenalty' : wish) === true || refused?.has(wish) === true
  );
}

function declarationOf({ name, description, parameters }: ProviderTool): Json {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    // An object without properties is refused; a function without parameters is not.
    ...(takesNothing(parameters) ? {} : { parametersJsonSchema: parameters }),
  };
}

function takesNothing(parameters: Json): boolean {
  const { properties, $ref, anyOf, oneOf, allOf, additionalProperties } = parameters;
  const composed = $ref ?? anyOf ?? oneOf ?? allOf;
  const open = typeof additionalProperties === 'object' || additionalProperties === true;
  return composed === undefined && !open && Object.keys((properties as Json | undefined) ?? {}).length === 0;
}

function toolConfigOf(choice: ToolChoice): Json {
  if (typeof choice === 'object') {
    return { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [choice.name] } };
  }
  const modes = { auto: 'AUTO', none: 'NONE', required: 'ANY' } as const;
  return { functionCallingConfig: { mode: modes[choice] } };
}

/** Gemini's own limit. */
const mostStopSequences = 5;
const functionName = /^[A-Za-z_][\w.:-]{0,127}$/;

/** Why this model can't take this request; undefined where it can. */
export function refusalOf(model: string, route: Route, request: ProviderRequest): string | undefined {
  if ((request.stop?.length ?? 0) > mostStopSequences) {
    return `Gemini takes at most ${mostStopSequences} stop sequences, got ${request.stop?.length}`;
  }
  const misnamed = request.tools?.find(({ name }) => !functionName.test(name));
  if (misnamed) return `Gemini does not take "${misnamed.name}" as a tool's name`;
  if (request.schema && request.tools?.length && !familyOf(model, route).schemaWithTools) {
    return `${model} does not take tools together with a schema`;
  }
  return undefined;
}
