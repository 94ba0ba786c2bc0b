import {
  anObject,
  anything,
  boolean,
  all,
  both,
  either,
  fault,
  must,
  describeProblems,
  faultCount,
  expected,
  holding,
  isFunction,
  isGiven,
  isObject,
  isString,
  json,
  later,
  listOf,
  name,
  number,
  object,
  oneOf,
  problemsOf,
  refused,
  string,
  variant,
  when,
  wholeNumber,
  type Rule,
} from './check.ts';
import { requirements, settingRules } from './check-parts.ts';
import { each } from './each.ts';
import { RouterError, type Problem } from './errors.ts';

/** The messages must not show the URL or the data: they can carry a signature, or be the prompt. */
const urlRule = must(
  'expected a URL (http, https, gs or data); bytes go into data with a mediaType',
  (value) => isString(value) && /^(https?|gs|data):/i.test(value),
);
const mediaType = expected(
  "a media type such as 'image/png'",
  (value) => isString(value) && value.includes('/'),
);
const binary = all(
  either('url', 'data'),
  when(
    (value) => (value as Given)['data'] === undefined,
    holding({}, { url: urlRule }),
    holding({ data: must('expected bytes or base64, never a path', isBinary), mediaType }),
  ),
);

function isBinary(data: unknown): boolean {
  if (!isString(data)) return data instanceof Uint8Array || data instanceof ArrayBuffer;
  const head = data.slice(0, 4096).replace(/^data:[^,]*,/, '');
  return data !== '' && /^[A-Za-z0-9+/=_\s-]+$/.test(head) && !looksLikePath(data);
}

/** A short string that names a file is no image, though its letters could be base64. */
function looksLikePath(data: string): boolean {
  return data.length < 1024 && /^(\.{0,2}\/|~\/|[A-Za-z]:\\)/.test(data) && !/^\/9j\//.test(data);
}

const text = holding({ text: string });
const userParts = { text, image: binary, file: binary };

/** A string, or a list of these parts. */
function contentOf(parts: Readonly<Record<string, Rule>>): Rule {
  const list = listOf(variant('type', parts), 'a string or a list of parts');
  const notEmpty = expected('a string or at least one part', (value) => (value as unknown[]).length > 0);
  return when(isString, anything, both(list, notEmpty));
}

const assistantParts = {
  text,
  reasoning: text,
  'tool-call': holding({
    id: name,
    name,
    arguments: both(expected('the parsed arguments', isGiven), json),
  }),
};
const toolResult = holding({
  toolCallId: name,
  content: when(isString, anything, listOf(variant('type', userParts), 'a string or a list of parts')),
});

const message = variant('role', {
  system: holding({ content: string }),
  user: holding({ content: contentOf(userParts) }),
  assistant: holding({ content: contentOf(assistantParts) }),
  tool: holding({
    content: listOf(variant('type', { 'tool-result': toolResult }), 'a list of tool-result parts'),
  }),
});

/** An object, or a function that carries the Standard Schema mark. */
const isSchema = (value: unknown) => isObject(value) || isFunction(value);
/** A schema of a library is more than the JSON Schema that is made of it. */
const isOfLibrary = (value: unknown) => isFunction(value) || (isObject(value) && '~standard' in value);
const schemaRule = (what: string) => both(expected(what, isSchema), when(isOfLibrary, anything, json));

const isToolName = (value: unknown): value is string =>
  isString(value) && /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/.test(value);

const tool = object(
  { description: string, strict: boolean },
  {
    name: expected('1 to 64 letters, digits, _ or -, beginning with a letter or _', isToolName),
    parameters: schemaRule('a JSON Schema or a zod schema'),
  },
);

/** Every fault of a request: its form, not whether some target can serve it. */
export function requestProblems(request: unknown): Problem[] {
  return isObject(request) ? problemsOf(requestRule, request) : problemsOf(anObject, request, 'request');
}

const callOption = refused('is a call option: it stands in the second argument');
const requestFields = object(
  {
    ...settingRules,
    model: anything,
    system: string,
    tools: listOf(tool, 'a list of tools'),
    toolChoice: when(isString, oneOf(['auto', 'none', 'required']), object({}, { name: string })),
    parallelToolCalls: boolean,
    topK: wholeNumber(1),
    presencePenalty: number(),
    frequencyPenalty: number(),
    schema: schemaRule('a schema'),
    require: requirements,
    scope: name,
    metadata: anObject,
    conversationId: later,
    cache: later,
    ...each('signal timeouts retry maxAttempts stream transport targets headers', callOption),
  },
  { messages: listOf(message, 'a list of messages') },
);

const requestRule: Rule = (value) => {
  const request = value as Given;
  return [...requestFields(request), ...questionFaults(request), ...toolNameFaults(request)];
};

type Given = Readonly<Record<string, unknown>>;

function questionFaults({ messages, system }: Given): Problem[] {
  if (!Array.isArray(messages) || messages.some((one) => (one as Given | null)?.['role'] !== 'system'))
    return [];
  const hint = messages.length > 0 || isString(system) ? '; a system text alone is no question' : '';
  return fault(`expected at least one message of the user${hint}`, '.messages');
}

function toolNameFaults({ tools, toolChoice }: Given): Problem[] {
  if (toolChoice === undefined && !Array.isArray(tools)) return [];
  const list = Array.isArray(tools) ? (tools as (Given | null)[]) : [];
  const names = list.map((one) => one?.['name']);
  const known = names.filter(isToolName);
  const faults = names.flatMap((one, index) =>
    isToolName(one) && names.indexOf(one) < index
      ? fault(`'${one}' stands twice`, `.tools[${index}].name`)
      : [],
  );
  const needsTools = toolChoice !== undefined && toolChoice !== 'auto' && toolChoice !== 'none';
  if (needsTools && known.length === 0)
    faults.push(...fault('asks for a tool call, but tools names none', '.toolChoice'));
  const chosen = isObject(toolChoice) ? toolChoice['name'] : undefined;
  if (isString(chosen) && !known.includes(chosen))
    faults.push(
      ...oneOf(known)(chosen).map(({ message: told }) => ({ path: '.toolChoice.name', message: told })),
    );
  return faults;
}

/** The error for a request that is not well formed. */
export function badRequest(problems: readonly Problem[], callId?: string): RouterError {
  return new RouterError({
    code: 'bad-request',
    message: `the request has ${faultCount(problems)}, and no target was asked:\n${describeProblems(problems)}`,
    problems: [...problems],
    callId,
  });
}
