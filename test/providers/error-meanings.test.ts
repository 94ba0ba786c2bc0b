import { AzureOpenAI } from 'openai';
import { Ollama } from 'ollama';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureKind } from '../../src/core/failure.ts';
import { anthropic } from '../../src/providers/anthropic/index.ts';
import { ollama } from '../../src/providers/ollama/index.ts';
import { openai } from '../../src/providers/openai/index.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { bedrockClient, vertexClient } from './anthropic/clouds.ts';
import { completed, hostClients, streamed } from './google/clients.ts';
import { json, wireServer } from './google/wire-server.ts';

/** How a vendor words one meaning: status, body, headers, and the wait that it names. */
type Wording = readonly [status: number, body: unknown, headers?: Record<string, string>, waitMs?: number];
type Cells = Partial<Readonly<Record<FailureKind, readonly Wording[]>>>;

const openaiError = (message: string, code: unknown, more: object = {}) => ({
  error: { message, type: 'invalid_request_error', param: null, code, ...more },
});
const anthropicError = (type: string, message = 'Words.', code?: string) => ({
  type: 'error',
  error: { type, message, ...(code ? { details: { error_code: code } } : {}) },
});
const googleError = (code: number, status: string, message = 'Words.', details: object[] = []) => ({
  error: { code, message, status, details },
});
const aws = (type: string) => ({ 'x-amzn-errortype': type });
const quotaFailure = (quotaId: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId }],
});
const retryInfo = (retryDelay: string) => ({
  '@type': 'type.googleapis.com/google.rpc.RetryInfo',
  retryDelay,
});
const reason = (word: string) => ({ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: word });
const minute = 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier';
const day = 'GenerateRequestsPerDayPerProjectPerModel-FreeTier';

const openaiCells: Cells = {
  auth: [
    [401, openaiError('Incorrect API key provided.', 'invalid_api_key')],
    [400, openaiError('Incorrect API key provided: sk-***', null)],
  ],
  permission: [[403, openaiError('Country not supported', 'unsupported_country_region_territory')]],
  'model-not-found': [[404, openaiError('The model `x` does not exist', 'model_not_found')]],
  'bad-request': [
    [400, openaiError('messages is required', null)],
    [422, openaiError('x', null)],
    // Words that the request itself may hold must not outrank the status.
    [400, openaiError('messages.0.role: "429 rate limit exceeded" is no role', null)],
    // A name that is too long says nothing about the window.
    [
      400,
      openaiError(
        "Invalid 'user': string too long. Expected a string with maximum length 64.",
        'string_above_max_length',
        { param: 'user' },
      ),
    ],
  ],
  unsupported: [
    [
      400,
      openaiError('Only the default (1) value is supported.', 'unsupported_value', { param: 'temperature' }),
    ],
    [400, openaiError('Use another one.', 'unsupported_parameter', { param: 'stop' })],
  ],
  'context-length': [
    [400, openaiError('too long', 'context_length_exceeded')],
    [
      400,
      openaiError(
        "Invalid 'messages[0].content': string too long. Expected a string with maximum length 1048576.",
        'string_above_max_length',
        { param: 'messages[0].content' },
      ),
    ],
    // The words of compatible servers, which have no code for it.
    ...[
      'String too long. Expected a string with maximum length 1048576.',
      'The requested tokens exceed context limit.',
      "This model's maximum context length is 8192 tokens.",
      "The input exceeds the model's maximum context limit of 131072.",
      "The prompt is longer than the model's context length.",
      'Input tokens exceed the configured limit of 272000 tokens.',
      '`inputs` tokens + `max_new_tokens` must be <= 4097.',
      'Current length is 10051 while limit is 8192',
      'request (9000 tokens) exceeds the available context size (8192 tokens)',
      'The input token count (9) exceeds the maximum number of tokens allowed (8).',
    ].map((message): Wording => [400, openaiError(message, null)]),
    // Larger than the limit of a whole minute: no waiting helps.
    [429, openaiError('Request too large for gpt-4o on tokens per min (TPM)', 'rate_limit_exceeded')],
  ],
  'content-policy': [
    [400, openaiError('Invalid prompt', 'invalid_prompt')],
    [400, openaiError('Rejected by our safety system.', 'content_policy_violation')],
    [400, openaiError('Invalid prompt: it may be violating our usage policy.', null)],
    [400, openaiError('Your request was rejected as a result of the safety system.', null)],
  ],
  'rate-limit': [
    [429, openaiError('x', 'rate_limit_exceeded', { type: 'requests' }), { 'retry-after': '7' }, 7_000],
    [429, openaiError('x', 'rate_limit_exceeded', { type: 'tokens' }), { 'retry-after-ms': '70' }, 70],
    [429, openaiError('x', 'slow_down', { type: 'rate_limit_error' })],
    [429, openaiError('Service tier capacity exceeded for this model.', null)],
    [429, openaiError('x', 'token_quota_reached', { type: 'too_many_tokens_error' })],
  ],
  quota: [
    ...[
      'insufficient_quota',
      'credit_balance_exhausted',
      'organization_spend_limit_exceeded',
      'project_spend_limit_exceeded',
      'organization_usage_limit_exceeded',
      'billing_hard_limit_reached',
    ].map((code): Wording => [429, openaiError('x', code, { type: 'insufficient_quota' })]),
    // Neither of the two alone may be needed.
    [429, openaiError('x', 'credit_balance_exhausted', { type: 'requests' })],
    [429, openaiError('x', null, { type: 'insufficient_quota' })],
  ],
  overloaded: [
    [503, openaiError('x', 'server_is_overloaded', { type: 'service_unavailable_error' })],
    [503, openaiError('x', 'slow_down')],
    [503, openaiError('x', null)],
  ],
  'server-error': [
    [500, openaiError('x', 'server_error', { type: 'server_error' })],
    [500, openaiError('The server had an error processing your request.', null, { type: null })],
    [502, openaiError('x', null, { type: null })],
    [502, '<html><body>Bad gateway</body></html>', { 'content-type': 'text/html' }],
  ],
  timeout: [
    [408, openaiError('x', null)],
    [504, openaiError('x', null)],
  ],
};

const azureCells: Cells = {
  auth: [
    [401, openaiError('Access denied', '401')],
    [401, { statusCode: 401, message: 'Access denied due to invalid subscription key.' }],
  ],
  permission: [[403, openaiError('Public access is disabled.', '403')]],
  'model-not-found': [
    [404, openaiError('The API deployment does not exist.', 'DeploymentNotFound')],
    [404, openaiError('Resource not found', '404', { type: null })],
  ],
  // The first router to map these took every one of them for a breach of its policy.
  'bad-request': [
    [400, openaiError('messages is required', null, { type: null })],
    [400, openaiError('messages is required', null)],
  ],
  'context-length': [
    [400, openaiError('x', 'context_length_exceeded')],
    [400, openaiError("This model's maximum context length is 8192 tokens.", null, { type: null })],
  ],
  // The model wrote something that its own server could not use; another one may not.
  'invalid-response': [
    [400, openaiError('The model produced invalid content.', null, { type: 'model_error' })],
  ],
  'content-policy': [
    [
      400,
      openaiError('The response was filtered', 'content_filter', {
        type: null,
        param: 'prompt',
        innererror: { code: 'ResponsibleAIPolicyViolation' },
      }),
    ],
    [400, openaiError('x', 'ResponsibleAIPolicyViolation', { type: null })],
    ...[
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      'Your task failed as a result of our safety system.',
      'Your request was rejected as a result of our safety system.',
      'content_policy_violation',
      'content_filter_policy',
    ].map((message): Wording => [400, openaiError(message, null, { type: null })]),
  ],
  'rate-limit': [
    [
      429,
      openaiError('Too many.', '429', { type: null }),
      { 'retry-after': '3', 'retry-after-ms': '2500' },
      2_500,
    ],
    [429, { statusCode: 429, message: 'Rate limit is exceeded. Try again in 4 seconds.' }, {}, 4_000],
    [429, openaiError('The system is currently experiencing high demand.', '429', { type: null })],
  ],
  quota: [
    [429, openaiError('x', 'insufficient_quota', { type: 'insufficient_quota' })],
    [403, { statusCode: 403, message: 'Out of call volume quota. Quota will be replenished in 06:12:34.' }],
  ],
  overloaded: [[503, openaiError('x', null)]],
  'server-error': [
    [500, openaiError('x', 'InternalServerError')],
    [500, openaiError('Internal server error', null, { type: null })],
    [500, openaiError('The model produced invalid content.', null, { type: 'model_error' })],
    [502, openaiError('x', null, { type: null })],
  ],
  timeout: [
    [408, openaiError('Operation was timeout.', 'Timeout')],
    [504, openaiError('x', null, { type: null })],
  ],
};

const openrouterError = (code: number, message: string, metadata: object = {}) => ({
  error: { code, message, metadata },
});
const openrouterCells: Cells = {
  auth: [[401, openrouterError(401, 'No auth credentials found')]],
  permission: [[403, openrouterError(403, 'Forbidden')]],
  'model-not-found': [
    [404, openrouterError(404, 'No such model')],
    [400, openrouterError(400, 'x/y is not a valid model ID')],
  ],
  'bad-request': [[400, openrouterError(400, 'Input required')]],
  'context-length': [
    [400, openrouterError(400, "This endpoint's maximum context length is 8192 tokens.")],
    [400, openaiError('x', 'context_length_exceeded')],
  ],
  'content-policy': [[403, openrouterError(403, 'flagged', { reasons: ['violence'] })]],
  'rate-limit': [
    [429, openrouterError(429, 'Provider returned error'), { 'retry-after': '5' }, 5_000],
    [
      402,
      openrouterError(402, 'busy', { limit_source: 'openrouter_in_flight_budget' }),
      { 'retry-after': '2' },
      2_000,
    ],
  ],
  quota: [
    [402, openrouterError(402, 'Insufficient credits', { limit_source: 'openrouter_credits' })],
    [403, openrouterError(403, 'Key limit exceeded', { limit_source: 'openrouter_key_limit' })],
  ],
  'server-error': [
    [500, openrouterError(500, 'Internal Server Error')],
    [502, openrouterError(502, 'Provider is down')],
  ],
  overloaded: [[503, openrouterError(503, 'No provider fits')]],
  timeout: [[408, openrouterError(408, 'Timeout')]],
};

const litellmError = (code: string, message: string, type: string | null = null) => ({
  error: { message: `litellm.${message}`, type, param: null, code },
});
const litellmCells: Cells = {
  auth: [[401, litellmError('401', 'AuthenticationError: x', 'auth_error')]],
  permission: [
    [403, litellmError('403', 'PermissionDeniedError: x')],
    [401, litellmError('401', 'key not allowed to access model', 'key_model_access_denied')],
  ],
  'model-not-found': [[404, litellmError('404', 'NotFoundError: x')]],
  'bad-request': [
    [400, litellmError('400', 'BadRequestError: x')],
    [422, litellmError('422', 'UnprocessableEntityError: x')],
    // An echoed prompt must not be read as a rate limit.
    [400, litellmError('400', 'BadRequestError: "429: rate limit" is no role')],
  ],
  'context-length': [[400, litellmError('400', 'ContextWindowExceededError: x')]],
  'content-policy': [[400, litellmError('400', 'ContentPolicyViolationError: x')]],
  'rate-limit': [[429, litellmError('429', 'RateLimitError: x', 'throttling_error')]],
  quota: [
    [400, litellmError('400', 'Budget has been exceeded!', 'budget_exceeded')],
    [429, litellmError('429', 'Budget has been exceeded!', 'budget_exceeded')],
  ],
  'server-error': [[500, litellmError('500', 'APIConnectionError: x')]],
  overloaded: [[503, litellmError('503', 'ServiceUnavailableError: x')]],
  timeout: [[408, litellmError('408', 'Timeout: x')]],
};

const anthropicCells: Cells = {
  auth: [
    [401, anthropicError('authentication_error', 'invalid x-api-key')],
    [400, anthropicError('invalid_request_error', 'Invalid API Key')],
  ],
  permission: [[403, anthropicError('permission_error')]],
  'model-not-found': [[404, anthropicError('not_found_error', 'model: x')]],
  'bad-request': [
    [400, anthropicError('invalid_request_error', 'messages: at least one is required')],
    [422, anthropicError('invalid_request_error')],
    [400, anthropicError('invalid_request_error', 'messages.0.role: "429: rate limit" is no role')],
  ],
  'context-length': [
    [400, anthropicError('invalid_request_error', 'prompt is too long: 9 tokens > 8 maximum')],
    [400, anthropicError('invalid_request_error', 'prompt: length: 1..9000 expected')],
    [413, anthropicError('request_too_large')],
  ],
  'content-policy': [
    [400, anthropicError('invalid_request_error', 'Output blocked by content filtering policy')],
  ],
  'rate-limit': [
    [429, anthropicError('rate_limit_error'), { 'retry-after': '7' }, 7_000],
    [429, anthropicError('rate_limit_error', 'x', 'ramp_limit_exceeded')],
  ],
  quota: [
    [402, anthropicError('billing_error')],
    [400, anthropicError('invalid_request_error', 'Your credit balance is too low to access the API.')],
    [400, anthropicError('invalid_request_error', 'You have reached your specified API usage limits.')],
    [
      400,
      anthropicError('invalid_request_error', 'You have reached your specified workspace API usage limits.'),
    ],
    [429, anthropicError('rate_limit_error', 'x', 'enforced_spend_limit_reached')],
    [429, anthropicError('rate_limit_error', 'x', 'contract_spend_limit_reached')],
    [400, anthropicError('invalid_request_error', 'x', 'organization_on_hold')],
  ],
  overloaded: [
    [529, anthropicError('overloaded_error')],
    [529, anthropicError('overloaded_error', 'x', 'compaction_unavailable')],
    [500, anthropicError('overloaded_error', 'Overloaded')],
    [503, '<html>', { 'content-type': 'text/html' }],
  ],
  'server-error': [
    [500, anthropicError('api_error')],
    [503, anthropicError('api_error')],
    [502, '<html>', { 'content-type': 'text/html' }],
  ],
  timeout: [
    [504, anthropicError('timeout_error')],
    [408, anthropicError('timeout_error')],
  ],
};

const bedrockCells: Cells = {
  auth: [
    [
      403,
      { message: 'The security token included in the request is invalid.' },
      aws('UnrecognizedClientException'),
    ],
    [403, { message: 'x' }, aws('InvalidClientTokenId')],
    [400, { message: 'x' }, aws('IncompleteSignature')],
    [403, { message: 'x' }, aws('ExpiredTokenException')],
  ],
  permission: [[403, { message: 'x' }, aws('AccessDeniedException')]],
  'model-not-found': [
    [404, { message: 'x' }, aws('ResourceNotFoundException')],
    [400, { message: 'The provided model identifier is invalid.' }, aws('ValidationException')],
  ],
  'bad-request': [
    [400, { message: 'Malformed input request' }, aws('ValidationException')],
    [400, { message: 'A conversation must start with a user message.' }, aws('ValidationException')],
  ],
  'context-length': [
    [400, { message: 'Input is too long for requested model.' }, aws('ValidationException')],
    [400, { message: 'Too many input tokens' }, aws('ValidationException')],
    [400, { message: 'expected maxLength: 1, actual: 2' }, aws('ValidationException')],
    [400, { message: 'The model returned an error: too many tokens' }, aws('ValidationException')],
    [400, { message: 'prompt is too long: 9 tokens > 8 maximum' }, aws('ValidationException')],
    [400, { message: 'prompt: length: 1..9000' }, aws('ValidationException')],
  ],
  'rate-limit': [
    [429, { message: 'x' }, aws('ThrottlingException')],
    [429, { message: 'x' }, aws('ModelNotReadyException')],
    [400, { message: 'x' }, aws('ThrottlingException:http://internal.amazon.com/coral/')],
  ],
  quota: [
    [400, { message: 'x' }, aws('ServiceQuotaExceededException')],
    [429, { message: 'Too many tokens per day, please wait.' }, aws('ThrottlingException')],
  ],
  overloaded: [
    [503, { message: 'x' }, aws('ServiceUnavailableException')],
    [529, { message: 'x' }],
  ],
  'server-error': [
    [500, { message: 'x' }, aws('InternalServerException')],
    [424, { message: 'x' }, aws('ModelErrorException')],
    [424, { message: 'x' }, aws('ModelStreamErrorException')],
  ],
  timeout: [
    [408, { message: 'x' }, aws('ModelTimeoutException')],
    [504, { message: 'x' }],
  ],
};

const vertexCells: Cells = {
  auth: [[401, [googleError(401, 'UNAUTHENTICATED')]]],
  permission: [
    [403, [googleError(403, 'PERMISSION_DENIED')]],
    [403, [googleError(403, 'PERMISSION_DENIED', 'Vertex AI API has not been used in project 1 before.')]],
  ],
  'context-length': [[400, anthropicError('invalid_request_error', 'prompt is too long: 9 > 8 maximum')]],
  'content-policy': [
    [400, anthropicError('invalid_request_error', 'Output blocked by content filtering policy')],
  ],
  'model-not-found': [[404, [googleError(404, 'NOT_FOUND')]]],
  'rate-limit': [
    [429, [googleError(429, 'RESOURCE_EXHAUSTED', 'x', [retryInfo('23s')])], {}, 23_000],
    [429, [googleError(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for aiplatform.googleapis.com/requests')]],
  ],
  overloaded: [[503, [googleError(503, 'UNAVAILABLE')]]],
  'server-error': [[500, [googleError(500, 'INTERNAL')]]],
  timeout: [[504, [googleError(504, 'DEADLINE_EXCEEDED')]]],
};

const geminiCells: Cells = {
  auth: [
    [400, googleError(400, 'INVALID_ARGUMENT', 'API key not valid.', [reason('API_KEY_INVALID')])],
    [400, googleError(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.')],
    [401, googleError(401, 'UNAUTHENTICATED')],
  ],
  permission: [
    [403, googleError(403, 'PERMISSION_DENIED', 'Vertex AI API has not been used in project 1 before.')],
    [403, googleError(403, 'PERMISSION_DENIED')],
    [400, googleError(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.')],
  ],
  'model-not-found': [[404, googleError(404, 'NOT_FOUND', 'models/x is not found for API version v1')]],
  'bad-request': [
    [400, googleError(400, 'INVALID_ARGUMENT', 'contents is required')],
    [400, googleError(400, 'INVALID_ARGUMENT', 'contents[0].parts: "403: rate limit" is no part')],
  ],
  'content-policy': [
    [400, googleError(400, 'INVALID_ARGUMENT', 'The response was blocked.')],
    [400, googleError(400, 'INVALID_ARGUMENT', 'Output blocked by content filtering policy')],
  ],
  'context-length': [
    [400, googleError(400, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit: 20971520 bytes.')],
    [
      400,
      googleError(
        400,
        'INVALID_ARGUMENT',
        'The input token count (9) exceeds the maximum number of tokens allowed (8).',
      ),
    ],
    [
      500,
      googleError(
        500,
        'INTERNAL',
        'The input token count (9) exceeds the maximum number of tokens allowed (8).',
      ),
    ],
  ],
  'rate-limit': [
    [
      429,
      googleError(429, 'RESOURCE_EXHAUSTED', 'x', [quotaFailure(minute), retryInfo('23.9s')]),
      {},
      23_900,
    ],
    ...[
      'Quota exceeded for metric x',
      'Resource exhausted. Please try again later.',
      'Unable to submit request because the service is temporarily out of capacity.',
    ].map((message): Wording => [429, googleError(429, 'RESOURCE_EXHAUSTED', message)]),
  ],
  quota: [
    [402, googleError(402, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted.')],
    [429, googleError(429, 'RESOURCE_EXHAUSTED', 'x', [quotaFailure(day), retryInfo('5s')]), {}, 5_000],
    [429, googleError(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for metric: x, limit: 0, model: y')],
    [429, googleError(429, 'RESOURCE_EXHAUSTED', 'Please retry in 10h17m5.7s.'), {}, 37_025_700],
  ],
  overloaded: [[503, googleError(503, 'UNAVAILABLE', 'The model is overloaded.')]],
  'server-error': [
    [500, googleError(500, 'INTERNAL')],
    [499, googleError(499, 'CANCELLED')],
    [500, googleError(500, 'UNKNOWN', 'None Unknown Error.')],
    [502, googleError(502, 'UNAVAILABLE')],
  ],
  timeout: [[504, googleError(504, 'DEADLINE_EXCEEDED')]],
};

const ollamaCells: Cells = {
  auth: [[401, { error: 'unauthorized' }]],
  'model-not-found': [[404, { error: "model 'x' not found" }]],
  'bad-request': [[400, { error: 'messages must be an array' }]],
  unsupported: [[400, { error: 'llama3 does not support tools' }]],
  'context-length': [
    [400, { error: 'the input length exceeds the context length' }],
    [413, { error: 'request too large' }],
  ],
  'rate-limit': [[429, { error: 'too many requests' }]],
  quota: [[402, { error: 'payment required' }]],
  overloaded: [[503, { error: 'server busy, please try again. maximum pending requests exceeded' }]],
  'server-error': [
    [500, { error: 'llama runner process has terminated' }],
    [502, { error: 'cloud unreachable' }],
  ],
  timeout: [[504, { error: 'gateway timeout' }]],
};

const vendors: readonly (readonly [string, string, Cells, (url: string) => Provider])[] = [
  ['OpenAI', 'gpt-4.1', openaiCells, (url) => openai({ apiKey: 'k', baseURL: `${url}/v1` })],
  [
    'Azure OpenAI',
    'deployment',
    azureCells,
    (url) =>
      openai({ client: new AzureOpenAI({ apiKey: 'k', apiVersion: '2025-04-01-preview', endpoint: url }) }),
  ],
  ['OpenRouter', 'x/y', openrouterCells, (url) => openai({ apiKey: 'k', baseURL: `${url}/api/v1` })],
  ['LiteLLM', 'x', litellmCells, (url) => openai({ apiKey: 'k', baseURL: url })],
  ['Anthropic', 'claude-sonnet-5', anthropicCells, (url) => anthropic({ apiKey: 'k', baseURL: url })],
  ['Bedrock', 'anthropic.claude-sonnet-5', bedrockCells, (url) => anthropic({ client: bedrockClient(url) })],
  ['Claude on Vertex', 'claude-sonnet-5', vertexCells, (url) => anthropic({ client: vertexClient(url) })],
  ...hostClients.map(([name, make]) => [`Gemini by ${name}`, 'gemini-2.5-flash', geminiCells, make] as const),
  ['Ollama', 'llama3.3', ollamaCells, (url) => ollama({ client: new Ollama({ host: url }) })],
];

const rows = vendors.flatMap(([vendor, model, cells, make]) =>
  Object.entries(cells).map(
    ([kind, wordings]) => [vendor, kind as FailureKind, { model, wordings, make }] as const,
  ),
);

describe('what a vendor means by its errors', () => {
  it.each(rows)('%s: %s', async (_, kind, { model, wordings, make }) => {
    for (const [status, body, headers, waitMs] of wordings) {
      await using server = await wireServer(json(status, body, headers));
      const provider = make(server.url);
      const request = { messages: [{ role: 'user', content: 'Hello' }] } as const;
      const call = { model, request, signal: new AbortController().signal, headers: {} };
      const failures = [(await streamed(provider, call)).failure, (await completed(provider, call)).failure];
      const told = JSON.stringify(body);
      for (const failure of failures) {
        expect(failure, told).toMatchObject({ kind, status } satisfies Partial<Failure>);
        if (waitMs !== undefined) expect(failure?.retryAfterMs, told).toBeCloseTo(waitMs, 0);
      }
      expect(server.requests, 'each is asked once').toHaveLength(2);
    }
  });
});
