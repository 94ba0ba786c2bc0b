import { oneOf } from '../../core/check.ts';
import type { Dialect, DialectAnswer, DialectSettings, VendorErrorKind, WireRequest } from './dialect.ts';
import { chatAnswer, chatReplyRequest } from './openai/chat.ts';
import { chatRefusal } from './openai/chat-rules.ts';
import { modelOf, refusalAnswer, vendorError, vendorErrorBody, type Flavour } from './openai/errors.ts';
import { responsesAnswer, responsesReplyRequest } from './openai/responses.ts';
import { responsesRefusal } from './openai/responses-rules.ts';
import { plainReply } from './reply.ts';
import { startEmulator, type Emulator, type EmulatorOptions } from './server.ts';

/** What an emulated OpenAI is like, beside what every emulator takes. */
export interface OpenAIEmulatorOptions extends EmulatorOptions {
  /**
   * Whose rules and errors hold. @default by path: `/v1/…` is OpenAI, `/openai/…` Azure, any other a compatible
   * endpoint
   */
  flavour?: Flavour | undefined;
}

/**
 * OpenAI on loopback: Chat Completions and Responses, under OpenAI's paths (`baseURL: url + '/v1'`), Azure's
 * (`endpoint: url`) and those of compatible endpoints (`baseURL: url + '/api/v1'`).
 *
 * @example
 * await using emulator = await openaiEmulator({ reply: { text: 'Hello.' }, faults: ['overloaded', null] });
 * const client = new OpenAI({ apiKey: 'test', baseURL: `${emulator.url}/v1`, maxRetries: 0 });
 */
export function openaiEmulator(options: OpenAIEmulatorOptions = {}): Promise<Emulator> {
  return startEmulator(openaiDialect(options.flavour), options, {
    flavour: oneOf(['openai', 'azure', 'compatible']),
  });
}

export function openaiDialect(flavour?: Flavour): Dialect {
  const flavourOf = (request: WireRequest): Flavour => flavour ?? flavourOfPath(request.path);
  return {
    name: 'openai',
    aside: (request, settings) => listOfModels(request, settings),
    handle: (request, settings) => answer(request, settings, flavourOf(request)),
    error: (kind, details) => vendorError(flavourOf(details.request), kind, details),
    streamError: (kind, request) => streamError(kind, request, flavourOf(request)),
    keepAlive: (request) =>
      flavourOf(request) === 'compatible' ? ': OPENROUTER PROCESSING\n\n' : ': keep-alive\n\n',
  };
}

function flavourOfPath(path: string): Flavour {
  if (path.startsWith('/openai/')) return 'azure';
  return path.startsWith('/v1/') ? 'openai' : 'compatible';
}

function listOfModels(request: WireRequest, settings: DialectSettings): DialectAnswer | undefined {
  if (request.method !== 'GET' || !/\/models(\/[^/]+)?$/.test(request.path)) return undefined;
  const id = /\/models\/([^/]+)$/.exec(request.path)?.[1];
  const model = { id: id ?? 'gpt-4.1', object: 'model', created: 0, owned_by: 'openai' };
  if (id === undefined) return { kind: 'whole', body: { object: 'list', data: [model] } };
  if (settings.hasModel(id)) return { kind: 'whole', body: model };
  return { kind: 'error', ...vendorError('openai', 'model-not-found', { request }) };
}

function answer(request: WireRequest, settings: DialectSettings, flavour: Flavour): DialectAnswer {
  const isChat = request.path.endsWith('/chat/completions');
  const isResponses = request.path.endsWith('/responses');
  const isKnown = request.method === 'POST' && (isChat || isResponses) && !lacksVersion(request, flavour);
  if (!isKnown) return unknownPath(request, flavour);
  const refused = keyRefusal(request, settings, flavour);
  if (refused) return refused;
  const model = modelOf(request) === 'unknown' ? '' : modelOf(request);
  const refusal = isChat
    ? chatRefusal(request.body, model, flavour)
    : responsesRefusal(request.body, flavour);
  const headers = replyHeaders(request, flavour);
  // A model that nobody knows is told before anything that only a known one would mind.
  if (model !== '' && !settings.hasModel(model)) return unknownModel(request, flavour, isChat);
  if (refusal) return { ...refusalAnswer(refusal), headers };
  const replyRequest = isChat ? chatReplyRequest(request, model) : responsesReplyRequest(request, model);
  const reply = plainReply(settings.reply(replyRequest), request.text);
  if (!isChat) return responsesAnswer({ request, reply, model, headers });
  const reasoningField = request.path.startsWith('/api/') ? 'reasoning' : 'reasoning_content';
  return chatAnswer({ request, reply, model, flavour, headers, reasoningField });
}

/** Azure's paths need `api-version`, but for its newer `/openai/v1/`. */
function lacksVersion(request: WireRequest, flavour: Flavour): boolean {
  return flavour === 'azure' && !request.path.startsWith('/openai/v1/') && !request.query.get('api-version');
}

function unknownPath(request: WireRequest, flavour: Flavour): DialectAnswer {
  if (flavour === 'azure') {
    return { kind: 'error', status: 404, body: { error: { code: '404', message: 'Resource not found' } } };
  }
  return refusalAnswer({ status: 404, message: `Invalid URL (${request.method} ${request.path})` });
}

function keyRefusal(
  request: WireRequest,
  settings: DialectSettings,
  flavour: Flavour,
): DialectAnswer | undefined {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const header = request.headers['api-key'];
  const key = flavour === 'azure' && typeof header === 'string' ? header : bearer;
  if (settings.acceptsKey(key)) return undefined;
  if (flavour !== 'openai') return { kind: 'error', ...vendorError(flavour, 'auth', { request }) };
  if (key === undefined) return refusalAnswer({ status: 401, message: "You didn't provide an API key." });
  // The vendor really quotes the key: what is made of this message must not leak it.
  return refusalAnswer({
    status: 401,
    code: 'invalid_api_key',
    message: `Incorrect API key provided: ${key}. You can find your API key at https://platform.openai.com/account/api-keys.`,
  });
}

function unknownModel(request: WireRequest, flavour: Flavour, isChat: boolean): DialectAnswer {
  const answer = { kind: 'error' as const, ...vendorError(flavour, 'model-not-found', { request }) };
  if (isChat || flavour !== 'openai') return answer;
  // Responses says the same with another status.
  return refusalAnswer({
    message: `The requested model '${modelOf(request)}' does not exist.`,
    param: 'model',
    code: 'model_not_found',
  });
}

function replyHeaders(request: WireRequest, flavour: Flavour): Record<string, string> {
  const id = `req_${request.number}`;
  if (flavour === 'azure') {
    return {
      'apim-request-id': id,
      'x-ratelimit-remaining-requests': '499',
      'x-ratelimit-remaining-tokens': '199000',
    };
  }
  return {
    'x-request-id': id,
    'openai-processing-ms': '1',
    'x-ratelimit-limit-requests': '500',
    'x-ratelimit-remaining-requests': '499',
    'x-ratelimit-reset-requests': '120ms',
    'x-ratelimit-limit-tokens': '200000',
    'x-ratelimit-remaining-tokens': '199000',
    'x-ratelimit-reset-tokens': '6m0s',
  };
}

/** Chat sends the error as one more chunk; Responses an `error` event and then its failed response. */
function streamError(kind: VendorErrorKind, request: WireRequest, flavour: Flavour): string {
  const error = vendorErrorBody(flavour, kind, { request });
  if (!request.path.endsWith('/responses')) return `data: ${JSON.stringify({ error })}\n\n`;
  const failed = {
    id: `resp_${request.number}`,
    object: 'response',
    status: 'failed',
    error: { code: error.code, message: error.message },
    output: [],
  };
  return [
    `event: error\ndata: ${JSON.stringify({ type: 'error', sequence_number: 900, error })}\n\n`,
    `event: response.failed\ndata: ${JSON.stringify({ type: 'response.failed', sequence_number: 901, response: failed })}\n\n`,
  ].join('');
}
