import { createParser } from 'eventsource-parser';
import { setAlarm, systemRuntime } from '../core/runtime.ts';
import { invalidResponse } from './failure.ts';

/** A reply longer than this is not an answer to a chat call. */
export const maxReplyBytes = 32 * 1024 * 1024;

/** For aborts that nobody asks about: one without a reason makes an error, whose stack costs more than all else of it. */
export const noReason = new Error('no longer needed');

/** One server-sent event. */
export interface ServerSentEvent {
  readonly event?: string | undefined;
  readonly data: string;
}

/**
 * The body as text, piece by piece as it arrives, at most 32 MiB. Leaving the loop closes the connection, unless
 * `isWhole` says that the answer has been read to its end: then the body is let run out, unheard, so that its connection
 * can be used again.
 */
export async function* chunksOf(response: Response, isWhole?: () => boolean): AsyncGenerator<string> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  let hasEnded = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      hasEnded = done;
      if (done) break;
      bytes += value.byteLength;
      if (bytes > maxReplyBytes)
        throw invalidResponse(`the reply is longer than ${maxReplyBytes} bytes`, 'too-long');
      yield decoder.decode(value, { stream: true });
    }
    const rest = decoder.decode();
    if (rest) yield rest;
  } finally {
    if (!hasEnded) {
      // Closes the connection wherever the reader stopped.
      if (isWhole?.()) void runOut(reader);
      else reader.cancel().catch(() => {});
    }
  }
}

/** How long a body may take to end once the whole answer has been read from it. */
const endingMs = 1_000;

async function runOut(reader: {
  read(): Promise<{ done: boolean }>;
  cancel(): Promise<void>;
}): Promise<void> {
  const close = (): void => void reader.cancel().catch(() => {});
  const callOff = setAlarm(systemRuntime, endingMs, close);
  try {
    while (!(await reader.read()).done);
  } catch {
    // The connection broke after the answer: nobody needs it any more.
  } finally {
    callOff();
  }
}

/** The whole body as text, at most 32 MiB. */
export async function readText(response: Response): Promise<string> {
  let text = '';
  for await (const chunk of chunksOf(response)) text += chunk;
  return text;
}

/** The body as a JSON object; anything else (HTML, a bare string, nothing, half a body) is an `invalid-response`. */
export async function readJson(response: Response): Promise<Record<string, unknown>> {
  const text = await readText(response);
  const parsed = parseJson(text, () => describeBody(response, text));
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw invalidResponse(`expected a JSON object, got ${describeBody(response, text)}`, 'not-json');
  }
  return parsed as Record<string, unknown>;
}

/** Parses JSON; the failure says what came instead, never the text itself. */
export function parseJson(text: string, what: string | (() => string)): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const told = typeof what === 'string' ? what : what();
    throw invalidResponse(`expected JSON, got ${told}`, 'malformed-json');
  }
}

function describeBody(response: Response, text: string): string {
  if (text === '') return 'an empty body';
  const type = response.headers.get('content-type')?.split(';')[0] ?? 'no content type';
  if (/^\s*<(!doctype|html)/i.test(text)) return `an HTML page (${type})`;
  return `${text.length} characters that do not parse (${type})`;
}

/** Whether a reply to a streaming request is a stream of server-sent events, and no whole body. */
export function isEventStream(response: Response): boolean {
  const type = response.headers.get('content-type') ?? '';
  // Some proxies send a stream without its type; a JSON or HTML type is a whole body for certain.
  return !/json|html|text\/plain/i.test(type) || /event-stream/i.test(type);
}

/**
 * Server-sent events in batches, one for each piece of the body that arrived: any split gives the same events.
 * `isWhole` tells, where the loop is left, whether the terminal marker has been read.
 */
export async function* eventBatches(
  response: Response,
  isWhole?: () => boolean,
): AsyncGenerator<readonly ServerSentEvent[]> {
  let batch: ServerSentEvent[] = [];
  const parser = createParser({ onEvent: (event) => batch.push(event) });
  for await (const chunk of chunksOf(response, isWhole)) {
    parser.feed(chunk);
    if (batch.length === 0) continue;
    yield batch;
    batch = [];
  }
}
