import { describe, expect, it } from 'vitest';
import type { FailureKind, Feature } from '../../../src/core/failure.ts';
import { openai } from '../../../src/providers/openai/index.ts';
import { compatibleAt, majors } from './clients.ts';
import { callOf, hello, json, loopback, run, sse } from './loopback.ts';

interface Case {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  readonly kind: FailureKind;
  readonly feature?: Feature | undefined;
  readonly retryAfterMs?: number;
  /** What the oldest SDK leaves of it, where that is less. */
  readonly inSdk6?: FailureKind;
}

const of = (message: string, code: unknown = null, more: object = {}) => ({
  error: { message, code, ...more },
});

const cases: Readonly<Record<string, Case>> = {
  'a wrong key': { status: 401, body: of('Incorrect API key provided', 'invalid_api_key'), kind: 'auth' },
  'a wrong key at the gateway of Azure': {
    status: 401,
    body: { statusCode: 401, message: 'Access denied due to invalid subscription key.' },
    kind: 'auth',
  },
  'a country that is not served': {
    status: 403,
    body: of('Country not supported', 'unsupported_country_region_territory'),
    kind: 'permission',
  },
  'an unknown model': {
    status: 404,
    body: of('The model does not exist', 'model_not_found'),
    kind: 'model-not-found',
  },
  'an unknown deployment': {
    status: 404,
    body: of('No deployment', 'DeploymentNotFound'),
    kind: 'model-not-found',
  },
  'an unknown model in a 400': {
    status: 400,
    body: of('bogus is not a valid model ID'),
    kind: 'model-not-found',
  },
  'a prompt that is too long': {
    status: 400,
    body: of('too long', 'context_length_exceeded'),
    kind: 'context-length',
  },
  'a prompt that is too long, behind LiteLLM': {
    status: 400,
    body: of("litellm.ContextWindowExceededError: This model's maximum context length is 10", '400', {
      type: null,
    }),
    kind: 'context-length',
  },
  'a prompt that Azure filters': {
    status: 400,
    body: of('The response was filtered', 'content_filter', {
      innererror: { code: 'ResponsibleAIPolicyViolation' },
    }),
    kind: 'content-policy',
  },
  'a prompt against the policy': {
    status: 400,
    body: of('Invalid prompt', 'invalid_prompt'),
    kind: 'content-policy',
  },
  'a prompt against the policy, behind LiteLLM': {
    status: 400,
    body: of('litellm.ContentPolicyViolationError: no', '400'),
    kind: 'content-policy',
  },
  'a prompt that OpenRouter moderates': {
    status: 403,
    body: of('flagged', 403, { metadata: { reasons: ['violence'], flagged_input: 'x' } }),
    kind: 'content-policy',
  },
  "a budget of OpenRouter's": {
    status: 403,
    body: of('Key limit exceeded', 403, { metadata: { limit_source: 'openrouter_key_limit' } }),
    kind: 'quota',
  },
  'a rate limit': {
    status: 429,
    body: of('Rate limit reached. Please try again in 1.5s.', 'rate_limit_exceeded', { type: 'requests' }),
    kind: 'rate-limit',
    retryAfterMs: 1500,
  },
  'a rate limit with a header': {
    status: 429,
    body: of('Please try again in 1.5s.', 'rate_limit_exceeded'),
    headers: { 'retry-after': '7' },
    kind: 'rate-limit',
    retryAfterMs: 7000,
  },
  'a rate limit with a header in milliseconds': {
    status: 429,
    body: of('Requests to the API have exceeded the call rate limit. Please retry after 3 seconds.', '429'),
    headers: { 'retry-after': '3', 'retry-after-ms': '2500' },
    kind: 'rate-limit',
    retryAfterMs: 2500,
  },
  "a rate limit of Azure's, in words alone": {
    status: 429,
    body: of('exceeded call rate limit. Please retry after 3 seconds.', '429'),
    kind: 'rate-limit',
    retryAfterMs: 3000,
  },
  'a rate limit of which only the reset is known': {
    status: 429,
    body: of('Rate limit reached', 'rate_limit_exceeded'),
    headers: {
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '12s',
      'x-ratelimit-remaining-tokens': '5',
      'x-ratelimit-reset-tokens': '6m0s',
    },
    kind: 'rate-limit',
    retryAfterMs: 12_000,
  },
  'a rate limit behind LiteLLM': {
    status: 429,
    body: of('litellm.RateLimitError: AzureException', '429', { type: 'throttling_error' }),
    kind: 'rate-limit',
  },
  'a request larger than the limit of a minute': {
    status: 429,
    body: of('Request too large for gpt-4o: Limit 1, Requested 30. Must be reduced.', 'rate_limit_exceeded'),
    kind: 'context-length',
  },
  'a used-up quota': {
    status: 429,
    body: of('You exceeded your current quota', 'insufficient_quota', { type: 'insufficient_quota' }),
    kind: 'quota',
  },
  'a spend limit': { status: 429, body: of('limit', 'project_spend_limit_exceeded'), kind: 'quota' },
  'a spend limit that only its type tells': {
    status: 429,
    body: of('limit', 'some_new_code', { type: 'insufficient_quota' }),
    kind: 'quota',
  },
  'a budget of LiteLLM': {
    status: 400,
    body: of('Budget has been exceeded! Current cost: 2', '400', { type: 'budget_exceeded' }),
    kind: 'quota',
  },
  'empty credits': { status: 402, body: of('Insufficient credits', 402), kind: 'quota' },
  'credits held by requests in flight': {
    status: 402,
    body: of('busy', 402, { metadata: { limit_source: 'openrouter_in_flight_budget' } }),
    headers: { 'retry-after': '2' },
    kind: 'rate-limit',
    retryAfterMs: 2000,
  },
  overload: { status: 503, body: of('busy', 'server_is_overloaded'), kind: 'overloaded' },
  'overload by its old name': { status: 503, body: of('busy', 'slow_down'), kind: 'overloaded' },
  'a rate limit by that name': {
    status: 429,
    body: of('busy', 'slow_down', { type: 'rate_limit_error' }),
    kind: 'rate-limit',
  },
  'a server error': { status: 500, body: of('oops', 'server_error'), kind: 'server-error' },
  'a server error as HTML': {
    status: 502,
    body: '<html><body>Bad gateway</body></html>',
    kind: 'server-error',
  },
  'a server error without a body': { status: 500, body: '', kind: 'server-error' },
  'a timeout behind a proxy': { status: 504, body: of('timeout'), kind: 'timeout' },
  'a timeout behind LiteLLM': { status: 408, body: of('litellm.Timeout', '408'), kind: 'timeout' },
  'a bad request': { status: 400, body: of('messages is required'), kind: 'bad-request' },
  'a bad request that talks of rate limits': {
    status: 400,
    body: of('Invalid metadata: "429 rate limit" is too long, got 429'),
    kind: 'bad-request',
  },
  'a bad request with a code that belongs to another status': {
    status: 400,
    body: of('no', 'rate_limit_exceeded'),
    kind: 'bad-request',
  },
  'a refused temperature': {
    status: 400,
    body: of("'temperature' does not support 0.5", 'unsupported_value', { param: 'temperature' }),
    kind: 'unsupported',
    feature: 'temperature',
  },
  'a refused parameter that only the words name': {
    status: 400,
    body: of('Unrecognized request argument supplied: parallel_tool_calls'),
    kind: 'unsupported',
    feature: 'parallelToolCalls',
  },
  'a refused parameter in the manner of FastAPI': {
    status: 422,
    body: {
      detail: [{ type: 'extra_forbidden', loc: ['body', 'seed'], msg: 'Extra inputs are not permitted' }],
    },
    kind: 'unsupported',
    feature: 'seed',
    inSdk6: 'bad-request',
  },
  'refused images': {
    status: 400,
    body: of('This model does not support image_url content.', 'invalid_value', {
      param: 'messages[0].content',
    }),
    kind: 'unsupported',
    feature: 'images',
  },
  'refused tools': {
    status: 404,
    body: of('No endpoints found that support tool use.', 404),
    kind: 'unsupported',
    feature: 'tools',
  },
  'tools that a server was not started for': {
    status: 400,
    body: {
      object: 'error',
      message: '"auto" tool choice requires --enable-auto-tool-choice',
      type: 'BadRequestError',
      code: 400,
    },
    kind: 'unsupported',
    feature: 'tools',
    inSdk6: 'bad-request',
  },
  'a schema with a keyword that is not known': {
    status: 400,
    body: of("Invalid schema: 'oneOf' is not permitted", 'invalid_json_schema', { param: 'response_format' }),
    kind: 'unsupported',
  },
  'something inside a tool that is not known': {
    status: 400,
    body: of("Extra inputs are not permitted, field: 'tools[0].function.strict'"),
    kind: 'unsupported',
  },
  'an error as a string': { status: 503, body: { error: 'model is loading' }, kind: 'overloaded' },
  'a full context of llama.cpp': {
    status: 500,
    body: of('Context size has been exceeded.', 500, { type: 'server_error' }),
    kind: 'context-length',
  },
  'what OpenRouter hands on': {
    status: 400,
    body: of('Provider returned error', 400, {
      metadata: { raw: '{"error":{"message":"prompt is too long: 9 tokens"}}' },
    }),
    kind: 'context-length',
  },
};

describe.each(majors)('by %s', (name, { OpenAI }) => {
  it.each(Object.entries(cases))('%s is told by its kind', async (_, one) => {
    await using server = await loopback(json(one.body, one.status, one.headers));
    const provider = openai({ client: new OpenAI({ apiKey: 'key', baseURL: server.baseURL }) });
    const { failure } = await run(provider, callOf({}, { model: 'llama' }));
    expect(failure?.kind).toBe((name === 'openai 6' && one.inSdk6) || one.kind);
    expect(failure?.status).toBe(one.status);
    if (name === 'openai 6' && one.inSdk6) return;
    expect(failure?.feature).toBe(one.feature);
    if (one.retryAfterMs !== undefined) expect(failure?.retryAfterMs).toBe(one.retryAfterMs);
    expect(server.received).toHaveLength(1);
  });
});

describe('a failure', () => {
  it('holds the words of the vendor, its code and its id, and no page', async () => {
    const headers = { 'x-request-id': 'req_7' };
    await using server = await loopback(
      json(of('Country not supported', 'unsupported_country_region_territory'), 403, headers),
      json(`<html>${'x'.repeat(2000)}</html>`, 502, { ...headers, 'content-type': 'text/html' }),
      json(of('y'.repeat(2000)), 400, headers),
    );
    const provider = compatibleAt(server.baseURL);
    expect((await run(provider, callOf())).failure).toEqual({
      kind: 'permission',
      message: 'Country not supported',
      status: 403,
      code: 'unsupported_country_region_territory',
      requestId: 'req_7',
    });
    expect((await run(provider, callOf())).failure?.message).toBe('an HTML page instead of an answer');
    expect((await run(provider, callOf())).failure?.message.length).toBeLessThan(520);
  });

  it('inside a reply carries the id of its request too', async () => {
    await using server = await loopback(sse([of('busy', 503)], { 'x-generation-id': 'gen_1' }));
    const { failure } = await run(compatibleAt(server.baseURL), callOf());
    expect(failure).toMatchObject({ kind: 'overloaded', requestId: 'gen_1' });
  });

  it('of a closed port is a refused connection', async () => {
    await using server = await loopback(json(hello));
    const { baseURL } = server;
    await server[Symbol.asyncDispose]();
    for (const [, { OpenAI }] of majors) {
      const provider = openai({ client: new OpenAI({ apiKey: 'key', baseURL }) });
      const { failure } = await run(provider, callOf());
      expect(failure).toMatchObject({ kind: 'network', code: 'connection-refused' });
    }
  });

  it('of a connection that is reset before its headers is one of the network', async () => {
    await using server = await loopback((response) => void response.destroy());
    expect((await run(compatibleAt(server.baseURL), callOf())).failure?.kind).toBe('network');
  });

  it.each(majors)("of the host's own key function is auth (%s)", async (_, { OpenAI }) => {
    const apiKey = () => Promise.reject(new Error('the vault is sealed'));
    const client = new OpenAI({ apiKey, baseURL: 'http://127.0.0.1:9/v1' });
    const { failure } = await run(openai({ client }), callOf());
    expect(failure).toMatchObject({ kind: 'auth', code: 'key-function' });
  });

  it('of the key function in settings is auth', async () => {
    const apiKey = () => Promise.reject(new Error('the vault is sealed'));
    const { failure } = await run(compatibleAt('http://127.0.0.1:9/v1', { apiKey }), callOf());
    expect(failure).toMatchObject({ kind: 'auth', code: 'key-function' });
  });

  it('that says nothing about OpenAI is left to the general rules', () => {
    const { classify } = compatibleAt('http://127.0.0.1:9/v1');
    expect(classify?.(new Error('what?'))).toBeUndefined();
    expect(classify?.('what?')).toBeUndefined();
  });
});
