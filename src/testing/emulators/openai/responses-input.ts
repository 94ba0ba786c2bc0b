import type { JsonObject } from '../dialect.ts';
import {
  firstRefusal,
  imageUrlRefusal,
  isGiven,
  isObject,
  lengthRefusal,
  nameRefusal,
  unknownKey,
} from './common-rules.ts';
import { emptyArray, invalidType, missingParameter, type Refusal } from './errors.ts';
import { isSealed } from './sealed-reasoning.ts';
import { takesImages } from './models.ts';

const longestCallId = 64;

const keysOfItem: Readonly<Record<string, readonly string[]>> = {
  message: ['type', 'role', 'content', 'id', 'status', 'phase'],
  function_call: ['type', 'id', 'call_id', 'name', 'arguments', 'status', 'namespace', 'caller'],
  function_call_output: ['type', 'id', 'call_id', 'output', 'status', 'caller'],
  // `status` stands in the vendor's own types, and the API refuses it.
  reasoning: ['type', 'id', 'summary', 'content', 'encrypted_content'],
};

/** What the vendor refuses in `input`: shapes first, then the pairing of calls and outputs. */
export function inputRefusal(input: unknown, model: string, isStrict: boolean): Refusal | undefined {
  if (!isGiven(input)) return missingParameter('input');
  if (typeof input === 'string') return undefined;
  if (!Array.isArray(input)) return invalidType('input', 'a string or an array', input);
  if (input.length === 0) return emptyArray('input');
  const items = input as readonly JsonObject[];
  return (
    firstRefusal(items, (item, index) => itemRefusal(item, `input[${index}]`, { model, isStrict })) ??
    pairingRefusal(items) ??
    followedRefusal(items)
  );
}

interface Context {
  readonly model: string;
  readonly isStrict: boolean;
}

export function typeOfItem(item: JsonObject): string {
  if (typeof item.type === 'string') return item.type;
  return isGiven(item.role) ? 'message' : '';
}

function itemRefusal(item: unknown, at: string, context: Context): Refusal | undefined {
  if (!isObject(item)) return invalidType(at, 'an object', item);
  const type = typeOfItem(item);
  const known = keysOfItem[type];
  if (type === '') return missingParameter(`${at}.type`);
  if (!known) return undefined;
  const keyFault = context.isStrict ? unknownKey(item, known, `${at}.`) : undefined;
  if (keyFault) return keyFault;
  if (type === 'message') return messageRefusal(item, at, context);
  if (type === 'reasoning') return reasoningRefusal(item, at);
  return type === 'function_call' ? callRefusal(item, at) : outputRefusal(item, at, context);
}

const partsOfRole: Readonly<Record<string, readonly string[]>> = {
  user: ['input_text', 'input_image', 'input_file'],
  system: ['input_text', 'input_image', 'input_file'],
  developer: ['input_text', 'input_image', 'input_file'],
  assistant: ['output_text', 'refusal'],
};

function messageRefusal(item: JsonObject, at: string, context: Context): Refusal | undefined {
  const { role, content } = item;
  const known = partsOfRole[String(role)];
  if (!known) {
    const roles = "'assistant', 'system', 'developer', and 'user'";
    return {
      message: `Invalid value: '${String(role)}'. Supported values are: ${roles}.`,
      param: `${at}.role`,
      code: 'invalid_value',
    };
  }
  if (typeof content === 'string') return undefined;
  if (!isGiven(content)) return missingParameter(`${at}.content`);
  if (!Array.isArray(content)) return invalidType(`${at}.content`, 'a string or an array', content);
  return partsRefusal(content, known, `${at}.content`, context);
}

function partsRefusal(
  parts: readonly unknown[],
  known: readonly string[],
  at: string,
  { model }: Context,
): Refusal | undefined {
  return firstRefusal(parts, (part, index) => {
    const param = `${at}[${index}]`;
    if (!isObject(part)) return invalidType(param, 'an object', part);
    if (!known.includes(String(part.type))) {
      const values = known.map((name) => `'${name}'`).join(', ');
      const message = `Invalid value: '${String(part.type)}'. Supported values are: ${values}.`;
      return { message, param, code: 'invalid_value' };
    }
    if (/text$/.test(String(part.type)) && typeof part.text !== 'string')
      return missingParameter(`${param}.text`);
    if (part.type === 'input_image') return imageRefusal(part, param, model);
    return part.type === 'input_file' ? fileRefusal(part, param) : undefined;
  });
}

function imageRefusal(part: JsonObject, param: string, model: string): Refusal | undefined {
  if (!takesImages(model)) {
    const message = `Invalid content type. image_url is only supported by certain models.`;
    return { message, param, code: null };
  }
  if (isGiven(part.file_id)) return undefined;
  if (!isGiven(part.image_url)) return missingParameter(`${param}.image_url`);
  return imageUrlRefusal(part.image_url, `${param}.image_url`);
}

function fileRefusal(part: JsonObject, param: string): Refusal | undefined {
  if (isGiven(part.file_id) || isGiven(part.file_url)) return undefined;
  if (!isGiven(part.file_data)) return missingParameter(`${param}.file_data`);
  if (!isGiven(part.filename)) return missingParameter(`${param}.filename`);
  if (/^data:[^;,]+;base64,/.test(String(part.file_data))) return undefined;
  const message = `Invalid '${param}.file_data': expected a base64-encoded data URL with a MIME type.`;
  return { message, param: `${param}.file_data`, code: 'invalid_value' };
}

function idRefusal(item: JsonObject, at: string, prefix: string): Refusal | undefined {
  if (!isGiven(item.id) || String(item.id).startsWith(prefix)) return undefined;
  const message = `Invalid '${at}.id': '${String(item.id)}'. Expected an ID that begins with '${prefix}'.`;
  return { message, param: `${at}.id`, code: 'invalid_value' };
}

function callRefusal(item: JsonObject, at: string): Refusal | undefined {
  if (typeof item.call_id !== 'string') return missingParameter(`${at}.call_id`);
  return (
    idRefusal(item, at, 'fc') ??
    lengthRefusal(item.call_id, longestCallId, `${at}.call_id`) ??
    nameRefusal(item.name, `${at}.name`) ??
    (typeof item.arguments === 'string'
      ? undefined
      : invalidType(`${at}.arguments`, 'a string', item.arguments))
  );
}

function outputRefusal(item: JsonObject, at: string, context: Context): Refusal | undefined {
  if (typeof item.call_id !== 'string') return missingParameter(`${at}.call_id`);
  const lengthFault = lengthRefusal(item.call_id, longestCallId, `${at}.call_id`);
  if (lengthFault) return lengthFault;
  if (typeof item.output === 'string') return undefined;
  if (!Array.isArray(item.output)) return missingParameter(`${at}.output`);
  return partsRefusal(item.output, partsOfRole.user as readonly string[], `${at}.output`, context);
}

function reasoningRefusal(item: JsonObject, at: string): Refusal | undefined {
  const { id, encrypted_content: sealed } = item;
  if (!Array.isArray(item.summary)) return missingParameter(`${at}.summary`);
  const prefixFault = idRefusal(item, at, 'rs');
  if (prefixFault) return prefixFault;
  if (!isGiven(sealed)) {
    // Nothing is ever stored here, as with `store: false`: an id alone names nothing, and that is a 404.
    const rule = 'Items are not persisted when `store` is set to false.';
    return { status: 404, message: `Item with id '${String(id)}' not found. ${rule}`, param: 'input' };
  }
  if (isSealed(String(sealed), isGiven(id) ? String(id) : undefined)) return undefined;
  return {
    message: `The encrypted content ${String(sealed).slice(0, 4)}... could not be verified. Reason: Encrypted content could not be decrypted or parsed.`,
    code: 'invalid_encrypted_content',
  };
}

function pairingRefusal(items: readonly JsonObject[]): Refusal | undefined {
  const called = new Set<string>();
  const open = new Set<string>();
  for (const item of items) {
    const id = String(item.call_id);
    if (item.type === 'function_call') {
      called.add(id);
      open.add(id);
    }
    if (item.type !== 'function_call_output') continue;
    if (!called.has(id)) {
      return { message: `No tool call found for function call output with call_id ${id}.`, param: 'input' };
    }
    open.delete(id);
  }
  const [unanswered] = open;
  if (unanswered === undefined) return undefined;
  return { message: `No tool output found for function call ${unanswered}.`, param: 'input' };
}

/** A reasoning item goes with what it led to: the next item must be the assistant's own. */
function followedRefusal(items: readonly JsonObject[]): Refusal | undefined {
  return firstRefusal(items, (item, index) => {
    if (item.type !== 'reasoning') return undefined;
    const next = items[index + 1];
    const type = next ? typeOfItem(next) : '';
    const isOwn = type === 'message' ? next?.role === 'assistant' : /^(function_call|reasoning)$/.test(type);
    if (isOwn) return undefined;
    const id = typeof item.id === 'string' ? item.id : `input[${index}]`;
    const message = `Item '${id}' of type 'reasoning' was provided without its required following item.`;
    return { message, param: 'input' };
  });
}
