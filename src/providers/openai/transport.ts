import { failureError, invalidResponse } from '../failure.ts';
import { isEventStream, parseJson, readEvents, readJson, readParsed, type ServerSentEvent } from '../http.ts';
import type { OpenAIApi, OpenAIClient } from './options.ts';
import type { Loose, ReplyReader } from './reader.ts';

/** What a client gave back: the reply itself, or what a wrapper of the host made of it. */
export type Reply =
  | { readonly kind: 'response'; readonly response: Response }
  | { readonly kind: 'chunks'; readonly chunks: AsyncIterable<unknown> }
  | { readonly kind: 'object'; readonly object: unknown };

/** The longest that a timer can hold: the engine's own deadlines rule, not the SDK's. */
const noTimeoutMs = 2 ** 31 - 1;

export interface Sending {
  readonly client: OpenAIClient;
  readonly api: OpenAIApi;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Sends one request, exactly once, and resolves as soon as there is a reply to read. */
export async function send({ client, api, body, headers, signal }: Sending): Promise<Reply> {
  const resource = api === 'chat' ? client.chat?.completions : client.responses;
  if (typeof resource?.create !== 'function') {
    throw failureError({ kind: 'unknown', message: `the client has no ${api} API`, code: 'client-method' });
  }
  const pending: unknown = resource.create(body, { signal, maxRetries: 0, timeout: noTimeoutMs, headers });
  const { asResponse } = (pending ?? {}) as { asResponse?: () => Promise<Response> };
  if (typeof asResponse === 'function') return { kind: 'response', response: await asResponse.call(pending) };
  const object = await pending;
  if (typeof object === 'object' && object !== null && Symbol.asyncIterator in object) {
    return { kind: 'chunks', chunks: object as AsyncIterable<unknown> };
  }
  return { kind: 'object', object };
}

/** Whether a reply is to be read event by event. */
export function isStreamed(reply: Reply, wasAsked: boolean): boolean {
  if (reply.kind !== 'response') return reply.kind === 'chunks';
  // Some servers answer whole where a stream was asked for, others the other way round.
  return wasAsked
    ? isEventStream(reply.response)
    : /event-stream/i.test(reply.response.headers.get('content-type') ?? '');
}

/** The whole reply as an object. */
export async function wholeOf(reply: Reply): Promise<Loose> {
  if (reply.kind === 'response') return readJson(reply.response);
  const object = reply.kind === 'object' ? reply.object : undefined;
  if (typeof object !== 'object' || object === null) {
    throw invalidResponse('the reply is no JSON object', 'not-json');
  }
  return object;
}

/** Reads a stream until the server has said that nothing follows, or that is taken for granted. */
export function readStream(reply: Reply, reader: ReplyReader): Promise<void> {
  const patienceMs = () => reader.patienceMs();
  if (reply.kind === 'response') return readEvents(reply.response, { take: takeEvent(reader), patienceMs });
  const take = (chunk: unknown) => {
    reader.read(objectOf(chunk));
    return false;
  };
  return readParsed((reply as { chunks: AsyncIterable<unknown> }).chunks, { take, patienceMs });
}

function takeEvent(reader: ReplyReader): (event: ServerSentEvent) => boolean {
  return ({ data, event }) => {
    if (data.startsWith('[DONE]')) return true;
    // Servers write comments and empty events to keep a connection open.
    if (data !== '') reader.read(named(objectOf(parseJson(data, 'an event that does not parse')), event));
    return false;
  };
}

function objectOf(value: unknown): Loose {
  return typeof value === 'object' && value !== null ? value : {};
}

/** Some proxies leave out the type, others the error's name, which then only the event's own name tells. */
function named(event: Loose, name: string | undefined): Loose {
  if (name === 'error' && !event['error']) return { ...event, type: 'error', error: event };
  if (name === undefined || event['type'] !== undefined || !name.startsWith('response.')) return event;
  return { ...event, type: name };
}
