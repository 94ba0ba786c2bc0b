import type { JsonObject } from '../dialect.ts';
import {
  arrayRefusal,
  firstRefusal,
  imageUrlRefusal,
  isGiven,
  isObject,
  lengthRefusal,
  listOf,
  nameRefusal,
  unknownKey,
} from './common-rules.ts';
import { emptyArray, invalidType, missingParameter, type Refusal } from './errors.ts';
import { takesImages } from './models.ts';

const longestToolCallId = 40;

const keysOfRole: Readonly<Record<string, readonly string[]>> = {
  system: ['role', 'content', 'name'],
  developer: ['role', 'content', 'name'],
  user: ['role', 'content', 'name'],
  assistant: ['role', 'content', 'name', 'refusal', 'audio', 'tool_calls', 'function_call'],
  tool: ['role', 'content', 'tool_call_id'],
  function: ['role', 'content', 'name'],
};

const partsOfRole: Readonly<Record<string, readonly string[]>> = {
  system: ['text'],
  developer: ['text'],
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
  tool: ['text'],
};

/** What the vendor refuses in `messages`: shapes first, then the pairing of calls and results. */
export function messagesRefusal(messages: unknown, model: string, isStrict: boolean): Refusal | undefined {
  if (!isGiven(messages)) return missingParameter('messages');
  if (!Array.isArray(messages)) return invalidType('messages', 'an array of objects', messages);
  if (messages.length === 0) return emptyArray('messages');
  const check = (message: unknown, index: number) => messageRefusal(message, index, { model, isStrict });
  return firstRefusal(messages, check) ?? pairingRefusal(messages as JsonObject[]);
}

interface Context {
  readonly model: string;
  /** Whether unknown keys are refused; compatible endpoints let them pass. */
  readonly isStrict: boolean;
}

function messageRefusal(message: unknown, index: number, context: Context): Refusal | undefined {
  const at = `messages[${index}]`;
  if (!isObject(message)) return invalidType(at, 'an object', message);
  if (!isGiven(message.role)) return missingParameter(`${at}.role`);
  const known = keysOfRole[String(message.role)];
  if (!known) {
    const roles = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
    return {
      message: `Invalid value: '${String(message.role)}'. Supported values are: ${roles}.`,
      param: `${at}.role`,
      code: 'invalid_value',
    };
  }
  return (
    (context.isStrict ? unknownKey(message, known, `${at}.`) : undefined) ??
    contentRefusal(message, index, context) ??
    callsRefusal(message, at) ??
    toolMessageRefusal(message, index)
  );
}

function contentRefusal(message: JsonObject, index: number, context: Context): Refusal | undefined {
  const { role, content } = message;
  if (typeof content === 'string') return undefined;
  if (!isGiven(content)) {
    const mayBeAbsent = role === 'assistant' && (isGiven(message.tool_calls) || isGiven(message.refusal));
    const param = `messages.[${index}].content`;
    const text = "Invalid value for 'content': expected a string, got null.";
    return mayBeAbsent ? undefined : { message: text, param };
  }
  const param = `messages[${index}].content`;
  if (!Array.isArray(content)) return invalidType(param, 'a string or an array of objects', content);
  if (content.length === 0) return emptyArray(param);
  return firstRefusal(content, (part, place) =>
    partRefusal(part, { role: String(role), index, param: `${param}[${place}]` }, context),
  );
}

function partRefusal(
  part: unknown,
  { role, index, param }: { role: string; index: number; param: string },
  { model }: Context,
): Refusal | undefined {
  if (!isObject(part)) return invalidType(param, 'an object', part);
  const { type } = part;
  if (type === 'image_url' && role !== 'user') {
    const rule = "Image URLs are only allowed for messages with role 'user'";
    return {
      message: `Invalid 'messages[${index}]'. ${rule}, but this message with role '${role}' contains an image URL.`,
      param: `messages[${index}]`,
      code: 'invalid_value',
    };
  }
  const known = partsOfRole[role] ?? ['text'];
  if (!known.includes(String(type))) {
    const values = known.map((name) => `'${name}'`).join(', ');
    return {
      message: `Invalid value: '${String(type)}'. Supported values are: ${values}.`,
      param: `${param}.type`,
      code: 'invalid_value',
    };
  }
  if (type === 'text' && typeof part.text !== 'string') return missingParameter(`${param}.text`);
  if (type === 'image_url') return imageRefusal(part, { index, param, model });
  return type === 'file' ? fileRefusal(part, param) : undefined;
}

function imageRefusal(
  part: JsonObject,
  { index, param, model }: { index: number; param: string; model: string },
): Refusal | undefined {
  if (!takesImages(model)) {
    const message = 'This model does not support image_url content.';
    return { message, param: `messages[${index}].content`, code: 'invalid_value' };
  }
  if (!isObject(part.image_url)) return invalidType(`${param}.image_url`, 'an object', part.image_url);
  return imageUrlRefusal(part.image_url.url, `${param}.image_url.url`);
}

function fileRefusal(part: JsonObject, param: string): Refusal | undefined {
  if (!isObject(part.file)) return missingParameter(`${param}.file`);
  const { file_id: id, file_data: data, filename } = part.file;
  if (!isGiven(id) && !isGiven(data)) return missingParameter(`${param}.file.file_id`);
  if (isGiven(data) && !isGiven(filename)) return missingParameter(`${param}.file.filename`);
  if (isGiven(data) && !/^data:[^;,]+;base64,/.test(String(data))) {
    const message = `Invalid '${param}.file.file_data': expected a base64-encoded data URL with a MIME type.`;
    return { message, param: `${param}.file.file_data`, code: 'invalid_value' };
  }
  return undefined;
}

function callsRefusal(message: JsonObject, at: string): Refusal | undefined {
  const { tool_calls: calls } = message;
  if (!isGiven(calls)) return undefined;
  const param = `${at}.tool_calls`;
  const listFault = arrayRefusal(calls, 128, param);
  return listFault ?? firstRefusal(listOf(calls), (call, index) => callRefusal(call, `${param}[${index}]`));
}

function callRefusal(call: unknown, param: string): Refusal | undefined {
  if (!isObject(call)) return invalidType(param, 'an object', call);
  if (typeof call.id !== 'string') return missingParameter(`${param}.id`);
  if (!isGiven(call.type)) return missingParameter(`${param}.type`);
  if (!isObject(call.function)) return missingParameter(`${param}.function`);
  const { name, arguments: given } = call.function;
  return (
    lengthRefusal(call.id, longestToolCallId, `${param}.id`) ??
    nameRefusal(name, `${param}.function.name`) ??
    (typeof given === 'string' ? undefined : invalidType(`${param}.function.arguments`, 'a string', given))
  );
}

function toolMessageRefusal(message: JsonObject, index: number): Refusal | undefined {
  if (message.role !== 'tool') return undefined;
  const { tool_call_id: id } = message;
  if (typeof id !== 'string') {
    const text = "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'.";
    return { message: text, param: `messages.[${index}].tool_call_id` };
  }
  return lengthRefusal(id, longestToolCallId, `messages[${index}].tool_call_id`);
}

/** Calls are answered at once and all of them; a result answers a call of the message right before. */
function pairingRefusal(messages: readonly JsonObject[]): Refusal | undefined {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (open.delete(String(message.tool_call_id))) continue;
      const text =
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
      return { message: text, param: `messages.[${index}].role` };
    }
    if (open.size > 0) return unansweredRefusal(open, index);
    open = new Set(listOf(message.tool_calls).map((call) => String((call as JsonObject).id)));
  }
  return open.size > 0 ? unansweredRefusal(open, messages.length) : undefined;
}

function unansweredRefusal(open: ReadonlySet<string>, index: number): Refusal {
  const rule =
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.";
  const ids = [...open].join(', ');
  return {
    message: `${rule} The following tool_call_ids did not have response messages: ${ids}`,
    param: `messages.[${index}].role`,
  };
}
