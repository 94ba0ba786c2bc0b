import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/failure.ts';
import { errorInText, failureOf, failureOfResponse } from '../../../src/providers/google/classify.ts';
import { classifyThrown } from '../../../src/providers/google/thrown.ts';
import { classifyError } from '../../../src/providers/failure.ts';

const info = (reason: string, metadata: object = {}) => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason,
  metadata,
});
const retry = (retryDelay: string) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });
const quota = (...ids: string[]) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: ids.map((quotaId) => ({ quotaId })),
});

type Row = [number, string, string, object[], Partial<Failure>];

const rows: Row[] = [
  [
    400,
    'INVALID_ARGUMENT',
    'API key not valid. Please pass a valid API key.',
    [info('API_KEY_INVALID')],
    { kind: 'auth', code: 'API_KEY_INVALID' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'API key expired. Please renew the API key.',
    [info('API_KEY_INVALID')],
    { kind: 'auth' },
  ],
  [
    401,
    'UNAUTHENTICATED',
    'Request had invalid authentication credentials.',
    [info('ACCESS_TOKEN_EXPIRED')],
    { kind: 'auth' },
  ],
  [
    403,
    'PERMISSION_DENIED',
    'Your API key was reported as leaked. Please use another API key.',
    [],
    { kind: 'auth' },
  ],
  [403, 'PERMISSION_DENIED', "Method doesn't allow unregistered callers", [], { kind: 'auth' }],
  [
    403,
    'PERMISSION_DENIED',
    'Requests from referer are blocked.',
    [info('API_KEY_HTTP_REFERRER_BLOCKED')],
    { kind: 'permission' },
  ],
  [
    403,
    'PERMISSION_DENIED',
    'This API method requires billing to be enabled.',
    [info('BILLING_DISABLED')],
    { kind: 'quota' },
  ],
  [400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.', [], { kind: 'permission' }],
  [
    400,
    'FAILED_PRECONDITION',
    'Gemini API free tier is not available in your country. Please enable billing.',
    [],
    { kind: 'permission' },
  ],
  [400, 'FAILED_PRECONDITION', 'Please enable billing on your project.', [], { kind: 'quota' }],
  [402, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted.', [], { kind: 'quota' }],
  [
    404,
    'NOT_FOUND',
    'models/x is not found for API version v1beta, or is not supported for generateContent.',
    [],
    { kind: 'model-not-found' },
  ],
  [
    429,
    'RESOURCE_EXHAUSTED',
    'Quota exceeded.',
    [quota('GenerateRequestsPerMinutePerProjectPerModel-FreeTier'), retry('23s')],
    { kind: 'rate-limit', retryAfterMs: 23_000 },
  ],
  [
    429,
    'RESOURCE_EXHAUSTED',
    'Quota exceeded.',
    [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'), retry('34.4s')],
    { kind: 'quota', retryAfterMs: 34_400, scope: 'model' },
  ],
  [
    429,
    'RESOURCE_EXHAUSTED',
    'Quota exceeded for metric: x, limit: 0, model: y. Please retry in 10h17m5.7s.',
    [],
    { kind: 'quota', retryAfterMs: 37_025_700, scope: 'model' },
  ],
  [
    429,
    'RESOURCE_EXHAUSTED',
    'Quota exceeded.',
    [info('RATE_LIMIT_EXCEEDED', { quota_limit_value: '0' })],
    { kind: 'quota' },
  ],
  [
    429,
    'RESOURCE_EXHAUSTED',
    'Your prepayment credits are depleted. Please go to AI Studio.',
    [],
    { kind: 'quota' },
  ],
  [
    429,
    'RESOURCE_EXHAUSTED',
    'You exceeded your current quota, please check your plan and billing details. Please retry in 16.302655129s.',
    [],
    { kind: 'rate-limit', retryAfterMs: 16_302.655129 },
  ],
  [429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).', [], { kind: 'rate-limit' }],
  [
    400,
    'INVALID_ARGUMENT',
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
    [],
    { kind: 'context-length' },
  ],
  [
    500,
    'INTERNAL',
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
    [],
    { kind: 'context-length' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Request payload size exceeds the limit: 20971520 bytes.',
    [],
    { kind: 'context-length' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    "The prompt contains sensitive words that violate Google's Responsible AI practices.",
    [],
    { kind: 'content-policy' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Thinking level MINIMAL is not supported for this model.',
    [],
    { kind: 'unsupported', feature: 'reasoning' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Invalid JSON payload received. Unknown name "thinkingLevel" at \'generation_config.thinking_config\': Cannot find field.',
    [],
    { kind: 'unsupported', feature: 'reasoning' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Penalty is not enabled for models/gemini-2.5-flash',
    [],
    { kind: 'unsupported', feature: 'presencePenalty' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Function calling is not enabled for models/gemma-3-27b-it',
    [],
    { kind: 'unsupported', feature: 'tools' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Forced function calling (mode = ANY) is only supported for Gemini 1.5 Pro models.',
    [],
    { kind: 'unsupported', feature: 'toolChoice' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    "Function calling with a response mime type: 'application/json' is unsupported",
    [],
    { kind: 'unsupported' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'JSON mode is not enabled for models/gemma-3-27b-it',
    [],
    { kind: 'unsupported', feature: 'schema' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Image input modality is not enabled for models/x',
    [],
    { kind: 'unsupported', feature: 'images' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Unsupported MIME type: application/zip',
    [],
    { kind: 'unsupported', feature: 'files' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Function call is missing a thought_signature in functionCall parts.',
    [],
    { kind: 'unsupported' },
  ],
  [
    400,
    'INVALID_ARGUMENT',
    'Please ensure that the number of function response parts is equal to the number of function call parts.',
    [],
    { kind: 'bad-request' },
  ],
  [499, 'CANCELLED', 'The operation was cancelled.', [], { kind: 'server-error' }],
  [500, 'INTERNAL', 'An internal error has occurred.', [], { kind: 'server-error' }],
  [503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.', [], { kind: 'overloaded' }],
  [504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.', [], { kind: 'timeout' }],
];

describe.each(rows)('%i %s: %s', (status, name, message, details, expected) => {
  const body = JSON.stringify({ error: { code: status, status: name, message, details } });

  it('is known from the body', () => {
    const failure = failureOf(errorInText(body, status)!);
    expect(failure).toMatchObject({ status, message, ...expected });
    expect(failure.feature).toBe(expected.feature);
  });

  it('is known from inside an array, and by its name alone', () => {
    const named = JSON.stringify([{ error: { status: name, message, details } }]);
    // 402 has no name of its own.
    if (status !== 402) expect(failureOf(errorInText(named)!)).toMatchObject(expected);
  });

  it('is known from what either SDK throws', () => {
    const thrown = Object.assign(new Error(body), { name: 'ApiError', status });
    expect(classifyThrown(thrown)).toMatchObject({ status, ...expected });
    const wrapped = JSON.stringify({ error: { message: body, code: status, status: 'Bad Request' } });
    expect(classifyThrown(Object.assign(new Error(wrapped), { status }))).toMatchObject({
      status,
      ...expected,
    });
    const appended = details.length > 0 ? ` ${JSON.stringify(details)}` : '';
    const legacy = Object.assign(
      new Error(
        `[GoogleGenerativeAI Error]: Error fetching from https://host/v1beta/x: [${status} Text] ${message}${appended}`,
      ),
      { status, ...(details.length > 0 ? { errorDetails: details } : {}) },
    );
    // The package loses the error's own name.
    if (name !== 'FAILED_PRECONDITION')
      expect(classifyThrown(legacy)).toMatchObject({ status, message, ...expected });
  });
});

it('takes the longer of two waits', () => {
  const headers = { 'retry-after': '60' };
  const body = JSON.stringify({ error: { code: 429, message: 'x', details: [retry('5s')] } });
  const error = failureOfResponse(new Response(null, { status: 429, headers }), body);
  expect(classifyError({ name: 'google' }, error)).toMatchObject({
    kind: 'rate-limit',
    retryAfterMs: 60_000,
  });
});

it('lets no key out of a URL', () => {
  const message = 'cannot reach https://host/v1beta/models/x:generateContent?key=AIza-secret&alt=sse';
  expect(failureOf({ status: 500, message, details: [] }).message).not.toContain('AIza-secret');
});

it('leaves what it does not know to the general rules', () => {
  expect(classifyThrown(new TypeError('fetch failed'))).toBeUndefined();
  expect(classifyThrown('odd')).toBeUndefined();
});
