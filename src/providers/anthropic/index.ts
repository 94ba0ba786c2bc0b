import { systemRuntime } from '../../core/runtime.ts';
import { notKnown } from '../../core/check.ts';
import { messageOf } from '../../core/failure.ts';
import { isEventStream, parseJson, readEvents, readJson, readParsed } from '../http.ts';
import { tellNotes } from '../notes.ts';
import type { Provider, ProviderCall, ProviderEvent } from '../provider.ts';
import { noOptions, settingsProblems } from '../settings-problems.ts';
import { eventsOf, streamOf, type Ask, type Sink } from '../sink.ts';
import { classify } from './classify.ts';
import {
  hostConnection,
  ownConnection,
  type AnthropicClient,
  type AnthropicSettings,
  type Connection,
} from './client.ts';
import { replyEvents } from './reply.ts';
import { toWireRequest } from './request.ts';
import { send, type Sent } from './send.ts';
import { eventReader, type EventReader } from './stream.ts';
import { refusal, supportsOf } from './supports.ts';
import { limitsOf, requestIdOf } from './usage.ts';

export type { AnthropicClient, AnthropicSettings } from './client.ts';
export type { ApiKey, ExpiringKey } from '../keys.ts';

interface Named {
  /** Stands in `target.provider`, events and `providerState`. @default 'anthropic', 'bedrock' or 'vertex' */
  name?: string | undefined;
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
  const askStreamed = askFor(connection, true);
  const name = { ...options }.name ?? connection.platform;
  return {
    name,
    kind: 'anthropic',
    problems: problem ? [...problems, problem] : problems,
    stream: (call) => streamOf(call, askStreamed),
    complete: (call) => complete(connection, call),
    classify,
    supports: (model) => supportsOf(model, connection.surface({})),
    refuses: (model, request) => refusal(model, request, connection.surface({})),
    secrets: () => connection.secrets(),
    ...(ring
      ? {
          refreshKey: ring.refresh,
          setKey: (key) => ring.set(key),
          withKey: (apiKey) => anthropic({ ...(options as AnthropicSettings & Named), apiKey }),
          keyVersion: () => ring.version(),
        }
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

function tellHeaders({ headers }: Response, sink: Sink): void {
  const requestId = requestIdOf(headers);
  const limits = limitsOf(headers, systemRuntime.now());
  sink.push({ type: 'meta', ...(requestId ? { requestId } : {}), ...(limits ? { limits } : {}) });
}

async function complete(connection: Connection, call: ProviderCall): Promise<ProviderEvent[]> {
  try {
    return await eventsOf(call, askFor(connection, false));
  } catch (error) {
    // Older SDKs refuse to wait for a long answer without a stream, whatever deadline they are given.
    if (!/^Streaming is (strongly )?(required|recommended)/.test(messageOf(error))) throw error;
    return eventsOf(call, askFor(connection, true));
  }
}

/** Makes one request, whose reply is to come as a stream or whole. */
function askFor(connection: Connection, streamed: boolean): Ask {
  return async (call, sink) => {
    const { model, request, headers } = call;
    const { body, ignored, warnings } = toWireRequest(model, request, connection.surface(headers));
    tellNotes(sink, ignored, warnings);
    const sent = await send(connection, call, streamed ? { ...body, stream: true } : body);
    if (sent.response) tellHeaders(sent.response, sink);
    if (streamed && isStreamed(sent)) return readStream(sent, eventReader(model), sink);
    const reply = sent.parsed ? sent.parsed.reply : await readJson(sent.response);
    for (const event of replyEvents(reply, model)) sink.push(event);
  };
}

/** Some servers answer whole where a stream was asked for. */
function isStreamed({ response, parsed }: Sent): boolean {
  return parsed ? isIterable(parsed.reply) : isEventStream(response);
}

function isIterable(reply: unknown): boolean {
  return typeof reply === 'object' && reply !== null && Symbol.asyncIterator in reply;
}

async function readStream({ response, parsed }: Sent, reader: EventReader, sink: Sink): Promise<void> {
  const take = (event: unknown) => {
    reader.accept(event, sink);
    return reader.isFinished();
  };
  if (parsed) await readParsed(parsed.reply as AsyncIterable<unknown>, { take });
  else
    await readEvents(response, {
      take: ({ data }) => take(parseJson(data, 'a stream event that does not parse')),
    });
  reader.end(sink);
}
