import { invalidResponse } from '../failure.ts';
import { isEventStream, parseJson, readText } from '../http.ts';
import { tellNotes } from '../notes.ts';
import type { Ask, Sink } from '../sink.ts';
import { prepare } from './body.ts';
import { failureOfResponse, requestIdOf } from './classify.ts';
import { readEvents } from './events.ts';
import { newReading, readEnd, readReply, type Reading } from './read.ts';
import type { Answer, Transport } from './transport.ts';

/** What a call goes through: one of the packages, and the headers that every request bears. */
export interface Connection {
  readonly transport: Transport;
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes the connection, or has it already; fetches the key where that is a function. */
export type Connect = () => Connection | Promise<Connection>;

/** Makes one request, whose reply is to come as a stream or whole. */
export function askFor(connect: Connect, method: 'stream' | 'complete'): Ask {
  return async (call, sink) => {
    const { model, request, signal } = call;
    const { transport, headers } = await connect();
    const { route } = transport;
    const { body, ignored, warnings } = prepare(model, route, request);
    tellNotes(sink, ignored, warnings);
    // `@google/generative-ai` would send all the same.
    signal.throwIfAborted();
    const answer = await transport[method]({ model, body, headers: joined(headers, call.headers), signal });
    const reading = newReading(model, route);
    if ('response' in answer) await readHeaders(answer.response, reading, sink);
    await (method === 'stream' ? readStream(answer, reading, sink) : readWhole(answer, reading, sink));
  };
}

async function readHeaders(response: Response, reading: Reading, sink: Sink): Promise<void> {
  if (!response.ok) throw failureOfResponse(response, await readText(response));
  const requestId = requestIdOf(response.headers);
  reading.requestId = requestId;
  if (requestId !== undefined) sink.push({ type: 'meta', requestId });
}

async function readStream(answer: Answer, reading: Reading, sink: Sink): Promise<void> {
  if ('replies' in answer) {
    for await (const reply of answer.replies) readReply(reading, reply, sink);
  } else if ('response' in answer && isEventStream(answer.response)) {
    await readEvents(answer.response, (data) => {
      // Not Gemini's, but that of proxies that speak several dialects.
      if (data !== '[DONE]') readReply(reading, parseJson(data, 'an event that does not parse'), sink);
    });
  } else {
    for (const reply of await wholeReplies(answer)) readReply(reading, reply, sink);
  }
  readEnd(reading, sink);
}

async function readWhole(answer: Answer, reading: Reading, sink: Sink): Promise<void> {
  const replies = await wholeReplies(answer);
  for (const reply of replies) readReply(reading, reply, sink);
  readEnd(reading, sink, rawOf(replies[0]));
}

type Headers = Readonly<Record<string, string>>;

/** The later one wins, whatever its case: sent twice, a header would hold both values. */
function joined(own: Headers, callers: Headers): Headers {
  const all = [...Object.entries(own), ...Object.entries(callers)];
  return Object.fromEntries(all.map(([name, value]) => [name.toLowerCase(), value]));
}

/** A body that came whole: one reply, or the array of replies that a stream is without `alt=sse`. */
async function wholeReplies(answer: Answer): Promise<unknown[]> {
  if (!('response' in answer)) return ['reply' in answer ? answer.reply : undefined];
  const text = await readText(answer.response);
  const what = /^\s*</.test(text) ? 'an HTML page' : `${text.length} characters that do not parse`;
  const parsed = parseJson(text, what);
  if (!Array.isArray(parsed)) return [parsed];
  if (parsed.length === 0) throw invalidResponse('expected a reply of Gemini, got an empty array');
  return parsed;
}

/** The vendor's own fields: the SDKs add methods and headers. */
function rawOf(reply: unknown): unknown {
  const entries = Object.entries(reply as object);
  return Object.fromEntries(
    entries.filter(([key, value]) => key !== 'sdkHttpResponse' && typeof value !== 'function'),
  );
}
