import type { ErrorDetails, Frame, VendorErrorKind, WholeAnswer, WireRequest } from '../dialect.ts';
import { placeOf } from './place.ts';

/** A refusal before it is written: status, name, words, details. */
export interface Refusal {
  readonly status: number;
  readonly name: string;
  readonly message: string;
  readonly details?: readonly object[];
}

export const invalid = (message: string, details?: readonly object[]): Refusal => ({
  status: 400,
  name: 'INVALID_ARGUMENT',
  message,
  ...(details ? { details } : {}),
});

const typed = (name: string, fields: object): object => ({
  '@type': `type.googleapis.com/google.rpc.${name}`,
  ...fields,
});

const domain = { domain: 'googleapis.com', metadata: { service: 'generativelanguage.googleapis.com' } };

export const invalidKey: Refusal = invalid('API key not valid. Please pass a valid API key.', [
  typed('ErrorInfo', { reason: 'API_KEY_INVALID', ...domain }),
]);

export const invalidToken: Refusal = {
  status: 401,
  name: 'UNAUTHENTICATED',
  message:
    'Request had invalid authentication credentials. Expected OAuth 2 access token or another valid credential.',
  details: [typed('ErrorInfo', { reason: 'ACCESS_TOKEN_TYPE_UNSUPPORTED', ...domain })],
};

export const noCaller: Refusal = {
  status: 403,
  name: 'PERMISSION_DENIED',
  message:
    "Method doesn't allow unregistered callers. Please use API Key or other form of API consumer identity.",
};

export function unknownModel(model: string): Refusal {
  return {
    status: 404,
    name: 'NOT_FOUND',
    message: `models/${model} is not found for API version v1beta, or is not supported for generateContent.`,
  };
}

/** Names that protobuf does not know, each of which is told. */
export function unknownName(name: string, where: string): Refusal {
  const description = `Invalid JSON payload received. Unknown name "${name}"${where ? ` at '${where}'` : ''}: Cannot find field.`;
  return invalid(description, [typed('BadRequest', { fieldViolations: [{ field: where, description }] })]);
}

function limited(quotaId: string, message: string, retryAfterMs?: number): Refusal {
  const retry =
    retryAfterMs === undefined ? [] : [typed('RetryInfo', { retryDelay: `${retryAfterMs / 1000}s` })];
  const violations = [{ quotaMetric: 'generativelanguage.googleapis.com/generate_requests', quotaId }];
  return {
    status: 429,
    name: 'RESOURCE_EXHAUSTED',
    message,
    details: [typed('QuotaFailure', { violations }), ...retry],
  };
}

function refusalOfKind(kind: VendorErrorKind, { request, bodyRetryAfterMs }: ErrorDetails): Refusal {
  const place = placeOf(request);
  switch (kind) {
    case 'server-error':
      return { status: 500, name: 'INTERNAL', message: 'An internal error has occurred. Please retry.' };
    case 'overloaded':
      return {
        status: 503,
        name: 'UNAVAILABLE',
        message: 'The model is overloaded. Please try again later.',
      };
    case 'rate-limit':
      return limited(
        'GenerateRequestsPerMinutePerProjectPerModel',
        'You exceeded your current quota, please check your plan and billing details.',
        bodyRetryAfterMs,
      );
    case 'quota':
      return limited(
        'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
        'You exceeded your current quota, please check your plan and billing details.',
        bodyRetryAfterMs,
      );
    case 'auth':
      return place?.route === 'vertex' ? invalidToken : invalidKey;
    case 'permission':
      return { status: 403, name: 'PERMISSION_DENIED', message: 'The caller does not have permission' };
    case 'model-not-found':
      return unknownModel(place?.model ?? 'unknown');
    case 'context-length':
      return invalid(
        'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      );
    case 'content-policy':
    case 'bad-request':
      return invalid('Request contains an invalid argument.');
  }
}

const names: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  402: 'RESOURCE_EXHAUSTED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

export function bodyOf({ status, name, message, details }: Refusal): object {
  return { error: { code: status, message, status: name, ...(details ? { details } : {}) } };
}

export function answerOf(refusal: Refusal): WholeAnswer {
  return { status: refusal.status, headers: { server: 'scaffolding on HTTPServer2' }, body: bodyOf(refusal) };
}

/** A refused prompt is no error to Gemini: it answers 200, without candidates. */
function refusedPrompt(request: WireRequest): WholeAnswer {
  const body = {
    promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
    usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 },
  };
  if (!isEventStream(request)) return { status: 200, body };
  return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: frameOf(body) };
}

export function isEventStream(request: WireRequest): boolean {
  return placeOf(request)?.stream === true && request.query.get('alt') === 'sse';
}

export const frameOf = (body: object): string => `data: ${JSON.stringify(body)}\r\n\r\n`;

export function vendorError(kind: VendorErrorKind | 'status', details: ErrorDetails): WholeAnswer {
  if (kind === 'content-policy') return refusedPrompt(details.request);
  const status = details.status ?? 500;
  const usual: Refusal =
    kind === 'status'
      ? {
          status,
          name: names[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL'),
          message: `status ${status}`,
        }
      : refusalOfKind(kind, details);
  return answerOf({ ...usual, name: details.code ?? usual.name, message: details.message ?? usual.message });
}

export function streamErrorFrame(kind: VendorErrorKind, request: WireRequest): Frame {
  if (kind === 'content-policy')
    return frameOf({ candidates: [{ finishReason: 'PROHIBITED_CONTENT', index: 0 }] });
  return frameOf(bodyOf(refusalOfKind(kind, { request })));
}
