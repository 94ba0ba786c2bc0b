import { messageOf, type Failure } from '../../core/failure.ts';
import { failureError, kindOfStatus, statusOf } from '../failure.ts';
import { readText } from '../http.ts';
import { headerOf, retryAfterOf } from '../retry-after.ts';

const longestMessage = 500;

/** What the server means by words, where its status does not say enough. The first match counts. */
const meanings: readonly (readonly [pattern: RegExp, meaning: Omit<Failure, 'message'>])[] = [
  [/does not support tools/i, { kind: 'unsupported', feature: 'tools' }],
  [/does not support thinking|think value|invalid think/i, { kind: 'unsupported', feature: 'reasoning' }],
  [/does not support (vision|images?)|missing data required for image/i, { kind: 'unsupported', feature: 'images' }],
  // The next target may know the image's format; this one may take the next image.
  [/failed to process inputs: image|image: unknown format/i, { kind: 'unsupported' }],
  [/does not support (chat|generate|completion)/i, { kind: 'unsupported' }],
  [/invalid (json schema|format)|grammar/i, { kind: 'unsupported', feature: 'schema' }],
  [/exceed_context_size|exceeds? the (available |maximum )?context|(prompt|input) (is )?(too long|length)|context (length|window)/i, { kind: 'context-length' }], // prettier-ignore
  [/error parsing tool call/i, { kind: 'invalid-response', code: 'malformed-tool-call' }],
  [/more system memory|out of memory|cudamalloc|insufficient memory/i, { kind: 'server-error', code: 'out-of-memory' }],
  [/server busy|maximum pending requests/i, { kind: 'overloaded' }],
  [/model ["'].*["'] not found/i, { kind: 'model-not-found' }],
  [/\bunauthorized\b/i, { kind: 'auth' }],
]; // prettier-ignore

/** Statuses that say all by themselves: no word in a body may turn a refused key into something else. */
const certainStatuses = new Set([401, 402, 403, 404, 503]);
const usageLimit = /usage limit|upgrade for|quota/i;

/** The words of an error body: a string, or an object as OpenAI's servers and proxies send it. */
export function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message, error: inner, type } = (error ?? {}) as Record<string, unknown>;
  const words = typeof message === 'string' ? message : inner === undefined ? undefined : wordsOf(inner);
  return [words, typeof type === 'string' ? `(${type})` : undefined].filter(Boolean).join(' ');
}

/** A failure from a status and the server's words; a status alone decides where it can. */
export function failureOf(status: number | undefined, words: string, headers?: Headers): Failure {
  const message = words.slice(0, longestMessage) || `the server answered ${status ?? 'with an error'}`;
  const meaning = meaningOf(status, words);
  const retryAfterMs = retryAfterOf(headers);
  const requestId = headerOf(headers, 'x-request-id');
  return {
    ...meaning,
    message,
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function meaningOf(status: number | undefined, words: string): Omit<Failure, 'message'> {
  // The cloud's allowance of an hour or a week is used up: waiting some seconds does not help.
  if (status === 429) return { kind: usageLimit.test(words) ? 'quota' : 'rate-limit' };
  if (status !== undefined && certainStatuses.has(status)) return { kind: kindOfStatus(status) };
  const known = meanings.find(([pattern]) => pattern.test(words));
  if (known) return known[1];
  return { kind: status === undefined ? 'server-error' : kindOfStatus(status) };
}

/** The failure that a reply without a 2xx is, its body read to the end. */
export async function failureOfResponse(response: Response): Promise<Error> {
  const text = await readText(response).catch(() => '');
  return failureError(failureOf(response.status, wordsOfBody(text), response.headers));
}

function wordsOfBody(text: string): string {
  try {
    return wordsOf(JSON.parse(text));
  } catch {
    // A page of a proxy says nothing that its status does not.
    return /^\s*</.test(text) ? '' : text.trim();
  }
}

interface SdkError {
  readonly name?: unknown;
  readonly error?: unknown;
}

/** What the SDK throws where a client of the host's reads the reply by itself. */
export function classifyOllama(error: unknown): Failure | undefined {
  const status = statusOf(error);
  if (status !== undefined && status >= 400) {
    const { error: body } = error as SdkError;
    return failureOf(status, wordsOf(body) || messageOf(error));
  }
  if (/did not receive done or success response/i.test(messageOf(error))) {
    return { kind: 'invalid-response', message: 'the stream ended without its last line', code: 'truncated' };
  }
  return undefined;
}
