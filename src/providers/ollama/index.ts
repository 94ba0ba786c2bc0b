import { headerOf } from '../retry-after.ts';
import { readJson } from '../http.ts';
import { invalidResponse } from '../failure.ts';
import { notesOf, strictToolWarnings } from '../notes.ts';
import { streamOf } from '../batches.ts';
import type { Provider, ProviderCall, ProviderEvent, ProviderRequest } from '../provider.ts';
import { buildRequest } from './body.ts';
import { ask, type Answer } from './client.ts';
import { connectionOf, type Connection } from './connection.ts';
import { classifyOllama } from './errors.ts';
import { supportsOf } from './families.ts';
import { eventsOfLines } from './lines.ts';
import type { OllamaOptions } from './options.ts';
import { replyReader, type ReplyReader } from './replies.ts';
import { eventsOfResult } from './result.ts';
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
  return {
    name: options.name ?? 'ollama',
    kind: 'ollama',
    slowStart: true,
    problems: connection.problems,
    stream: (call) => streamOf(batchesOf(connection, call)),
    complete: (call) => completeOf(connection, call),
    classify: classifyOllama,
    supports: supportsOf,
    refuses: (_, request) => refusalOf(request),
    secrets: () => connection.secrets(),
    ...(ring === undefined
      ? {}
      : {
          refreshKey: () => ring.refresh(),
          setKey: (key) => ring.set(key),
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

async function* batchesOf(
  connection: Connection,
  call: ProviderCall,
): AsyncGenerator<readonly ProviderEvent[], void> {
  const { body, reader, first } = prepare(call, true);
  if (first) yield [first];
  const answer = await send(connection, call, body);
  if ('result' in answer) {
    yield* eventsOfResult(answer.result, reader, call.signal);
    return;
  }
  const requestId = headerOf(answer.response.headers, 'x-request-id');
  if (requestId !== undefined) yield [{ type: 'meta', requestId }];
  yield* eventsOfLines(answer.response, reader);
}

async function completeOf(connection: Connection, call: ProviderCall): Promise<ProviderEvent[]> {
  const { body, reader, first } = prepare(call, false);
  const answer = await send(connection, call, body);
  const events: ProviderEvent[] = first ? [first] : [];
  const isResponse = 'response' in answer;
  const requestId = isResponse ? headerOf(answer.response.headers, 'x-request-id') : undefined;
  if (requestId !== undefined) events.push({ type: 'meta', requestId });
  const reply: unknown = isResponse ? await readJson(answer.response) : answer.result;
  if (!reader.accept(reply, events, reply)) {
    throw invalidResponse('the reply does not say that it is whole', 'truncated');
  }
  return events;
}

interface Prepared {
  readonly body: OllamaBody;
  readonly reader: ReplyReader;
  readonly first: ProviderEvent | undefined;
}

function prepare(call: ProviderCall, stream: boolean): Prepared {
  const { model, request } = call;
  const { body, ignored } = buildRequest(call, stream);
  const [first] = notesOf(ignored, strictToolWarnings(request));
  const measure = measurePrompt(body);
  refuseTooLong(measure);
  return {
    body,
    reader: replyReader({ model, request, measure }),
    first,
  };
}

async function send(connection: Connection, call: ProviderCall, body: OllamaBody): Promise<Answer> {
  call.signal.throwIfAborted();
  const [client, authorization] = await Promise.all([connection.client(), connection.authorization()]);
  return ask(client, body, { signal: call.signal, headers: call.headers, authorization });
}
