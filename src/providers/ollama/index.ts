import { headerOf } from '../retry-after.ts';
import { readJson } from '../http.ts';
import { invalidResponse } from '../failure.ts';
import { strictToolWarnings, tellNotes } from '../notes.ts';
import { eventsOf, streamOf, type Ask, type Sink } from '../sink.ts';
import type { Provider, ProviderCall, ProviderRequest } from '../provider.ts';
import { buildRequest } from './body.ts';
import { ask, type Answer } from './client.ts';
import { connectionOf, type Connection } from './connection.ts';
import { classifyOllama } from './errors.ts';
import { supportsOf } from './families.ts';
import { readLines } from './lines.ts';
import type { OllamaOptions, OllamaSettings } from './options.ts';
import { replyReader, type ReplyReader } from './replies.ts';
import { readResult } from './result.ts';
import { measurePrompt, refuseTooLong } from './window.ts';
import type { OllamaBody } from './wire.ts';

export type { OllamaClient } from './client.ts';
export type { ApiKey, ExpiringKey } from '../keys.ts';

export type { OllamaClientOptions, OllamaOptions, OllamaSettings } from './options.ts';

/**
 * Ollama by the package `ollama` (0.6, an optional peer). Structured output by `format`, thinking by `think`, the
 * window by `num_ctx` from the target's `contextWindow`, and `keep_alive` and the like by `providerOptions.ollama`
 * (settings of the model under `options`). A prompt that does not fit is the failure `context-length`, where the server
 * itself would cut it and answer; `providerOptions: { ollama: { truncate: true } }` asks for that cut.
 *
 * The time to the first token is longer by default, since the server loads the model first.
 *
 * @example
 * ollama({ host: 'http://127.0.0.1:11434' });
 * ollama({ client: new Ollama({ host: 'http://gpu-box:11434' }), name: 'gpu-box' });
 */
export function ollama(options: OllamaOptions = {}): Provider {
  const connection = connectionOf(options);
  const { ring } = connection;
  const askStreamed = askFor(connection, true);
  const askWhole = askFor(connection, false);
  return {
    name: options.name ?? 'ollama',
    kind: 'ollama',
    slowStart: true,
    problems: connection.problems,
    stream: (call) => streamOf(call, askStreamed),
    complete: (call) => eventsOf(call, askWhole),
    classify: classifyOllama,
    supports: supportsOf,
    refuses: (_, request) => refusalOf(request),
    secrets: () => connection.secrets(),
    ...(ring === undefined
      ? {}
      : {
          refreshKey: ring.refresh,
          setKey: (key) => ring.set(key),
          withKey: (apiKey) => ollama({ ...(options as OllamaSettings), apiKey }),
          keyVersion: () => ring.version(),
        }),
  };
}

/** The server holds the whole reply to the format, so that a model can no longer write a call. */
function refusalOf({ schema, tools, toolChoice }: ProviderRequest): string | undefined {
  return schema !== undefined && tools?.length && toolChoice !== 'none'
    ? 'Ollama cannot offer tools and hold the answer to a schema at once'
    : undefined;
}

/** Makes one request, whose reply is to come as a stream or whole. */
function askFor(connection: Connection, streamed: boolean): Ask {
  return async (call, sink) => {
    const { model, request } = call;
    const { body, ignored } = buildRequest(call, streamed);
    tellNotes(sink, ignored, strictToolWarnings(request));
    const measure = measurePrompt(body);
    refuseTooLong(measure);
    const reader = replyReader({ model, request, measure });
    const answer = await send(connection, call, body);
    if ('response' in answer) await readResponse(answer.response, { reader, sink, streamed });
    else if (streamed) await readResult(answer.result, reader, sink, call.signal);
    else readWhole(answer.result, reader, sink);
  };
}

interface Reading {
  readonly reader: ReplyReader;
  readonly sink: Sink;
  readonly streamed: boolean;
}

async function readResponse(response: Response, { reader, sink, streamed }: Reading): Promise<void> {
  const requestId = headerOf(response.headers, 'x-request-id');
  if (requestId !== undefined) sink.push({ type: 'meta', requestId });
  if (streamed) await readLines(response, reader, sink);
  else readWhole(await readJson(response), reader, sink);
}

function readWhole(reply: unknown, reader: ReplyReader, sink: Sink): void {
  if (!reader.accept(reply, sink, reply))
    throw invalidResponse('the reply does not say that it is whole', 'truncated');
}

async function send(connection: Connection, call: ProviderCall, body: OllamaBody): Promise<Answer> {
  call.signal.throwIfAborted();
  const [client, authorization] = await Promise.all([connection.client(), connection.authorization()]);
  return ask(client, body, { signal: call.signal, headers: call.headers, authorization });
}
