import type { AssistantPart, Message, ToolResultPart } from '../../core/request.ts';
import { repairHistory, type ToolIdRule } from '../history.ts';
import { textBlock, toBlock } from './content.ts';
import { isObject, type Block, type Platform, type WireMessage } from './wire.ts';

const toolIds: ToolIdRule = {
  accepts: /^[a-zA-Z0-9_-]{1,64}$/,
  make: (index) => `toolu_failsoft_${index}`,
};

/** What stands where the vendor demands a user's turn and the conversation has none. */
const openingText = '(The conversation begins with the message of the assistant.)';
const nothingText = '(No text.)';
const continueText = 'Go on from exactly where your last message ends, without repeating any of it.';

export interface HistoryRules {
  readonly platform: Platform;
  /** Thinking is only good for the model that made it. */
  readonly model: string;
  /** Whether the reply may go on from a last message of the assistant. */
  readonly prefill: boolean;
}

/**
 * The conversation as the vendor takes it: beginning with the user, roles in turn, the results of tools first in their
 * message and one for each call, no block that says nothing, and thinking only where it is this model's own.
 */
export function toMessages(history: readonly Message[], rules: HistoryRules): WireMessage[] {
  const messages: { role: WireMessage['role']; content: Block[] }[] = [];
  for (const message of repairHistory(history, toolIds)) {
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = blocksOf(message, rules);
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) messages.push({ role, content });
  }
  return ended(opened(messages), rules);
}

function blocksOf(message: Message, rules: HistoryRules): Block[] {
  switch (message.role) {
    case 'system':
      return present([textBlock(`Note from the system: ${message.content}`)]);
    case 'user':
      return typeof message.content === 'string'
        ? present([textBlock(message.content)])
        : present(message.content.map((part) => toBlock(part, rules.platform)));
    case 'tool':
      return message.content.map((result) => resultBlock(result, rules.platform));
    case 'assistant':
      return withoutLastThinking(assistantBlocks(message.content, rules.model));
  }
}

function present(blocks: readonly (Block | undefined)[]): Block[] {
  return blocks.filter((block) => block !== undefined);
}

function assistantBlocks(content: string | readonly AssistantPart[], model: string): Block[] {
  if (typeof content === 'string') return present([textBlock(content)]);
  return present(content.map((part) => assistantBlock(part, model)));
}

function assistantBlock(part: AssistantPart, model: string): Block | undefined {
  switch (part.type) {
    case 'text':
      return textBlock(part.text);
    case 'reasoning':
      return thinkingBlock(part.text, part.providerState?.state, model);
    case 'tool-call':
      return { type: 'tool_use', id: part.id, name: part.name, input: inputOf(part.arguments) };
  }
}

function thinkingBlock(thinking: string, state: unknown, model: string): Block | undefined {
  if (!isObject(state) || state['model'] !== model) return undefined;
  if (typeof state['redacted'] === 'string') return { type: 'redacted_thinking', data: state['redacted'] };
  const { signature } = state;
  return typeof signature === 'string' ? { type: 'thinking', thinking, signature } : undefined;
}

function inputOf(value: unknown): object {
  if (isObject(value)) return value;
  return value === undefined || value === null ? {} : { value };
}

const isThinking = (block: Block | undefined): boolean =>
  block?.type === 'thinking' || block?.type === 'redacted_thinking';

/** A message of the assistant may not end with thinking: an answer that was cut there does. */
function withoutLastThinking(blocks: Block[]): Block[] {
  return blocks.slice(0, blocks.findLastIndex((block) => !isThinking(block)) + 1);
}

function resultBlock(result: ToolResultPart, platform: Platform): Block {
  const parts =
    typeof result.content === 'string' ? [{ type: 'text' as const, text: result.content }] : result.content;
  const content = present(parts.map((part) => toBlock(part, platform)));
  const base = { type: 'tool_result', tool_use_id: result.toolCallId };
  if (!result.isError) return content.length > 0 ? { ...base, content } : base;
  // An error may hold nothing but text.
  if (content.every(({ type }) => type === 'text')) {
    return { ...base, is_error: true, ...(content.length > 0 ? { content } : {}) };
  }
  return { ...base, content: [{ type: 'text', text: 'The tool failed:' }, ...content] };
}

function opened(messages: WireMessage[]): WireMessage[] {
  if (messages.length === 0) return [{ role: 'user', content: [{ type: 'text', text: nothingText }] }];
  if (messages[0]?.role === 'user') return messages;
  return [{ role: 'user', content: [{ type: 'text', text: openingText }] }, ...messages];
}

function ended(messages: WireMessage[], { prefill }: HistoryRules): WireMessage[] {
  const last = messages.at(-1) as WireMessage;
  if (last.role === 'user') return messages;
  if (!prefill) {
    return [...messages, { role: 'user', content: [{ type: 'text', text: continueText }] }];
  }
  const content = last.content.filter((block) => !isThinking(block)).map(trimmedEnd);
  return content.length === 0 ? messages.slice(0, -1) : [...messages.slice(0, -1), { ...last, content }];
}

/** White space at the end of a text that the reply goes on from is refused. */
function trimmedEnd(block: Block, index: number, blocks: readonly Block[]): Block {
  const isLast = index === blocks.length - 1;
  return isLast && block.type === 'text' ? { ...block, text: (block['text'] as string).trimEnd() } : block;
}

/**
 * Whether a round of tool calls is under way whose first message does not begin with thinking: another model wrote it.
 * With a thinking budget that is refused.
 */
export function isRoundWithoutThinking(messages: readonly WireMessage[]): boolean {
  const isResults = (message: WireMessage): boolean =>
    message.role === 'user' && message.content.every(({ type }) => type === 'tool_result');
  if (!messages.at(-1)?.content.some(({ type }) => type === 'tool_result')) return false;
  const before = messages.slice(0, -1);
  const asked = before.findLastIndex((message) => message.role === 'user' && !isResults(message));
  return !isThinking(before[asked + 1]?.content[0]);
}
