import { notKnown } from '../../core/check.ts';
import { messageOf } from '../../core/failure.ts';
import { streamOf } from '../batches.ts';
import { eventBatches, isEventStream, parseJson, readJson, type ServerSentEvent } from '../http.ts';
import { notesOf } from '../notes.ts';
import type { Provider, ProviderCall, ProviderEvent } from '../provider.ts';
import { noOptions, settingsProblems } from '../settings-problems.ts';
import { classify } from './classify.ts';
import {
  hostConnection,
  ownConnection,
  type AnthropicClient,
  type AnthropicSettings,
  type Connection,
} from './client.ts';
import { replyEvents } from './reply.ts';
import { toWireRequest, type WireRequest } from './request.ts';
import { send } from './send.ts';
import { eventReader, type EventReader } from './stream.ts';
import { refusal, supportsOf } from './supports.ts';
import { limitsOf, requestIdOf } from './usage.ts';

export type { AnthropicClient, AnthropicSettings } from './client.ts';
export type { ApiKey, ExpiringKey } from '../keys.ts';

interface Named {
  /** Stands in `target.provider`, events and `providerState`. @default 'anthropic', 'bedrock' or 'vertex' */
  name?: string;
}

/** A client of the host's, or settings for one of our own. */
export type AnthropicOptions = Named & ({ client: AnthropicClient } | AnthropicSettings);

const knownOptions = new Set(['client', 'apiKey', 'baseURL', 'headers', 'fetch', 'name']);

/**
 * Claude by `@anthropic-ai/sdk`, on Bedrock by `@anthropic-ai/bedrock-sdk` or on Vertex by `@anthropic-ai/vertex-sdk`.
 * Takes a client of the host's, or settings for one of our own: then nothing in the environment redirects a request or
 * adds to it. The SDK's retries are off either way.
 *
 * Faults of the options (no client and no key, a client without `messages.create`, a missing SDK) stand in `problems`;
 * nothing is thrown here.
 *
 * @example
 * anthropic({ apiKey: () => vault.read('anthropic') });
 * @example
 * anthropic({ client: new AnthropicBedrock({ awsRegion: 'eu-central-1' }) });
 */
export function anthropic(options: AnthropicOptions): Provider {
  const problems = problemsOf(options);
  const connection = connectionOf(options);
  const problem = connection.problem();
  const { ring } = connection;
  const name = { ...options }.name ?? connection.platform;
  return {
    name,
    kind: 'anthropic',
    problems: problem ? [...problems, problem] : problems,
    stream: (call) => streamOf(batchesOf(connection, call)),
    complete: (call) => complete(connection, call),
    classify,
    supports: (model) => supportsOf(model, connection.surface({})),
    refuses: (model, request) => refusal(model, request, connection.surface({})),
    secrets: () => connection.secrets(),
    ...(ring
      ? { refreshKey: () => ring.refresh(), setKey: (key) => ring.set(key), keyVersion: () => ring.version() }
      : {}),
  };
}

function connectionOf(options: AnthropicOptions): Connection {
  const { client } = { ...options } as { client?: AnthropicClient };
  return client ? hostConnection(client) : ownConnection({ ...options } as AnthropicSettings);
}

function problemsOf(options: AnthropicOptions): string[] {
  const mistaken = noOptions('anthropic', options, ({ messages }) => typeof messages?.create === 'function');
  if (mistaken) return [mistaken];
  const given: Record<string, unknown> = { ...options };
  const problems = Object.keys(given)
    .filter((key) => given[key] !== undefined && !knownOptions.has(key))
    .map((key) => `${key} ${notKnown(key, [...knownOptions])}`);
  const client = given['client'] as Partial<AnthropicClient> | null | undefined;
  const settings = ['apiKey', 'baseURL', 'headers', 'fetch'].filter((key) => given[key] !== undefined);
  if (client === undefined && given['apiKey'] === undefined) {
    problems.push('anthropic: expected a client or an apiKey, got neither');
  }
  if (client !== undefined && settings.length > 0) {
    problems.push(`anthropic: a client has its own settings; ${settings.join(', ')} cannot stand beside it`);
  }
  if (client !== undefined && typeof client?.messages?.create !== 'function') {
    problems.push('anthropic: expected a client with messages.create, as those of @anthropic-ai/sdk have');
  }
  if (client === undefined) problems.push(...settingsProblems(given));
  return problems;
}

function prepared(connection: Connection, call: ProviderCall): WireRequest {
  return toWireRequest(call.model, call.request, connection.surface(call.headers));
}

function headersEvent({ headers }: Response): ProviderEvent {
  const requestId = requestIdOf(headers);
  const limits = limitsOf(headers);
  return { type: 'meta', ...(requestId ? { requestId } : {}), ...(limits ? { limits } : {}) };
}

async function complete(connection: Connection, call: ProviderCall): Promise<ProviderEvent[]> {
  try {
    return await completeWhole(connection, call);
  } catch (error) {
    // Older SDKs refuse to wait for a long answer without a stream, whatever deadline they are given.
    if (!/^Streaming is (strongly )?(required|recommended)/.test(messageOf(error))) throw error;
    const events: ProviderEvent[] = [];
    for await (const batch of batchesOf(connection, call)) events.push(...batch);
    return events;
  }
}

async function completeWhole(connection: Connection, call: ProviderCall): Promise<ProviderEvent[]> {
  const request = prepared(connection, call);
  const events = notesOf(request.ignored, request.warnings);
  const { response, parsed, leave } = await send(connection, call, request.body);
  let isWhole = false;
  try {
    if (response) events.push(headersEvent(response));
    const reply = parsed ? parsed.reply : await readJson(response as Response);
    isWhole = true;
    return [...events, ...replyEvents(reply, call.model)];
  } finally {
    leave(isWhole);
  }
}

async function* batchesOf(
  connection: Connection,
  call: ProviderCall,
): AsyncGenerator<readonly ProviderEvent[]> {
  const request = prepared(connection, call);
  const notes = notesOf(request.ignored, request.warnings);
  if (notes.length > 0) yield notes;
  const { response, parsed, leave } = await send(connection, call, { ...request.body, stream: true });
  const reader = eventReader(call.model);
  let isWhole = false;
  try {
    if (response) yield [headersEvent(response)];
    if (!response || parsed) {
      yield* parsedBatches(parsed?.reply, reader, call.model);
    } else if (isEventStream(response)) {
      yield* readBatches(response, reader);
    } else {
      const reply = await readJson(response);
      isWhole = true;
      yield replyEvents(reply, call.model);
    }
  } finally {
    leave(isWhole || reader.isFinished());
  }
}

async function* readBatches(
  response: Response,
  reader: EventReader,
): AsyncGenerator<readonly ProviderEvent[]> {
  const out: ProviderEvent[] = [];
  const accept = ({ data }: ServerSentEvent): boolean => {
    reader.accept(parseJson(data, 'a stream event that does not parse'), out);
    return reader.isFinished();
  };
  for await (const batch of eventBatches(response, reader.isFinished)) {
    let failure: unknown;
    try {
      batch.some(accept);
    } catch (error) {
      failure = error;
    }
    // What came before a broken event is shown before its failure.
    yield out;
    out.length = 0;
    if (failure !== undefined) throw failure;
    if (reader.isFinished()) return;
  }
  reader.end(out);
  yield out;
}

/** What a client without responses made of the reply: a stream of parsed events, or a message. */
async function* parsedBatches(
  parsed: unknown,
  reader: EventReader,
  model: string,
): AsyncGenerator<readonly ProviderEvent[]> {
  const events = parsed as Partial<AsyncIterable<unknown>> | null | undefined;
  if (typeof events?.[Symbol.asyncIterator] !== 'function') {
    yield replyEvents(parsed, model);
    return;
  }
  const out: ProviderEvent[] = [];
  for await (const event of events as AsyncIterable<unknown>) {
    reader.accept(event, out);
    yield out;
    out.length = 0;
    if (reader.isFinished()) return;
  }
  reader.end(out);
  yield out;
}
