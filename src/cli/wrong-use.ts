import { nearest } from '../core/check.ts';

/** What the user has to change: told without a stack, and the command ends with 2. */
export class WrongUse extends Error {}

/** `known` and, where one is near, which was meant. */
export function notAmong(what: string, word: string, known: readonly string[]): WrongUse {
  const hint = nearest(word, known);
  const meant = hint === undefined ? `known are ${known.join(', ')}` : `did you mean '${hint}'?`;
  return new WrongUse(`${what} '${word}' is not known; ${meant}`);
}

/** What an error says, in one line where it can be. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { problems } = error as { problems?: readonly { readonly path: string; readonly message: string }[] };
  if (!problems?.length) return error.message;
  return problems.map(({ path, message }) => `\n  ${path}: ${message}`).join('');
}
