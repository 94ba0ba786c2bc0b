import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/failure.ts';
import { anthropic } from '../../../src/providers/anthropic/index.ts';
import { anthropicEmulator } from '../../../src/testing/emulators/anthropic.ts';
import { bedrockClient, vertexClient } from './clouds.ts';
import { failureOf, hello } from './support.ts';

type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>];

const answering =
  ([status, body, headers = {}]: Answer): typeof fetch =>
  async () =>
    new Response(typeof body === 'string' ? body : JSON.stringify(body), {
      status,
      headers: { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json', ...headers },
    });

const error = (type: string, message = 'Words.', code?: string) => ({
  type: 'error',
  error: { type, message, ...(code ? { details: { error_code: code } } : {}) },
  request_id: 'req_body',
});
const invalid = (message: string) => error('invalid_request_error', message);

/** The same failure with and without a stream. */
async function failed(answer: Answer): Promise<Failure> {
  const provider = anthropic({ apiKey: 'k', fetch: answering(answer) });
  const failure = await failureOf(provider);
  expect(await failureOf(provider, hello, { unary: true })).toMatchObject({ kind: failure.kind });
  return failure;
}

describe('failures of the vendor', () => {
  it.each<[string, Answer, Partial<Failure>]>([
    [
      'a bad key',
      [401, error('authentication_error', 'invalid x-api-key')],
      { kind: 'auth', code: 'authentication_error' },
    ],
    ['no permission', [403, error('permission_error')], { kind: 'permission' }],
    ['an unknown model', [404, error('not_found_error', 'model: x')], { kind: 'model-not-found' }],
    ['a rate limit', [429, error('rate_limit_error')], { kind: 'rate-limit' }],
    [
      'a limit of growth',
      [429, error('rate_limit_error', 'x', 'ramp_limit_exceeded')],
      { kind: 'rate-limit', code: 'ramp_limit_exceeded' },
    ],
    ['overload', [529, error('overloaded_error')], { kind: 'overloaded', status: 529 }],
    [
      'compaction that cannot be had',
      [529, error('overloaded_error', 'x', 'compaction_unavailable')],
      { kind: 'overloaded' },
    ],
    ['a server error', [500, error('api_error')], { kind: 'server-error' }],
    ['overload with another status', [500, error('overloaded_error')], { kind: 'overloaded' }],
    ['a timeout', [504, error('timeout_error')], { kind: 'timeout' }],
    ['a conflict', [409, error('conflict_error')], { kind: 'server-error' }],
    [
      'HTML of a gateway',
      [502, '<html><body>Bad gateway</body></html>'],
      { kind: 'server-error', message: 'an HTML page' },
    ],
    ['an empty 503', [503, ''], { kind: 'overloaded' }],
    ['text of a proxy', [429, 'slow down'], { kind: 'rate-limit', message: 'slow down' }],
    ['a large request', [413, error('request_too_large')], { kind: 'context-length' }],
    [
      'a long prompt',
      [400, invalid('prompt is too long: 210000 tokens > 200000 maximum')],
      { kind: 'context-length' },
    ],
    [
      'no room for the answer',
      [400, invalid('input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000')],
      { kind: 'context-length' },
    ],
    [
      'a blocked answer',
      [400, invalid('Output blocked by content filtering policy')],
      { kind: 'content-policy' },
    ],
    [
      'a bad request',
      [400, invalid('messages.0: user messages must have non-empty content')],
      { kind: 'bad-request' },
    ],
    ['a bill', [402, error('billing_error')], { kind: 'quota' }],
    [
      'an empty account',
      [400, invalid('Your credit balance is too low to access the Anthropic API.')],
      { kind: 'quota' },
    ],
    [
      'a limit that was set',
      [400, invalid('You have reached your specified API usage limits.')],
      { kind: 'quota' },
    ],
    [
      'a limit of the workspace',
      [400, invalid('You have reached your specified workspace API usage limits.')],
      { kind: 'quota' },
    ],
    [
      'a spend limit',
      [429, error('rate_limit_error', 'x', 'enforced_spend_limit_reached')],
      { kind: 'quota' },
    ],
    ['a contract', [429, error('rate_limit_error', 'x', 'contract_spend_limit_reached')], { kind: 'quota' }],
    ['a hold', [400, error('invalid_request_error', 'x', 'organization_on_hold')], { kind: 'quota' }],
    [
      'a linked account',
      [402, error('billing_error', 'x', 'linked_organization_spend_limit_reached')],
      { kind: 'quota' },
    ],
  ])('%s', async (_, answer, expected) => {
    expect(await failed(answer)).toMatchObject({ status: answer[0], ...expected });
  });

  it.each<[string, Failure['feature']]>([
    ['temperature: Extra inputs are not permitted', 'temperature'],
    ['top_k: Extra inputs are not permitted', 'topK'],
    ['`temperature` is deprecated for this model.', 'temperature'],
    ['`temperature` and `top_p` cannot both be specified for this model. Please use only one.', 'topP'],
    [
      '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
      'reasoning',
    ],
    ['This model does not support the effort parameter.', 'reasoning'],
    ['output_config.format: Extra inputs are not permitted', 'schema'],
    ['Thinking may not be enabled when tool_choice forces tool use.', 'toolChoice'],
    ["'claude-3-5-haiku' does not support image input.", 'images'],
    ['This model does not support PDF documents', 'files'],
    ['tools.0.custom.strict: Extra inputs are not permitted', 'tools'],
    ['messages.1.content.0.tool_use.caller: Extra inputs are not permitted', undefined],
    [
      'This model does not support assistant message prefill. The conversation must end with a user message.',
      undefined,
    ],
    [
      'max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for claude-x',
      undefined,
    ],
  ])('%s is unsupported: %s', async (message, feature) => {
    const failure = await failed([400, invalid(message)]);
    expect(failure.kind).toBe('unsupported');
    expect(failure.feature).toBe(feature);
  });

  it('carries the request id, and no more than 500 characters of words', async () => {
    const long = await failed([500, error('api_error', 'x'.repeat(900)), { 'request-id': 'req_header' }]);
    expect(long).toMatchObject({ requestId: 'req_header', message: 'x'.repeat(500) });
    expect(await failed([500, error('api_error')])).toMatchObject({ requestId: 'req_body' });
  });

  it('says how long to wait: the later of what headers and texts state', async () => {
    const limit = error('rate_limit_error');
    expect(await failed([429, limit, { 'retry-after': '7' }])).toMatchObject({ retryAfterMs: 7_000 });
    expect(await failed([429, limit, { 'retry-after-ms': '70' }])).toMatchObject({ retryAfterMs: 70 });
    const reset = new Date(Date.now() + 60_000).toISOString();
    const empty = {
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': reset,
      'anthropic-ratelimit-requests-remaining': '5',
      'anthropic-ratelimit-requests-reset': new Date(Date.now() + 600_000).toISOString(),
    };
    const { retryAfterMs } = await failed([429, limit, { 'retry-after': '7', ...empty }]);
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const spent = await failed([
      400,
      invalid(
        `You have reached your specified API usage limits. You will regain access on ${day} at 00:00 UTC.`,
      ),
    ]);
    expect(spent.kind).toBe('quota');
    expect(Math.abs(spent.retryAfterMs! - (Date.parse(`${day}T00:00:00Z`) - Date.now()))).toBeLessThan(5_000);
    expect(await failed([500, error('api_error')])).not.toHaveProperty('retryAfterMs');
  });

  it('sees a broken connection below the SDK', async () => {
    await using emulator = await anthropicEmulator({ faults: 'refuse' });
    const refused = await failureOf(anthropic({ apiKey: 'k', baseURL: emulator.url }));
    expect(refused).toMatchObject({ kind: 'network', code: 'connection-refused' });
    const cut = anthropic({
      apiKey: 'k',
      fetch: async () => {
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ENOTFOUND' }) });
      },
    });
    expect(await failureOf(cut)).toMatchObject({ kind: 'network', code: 'ENOTFOUND' });
  });
});

describe('failures of Bedrock', () => {
  const aws = (type: string): Record<string, string> => ({
    'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/`,
    'x-amzn-requestid': 'aws-1',
  });

  it.each<[number, string, string, Partial<Failure>]>([
    [
      403,
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      { kind: 'auth' },
    ],
    [403, 'InvalidClientTokenId', 'x', { kind: 'auth' }],
    [403, 'ExpiredTokenException', 'x', { kind: 'auth' }],
    [400, 'IncompleteSignature', 'x', { kind: 'auth' }],
    [403, 'AccessDeniedException', "You don't have access to the model.", { kind: 'permission' }],
    [404, 'ResourceNotFoundException', 'x', { kind: 'model-not-found' }],
    [400, 'ValidationException', 'The provided model identifier is invalid.', { kind: 'model-not-found' }],
    [400, 'ValidationException', 'Input is too long for requested model.', { kind: 'context-length' }],
    [
      400,
      'ValidationException',
      'temperature: Extra inputs are not permitted',
      { kind: 'unsupported', feature: 'temperature' },
    ],
    [400, 'ValidationException', 'Malformed input request', { kind: 'bad-request' }],
    [429, 'ThrottlingException', 'Too many requests', { kind: 'rate-limit' }],
    [
      429,
      'ThrottlingException',
      'Too many tokens per day, please wait before trying again.',
      { kind: 'quota' },
    ],
    [429, 'ModelNotReadyException', 'x', { kind: 'rate-limit' }],
    [400, 'ServiceQuotaExceededException', 'x', { kind: 'quota' }],
    [503, 'ServiceUnavailableException', 'x', { kind: 'overloaded' }],
    [500, 'InternalServerException', 'x', { kind: 'server-error' }],
    [424, 'ModelErrorException', 'x', { kind: 'server-error' }],
    [408, 'ModelTimeoutException', 'x', { kind: 'timeout' }],
  ])('%s %s: %s', async (status, type, message, expected) => {
    const fetch = answering([status, { message }, aws(type)]);
    const provider = anthropic({ client: bedrockClient('http://127.0.0.1', { fetch }) });
    expect(await failureOf(provider)).toMatchObject({
      status,
      message,
      code: type,
      requestId: 'aws-1',
      ...expected,
    });
  });

  it('are found where there are no credentials', async () => {
    const providerChainResolver = async () => async () => {
      throw Object.assign(new Error('Could not load credentials from any providers'), {
        name: 'CredentialsProviderError',
      });
    };
    const client = bedrockClient('http://127.0.0.1', { apiKey: null, providerChainResolver });
    expect(await failureOf(anthropic({ client }))).toMatchObject({ kind: 'auth', code: 'credentials' });
  });
});

describe('failures of Vertex', () => {
  const google = (code: number, status: string, message = 'Words.', details?: object[]): Answer => [
    code,
    [{ error: { code, message, status, ...(details ? { details } : {}) } }],
  ];

  it.each<[Answer, Partial<Failure>]>([
    [google(401, 'UNAUTHENTICATED'), { kind: 'auth', code: 'UNAUTHENTICATED', message: 'Words.' }],
    [google(403, 'PERMISSION_DENIED'), { kind: 'permission' }],
    [google(404, 'NOT_FOUND'), { kind: 'model-not-found' }],
    [google(429, 'RESOURCE_EXHAUSTED'), { kind: 'rate-limit' }],
    [
      google(429, 'RESOURCE_EXHAUSTED', 'x', [{ retryDelay: '23.5s' }]),
      { kind: 'rate-limit', retryAfterMs: 23_500 },
    ],
    [google(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for requests per day.'), { kind: 'quota' }],
    [google(400, 'FAILED_PRECONDITION'), { kind: 'permission' }],
    [google(400, 'INVALID_ARGUMENT'), { kind: 'bad-request' }],
    [google(503, 'UNAVAILABLE'), { kind: 'overloaded' }],
    [google(504, 'DEADLINE_EXCEEDED'), { kind: 'timeout' }],
    [google(500, 'INTERNAL'), { kind: 'server-error' }],
    [[400, invalid('prompt is too long: 5 tokens > 4 maximum')], { kind: 'context-length' }],
  ])('%j', async (answer, expected) => {
    const client = vertexClient('http://127.0.0.1').withOptions({ fetch: answering(answer) });
    const failure = await failureOf(anthropic({ client }));
    expect(failure).toMatchObject({ status: answer[0], ...expected });
  });

  it('are found where there are no credentials, and told from a broken network', async () => {
    const failing = (cause: Error) =>
      vertexClient('http://127.0.0.1').withOptions({
        authClient: { getRequestHeaders: () => Promise.reject(cause) } as never,
      });
    const none = failing(new Error('Could not load the default credentials.'));
    expect(await failureOf(anthropic({ client: none }))).toMatchObject({ kind: 'auth' });
    const offline = failing(Object.assign(new Error('x'), { code: 'ECONNRESET' }));
    expect(await failureOf(anthropic({ client: offline }))).toMatchObject({ kind: 'network' });
  });
});
