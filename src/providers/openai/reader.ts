import type { FinishReason } from '../../core/completion.ts';
import type { ProviderEvent } from '../provider.ts';

/** A vendor's object, of which nothing is certain. */
export type Loose = Readonly<Record<string, any>>;

/** Reads one reply and pushes what it means. */
export interface ReplyReader {
  /** One event of a stream. @throws a failure where the event carries one */
  read(event: Loose, out: ProviderEvent[]): void;
  /** A reply that came whole. @throws a failure where it is none */
  readWhole(reply: Loose, out: ProviderEvent[]): void;
  /** Once the terminal marker has come: how long to wait for what may still follow, in milliseconds. */
  patienceMs(): number | undefined;
  /** Pushes what is left, and `finish`. @throws `invalid-response` where the terminal marker is missing */
  finish(out: ProviderEvent[], headers: Headers | undefined): void;
}

/** How long usage may lag behind the end of an answer. */
export const usagePatienceMs = 1000;
/** How long the end of a reply may lag behind its last word; a connection that was read to its end can be used again. */
export const endPatienceMs = 50;

const reasons: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  completed: 'stop',
  length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  model_length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  tool_use: 'tool-calls',
  content_filter: 'content-filter',
  safety: 'content-filter',
  refusal: 'content-filter',
};

/** A vendor's word for why a reply ended; one that nobody knows is `other`. */
export function finishReasonOf(reason: unknown): FinishReason {
  return (typeof reason === 'string' ? reasons[reason.toLowerCase()] : undefined) ?? 'other';
}
