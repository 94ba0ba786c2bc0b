import type { Message, Part } from '../core/request.ts';
import type { ProviderRequest } from '../providers/provider.ts';
import type { ExecutionTarget, ReadRequest } from './call.ts';
import { thinks } from './deadlines.ts';

/** About 16,000 tokens: longer prompts take seconds to be read alone. */
const mostCharacters = 64_000;

/**
 * Whether how long other attempts at a target took says something of this one. One that thinks, reads a long prompt or a
 * file, or may wait for a model to be loaded takes longer for a reason of its own.
 */
export function isLikeOthers(
  { provider }: ExecutionTarget,
  request: ProviderRequest,
  read: ReadRequest,
): boolean {
  return provider.slowStart !== true && !thinks(request) && isShort(read);
}

function isShort({ system, messages }: ReadRequest): boolean {
  let left = mostCharacters - (system?.length ?? 0);
  for (const { content } of messages) {
    left -= charactersOf(content);
    if (left < 0) return false;
  }
  return left >= 0;
}

function charactersOf(content: Message['content']): number {
  if (typeof content === 'string') return content.length;
  let characters = 0;
  for (const part of content) characters += charactersOfPart(part);
  return characters;
}

function charactersOfPart(part: Part): number {
  if (part.type === 'text') return part.text.length;
  if (part.type === 'tool-result') return charactersOf(part.content);
  return part.type === 'file' ? Infinity : 0;
}
