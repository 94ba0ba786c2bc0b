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
  const markQuotes = quoteMarker(message, hidden);
  for (const prompt of prompts) markQuotes(prompt);
  if (!hidden.includes(1)) return message;
  let clean = '';
  for (let index = 0; index < message.length; index += 1) {
    if (hidden[index] === 0) clean += message[index];
    else if (hidden[index - 1] !== 1) clean += mask;
  }
  return clean;
}

/** Odd, with bits spread: the factor of a rolling hash (Rabin and Karp). */
const factor = 0x9e3779b1;
const leavingFactor = Array.from({ length: quoteLength }).reduce<number>(
  (power) => Math.imul(power, factor),
  1,
);
const filterBits = 16;

/**
 * Marks the runs of a message that stand in a prompt. A prompt can have many megabytes and a message is short: the runs of
 * the message are kept, and each prompt is gone through once.
 */
function quoteMarker(message: string, hidden: Uint8Array): (prompt: string) => void {
  const starts = new Map<string, number[]>();
  const filter = new Uint8Array(2 ** filterBits);
  eachRun(message, (run, hash, start) => {
    starts.set(run(), [...(starts.get(run()) ?? []), start]);
    filter[hash >>> (32 - filterBits)] = 1;
  });

  function hideShort(prompt: string): void {
    for (let start = message.indexOf(prompt); start >= 0; start = message.indexOf(prompt, start + 1))
      hidden.fill(1, start, start + prompt.length);
  }

  return (prompt) => {
    // A very short prompt ("Hi") would match everywhere.
    if (prompt.length < 6) return;
    if (prompt.length < quoteLength) return hideShort(prompt);
    let last: number | undefined;
    eachRun(prompt, (run, hash) => {
      if (filter[hash >>> (32 - filterBits)] === 0 || hash === last) return;
      last = hash;
      for (const start of starts.get(run()) ?? []) hidden.fill(1, start, start + quoteLength);
    });
  };
}

/** Calls for each run of `quoteLength` characters, with a hash of it; the run itself is cut out only where it is asked for. */
function eachRun(text: string, visit: (run: () => string, hash: number, start: number) => void): void {
  let hash = 0;
  let end = 0;
  const run = () => text.slice(end - quoteLength, end);
  while (end < text.length) {
    const leaving = end < quoteLength ? 0 : Math.imul(text.charCodeAt(end - quoteLength), leavingFactor);
    hash = (Math.imul(hash, factor) + text.charCodeAt(end) - leaving) | 0;
    end += 1;
    if (end >= quoteLength) visit(run, hash, end - quoteLength);
  }
}
