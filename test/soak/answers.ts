/** How many words every answer has, by its call: long enough to break anywhere. */
function lengthOf(call: number): number {
  return 4 + (call % 17);
}

/** The one right answer to a call, whoever gives it: what is missing, comes twice or belongs to another call shows. */
export function piecesOf(call: number): string[] {
  const words = Array.from({ length: lengthOf(call) }, (_, place) => `w${place}c${call} `);
  return [...words, 'end.'];
}

export function answerOf(call: number): string {
  return piecesOf(call).join('');
}

export function questionOf(call: number): string {
  return `Call ${call}, please.`;
}

/** What is left to say, for a request that holds its question and perhaps the beginning of the answer. */
export function piecesLeft(request: unknown): string[] {
  const text = JSON.stringify(request);
  const call = Number(/Call (\d+), please/.exec(text)?.[1] ?? 0);
  // It broke off at its very end: there is nothing left.
  if (new RegExp(`c${call} end\\.`).test(text)) return [];
  const said = [...text.matchAll(new RegExp(`w(\\d+)c${call}\\b`, 'g'))].map(([, place]) => Number(place));
  return piecesOf(call).slice(Math.max(-1, ...said) + 1);
}
