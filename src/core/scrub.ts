/** Forms in which keys are written: vendors' prefixes, bearer tokens, query parameters. */
const keyForms: readonly RegExp[] = [
  /\b(?:sk|pk|rk|gsk|xai|pplx|hf|nvapi|r8)[-_][A-Za-z0-9*_-]{6,}/g,
  /\bAIza[A-Za-z0-9_-]{10,}/g,
  /\bya29\.[A-Za-z0-9._-]+/g,
  /\bAKIA[A-Z0-9]{8,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9._-]+/g,
  /\b((?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=*-]{6,}/gi,
  /([?&](?:key|api[-_]?key|access_token|token|sig|signature)=)[^&\s"']+/gi,
];

const mask = '[redacted]';
/** A run of this many characters that also stands in the prompt is taken as quoted from it. */
const quoteLength = 12;
const maxMessageLength = 600;
/** What is looked through for keys: more than is kept, so that no key is cut in two before it is found. */
const maxSearchedLength = 8 * maxMessageLength;

/** What must not leave with a message. */
export interface Secrets {
  readonly keys: readonly string[];
  /** The texts of the request. */
  readonly prompts: readonly string[];
}

/** Takes keys, and runs of the caller's own text, out of a message that came from a vendor. */
export function scrub(message: string, { keys, prompts }: Secrets): string {
  let clean = message.slice(0, maxSearchedLength);
  for (const key of keys) if (key.length >= 4) clean = clean.replaceAll(key, mask);
  for (const form of keyForms)
    clean = clean.replace(form, (_, head?: unknown) => (typeof head === 'string' ? `${head}${mask}` : mask));
  const isCut = message.length > maxSearchedLength || clean.length > maxMessageLength;
  return withoutQuotes(isCut ? `${clean.slice(0, maxMessageLength)}…` : clean, prompts);
}

function withoutQuotes(message: string, prompts: readonly string[]): string {
  const hidden = new Uint8Array(message.length);
  for (const prompt of prompts) markQuotes(message, prompt, hidden);
  if (!hidden.includes(1)) return message;
  let clean = '';
  for (let index = 0; index < message.length; index += 1) {
    if (hidden[index] === 0) clean += message[index];
    else if (hidden[index - 1] !== 1) clean += mask;
  }
  return clean;
}

function markQuotes(message: string, prompt: string, hidden: Uint8Array): void {
  const shortest = Math.min(quoteLength, prompt.length);
  // A very short prompt ("Hi") would match everywhere.
  if (shortest < 6) return;
  for (let start = 0; start + shortest <= message.length; start += 1) {
    let end = start + shortest;
    if (!prompt.includes(message.slice(start, end))) continue;
    while (end < message.length && prompt.includes(message.slice(start, end + 1))) end += 1;
    hidden.fill(1, start, end);
    start = end - 1;
  }
}
