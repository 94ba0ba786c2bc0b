import { createCheck, describeProblems, show, type Check } from './check.ts';
import { checkLater, checkRequirements, checkSampling } from './check-parts.ts';
import { RouterError, type Problem } from './errors.ts';

const requestKeys = [
  'model',
  'system',
  'messages',
  'tools',
  'toolChoice',
  'parallelToolCalls',
  'maxTokens',
  'temperature',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'stop',
  'seed',
  'schema',
  'reasoning',
  'require',
  'scope',
  'metadata',
  'providerOptions',
  'conversationId',
  'cache',
];
const laterKeys = ['conversationId', 'cache'];
const partTypesByRole: Readonly<Record<string, readonly string[]>> = {
  user: ['text', 'image', 'file'],
  assistant: ['text', 'reasoning', 'tool-call'],
  tool: ['tool-result'],
};

/** Every fault of a request: its form, not whether some target can serve it. */
export function requestProblems(request: unknown): Problem[] {
  const check = createCheck();
  if (!check.object('request', request)) return check.problems;
  check.object('', request, requestKeys);
  checkLater(check, '', request, laterKeys);
  if (request.system !== undefined && typeof request.system !== 'string')
    check.string('system', request.system);
  checkMessages(check, request.messages, request.system);
  checkTools(check, request);
  checkSampling(check, '', request);
  check.number('topK', request.topK, { min: 1, integer: true });
  check.number('presencePenalty', request.presencePenalty);
  check.number('frequencyPenalty', request.frequencyPenalty);
  check.boolean('parallelToolCalls', request.parallelToolCalls);
  if (request.schema !== undefined && !isSchema(request.schema)) check.object('schema', request.schema);
  checkRequirements(check, 'require', request.require);
  if (request.scope !== undefined) check.string('scope', request.scope);
  if (request.metadata !== undefined) check.object('metadata', request.metadata);
  return check.problems;
}

/** The error for a request that is not well formed. */
export function badRequest(problems: readonly Problem[], callId?: string): RouterError {
  return new RouterError({
    code: 'bad-request',
    message: `the request has ${problems.length} fault(s), and no target was asked:\n${describeProblems(problems)}`,
    problems: [...problems],
    ...(callId === undefined ? {} : { callId }),
  });
}

/** A schema is an object, or a function that carries the Standard Schema mark. */
function isSchema(value: unknown): boolean {
  return (
    (typeof value === 'object' && value !== null && !Array.isArray(value)) || typeof value === 'function'
  );
}

function checkMessages(check: Check, messages: unknown, system: unknown): void {
  if (!Array.isArray(messages)) {
    check.fault('messages', `expected a list of messages, got ${show(messages)}`);
    return;
  }
  const empty = messages.every((message) => (message as { role?: unknown } | null)?.role === 'system');
  if (empty) {
    const hint =
      messages.length === 0 && typeof system !== 'string' ? '' : '; a system text alone is no question';
    check.fault('messages', `expected at least one message of the user${hint}`);
  }
  messages.forEach((message, index) => checkMessage(check, index, message));
}

function checkMessage(check: Check, index: number, message: unknown): void {
  const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
  if (role === 'user' || role === 'assistant') {
    if (typeof content === 'string') return;
    if (Array.isArray(content)) {
      content.forEach((part, place) => checkPart(check, `messages[${index}].content[${place}]`, part, role));
      if (content.length === 0)
        check.fault(`messages[${index}].content`, 'expected a string or at least one part, got none');
      return;
    }
    check.fault(`messages[${index}].content`, `expected a string or a list of parts, got ${show(content)}`);
  } else if (role === 'tool') {
    if (Array.isArray(content)) {
      content.forEach((part, place) => checkPart(check, `messages[${index}].content[${place}]`, part, role));
    } else
      check.fault(`messages[${index}].content`, `expected a list of tool-result parts, got ${show(content)}`);
  } else if (role === 'system') {
    if (typeof content !== 'string')
      check.fault(`messages[${index}].content`, `expected a string, got ${show(content)}`);
  } else check.oneOf(`messages[${index}].role`, role ?? null, ['system', 'user', 'assistant', 'tool']);
}

function checkPart(check: Check, path: string, part: unknown, role: string): void {
  if (!check.object(path, part)) return;
  const allowed = partTypesByRole[role] as readonly string[];
  if (!allowed.includes(part.type as string)) {
    check.oneOf(`${path}.type`, part.type ?? null, allowed);
    return;
  }
  partChecks[part.type as string]?.(check, path, part);
}

type PartCheck = (check: Check, path: string, part: Record<string, unknown>) => void;

const checkText: PartCheck = (check, path, part) => {
  if (typeof part.text !== 'string') check.fault(`${path}.text`, `expected a string, got ${show(part.text)}`);
};

const checkBinary: PartCheck = (check, path, part) => {
  const { url, data, mediaType } = part;
  if ((url === undefined) === (data === undefined)) check.fault(path, 'expected either url or data');
  if (url !== undefined) checkUrl(check, `${path}.url`, url);
  if (data === undefined) return;
  if (typeof mediaType !== 'string' || !mediaType.includes('/')) {
    check.fault(`${path}.mediaType`, `expected a media type such as 'image/png', got ${show(mediaType)}`);
  }
  if (!isBinary(data)) {
    check.fault(`${path}.data`, 'expected bytes or base64, never a path');
  }
};

function checkUrl(check: Check, path: string, url: unknown): void {
  // The message must not show the URL: it can carry a signature, or the data itself.
  if (typeof url !== 'string' || !/^(https?|gs|data):/i.test(url)) {
    check.fault(path, 'expected a URL (http, https, gs or data); bytes go into data with a mediaType');
  }
}

function isBinary(data: unknown): boolean {
  if (typeof data !== 'string') return data instanceof Uint8Array || data instanceof ArrayBuffer;
  const head = data.slice(0, 4096).replace(/^data:[^,]*,/, '');
  return data !== '' && /^[A-Za-z0-9+/=_\s-]+$/.test(head) && !looksLikePath(data);
}

/** A short string that names a file is no image, though its letters could be base64. */
function looksLikePath(data: string): boolean {
  return data.length < 1024 && /^(\.{0,2}\/|~\/|[A-Za-z]:\\)/.test(data) && !/^\/9j\//.test(data);
}

const partChecks: Readonly<Record<string, PartCheck>> = {
  text: checkText,
  reasoning: checkText,
  image: checkBinary,
  file: checkBinary,
  'tool-call': (check, path, part) => {
    if (part.id === undefined || !check.string(`${path}.id`, part.id)) missing(check, `${path}.id`, part.id);
    if (part.name === undefined || !check.string(`${path}.name`, part.name))
      missing(check, `${path}.name`, part.name);
    if (part.arguments === undefined)
      check.fault(`${path}.arguments`, 'expected the parsed arguments, got nothing');
  },
  'tool-result': (check, path, part) => {
    if (part.toolCallId === undefined || !check.string(`${path}.toolCallId`, part.toolCallId)) {
      missing(check, `${path}.toolCallId`, part.toolCallId);
    }
    if (typeof part.content === 'string') return;
    if (!Array.isArray(part.content)) {
      check.fault(`${path}.content`, `expected a string or a list of parts, got ${show(part.content)}`);
      return;
    }
    part.content.forEach((item, index) => checkPart(check, `${path}.content[${index}]`, item, 'user'));
  },
};

function missing(check: Check, path: string, value: unknown): void {
  if (value === undefined) check.fault(path, 'expected a string, got nothing');
}

function checkTools(check: Check, request: Record<string, unknown>): void {
  const { tools, toolChoice } = request;
  const names = new Set<string>();
  if (tools !== undefined && !Array.isArray(tools))
    check.fault('tools', `expected a list of tools, got ${show(tools)}`);
  const list: unknown[] = Array.isArray(tools) ? tools : [];
  list.forEach((tool, index) => checkTool(check, `tools[${index}]`, tool, names));
  checkToolChoice(check, toolChoice, names);
}

function checkTool(check: Check, path: string, tool: unknown, names: Set<string>): void {
  if (!check.object(path, tool, ['name', 'description', 'parameters', 'strict'])) return;
  const { name, parameters } = tool;
  if (typeof name !== 'string' || !/^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/.test(name)) {
    check.fault(
      `${path}.name`,
      `expected 1 to 64 letters, digits, _ or -, beginning with a letter or _, got ${show(name)}`,
    );
  } else if (names.has(name)) check.fault(`${path}.name`, `'${name}' stands twice`);
  else names.add(name);
  if (parameters === undefined || !isSchema(parameters)) {
    check.fault(`${path}.parameters`, `expected a JSON Schema or a zod schema, got ${show(parameters)}`);
  }
  check.boolean(`${path}.strict`, tool.strict);
}

function checkToolChoice(check: Check, choice: unknown, names: ReadonlySet<string>): void {
  if (choice === undefined) return;
  const needsTools = choice !== 'auto' && choice !== 'none';
  if (typeof choice === 'string') check.oneOf('toolChoice', choice, ['auto', 'none', 'required']);
  else if (check.object('toolChoice', choice, ['name']))
    check.oneOf('toolChoice.name', choice.name ?? null, [...names]);
  if (needsTools && names.size === 0) check.fault('toolChoice', 'asks for a tool call, but tools names none');
}
