import type { ProviderEvent } from '../providers/provider.ts';
import { jsonLength } from '../routing/demand.ts';

const charactersPerToken = 4;

/** How much a target has written, as far as it was heard. */
export interface Written {
  add(event: ProviderEvent): void;
  /** Whether it has begun to answer, be it with a thought that it keeps to itself. */
  hasBegun(): boolean;
  /** A guess, by length. */
  tokens(): number;
}

/** Counts what comes and not what is shown of it: words that come again at a seam are billed as well. */
export function countWritten(): Written {
  let hasBegun = false;
  let characters = 0;
  /** The calls for tools whose arguments came in pieces: whole ones that follow are the same once more. */
  let inPieces: Set<string> | undefined;
  return {
    add(event) {
      if (event.type === 'meta' || event.type === 'finish') return;
      hasBegun ||= !('text' in event) || event.text !== '';
      if (event.type === 'text' || event.type === 'reasoning') characters += event.text.length;
      else if (event.type === 'tool-call-delta') {
        (inPieces ??= new Set()).add(event.id);
        characters += event.delta.length;
      } else if (event.type === 'tool-call' && !inPieces?.has(event.id))
        characters += event.name.length + jsonLength(event.arguments);
    },
    hasBegun: () => hasBegun,
    tokens: () => Math.ceil(characters / charactersPerToken),
  };
}
