import type { DialectSettings, JsonObject, WholeAnswer, WireRequest } from './dialect.ts';
import { failed } from './ollama-errors.ts';
import type { OllamaServer } from './ollama.ts';

type Rule = (body: JsonObject, server: OllamaServer, settings: DialectSettings) => WholeAnswer | undefined;

/** What the server refuses, in the order in which it looks, with its own words. */
export function refusalOf(
  request: WireRequest,
  settings: DialectSettings,
  server: OllamaServer,
): WholeAnswer | undefined {
  const { method, path, headers, body } = request;
  if (path !== '/api/chat') return { status: 404, body: '404 page not found' };
  if (method !== 'POST') return { status: 405, body: '405 method not allowed' };
  if (server.asksForKey && !settings.acceptsKey(headers.authorization?.replace(/^Bearer /, ''))) {
    return failed(401, 'unauthorized');
  }
  for (const rule of rules) {
    const refusal = rule(body, server, settings);
    if (refusal) return refusal;
  }
  return undefined;
}

const rules: readonly Rule[] = [
  malformedMessage,
  malformedTool,
  malformedThink,
  (body, _, settings) => {
    const model = body['model'];
    if (typeof model !== 'string' || model === '') return failed(400, 'model is required');
    return settings.hasModel(model) ? undefined : failed(404, `model '${model}' not found`);
  },
  missingAbility,
  invalidFormat,
  tooLong,
];

const roles = ['system', 'user', 'assistant', 'tool'];

function messagesOf(body: JsonObject): readonly JsonObject[] {
  return Array.isArray(body['messages']) ? (body['messages'] as JsonObject[]) : [];
}

/** What the server's JSON decoder stumbles over. */
function malformedMessage(body: JsonObject): WholeAnswer | undefined {
  for (const { role, content, images, tool_calls: calls } of messagesOf(body)) {
    if (!roles.includes(role as string)) return failed(400, `invalid role: ${String(role)}`);
    if (content !== undefined && typeof content !== 'string')
      return cannotUnmarshal('messages.content', content);
    for (const image of (images ?? []) as unknown[]) {
      if (typeof image !== 'string') return cannotUnmarshal('messages.images', image);
      if (!isBase64(image)) return failed(400, 'illegal base64 data at input byte 0');
    }
    for (const call of (calls ?? []) as { function?: JsonObject }[]) {
      const given = call.function?.['arguments'];
      if (!isObject(given)) return cannotUnmarshal('messages.tool_calls.function.arguments', given);
    }
  }
  return undefined;
}

function malformedTool(body: JsonObject): WholeAnswer | undefined {
  const tools = (body['tools'] ?? []) as { type?: unknown; function?: JsonObject }[];
  const bad = tools.find((tool) => typeof tool.function?.['name'] !== 'string' || !isObject(tool.function['parameters'])); // prettier-ignore
  return bad && failed(400, 'invalid tool: expected a function with a name and parameters');
}

function malformedThink({ think }: JsonObject): WholeAnswer | undefined {
  if (think === undefined || typeof think === 'boolean') return undefined;
  return ['low', 'medium', 'high'].includes(think as string)
    ? undefined
    : failed(
        400,
        `invalid think value: ${JSON.stringify(think)} (must be "high", "medium", "low", true, or false)`,
      );
}

function missingAbility(body: JsonObject, server: OllamaServer): WholeAnswer | undefined {
  const model = body['model'] as string;
  const { tools, thinking, vision } = server.abilities(model);
  const { think } = body;
  const asksForTools = ((body['tools'] ?? []) as unknown[]).length > 0;
  if (tools === false && asksForTools) {
    return failed(400, `registry.ollama.ai/library/${model} does not support tools`);
  }
  if (thinking === false && think !== undefined && think !== false) {
    return failed(400, `"${model}" does not support thinking`);
  }
  if (typeof think === 'string' && !model.includes('gpt-oss')) {
    return failed(400, `think value "${think}" is not supported for this model`);
  }
  const hasImage = messagesOf(body).some(({ images }) => ((images ?? []) as unknown[]).length > 0);
  return vision === false && hasImage
    ? failed(500, 'this model is missing data required for image input')
    : undefined;
}

function invalidFormat({ format }: JsonObject): WholeAnswer | undefined {
  if (format === undefined || format === '' || format === 'json' || isObject(format)) return undefined;
  return failed(
    500,
    `invalid format: ${JSON.stringify(format)}; expected "json" or a valid JSON Schema object`,
  );
}

function tooLong(body: JsonObject, server: OllamaServer): WholeAnswer | undefined {
  if (server.alwaysCuts || body['truncate'] !== false) return undefined;
  const asked = (body['options'] as JsonObject | undefined)?.['num_ctx'];
  const window = typeof asked === 'number' ? asked : server.defaultWindow;
  const tokens = tokensOf(body);
  return tokens > window
    ? failed(400, `request (${tokens} tokens) exceeds the available context size (${window} tokens)`)
    : undefined;
}

/** Four characters make a token, but no token spans two words. */
export function tokensOf(body: JsonObject): number {
  const texts = messagesOf(body).map(({ content }) => (typeof content === 'string' ? content : ''));
  return texts.reduce(
    (sum, text) => sum + 4 + Math.max(text.length >> 2, text.match(/\S+/g)?.length ?? 0),
    0,
  );
}

function cannotUnmarshal(field: string, value: unknown): WholeAnswer {
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  return failed(400, `json: cannot unmarshal ${type} into Go struct field ChatRequest.${field}`);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
