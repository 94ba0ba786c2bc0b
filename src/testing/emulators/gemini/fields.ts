import type { JsonObject } from '../dialect.ts';
import { unknownName, type Refusal } from './errors.ts';
import { isObject, objectsOf } from './shape.ts';

/** What the API knows by name; anything else is refused. */
const known = {
  body: 'contents tools toolConfig safetySettings systemInstruction generationConfig cachedContent labels model serviceTier store modelArmorConfig',
  content: 'role parts',
  part: 'text thought thoughtSignature inlineData fileData functionCall functionResponse executableCode codeExecutionResult videoMetadata mediaResolution partMetadata',
  functionCall: 'id name args',
  functionResponse: 'id name response parts willContinue scheduling',
  tool: 'functionDeclarations googleSearch googleSearchRetrieval codeExecution urlContext googleMaps fileSearch computerUse retrieval',
  declaration: 'name description parameters parametersJsonSchema response responseJsonSchema behavior',
  config:
    'candidateCount stopSequences maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty responseMimeType responseSchema responseJsonSchema thinkingConfig responseLogprobs logprobs responseModalities mediaResolution speechConfig imageConfig audioTimestamp routingConfig',
  thinking: 'includeThoughts thinkingBudget thinkingLevel',
  calling: 'mode allowedFunctionNames streamFunctionCallArguments',
} as const;

type Kind = keyof typeof known;

const sets: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries(known).map(([kind, names]) => [kind, new Set<string>(names.split(' '))]),
);

/** The first name that the API does not know, in any message that it checks. */
export function unknownField(body: JsonObject): Refusal | undefined {
  for (const [value, kind, where] of places(body)) {
    if (!isObject(value)) continue;
    const stranger = Object.keys(value).find((key) => !sets[kind]?.has(key));
    if (stranger !== undefined) return unknownName(stranger, where);
  }
  return undefined;
}

function* places(body: JsonObject): Generator<readonly [unknown, Kind, string]> {
  yield [body, 'body', ''];
  const { generationConfig, toolConfig } = body as { generationConfig?: JsonObject; toolConfig?: JsonObject };
  yield [generationConfig, 'config', 'generation_config'];
  yield [generationConfig?.['thinkingConfig'], 'thinking', 'generation_config.thinking_config'];
  yield [toolConfig?.['functionCallingConfig'], 'calling', 'tool_config.function_calling_config'];
  for (const [index, tool] of objectsOf(body['tools']).entries()) {
    yield [tool, 'tool', `tools[${index}]`];
    for (const [at, declaration] of objectsOf(tool['functionDeclarations']).entries()) {
      yield [declaration, 'declaration', `tools[${index}].function_declarations[${at}]`];
    }
  }
  yield* contentPlaces(body['systemInstruction'], 'system_instruction');
  for (const [index, content] of objectsOf(body['contents']).entries())
    yield* contentPlaces(content, `contents[${index}]`);
}

function* contentPlaces(content: unknown, where: string): Generator<readonly [unknown, Kind, string]> {
  if (!isObject(content)) return;
  yield [content, 'content', where];
  for (const [index, part] of objectsOf(content['parts']).entries()) {
    const at = `${where}.parts[${index}]`;
    yield [part, 'part', at];
    yield [part['functionCall'], 'functionCall', `${at}.function_call`];
    yield [part['functionResponse'], 'functionResponse', `${at}.function_response`];
  }
}
