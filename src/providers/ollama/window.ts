import { failureError } from '../failure.ts';
import type { OllamaBody } from './wire.ts';

/**
 * A server that does not know `truncate: false` (before 0.12) cuts a prompt that is too long and answers 200. What can
 * be told from here, without ever taking a prompt that was read whole for a cut one:
 *
 * 1. No token spans two words, so a prompt has at least as many tokens as words (and, in scripts without spaces, one
 *    for four characters). A prompt with a higher floor than `num_ctx` cannot be read whole: it is not even sent.
 * 2. A count below the floor means that not everything was read. Servers before 0.4 also leave out what they had in
 *    their cache, so the count must besides be one that a cut leaves: from half of the window (the newer way of
 *    cutting leaves `(num_ctx + keep) / 2`) to all of it, of a prompt that may have been longer than the window. Where
 *    `num_ctx` is not known, only those numbers themselves are believed, for the powers of two that windows have.
 */
export interface PromptMeasure {
  /** The fewest tokens that the prompt can have: counted only where it matters, since that reads all of it. */
  readonly floor: () => number;
  /** More tokens than the prompt can be expected to have. */
  readonly ceiling: number;
  readonly window: number | undefined;
  /** The host has asked for the cut itself. */
  readonly mayCut: boolean;
}

const wordPattern = /\S+/g;
const spacelessPattern = /[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]/g;

/** Measures what every template shows to the model; thinking, tools and what they add are left out. */
export function measurePrompt({ messages, options, truncate }: OllamaBody): PromptMeasure {
  // A template for a model without tools may leave results out.
  const shown = messages.filter(({ role }) => role !== 'tool').map(({ content }) => content);
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
  const window = options['num_ctx'];
  return {
    floor: () => shown.reduce((sum, content) => sum + fewestTokens(content), 0),
    ceiling: characters / 2,
    window: typeof window === 'number' && window > 0 ? window : undefined,
    mayCut: truncate === true,
  };
}

function fewestTokens(text: string): number {
  const spaceless = count(text, spacelessPattern);
  return count(text, wordPattern) + Math.floor(spaceless / 4);
}

function count(text: string, pattern: RegExp): number {
  pattern.lastIndex = 0;
  let found = 0;
  while (pattern.test(text)) found += 1;
  return found;
}

/** Ends a call whose prompt cannot fit before it is sent. */
export function refuseTooLong({ floor, ceiling, window, mayCut }: PromptMeasure): void {
  if (mayCut || window === undefined || ceiling < window) return;
  const fewest = floor();
  if (fewest > window)
    throw tooLong(`the prompt has at least ${fewest} tokens, the context window ${window}`);
}

/** Ends a call whose prompt was cut, by what the server says that it has read. */
export function refuseCut({ floor, ceiling, window, mayCut }: PromptMeasure, promptTokens: unknown): void {
  if (mayCut || typeof promptTokens !== 'number') return;
  const mayBeLeft =
    window === undefined
      ? isLeftByCut(promptTokens)
      : ceiling >= window && promptTokens >= window * 0.45 && promptTokens <= window;
  if (!mayBeLeft) return;
  const fewest = floor();
  if (promptTokens < fewest) {
    throw tooLong(`the server read ${promptTokens} tokens of a prompt that has at least ${fewest}`);
  }
}

/** The windows that servers choose by themselves. */
const usualWindows = [2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072, 262_144];
/** A few tokens of the front are kept, which moves the half up. */
const mostKept = 8;

function isLeftByCut(promptTokens: number): boolean {
  return usualWindows.some(
    (window) =>
      promptTokens === window ||
      promptTokens === window - 1 ||
      (promptTokens >= window / 2 && promptTokens <= window / 2 + mostKept),
  );
}

function tooLong(message: string): Error {
  return failureError({ kind: 'context-length', message, code: 'prompt-cut' });
}
