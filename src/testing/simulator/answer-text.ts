import type { Message } from '../../core/request.ts';

/** Longer answers than this are not made. */
export const mostOutputTokens = 32_768;

/** Four characters to a token, and no two places alike: what is lost or told twice changes the text. */
const words = Array.from({ length: mostOutputTokens }, (_, index) =>
  index.toString(36).padStart(3, '0'),
).join(' ');
const charactersOfToken = 4;

/** What every provider answers to a call; the part between two tokens. Another one may take it up anywhere. */
export function answerPart(call: number, from: number, to: number): string {
  const text = words.slice(from * charactersOfToken, to * charactersOfToken);
  return from === 0 ? `#${call} ${text}` : text;
}

/** The whole answer to a call. */
export function wholeAnswer(call: number, outputTokens: number): string {
  return answerPart(call, 0, outputTokens);
}

/** How a call tells a simulated provider which one it is; as long as so many tokens, where that is known. */
export function promptOf(call: number, inputTokens = 0): string {
  return `call ${call}`.padEnd(Math.min(inputTokens, mostOutputTokens) * charactersOfToken);
}

function callOf(prompt: unknown): number {
  return typeof prompt === 'string' && prompt.startsWith('call ')
    ? Number.parseInt(prompt.slice(5), 10)
    : NaN;
}

/** What a provider is asked: which call, and what of its answer is there already. */
export interface Asked {
  /** NaN: it is none of ours. */
  readonly call: number;
  /** The answer so far, where it is to go on with one; '' otherwise. */
  readonly before: string;
  /** Whether an instruction asks for it, and not the beginning of its own message. */
  readonly isInstructed: boolean;
}

/** Reads the newest question of ours; what stands behind it asks to go on. */
export function readAsked(messages: readonly Message[]): Asked {
  const place = messages.findLastIndex(({ role, content }) => role === 'user' && callOf(content) >= 0);
  const [question, begun, instruction] = messages.slice(Math.max(0, place));
  const before = begun?.role === 'assistant' && typeof begun.content === 'string' ? begun.content : '';
  return { call: callOf(question?.content), before, isInstructed: instruction !== undefined };
}

/** Where in its answer a provider begins. */
export interface Start {
  /** The first token that is not there whole. */
  readonly token: number;
  /** How many characters of it are there; with the first one, also of what stands before it. */
  readonly characters: number;
}

/** Behind what is there already. What is not the beginning of the answer is nothing to go on with. */
export function startBehind(before: string, call: number, outputTokens: number): Start {
  if (!wholeAnswer(call, outputTokens).startsWith(before)) return { token: 0, characters: 0 };
  const token = Math.floor((before.length - answerPart(call, 0, 0).length) / charactersOfToken);
  if (token < 1) return { token: 0, characters: before.length };
  const whole = Math.min(token, outputTokens - 1);
  return { token: whole, characters: before.length - answerPart(call, 0, whole).length };
}
