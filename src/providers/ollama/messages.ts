import { toBytes } from '../../core/binary.ts';
import type {
  AssistantMessage,
  BinaryData,
  ImagePart,
  Message,
  ToolResultPart,
  UserPart,
} from '../../core/request.ts';
import { failureError } from '../failure.ts';
import { repairHistory, type ToolIdRule } from '../history.ts';
import type { ProviderRequest } from '../provider.ts';
import type { OllamaMessage, OllamaToolCall } from './wire.ts';

/** The server reads ids from nothing but its own messages, and takes any. */
const toolIds: ToolIdRule = { accepts: /./, make: (index) => `call_${index}` };

/** The state that marks reasoning as this model's own: templates of other models would show it as an answer. */
export interface ThinkingState {
  readonly model: string;
}

/** The system text and the conversation in the server's form, with images as bytes. */
export function messagesOf(model: string, { system, messages }: ProviderRequest): OllamaMessage[] {
  const turns = repairHistory(messages, toolIds).flatMap((message) => messageOf(model, message));
  return system === undefined ? turns : [{ role: 'system', content: system }, ...turns];
}

function messageOf(model: string, message: Message): OllamaMessage | OllamaMessage[] {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: message.content };
    case 'user':
      return { role: 'user', ...contentOf(message.content) };
    case 'assistant':
      return assistantOf(model, message.content);
    case 'tool':
      return message.content.map(toolResultOf);
  }
}

function contentOf(content: string | readonly UserPart[]): Pick<OllamaMessage, 'content' | 'images'> {
  if (typeof content === 'string') return { content };
  const texts: string[] = [];
  const images: Uint8Array[] = [];
  for (const part of content) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'image') images.push(bytesOf(part));
    else throw unsupported('files', 'Ollama takes no documents');
  }
  return { content: texts.join('\n'), ...(images.length === 0 ? {} : { images }) };
}

/** Always bytes: the SDK for Node reads a string that is the path of a file from disk, and uploads it. */
function bytesOf(part: ImagePart): Uint8Array {
  if ('url' in part)
    throw unsupported('images', 'Ollama takes images as data only, and URLs are not fetched');
  return decoded(part.data);
}

function decoded(data: BinaryData): Uint8Array {
  try {
    return toBytes(data);
  } catch {
    throw failureError({ kind: 'bad-request', message: 'an image is neither bytes nor base64' });
  }
}

function assistantOf(model: string, content: AssistantMessage['content']): OllamaMessage {
  if (typeof content === 'string') return { role: 'assistant', content };
  let text = '';
  let thinking = '';
  const calls: OllamaToolCall[] = [];
  for (const part of content) {
    if (part.type === 'text') text += part.text;
    else if (part.type === 'reasoning') thinking += isOwn(part.providerState?.state, model) ? part.text : '';
    else calls.push({ id: part.id, function: { name: part.name, arguments: objectOf(part.arguments) } });
  }
  return {
    role: 'assistant',
    content: text,
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function isOwn(state: unknown, model: string): boolean {
  return (state as ThinkingState | null | undefined)?.model === model;
}

/** The server refuses arguments that are no object. */
function objectOf(value: unknown): object {
  if (value === undefined || value === null) return {};
  return typeof value === 'object' && !Array.isArray(value) ? value : { value };
}

function toolResultOf({ toolCallId, name, content, isError }: ToolResultPart): OllamaMessage {
  const { content: text, images } = contentOf(content);
  return {
    role: 'tool',
    content: isError ? `Error: ${text}` : text,
    ...(name === undefined ? {} : { tool_name: name }),
    tool_call_id: toolCallId,
    ...(images === undefined ? {} : { images }),
  };
}

function unsupported(feature: 'files' | 'images', message: string): Error {
  return failureError({ kind: 'unsupported', feature, message });
}
