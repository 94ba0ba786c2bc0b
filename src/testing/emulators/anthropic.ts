import { boolean } from '../../core/check.ts';
import { atLeastOne } from '../../core/check-parts.ts';
import { answerOf, type Scene } from './anthropic/answer.ts';
import { errorAnswer, invalid, requestIdOf, streamErrorFrame } from './anthropic/errors.ts';
import { chunkMessage } from './anthropic/event-stream.ts';
import { isObject, listOf } from './anthropic/json.ts';
import { rulesOf } from './anthropic/models.ts';
import { doorOf, routeOf, type Route } from './anthropic/route.ts';
import { requestRefusal, thinks } from './anthropic/rules.ts';
import type { Dialect, DialectAnswer, DialectSettings, JsonObject, WireRequest } from './dialect.ts';
import { plainReply, type ReplyRequest } from './reply.ts';
import { startEmulator, type Emulator, type EmulatorOptions } from './server.ts';

/** What an emulated Anthropic is like, beside what every emulator takes. */
export interface AnthropicEmulatorOptions extends EmulatorOptions {
  /** The window of every model in tokens; a longer prompt is refused. @default 200_000 */
  readonly contextWindow?: number | undefined;
  /** Sends thinking sealed altogether, as `redacted_thinking`. @default false */
  readonly redactsThinking?: boolean | undefined;
}

const defaultWindow = 200_000;

/**
 * The Messages API on loopback, and the same behind Bedrock (`/model/{id}/invoke`, with the binary event stream of
 * `/invoke-with-response-stream`) and behind Vertex (`…:rawPredict`, `…:streamRawPredict`). Keys are those of the
 * vendor; for Bedrock access key ids or API keys, for Vertex access tokens.
 *
 * Thinking appears where the request, or the model unasked, has it on; it is signed, and refused where it comes back
 * altered or to another model.
 *
 * @example
 * await using emulator = await anthropicEmulator({ reply: 'Hello.', keys: ['key-1'] });
 * const client = new Anthropic({ apiKey: 'key-1', baseURL: emulator.url });
 */
export function anthropicEmulator(options: AnthropicEmulatorOptions = {}): Promise<Emulator> {
  const { contextWindow = defaultWindow, redactsThinking = false } = options;
  return startEmulator(anthropicDialect(contextWindow, redactsThinking), options, {
    contextWindow: atLeastOne,
    redactsThinking: boolean,
  });
}

function anthropicDialect(contextWindow: number, redacts: boolean): Dialect {
  return {
    name: 'anthropic',
    aside,
    handle(request, settings) {
      const route = routeOf(request);
      if (!route) return unknownPath(request);
      const refusal = accessRefusal(route, request, settings);
      if (refusal) return refusal;
      const message = requestRefusal(route, request.body) ?? lengthRefusal(request, route, contextWindow);
      if (message !== undefined) return { kind: 'error', ...invalid(route.door, request.number, message) };
      const reply = plainReply(settings.reply(replyRequestOf(request, route)), request.text);
      const { body, number, at } = request;
      const sequences = listOf(body['stop_sequences']) as readonly string[];
      const thinking = thinkingOf(route, body, redacts);
      return answerOf({ route, reply, number, at, thinking, stopSequence: sequences[0] });
    },
    error: (kind, details) => errorAnswer(doorOf(details.request) ?? 'anthropic', kind, details),
    streamError: (kind, request) => streamErrorFrame(doorOf(request) ?? 'anthropic', kind, request.number),
    keepAlive: (request) =>
      doorOf(request) === 'bedrock'
        ? chunkMessage({ type: 'ping' })
        : 'event: ping\ndata: {"type": "ping"}\n\n',
  };
}

function aside({ method, path, text }: WireRequest, settings: DialectSettings): DialectAnswer | undefined {
  if (path.endsWith('/v1/messages/count_tokens')) {
    return { kind: 'whole', body: { input_tokens: Math.ceil(text.length / 4) } };
  }
  const [, model] = /\/v1\/models\/([^/]+)$/.exec(path) ?? [];
  if (method !== 'GET' || !model) return undefined;
  const id = decodeURIComponent(model);
  return settings.hasModel(id)
    ? { kind: 'whole', body: { type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' } }
    : undefined;
}

function unknownPath({ number }: WireRequest): DialectAnswer {
  const error = { type: 'not_found_error', message: 'Not Found' };
  return { kind: 'error', status: 404, body: { type: 'error', error, request_id: requestIdOf(number) } };
}

function accessRefusal(
  route: Route,
  request: WireRequest,
  settings: DialectSettings,
): DialectAnswer | undefined {
  const { door, model, key } = route;
  if (!settings.acceptsKey(key)) {
    const message = key === undefined && door === 'anthropic' ? 'x-api-key header is required' : undefined;
    return { kind: 'error', ...errorAnswer(door, 'auth', { request, message }) };
  }
  if (model === '' && door === 'anthropic') {
    return { kind: 'error', ...invalid(door, request.number, 'model: Field required') };
  }
  if (settings.hasModel(model)) return undefined;
  const named = { ...request, body: { ...request.body, model } };
  return { kind: 'error', ...errorAnswer(door, 'model-not-found', { request: named }) };
}

function lengthRefusal({ text }: WireRequest, { door }: Route, contextWindow: number): string | undefined {
  const tokens = Math.ceil(text.length / 4);
  if (tokens <= contextWindow) return undefined;
  return door === 'bedrock'
    ? 'Input is too long for requested model.'
    : `prompt is too long: ${tokens} tokens > ${contextWindow} maximum`;
}

function thinkingOf({ model }: Route, body: JsonObject, redacts: boolean): Scene['thinking'] {
  const rules = rulesOf(model);
  if (!thinks(body, rules)) return 'none';
  if (redacts) return 'redacted';
  const display = isObject(body['thinking']) ? body['thinking']['display'] : undefined;
  const isHidden = display === 'omitted' || (rules.hidesThinking && display !== 'summarized');
  return isHidden ? 'omitted' : 'shown';
}

function replyRequestOf({ body, number }: WireRequest, { model, stream }: Route): ReplyRequest {
  const messages = listOf(body['messages']) as readonly JsonObject[];
  const ofUser = messages.filter(({ role }) => role === 'user');
  const last = messages.at(-1);
  return {
    model,
    prompt: ofUser.map(({ content }) => textOf(content)).findLast((text) => text !== '') ?? '',
    stream,
    afterToolResult: listOf(last?.['content']).some(
      (block) => isObject(block) && block['type'] === 'tool_result',
    ),
    body,
    number,
  };
}

/** The text of a content that is a string or a list of blocks. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((block) => (isObject(block) && typeof block['text'] === 'string' ? block['text'] : ''))
    .join('');
}
