import type { Sink } from '../sink.ts';
import type { Loose } from './reader.ts';

/** Reads the reasoning that compatible servers add to Chat Completions, each in a field of its own. */
export interface ReasoningReader {
  read(delta: Loose): void;
  /** Ends the part, with what the server wants to see again. */
  close(): void;
}

/** DeepSeek, Moonshot, xAI, vLLM and LiteLLM; then OpenRouter, Groq and newer vLLM. */
const fields = ['reasoning_content', 'reasoning'] as const;

const noFragments: readonly Loose[] = [];

export function reasoningReader(model: string, sink: Sink): ReasoningReader {
  let details: Record<string, unknown>[] = [];
  let field: string | undefined;

  return {
    read(delta) {
      const fragments = Array.isArray(delta['reasoning_details'])
        ? (delta['reasoning_details'] as Loose[])
        : noFragments;
      for (const fragment of fragments) addDetail(details, fragment);
      const named = fields.find((name) => typeof delta[name] === 'string' && delta[name] !== '');
      const text = named === undefined ? fragments.map(textOfDetail).join('') : (delta[named] as string);
      if (named === 'reasoning_content') field = named;
      if (text !== '') sink.push({ type: 'reasoning', text });
      else if (fragments.length > 0) sink.push({ type: 'activity' });
    },
    close() {
      if (details.length > 0) sink.push({ type: 'reasoning', text: '', providerState: { model, details } });
      else if (field !== undefined)
        sink.push({ type: 'reasoning', text: '', providerState: { model, field } });
      details = [];
      field = undefined;
    },
  };
}

/** Fragments of one detail follow each other under one type and index; their texts join, their signature comes last. */
function addDetail(details: Record<string, unknown>[], fragment: Loose): void {
  const last = details.at(-1);
  const continues =
    last !== undefined &&
    fragment['data'] === undefined &&
    last['type'] === fragment['type'] &&
    last['index'] === fragment['index'] &&
    !last['signature'];
  if (!continues) {
    details.push({ ...fragment });
    return;
  }
  for (const [key, value] of Object.entries(fragment)) {
    if (value === undefined || value === null) continue;
    const grows = key === 'text' || key === 'summary';
    last[key] = grows && typeof last[key] === 'string' ? last[key] + String(value) : value;
  }
}

function textOfDetail(detail: Loose): string {
  const text: unknown = detail['text'] ?? detail['summary'];
  return typeof text === 'string' ? text : '';
}
