import type { FinishReason } from '../../core/completion.ts';
import { each } from '../../core/each.ts';

/** A vendor's object, of which nothing is certain. */
export type Loose = Readonly<Record<string, any>>;

/** Reads one reply and pushes what it means. */
export interface ReplyReader {
  /** One event of a stream. @throws a failure where the event carries one */
  read(event: Loose): void;
  /** A reply that came whole. @throws a failure where it is none */
  readWhole(reply: Loose): void;
  /** Once the terminal marker has come: how long to wait for what may still follow, in milliseconds. */
  patienceMs(): number | undefined;
  /** Pushes what is left, and `finish`. @throws `invalid-response` where the terminal marker is missing */
  finish(headers: Headers | undefined): void;
}

/** How long usage may lag behind the end of an answer. */
export const usagePatienceMs = 1000;
/** How long the end of a reply may lag behind its last word; a connection that was read to its end can be used again. */
export const endPatienceMs = 50;

const reasons: Readonly<Record<string, FinishReason>> = {
  ...each('stop eos eos_token end_turn stop_sequence completed', 'stop'),
  ...each('length max_tokens max_output_tokens model_length', 'length'),
  ...each('tool_calls function_call tool_use', 'tool-calls'),
  ...each('content_filter safety refusal', 'content-filter'),
};

/** A vendor's word for why a reply ended; one that nobody knows is `other`. */
export function finishReasonOf(reason: unknown): FinishReason {
  return (typeof reason === 'string' ? reasons[reason.toLowerCase()] : undefined) ?? 'other';
}
