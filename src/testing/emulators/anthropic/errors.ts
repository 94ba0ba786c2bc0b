import type { ErrorDetails, Frame, VendorErrorKind, WholeAnswer } from '../dialect.ts';
import { exceptionMessage } from './event-stream.ts';
import type { Door } from './route.ts';

/** Status, type and words of an error. */
type Words = readonly [status: number, type: string, message: string];

const anthropicErrors: Readonly<Record<VendorErrorKind, Words>> = {
  'server-error': [500, 'api_error', 'Internal server error'],
  overloaded: [529, 'overloaded_error', 'Overloaded'],
  'rate-limit': [429, 'rate_limit_error', 'This request would exceed the rate limit for your organization.'],
  quota: [400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'],
  auth: [401, 'authentication_error', 'invalid x-api-key'],
  permission: [
    403,
    'permission_error',
    'Your API key does not have permission to use the specified resource.',
  ],
  'model-not-found': [404, 'not_found_error', 'model: {model}'],
  'context-length': [400, 'invalid_request_error', 'prompt is too long: 200001 tokens > 200000 maximum'],
  'content-policy': [400, 'invalid_request_error', 'Output blocked by content filtering policy'],
  'bad-request': [400, 'invalid_request_error', 'messages: Input should be a valid list'],
};

const bedrockErrors: Readonly<Record<VendorErrorKind, Words>> = {
  'server-error': [500, 'InternalServerException', 'The server encountered an internal error.'],
  overloaded: [503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.'],
  'rate-limit': [429, 'ThrottlingException', 'Too many requests, please wait before trying again.'],
  quota: [400, 'ServiceQuotaExceededException', 'Your account has exceeded a service quota.'],
  auth: [403, 'UnrecognizedClientException', 'The security token included in the request is invalid.'],
  permission: [
    403,
    'AccessDeniedException',
    "You don't have access to the model with the specified model ID.",
  ],
  'model-not-found': [404, 'ResourceNotFoundException', 'Could not resolve the foundation model {model}.'],
  'context-length': [400, 'ValidationException', 'Input is too long for requested model.'],
  'content-policy': [400, 'ValidationException', 'Output blocked by content filtering policy'],
  'bad-request': [400, 'ValidationException', 'Malformed input request, please reformat your input.'],
};

/** What Google answers itself; the rest comes from behind it, in the vendor's own shape. */
const googleErrors: Readonly<Partial<Record<VendorErrorKind, Words>>> = {
  'server-error': [500, 'INTERNAL', 'Internal error encountered.'],
  overloaded: [503, 'UNAVAILABLE', 'The service is currently unavailable.'],
  'rate-limit': [429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).'],
  quota: [429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for requests per day per project.'],
  auth: [401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'],
  permission: [403, 'PERMISSION_DENIED', 'Permission denied on resource.'],
  'model-not-found': [404, 'NOT_FOUND', 'Publisher Model {model} was not found.'],
};

const typesByStatus: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** An error in the words of the door that the request came through. */
export function errorAnswer(
  door: Door,
  kind: VendorErrorKind | 'status',
  details: ErrorDetails,
): WholeAnswer {
  const { request, message, code, bodyRetryAfterMs } = details;
  const [status, type, usual] = wordsOf(door, kind, details.status);
  const text = (message ?? usual).replace('{model}', String(request.body['model']));
  if (door === 'bedrock') {
    const headers = {
      'x-amzn-errortype': `${type}:http://internal.amazon.com/`,
      ...requestIds(door, request.number),
    };
    return { status, headers, body: { message: text } };
  }
  if (door === 'vertex' && type === type.toUpperCase()) {
    const retry = {
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: `${(bodyRetryAfterMs ?? 0) / 1000}s`,
    };
    const error = {
      code: status,
      message: text,
      status: type,
      ...(bodyRetryAfterMs ? { details: [retry] } : {}),
    };
    return { status, body: [{ error }] };
  }
  return {
    status,
    headers: {
      ...requestIds(door, request.number),
      ...(bodyRetryAfterMs === undefined ? {} : exhausted(request.at + bodyRetryAfterMs)),
    },
    body: vendorBody(type, text, request.number, code),
  };
}

function wordsOf(door: Door, kind: VendorErrorKind | 'status', status: number | undefined): Words {
  if (kind === 'status') {
    const given = status ?? 500;
    const type =
      door === 'bedrock'
        ? 'ServiceException'
        : (typesByStatus[given] ?? (given < 500 ? 'invalid_request_error' : 'api_error'));
    return [given, type, `An error with status ${given}.`];
  }
  if (door === 'bedrock') return bedrockErrors[kind];
  return (door === 'vertex' ? googleErrors[kind] : undefined) ?? anthropicErrors[kind];
}

function vendorBody(type: string, message: string, number: number, code: string | undefined): object {
  const details = code === undefined ? {} : { details: { error_code: code } };
  return { type: 'error', error: { type, message, ...details }, request_id: requestIdOf(number) };
}

/** The vendor tells a wait by no field of the body: the header of an empty bucket says when it is full again. */
function exhausted(at: number): Record<string, string> {
  const name = 'anthropic-ratelimit-requests';
  return { [`${name}-remaining`]: '0', [`${name}-reset`]: new Date(at).toISOString() };
}

/** A 400 for what is not valid, in the door's words. */
export function invalid(door: Door, number: number, message: string): WholeAnswer {
  if (door !== 'bedrock') {
    return {
      status: 400,
      headers: requestIds(door, number),
      body: vendorBody('invalid_request_error', message, number, undefined),
    };
  }
  const headers = { 'x-amzn-errortype': 'ValidationException', ...requestIds(door, number) };
  return { status: 400, headers, body: { message } };
}

export function requestIdOf(number: number): string {
  return `req_emulated_${String(number).padStart(6, '0')}`;
}

export function requestIds(door: Door, number: number): Record<string, string> {
  return { [door === 'bedrock' ? 'x-amzn-requestid' : 'request-id']: requestIdOf(number) };
}

const exceptions: Readonly<Partial<Record<VendorErrorKind, string>>> = {
  'server-error': 'internalServerException',
  overloaded: 'serviceUnavailableException',
  'rate-limit': 'throttlingException',
  'bad-request': 'validationException',
};

/** An error inside a stream that has begun. */
export function streamErrorFrame(door: Door, kind: VendorErrorKind, number: number): Frame {
  const [, type, message] = door === 'bedrock' ? bedrockErrors[kind] : anthropicErrors[kind];
  if (door === 'bedrock') return exceptionMessage(exceptions[kind] ?? 'modelStreamErrorException', message);
  return `event: error\ndata: ${JSON.stringify(vendorBody(type, message, number, undefined))}\n\n`;
}
