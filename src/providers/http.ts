import { createParser } from 'eventsource-parser';
import { setAlarm, systemRuntime } from '../core/runtime.ts';
import { invalidResponse } from './failure.ts';

/** A reply longer than this is not an answer to a chat call. */
export const maxReplyBytes = 32 * 1024 * 1024;

/** One server-sent event. */
export interface ServerSentEvent {
  readonly event?: string | undefined;
  readonly data: string;
}

/** What is made of a body while it arrives: of its pieces of text, or of its events. */
export interface BodyReader<Piece> {
  /**
   * Takes the next one. Returns whether the answer is whole: then the rest is let run out, unheard, so that the
   * connection can be used again. What it throws closes the connection.
   */
  take(piece: Piece): boolean;
  /** For how long more is to be waited for after a piece, in milliseconds; undefined as long as it takes. */
  patienceMs?(): number | undefined;
}

const moreFollows = { stream: true };

/** Reads a body as text, piece by piece as it arrives, at most 32 MiB, until its end or as long as its reader wants. */
export async function readBody(response: Response, reader: BodyReader<string>): Promise<void> {
  if (!response.body) return;
  const body = response.body.getReader();
  const decoder = new TextDecoder();
  const close = (): void => void body.cancel().catch(() => {});
  let callOff: (() => void) | undefined;
  let bytes = 0;
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await body.read();
      callOff?.();
      isOver = done;
      if (done) break;
      bytes += value.byteLength;
      if (bytes > maxReplyBytes)
        throw invalidResponse(`the reply is longer than ${maxReplyBytes} bytes`, 'too-long');
      isOver = reader.take(decoder.decode(value, moreFollows));
      if (isOver) return void runOut(body, close);
      const patienceMs = reader.patienceMs?.();
      if (patienceMs !== undefined) callOff = setAlarm(systemRuntime, patienceMs, close);
    }
    const rest = decoder.decode();
    if (rest) reader.take(rest);
  } finally {
    // Closes the connection wherever the reader stopped.
    if (!isOver) close();
  }
}

/** How long a body may take to end once the whole answer has been read from it. */
const endingMs = 1_000;

async function runOut(body: { read(): Promise<{ done: boolean }> }, close: () => void): Promise<void> {
  const callOff = setAlarm(systemRuntime, endingMs, close);
  try {
    while (!(await body.read()).done);
  } catch {
    // The connection broke after the answer: nobody needs it any more.
  } finally {
    callOff();
  }
}

/** The whole body as text, at most 32 MiB. */
export async function readText(response: Response): Promise<string> {
  let text = '';
  await readBody(response, {
    take(piece) {
      text += piece;
      return false;
    },
  });
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

/** Reads a body as server-sent events: any split gives the same ones. */
export function readEvents(response: Response, reader: BodyReader<ServerSentEvent>): Promise<void> {
  let isWhole = false;
  const parser = createParser({
    // What follows the last word is no part of the answer.
    onEvent: (event) => (isWhole ||= reader.take(event)),
  });
  return readBody(response, {
    take(text) {
      parser.feed(text);
      return isWhole;
    },
    patienceMs: () => reader.patienceMs?.(),
  });
}

/** The same for a stream that a client has parsed already: leaving it is all that can be done to close its connection. */
export async function readParsed(stream: AsyncIterable<unknown>, reader: BodyReader<unknown>): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const patienceMs = reader.patienceMs?.();
      const next = iterator.next();
      const piece = await (patienceMs === undefined ? next : within(patienceMs, next));
      isOver = piece?.done === true;
      if (!piece || piece.done || reader.take(piece.value)) return;
    }
  } finally {
    const leave = async () => iterator.return?.();
    if (!isOver) leave().catch(() => {});
  }
}

/** The result, or undefined where it does not come in time or not at all. */
function within<Result>(ms: number, coming: Promise<Result>): Promise<Result | undefined> {
  return new Promise((resolve) => {
    const callOff = setAlarm(systemRuntime, ms, () => resolve(undefined));
    const settle = (result?: Result): void => {
      callOff();
      resolve(result);
    };
    coming.then(settle, () => settle());
  });
}
