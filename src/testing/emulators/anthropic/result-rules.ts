import type { JsonObject } from '../dialect.ts';
import type { Turn } from './message-rules.ts';

/** The results of a turn's calls: all of them, once each, first in the very next turn. */
export function resultsRefusal(turns: readonly Turn[]): string | undefined {
  for (const [index, turn] of turns.entries()) {
    const before = index > 0 ? turns[index - 1] : undefined;
    const calls = before?.role === 'assistant' ? idsOf(before.content, 'tool_use', 'id') : [];
    const results = idsOf(turn.content, 'tool_result', 'tool_use_id');
    const refusal =
      unexpected(results, calls, index) ?? repeated(results, index) ?? missing(turn, calls, index);
    if (refusal) return refusal;
  }
  return unanswered(turns);
}

function idsOf(content: readonly JsonObject[], type: string, key: string): string[] {
  return content.filter((block) => block['type'] === type).map((block) => String(block[key]));
}

function unexpected(results: readonly string[], calls: readonly string[], index: number): string | undefined {
  const id = results.find((result) => !calls.includes(result));
  return id === undefined
    ? undefined
    : `messages.${index}.content: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
}

function repeated(results: readonly string[], index: number): string | undefined {
  const id = results.find((result, place) => results.indexOf(result) !== place);
  return id === undefined
    ? undefined
    : `messages.${index}.content: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`;
}

function missing(turn: Turn, calls: readonly string[], index: number): string | undefined {
  if (calls.length === 0) return undefined;
  const end = turn.content.findIndex(({ type }) => type !== 'tool_result');
  const first = end < 0 ? turn.content : turn.content.slice(0, end);
  const answered = idsOf(first, 'tool_result', 'tool_use_id');
  const open = calls.filter((id) => !answered.includes(id));
  return open.length === 0 ? undefined : withoutResult(open, index - 1);
}

function unanswered(turns: readonly Turn[]): string | undefined {
  const last = turns.at(-1);
  const calls = last?.role === 'assistant' ? idsOf(last.content, 'tool_use', 'id') : [];
  return calls.length > 0 ? withoutResult(calls, turns.length - 1) : undefined;
}

function withoutResult(ids: readonly string[], index: number): string {
  return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
}
