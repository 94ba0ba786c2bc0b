import type { Failure, FailureKind, Feature } from '../../core/failure.ts';
import { failureError, kindOfStatus } from '../failure.ts';
import { durationOf, retryAfterOf } from '../retry-after.ts';

type Json = { readonly [key: string]: unknown };

/** Google's error, however it was wrapped (google.rpc.Status). */
export interface VendorError {
  /** The HTTP status, or the code that stands in the body. */
  readonly status?: number;
  /** `RESOURCE_EXHAUSTED` and the like. */
  readonly name?: string;
  readonly message: string;
  readonly details: readonly Json[];
}

const statusOfName: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNKNOWN: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** Finds the error in a parsed body: bare, in an array, or as text inside another one. Undefined where there is none. */
export function vendorErrorIn(body: unknown, httpStatus?: number): VendorError | undefined {
  const holder = (Array.isArray(body) ? body[0] : body) as { error?: unknown } | null | undefined;
  const error = typeof holder === 'object' && holder !== null ? holder.error : undefined;
  if (error === undefined || error === null || error === false) return undefined;
  if (typeof error !== 'object')
    return { ...statusField(httpStatus), message: typeof error === 'string' ? error : '', details: [] };
  const { message, details, status: name, code } = error as Json;
  const inner = innerError(message, httpStatus);
  if (inner) return inner;
  const named = [name, code].find((value) => typeof value === 'string');
  const status = httpStatus ?? (typeof code === 'number' ? code : statusOfName[String(named).toUpperCase()]);
  return {
    ...statusField(status),
    ...(named === undefined ? {} : { name: named }),
    message: typeof message === 'string' ? message : '',
    details: Array.isArray(details) ? details.filter((one) => typeof one === 'object' && one !== null) : [],
  };
}

const statusField = (status: number | undefined) => (status === undefined ? {} : { status });

/** Where a JSON error comes without its content type, `@google/genai` makes it the message of one of its own. */
function innerError(message: unknown, httpStatus: number | undefined): VendorError | undefined {
  return typeof message === 'string' && /^\s*[[{]/.test(message)
    ? errorInText(message, httpStatus)
    : undefined;
}

/** Finds the error in text that holds one as JSON, perhaps behind some words. */
export function errorInText(text: string, httpStatus?: number): VendorError | undefined {
  const start = text.search(/[[{]/);
  if (start < 0) return undefined;
  try {
    return vendorErrorIn(JSON.parse(text.slice(start)), httpStatus);
  } catch {
    return undefined;
  }
}

/** What an error reply means, from its status, headers and body. */
export function failureOfResponse(response: Response, text: string): Error {
  const found = errorInText(text, response.status);
  const requestId = requestIdOf(response.headers);
  const failure = failureOf(found ?? { status: response.status, message: foreignBody(text), details: [] });
  const waits = [retryAfterOf(response.headers) ?? 0, failure.retryAfterMs ?? 0];
  const retryAfterMs = Math.max(...waits);
  return failureError({
    ...failure,
    ...(retryAfterMs === 0 ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

export function requestIdOf(headers: Headers): string | undefined {
  return headers.get('x-goog-request-id') ?? headers.get('x-request-id') ?? undefined;
}

function foreignBody(text: string): string {
  if (/^\s*</.test(text)) return 'an HTML page instead of an answer';
  return text.trim() === '' ? 'no message' : text.trim();
}

/** Status and reason first, text last. */
export function failureOf(error: VendorError): Failure {
  const reason = reasonOf(error);
  const retryAfterMs = retryDelayOf(error);
  const kind = kindOf(error, reason, retryAfterMs);
  const feature = kind === 'unsupported' ? featureIn(error.message) : undefined;
  const code = reason ?? error.name;
  return {
    kind,
    message: withoutKeys(error.message).slice(0, 500) || `status ${error.status ?? 'unknown'}`,
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(code === undefined ? {} : { code }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(feature === undefined ? {} : { feature }),
    ...(kind === 'quota' && isOfModel(error) ? { scope: 'model' as const } : {}),
  };
}

/** Some proxies repeat the URL, which can carry the key. */
function withoutKeys(message: string): string {
  return message.replace(/([?&](?:key|access_token)=)[^\s&"']+/gi, '$1…');
}

function reasonOf({ details }: VendorError): string | undefined {
  const reason = details.find((detail) => typeof detail['reason'] === 'string')?.['reason'];
  return reason as string | undefined;
}

/** How long to wait, from RetryInfo or, for long waits, from the words alone ("10h17m5.7s"). */
function retryDelayOf({ details, message }: VendorError): number | undefined {
  const stated = details.find((detail) => typeof detail['retryDelay'] === 'string')?.['retryDelay'];
  const words = /retry (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[smhd]))+)/i.exec(message)?.[1];
  const delays = [stated as string | undefined, words].flatMap((text) =>
    text === undefined ? [] : (durationOf(text) ?? []),
  );
  return delays.length === 0 ? undefined : Math.max(...delays);
}

const keyReasons =
  /^(API_KEY_INVALID|API_KEY_EXPIRED|ACCESS_TOKEN_|CREDENTIALS_MISSING|ACCOUNT_STATE_INVALID)/;
const keyText =
  /api key (not valid|expired|not found)|reported as leaked|unregistered callers|invalid authentication/i;
const contextText =
  /token count.*exceeds|exceeds the maximum number of tokens|(request|payload) size exceeds|context (length|window).*exceed/i;
const policyText =
  /responsible ai|prohibited (use|content)|violat\w* .*polic|blocked by (model armor|.*safety)|response was blocked|content filtering policy/i;
const placeText = /location is not supported|not available in your (country|region)/i;
const signatureText = /thought_?\s?signature/i;
const unsupportedText =
  /unknown name|cannot find field|not supported|unsupported|is not enabled|does not support|only supported|not available for|not allowed for/i;

function kindOf(
  error: VendorError,
  reason: string | undefined,
  retryAfterMs: number | undefined,
): FailureKind {
  const { status, message } = error;
  if (keyReasons.test(reason ?? '') || keyText.test(message)) return 'auth';
  if (reason === 'BILLING_DISABLED') return 'quota';
  if (status === 429) return isQuota(error, retryAfterMs) ? 'quota' : 'rate-limit';
  if (status === undefined) return 'server-error';
  // A prompt that is too long is at times answered as an internal error.
  if ((status === 400 || status === 500) && contextText.test(message)) return 'context-length';
  if (status === 400) return kindOfBadRequest(error);
  if (status === 403 && /billing/i.test(message)) return 'quota';
  return kindOfStatus(status);
}

function kindOfBadRequest({ name, message }: VendorError): FailureKind {
  if (placeText.test(message)) return 'permission';
  if (name === 'FAILED_PRECONDITION' && /billing|free tier/i.test(message)) return 'quota';
  if (policyText.test(message)) return 'content-policy';
  // The history is fine for everybody else.
  if (signatureText.test(message)) return 'unsupported';
  return unsupportedText.test(message) ? 'unsupported' : 'bad-request';
}

/** A wait this long is no limit per minute. */
const longWaitMs = 3_600_000;

/** Per day or used up: waiting a little does not help. */
function isQuota({ details, message }: VendorError, retryAfterMs: number | undefined): boolean {
  if (details.some(({ metadata }) => (metadata as Json | undefined)?.['quota_limit_value'] === '0'))
    return true;
  if (quotaIdsOf(details).some((id) => /PerDay|PerMonth/i.test(id))) return true;
  if (/\blimit: 0\b/.test(message)) return true;
  if (/prepay|credits? (is|are) (depleted|exhausted)|spend(ing)? (cap|limit)/i.test(message)) return true;
  return (retryAfterMs ?? 0) >= longWaitMs;
}

function quotaIdsOf(details: VendorError['details']): string[] {
  return details
    .flatMap(({ violations }) => (Array.isArray(violations) ? (violations as Json[]) : []))
    .map((violation) => (violation['quotaId'] as string | undefined) ?? '');
}

/** `GenerateRequestsPerDayPerProjectPerModel`: other models have allowances of their own. Money is the project's. */
function isOfModel({ details, message }: VendorError): boolean {
  return (
    quotaIdsOf(details).some((id) => /Per(Base)?Model/i.test(id)) || /\blimit: \d+, model: /.test(message)
  );
}

/** From the vendor's words to the request's; the first that matches. */
const featureTexts: readonly (readonly [RegExp, Feature])[] = [
  [/thinking|thought|reasoning/i, 'reasoning'],
  [/response_?\s?mime_?\s?type|response_?(json_?)?schema|json mode/i, 'schema'],
  [/tool_?config|function_?calling_?config|allowed_?function_?names|forced function/i, 'toolChoice'],
  [/function calling|function_?declarations?|\btools?\b/i, 'tools'],
  [/frequency_?\s?penalty/i, 'frequencyPenalty'],
  [/penalty/i, 'presencePenalty'],
  [/stop_?\s?sequences?/i, 'stop'],
  [/temperature/i, 'temperature'],
  [/top_?p\b/i, 'topP'],
  [/top_?k\b/i, 'topK'],
  [/\bseed\b/i, 'seed'],
  [/image|vision/i, 'images'],
  [/mime ?type|document|audio|video|file/i, 'files'],
  [/streaming|streamGenerateContent/i, 'stream'],
];

const bothText = /function calling with a response/i;

function featureIn(message: string): Feature | undefined {
  // Neither of the two alone was refused.
  if (signatureText.test(message) || bothText.test(message)) return undefined;
  return featureTexts.find(([text]) => text.test(message))?.[1];
}
