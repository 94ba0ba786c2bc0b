import type { JsonObject } from '../dialect.ts';
import { isObject, listOf } from './json.ts';
import type { Route } from './route.ts';
import { isRedactedOf, sealOf } from './seal.ts';

const keysOf: Readonly<Record<string, readonly string[]>> = {
  text: ['text', 'citations'],
  image: ['source'],
  document: ['source', 'title', 'context', 'citations'],
  tool_use: ['id', 'name', 'input'],
  tool_result: ['tool_use_id', 'content', 'is_error'],
  thinking: ['thinking', 'signature'],
  redacted_thinking: ['data'],
};

const typesOf: Readonly<Record<string, readonly string[]>> = {
  user: ['text', 'image', 'document', 'tool_result'],
  assistant: ['text', 'tool_use', 'thinking', 'redacted_thinking'],
  result: ['text', 'image', 'document'],
};

/** What is refused in one block of a message. */
export function blockRefusal(block: unknown, at: string, role: string, route: Route): string | undefined {
  if (!isObject(block)) return `${at}: Input should be a valid dictionary`;
  const type = String(block['type']);
  const keys = keysOf[type];
  if (!keys || !typesOf[role]?.includes(type))
    return `${at}: Input tag '${type}' found using 'type' does not match any of the expected tags`;
  const unknown = Object.keys(block).find(
    (key) => key !== 'type' && key !== 'cache_control' && !keys.includes(key),
  );
  if (unknown) return `${at}.${type}.${unknown}: Extra inputs are not permitted`;
  if ('cache_control' in block && /thinking$/.test(type))
    return `${at}: cache_control cannot be set on thinking blocks`;
  switch (type) {
    case 'text':
      return textRefusal(block, at);
    case 'tool_use':
      return callRefusal(block, at);
    case 'tool_result':
      return resultRefusal(block, at, route);
    case 'image':
    case 'document':
      return sourceRefusal(block, at, type, route);
    default:
      return sealRefusal(block, at, route.model);
  }
}

function textRefusal({ text }: JsonObject, at: string): string | undefined {
  if (typeof text !== 'string') return `${at}.text.text: Input should be a valid string`;
  if (text === '') return 'messages: text content blocks must be non-empty';
  return text.trim() === '' ? 'messages: text content blocks must contain non-whitespace text' : undefined;
}

const idPattern = /^[a-zA-Z0-9_-]{1,64}$/;

function callRefusal({ id, name, input }: JsonObject, at: string): string | undefined {
  if (typeof id !== 'string' || !idPattern.test(id)) {
    return `${at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`;
  }
  if (typeof name !== 'string' || name === '') return `${at}.tool_use.name: Field required`;
  return isObject(input) ? undefined : `${at}.tool_use.input: Input should be a valid dictionary`;
}

function resultRefusal(block: JsonObject, at: string, route: Route): string | undefined {
  const { tool_use_id: id, content, is_error: isError } = block;
  if (typeof id !== 'string' || !idPattern.test(id)) {
    return `${at}.tool_result.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'`;
  }
  if (content === undefined || typeof content === 'string') return undefined;
  for (const [index, part] of listOf(content).entries()) {
    const refusal = blockRefusal(part, `${at}.tool_result.content.${index}`, 'result', route);
    if (refusal) return refusal;
    if (isError === true && (part as JsonObject)['type'] !== 'text') {
      return `${at}.tool_result: all content must be type "text" if "is_error" is true`;
    }
  }
  return undefined;
}

const mediaTypes: Readonly<Record<string, readonly string[]>> = {
  image: ['image/jpeg', 'image/png', 'image/gif', 'image/webp'],
  document: ['application/pdf'],
};

function sourceRefusal(
  { source }: JsonObject,
  at: string,
  type: string,
  { door }: Route,
): string | undefined {
  const place = `${at}.${type}.source`;
  if (!isObject(source)) return `${place}: Field required`;
  switch (source['type']) {
    case 'base64':
      return dataRefusal(source, place, type);
    case 'url':
      if (door !== 'anthropic') return `${place}: URL sources are not supported`;
      return /^https?:\/\//.test(String(source['url']))
        ? undefined
        : `${place}.url.url: Only HTTP URLs are supported`;
    case 'text': {
      const isText = type === 'document' && typeof source['data'] === 'string';
      return isText && source['media_type'] === 'text/plain'
        ? undefined
        : `${place}.text.media_type: Input should be 'text/plain'`;
    }
    default:
      return `${place}: Input tag '${String(source['type'])}' does not match any of the expected tags`;
  }
}

function dataRefusal(source: JsonObject, place: string, type: string): string | undefined {
  const { media_type: mediaType, data } = source;
  const taken = mediaTypes[type] ?? [];
  if (!taken.includes(String(mediaType))) {
    return `${place}.base64.media_type: Input should be ${taken.map((one) => `'${one}'`).join(', ')}`;
  }
  const isBase64 = typeof data === 'string' && data !== '' && /^[A-Za-z0-9+/]+={0,2}$/.test(data);
  return isBase64 ? undefined : `${place}.base64.data: Invalid base64 data`;
}

/** Thinking that was altered, or that another model wrote. */
function sealRefusal(block: JsonObject, at: string, model: string): string | undefined {
  const { type, thinking, signature, data } = block;
  const isWhole =
    type === 'thinking'
      ? signature === sealOf(model, String(thinking))
      : typeof data === 'string' && isRedactedOf(model, data);
  const name = type === 'thinking' ? 'signature' : 'data';
  return isWhole ? undefined : `${at}: Invalid \`${name}\` in \`${String(type)}\` block`;
}
