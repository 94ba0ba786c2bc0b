import type { JsonObject } from '../dialect.ts';
import { isObject, listOf } from './json.ts';
import type { ModelRules } from './models.ts';
import type { Route } from './route.ts';
import { blockRefusal } from './block-rules.ts';
import { resultsRefusal } from './result-rules.ts';

/** A turn with its content as blocks. */
export interface Turn {
  readonly role: string;
  readonly content: readonly JsonObject[];
}

/** What is refused in the conversation. */
export function messagesRefusal(
  route: Route,
  body: JsonObject,
  model: ModelRules,
  isThinking: boolean,
): string | undefined {
  const messages = listOf(body['messages']);
  for (const [index, message] of messages.entries()) {
    const refusal = messageRefusal(message, index, route, index === messages.length - 1);
    if (refusal) return refusal;
  }
  const turns = turnsOf(messages as readonly JsonObject[]);
  if (turns[0]?.role !== 'user') return 'messages: first message must use the "user" role';
  return (
    idsRefusal(turns) ??
    resultsRefusal(turns) ??
    toolsMissing(turns, body) ??
    lastTurnRefusal(turns, body, model, isThinking) ??
    (isObject(body['thinking']) && body['thinking']['type'] === 'enabled' ? roundRefusal(turns) : undefined)
  );
}

function messageRefusal(message: unknown, index: number, route: Route, isLast: boolean): string | undefined {
  const at = `messages.${index}`;
  if (!isObject(message)) return `${at}: Input should be a valid dictionary`;
  const unknown = Object.keys(message).find((key) => key !== 'role' && key !== 'content');
  if (unknown) return `${at}.${unknown}: Extra inputs are not permitted`;
  const { role, content } = message;
  if (role !== 'user' && role !== 'assistant') return `${at}.role: Input should be 'user' or 'assistant'`;
  if (content === undefined) return `${at}.content: Field required`;
  const blocks = blocksOf(content);
  const mayBeEmpty = isLast && role === 'assistant';
  if (blocks.length === 0 && !mayBeEmpty) {
    return `${at}: all messages must have non-empty content except for the optional final assistant message`;
  }
  for (const [place, block] of blocks.entries()) {
    const refusal = blockRefusal(block, `${at}.content.${place}`, role, route);
    if (refusal) return refusal;
  }
  const isEndedByThinking = /thinking$/.test(String(blocks.at(-1)?.['type']));
  return role === 'assistant' && isEndedByThinking
    ? `${at}: The final block in an assistant message cannot be \`thinking\`.`
    : undefined;
}

function blocksOf(content: unknown): readonly JsonObject[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return listOf(content) as readonly JsonObject[];
}

/** Messages of one role that follow each other are one turn. */
function turnsOf(messages: readonly JsonObject[]): Turn[] {
  const turns: { role: string; content: JsonObject[] }[] = [];
  for (const { role, content } of messages) {
    const last = turns.at(-1);
    if (last && last.role === role) last.content.push(...blocksOf(content));
    else turns.push({ role: role as string, content: [...blocksOf(content)] });
  }
  return turns;
}

function idsRefusal(turns: readonly Turn[]): string | undefined {
  const ids = turns.flatMap(({ content }) =>
    content.filter(({ type }) => type === 'tool_use').map(({ id }) => id),
  );
  return new Set(ids).size < ids.length ? 'messages: `tool_use` ids must be unique' : undefined;
}

function toolsMissing(turns: readonly Turn[], body: JsonObject): string | undefined {
  const hasCalls = turns.some(({ content }) =>
    content.some(({ type }) => type === 'tool_use' || type === 'tool_result'),
  );
  return hasCalls && listOf(body['tools']).length === 0
    ? 'Requests which include `tool_use` or `tool_result` blocks must define tools'
    : undefined;
}

function lastTurnRefusal(
  turns: readonly Turn[],
  body: JsonObject,
  model: ModelRules,
  isThinking: boolean,
): string | undefined {
  const last = turns.at(-1) as Turn;
  if (last.role !== 'assistant') return undefined;
  if (!model.prefill) {
    return 'This model does not support assistant message prefill. The conversation must end with a user message.';
  }
  const config = body['output_config'];
  if (isThinking || (isObject(config) && config['format'])) {
    return 'Prefilling assistant messages is not supported with thinking or output_config.format.';
  }
  const text = last.content.at(-1)?.['text'];
  return typeof text === 'string' && text !== text.trimEnd()
    ? 'messages: final assistant content cannot end with trailing whitespace'
    : undefined;
}

/** With a budget, the round of tool calls that is under way has to begin with thinking. */
function roundRefusal(turns: readonly Turn[]): string | undefined {
  const isResult = ({ type }: JsonObject): boolean => type === 'tool_result';
  if (!turns.at(-1)?.content.some(isResult)) return undefined;
  const before = turns.slice(0, -1);
  const asked = before.findLastIndex(({ role, content }) => role === 'user' && !content.every(isResult));
  const type = String(before[asked + 1]?.content[0]?.['type']);
  if (/thinking$/.test(type)) return undefined;
  const at = `messages.${asked + 1}.content.0.type`;
  return `${at}: Expected \`thinking\` or \`redacted_thinking\`, but found \`${type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block.`;
}
