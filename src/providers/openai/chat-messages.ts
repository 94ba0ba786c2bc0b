import { toBase64, toDataUrl } from '../../core/binary.ts';
import type {
  AssistantPart,
  FilePart,
  ImagePart,
  Message,
  TextPart,
  ToolResultPart,
  UserPart,
} from '../../core/request.ts';
import { repairHistory, type ToolIdRule } from '../history.ts';
import { refuseFeature, type Asked } from './draft.ts';
import { jsonReminder } from './schema.ts';
import { stateOf } from './state.ts';

type ChatMessage = Record<string, unknown>;
type ChatPart = Record<string, unknown>;

/** OpenAI takes up to 40 characters. */
const openIds: ToolIdRule = { accepts: /^[\w-]{1,40}$/, make: (index) => `call_${index}` };
/** Mistral takes nine letters and digits, no more and no fewer. */
const mistralIds: ToolIdRule = {
  accepts: /^[a-zA-Z0-9]{9}$/,
  make: (index) => `call${String(index).padStart(5, '0')}`,
};

/** The conversation as messages of Chat Completions. */
export function chatMessages(asked: Asked): ChatMessage[] {
  const { call, endpoint } = asked;
  const { request } = call;
  const role = systemRole(asked);
  const messages: ChatMessage[] = [];
  if (request.system !== undefined) messages.push({ role, content: request.system });
  const reminder = jsonReminder(request, request.system);
  if (reminder !== undefined) messages.push({ role, content: reminder });
  const history = repairHistory(request.messages, endpoint === 'mistral' ? mistralIds : openIds);
  const lastUser = history.findLastIndex((message) => message.role === 'user');
  history.forEach((message, index) => {
    messages.push(...chatMessage(message, { role, model: call.model, inToolLoop: index > lastUser }));
  });
  return messages;
}

function systemRole({ endpoint, facts }: Asked): string {
  const { systemRole: role } = facts.family;
  if (role !== 'developer') return role;
  const knowsDeveloper = (endpoint === 'openai' || endpoint === 'azure') && !facts.noDeveloper;
  return knowsDeveloper ? 'developer' : 'system';
}

interface Place {
  /** What a system message is called. */
  readonly role: string;
  readonly model: string;
  /** Whether the model has not yet ended the turn that this message belongs to. */
  readonly inToolLoop: boolean;
}

function chatMessage(message: Message, place: Place): ChatMessage[] {
  switch (message.role) {
    case 'system':
      return [{ role: place.role, content: message.content }];
    case 'user':
      return [{ role: 'user', content: userContent(message.content) }];
    case 'assistant':
      return assistantMessage(message.content, place);
    case 'tool':
      return toolMessages(message.content);
  }
}

function userContent(content: string | readonly UserPart[]): string | ChatPart[] {
  if (typeof content === 'string') return content;
  const [only] = content;
  // Many compatible servers know text as a string only.
  return content.length === 1 && only?.type === 'text' ? only.text : content.map(chatPart);
}

function chatPart(part: TextPart | ImagePart | FilePart): ChatPart {
  if (part.type === 'text') return { type: 'text', text: part.text };
  if (part.type === 'image') {
    const url = 'url' in part ? part.url : toDataUrl(part.data, part.mediaType);
    return { type: 'image_url', image_url: { url } };
  }
  if ('url' in part) throw refuseFeature('files', 'Chat Completions take no file by its URL');
  const audio = /^audio\/(wav|x-wav|wave|mpeg|mp3)$/.exec(part.mediaType)?.[1];
  if (audio !== undefined) {
    const format = /mp/.test(audio) ? 'mp3' : 'wav';
    return { type: 'input_audio', input_audio: { data: toBase64(part.data), format } };
  }
  return {
    type: 'file',
    file: { filename: fileName(part), file_data: toDataUrl(part.data, part.mediaType) },
  };
}

/** The name decides how a file is read, so one without a name is named for its type. */
export function fileName(part: { readonly name?: string; readonly mediaType: string }): string {
  if (part.name !== undefined) return part.name;
  const subtype = part.mediaType.split('/')[1]?.replace(/^x-|\W.*$/g, '') ?? '';
  return `file.${subtype === 'plain' || subtype === '' ? 'txt' : subtype}`;
}

function assistantMessage(content: string | readonly AssistantPart[], place: Place): ChatMessage[] {
  if (typeof content === 'string') return content === '' ? [] : [{ role: 'assistant', content }];
  const text = content
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('');
  const calls = content
    .filter((part) => part.type === 'tool-call')
    .map(({ id, name, arguments: input }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(input ?? {}) },
    }));
  // What is left of a turn of mere reasoning says nothing to anybody.
  if (text === '' && calls.length === 0) return [];
  const message: ChatMessage = { role: 'assistant', content: text === '' ? null : text };
  if (calls.length > 0) message['tool_calls'] = calls;
  addReasoning(message, content, place);
  return [message];
}

/** Gives reasoning back to the servers that want it: OpenRouter's details always, a plain field between tool calls. */
function addReasoning(message: ChatMessage, parts: readonly AssistantPart[], place: Place): void {
  const details: unknown[] = [];
  let field: string | undefined;
  let text = '';
  for (const part of parts) {
    const state = part.type === 'reasoning' ? stateOf(part, place.model) : undefined;
    if (state?.details) details.push(...state.details);
    if (state?.field === undefined) continue;
    field = state.field;
    text += (part as { text: string }).text;
  }
  if (details.length > 0) message['reasoning_details'] = details;
  else if (field !== undefined && place.inToolLoop && message['tool_calls'] !== undefined)
    message[field] = text;
}

/** All results first, since nothing may stand between a turn and its results; then what they hold beside text. */
function toolMessages(results: readonly ToolResultPart[]): ChatMessage[] {
  const attached: ChatPart[] = [];
  const messages = results.map((result): ChatMessage => {
    const others =
      typeof result.content === 'string' ? [] : result.content.filter((part) => part.type !== 'text');
    if (others.length > 0) {
      const label = `Attached to the result of ${result.name ?? 'the tool'} (${result.toolCallId}):`;
      attached.push({ type: 'text', text: label }, ...others.map(chatPart));
    }
    return { role: 'tool', tool_call_id: result.toolCallId, content: resultText(result, others.length > 0) };
  });
  return attached.length === 0 ? messages : [...messages, { role: 'user', content: attached }];
}

function resultText(result: ToolResultPart, hasAttachment: boolean): string {
  const text =
    typeof result.content === 'string'
      ? result.content
      : result.content
          .filter((part) => part.type === 'text')
          .map((part) => part.text)
          .join('\n');
  const told = text === '' && hasAttachment ? 'The result is attached to the next message.' : text;
  return failedText(told, result.isError);
}

/** Neither surface has a mark for a tool that failed. */
export function failedText(text: string, isError: boolean | undefined): string {
  return isError && !/^\W*error/i.test(text) ? `Error: ${text}` : text;
}
