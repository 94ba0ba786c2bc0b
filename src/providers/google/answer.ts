import { invalidResponse } from '../failure.ts';
import { isEventStream, parseJson, readText } from '../http.ts';
import type { ProviderCall, ProviderEvent } from '../provider.ts';
import { prepare } from './body.ts';
import { failureOfResponse, requestIdOf } from './classify.ts';
import { eventBatches } from './events.ts';
import { openLine, type Line } from './line.ts';
import { endOf, eventsOf, newReading, type Reading } from './read.ts';
import type { Answer, Transport } from './transport.ts';
import type { WireBody } from './wire.ts';

/** What a call goes through: one of the packages, and the headers that every request bears. */
export interface Connection {
  readonly transport: Transport;
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes the connection, or has it already; fetches the key where that is a function. */
export type Connect = () => Connection | Promise<Connection>;

/** Streams one answer. Leaving it early, or the call's signal, closes the connection. */
export async function* streamAnswer(
  connect: Connect,
  call: ProviderCall,
): AsyncGenerator<readonly ProviderEvent[]> {
  const line = openLine(call.signal);
  try {
    const connection = await line.until(connect());
    const { body, notes } = prepare(call.model, connection.transport.route, call.request);
    if (notes.length > 0) yield notes;
    const { answer, reading } = await ask(connection, call, { body, line, method: 'stream' });
    const { requestId } = reading;
    if (requestId !== undefined) yield [{ type: 'meta', requestId }];
    if ('replies' in answer) {
      for await (const reply of answer.replies) {
        yield eventsOf(reading, [reply]);
        if (reading.failure !== undefined) throw reading.failure;
      }
    } else if ('response' in answer && isEventStream(answer.response)) {
      for await (const batch of eventBatches(answer.response)) {
        yield eventsOf(reading, batch, parseEvent);
        if (reading.failure !== undefined) throw reading.failure;
      }
    } else {
      yield eventsOf(reading, await wholeReplies(answer));
      if (reading.failure !== undefined) throw reading.failure;
    }
    yield endOf(reading);
  } finally {
    line.close();
  }
}

/** Fetches one answer whole. */
export async function completeAnswer(connect: Connect, call: ProviderCall): Promise<ProviderEvent[]> {
  const line = openLine(call.signal);
  try {
    const connection = await line.until(connect());
    const { body, notes } = prepare(call.model, connection.transport.route, call.request);
    const { answer, reading } = await ask(connection, call, { body, line, method: 'complete' });
    const replies = await wholeReplies(answer);
    const events = eventsOf(reading, replies);
    if (reading.failure !== undefined) throw reading.failure;
    return [...notes, ...events, ...endOf(reading, rawOf(replies[0]))];
  } finally {
    line.close();
  }
}

interface Question {
  readonly body: WireBody;
  readonly line: Line;
  readonly method: 'stream' | 'complete';
}

async function ask(
  { transport, headers }: Connection,
  call: ProviderCall,
  { body, line, method }: Question,
): Promise<{ answer: Answer; reading: Reading }> {
  const { signal } = line;
  const outgoing = { model: call.model, body, headers: joined(headers, call.headers), signal };
  const answer = await line.until(transport[method](outgoing));
  const reading = newReading(call.model, transport.route);
  if (!('response' in answer)) return { answer, reading };
  if (!answer.response.ok) throw failureOfResponse(answer.response, await readText(answer.response));
  reading.requestId = requestIdOf(answer.response.headers);
  return { answer, reading };
}

type Headers = Readonly<Record<string, string>>;

/** The later one wins, whatever its case: sent twice, a header would hold both values. */
function joined(own: Headers, callers: Headers): Headers {
  const all = [...Object.entries(own), ...Object.entries(callers)];
  return Object.fromEntries(all.map(([name, value]) => [name.toLowerCase(), value]));
}

function parseEvent({ data }: { readonly data: string }): unknown {
  // Not Gemini's, but that of proxies that speak several dialects.
  return data === '[DONE]' ? undefined : parseJson(data, 'an event that does not parse');
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
