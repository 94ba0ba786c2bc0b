import type { AssistantPart, Message, ToolCallPart, ToolResultPart, UserPart } from '../core/request.ts';

/** What a vendor accepts as the id of a tool call. */
export interface ToolIdRule {
  /** Ids that match are kept as they are. */
  readonly accepts: RegExp;
  /** Makes an id from a counter that starts at 1 for each request. */
  readonly make: (index: number) => string;
}

/** The result that stands where a call was never answered: every vendor refuses a call without one. */
export const missingResultText = 'No result: this call was not carried out.';

/**
 * Makes a history that any provider wrote valid for the next one: every call is followed at once by exactly one result,
 * a result without its call becomes text of the user, and ids are unique and of the vendor's form. Private state is
 * not touched: the engine has taken out what is not this provider's.
 */
export function repairHistory(messages: readonly Message[], rule: ToolIdRule): Message[] {
  const ids = toolIds(rule);
  const repaired: Message[] = [];
  for (let index = 0; index < messages.length; index += 1) {
    const message = messages[index] as Message;
    if (message.role === 'tool') {
      repaired.push(orphansAsText(message.content));
      continue;
    }
    const calls = message.role === 'assistant' ? callsOf(message.content) : [];
    if (message.role !== 'assistant' || calls.length === 0) {
      repaired.push(message);
      continue;
    }
    const results: ToolResultPart[] = [];
    while (messages[index + 1]?.role === 'tool') {
      index += 1;
      results.push(...(messages[index] as { content: readonly ToolResultPart[] }).content);
    }
    repaired.push(...exchange(message.content as readonly AssistantPart[], calls, results, ids));
  }
  return repaired;
}

function callsOf(content: string | readonly AssistantPart[]): ToolCallPart[] {
  return typeof content === 'string' ? [] : content.filter((part) => part.type === 'tool-call');
}

function exchange(
  parts: readonly AssistantPart[],
  calls: readonly ToolCallPart[],
  results: readonly ToolResultPart[],
  nextId: (id: string) => string,
): Message[] {
  const open = [...results];
  const answers = calls.map((call) => {
    const found = open.findIndex((result) => result.toolCallId === call.id);
    const result = found < 0 ? undefined : open.splice(found, 1)[0];
    const id = nextId(call.id);
    return { id, call, result };
  });
  const idOf = new Map(answers.map(({ call, id }) => [call, id]));
  const assistant = parts.map((part) =>
    part.type === 'tool-call' ? { ...part, id: idOf.get(part) as string } : part,
  );
  const content = answers.map(({ id, call, result }): ToolResultPart =>
    result
      ? { ...result, toolCallId: id, name: result.name ?? call.name }
      : { type: 'tool-result', toolCallId: id, name: call.name, content: missingResultText, isError: true },
  );
  const exchanged: Message[] = [
    { role: 'assistant', content: assistant },
    { role: 'tool', content },
  ];
  return open.length === 0 ? exchanged : [...exchanged, orphansAsText(open)];
}

function orphansAsText(results: readonly ToolResultPart[]): Message {
  const content = results.flatMap((result): UserPart[] => {
    const label = `Result of an earlier tool call${result.name ? ` (${result.name})` : ''}:`;
    const parts =
      typeof result.content === 'string' ? [{ type: 'text' as const, text: result.content }] : result.content;
    return [{ type: 'text', text: label }, ...parts];
  });
  return { role: 'user', content };
}

function toolIds(rule: ToolIdRule): (id: string) => string {
  const used = new Set<string>();
  return (id) => {
    let candidate = rule.accepts.test(id) ? id : rule.make(used.size + 1);
    for (let index = used.size + 1; used.has(candidate); index += 1) candidate = rule.make(index);
    used.add(candidate);
    return candidate;
  };
}
