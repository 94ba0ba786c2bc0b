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

export function callOf(prompt: unknown): number {
  return typeof prompt === 'string' && prompt.startsWith('call ')
    ? Number.parseInt(prompt.slice(5), 10)
    : NaN;
}
