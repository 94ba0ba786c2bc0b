import { messageOf, type Failure, type FailureKind, type Feature } from '../../core/failure.ts';
import { systemRuntime } from '../../core/runtime.ts';
import { classifyConnection, failureError, kindOfStatus, statusOf } from '../failure.ts';
import { durationOf, headerOf, retryAfterOf } from '../retry-after.ts';
import { kindByText, kindsByCode, kindsByType } from './error-words.ts';
import { isObject, type Json } from './wire.ts';

const longestMessage = 500;

/** An error as the vendor, Bedrock or Google words it. */
interface VendorError {
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** An error that came as a reply or inside a stream: there is no status, or one that says all is well. */
export function replyFailure(body: Json): Error {
  return failureError(toFailure(readError(body), undefined, undefined));
}

/** Classifies what an SDK of the vendor throws; undefined for what only the general rules can tell. */
export function classify(error: unknown): Failure | undefined {
  const { headers, error: body } = (error ?? {}) as { headers?: Headers; error?: unknown };
  const status = statusOf(error);
  if (status === undefined && !isObject(body)) return classifyClient(error);
  const read = readError(body);
  const awsType = headerOf(headers, 'x-amzn-errortype')?.split(':')[0];
  const text = read.message ?? (status === undefined ? messageOf(error) : withoutStatus(messageOf(error)));
  return toFailure({ ...read, type: awsType ?? read.type, message: text }, status, headers);
}

/** The SDK writes the status before the body's text, and a whole page of HTML after it. */
function withoutStatus(message: string): string {
  const text = message.replace(/^\d{3} /, '');
  return /^\s*<(!doctype|html)/i.test(text) ? 'an HTML page' : text;
}

/** Reads `{ error: { type, message } }`, Bedrock's `{ message }` and Google's `[{ error: { status, details } }]`. */
function readError(body: unknown): VendorError {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (!isObject(first)) return {};
  const inner = isObject(first['error']) ? first['error'] : first;
  const { type, status, message, details } = inner;
  const code: unknown = isObject(details) ? details['error_code'] : undefined;
  const requestId: unknown = first['request_id'];
  return {
    type: textOf(type) ?? textOf(status),
    code: textOf(code),
    message: textOf(message),
    requestId: textOf(requestId),
    retryAfterMs: Array.isArray(details) ? retryInfoOf(details) : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Google tells a wait as `{ retryDelay: "23s" }` among the details. */
function retryInfoOf(details: readonly unknown[]): number | undefined {
  const delay = details.map((detail) => (isObject(detail) ? detail['retryDelay'] : undefined)).find(Boolean);
  return typeof delay === 'string' ? durationOf(delay) : undefined;
}

function toFailure(error: VendorError, status: number | undefined, headers: Headers | undefined): Failure {
  const { type, code } = error;
  const message = (error.message ?? 'the vendor reported an error').slice(0, longestMessage);
  const { kind, feature } = meaningOf(error, status);
  const requestId =
    headerOf(headers, 'request-id') ?? headerOf(headers, 'x-amzn-requestid') ?? error.requestId;
  const retryAfterMs = latest(
    retryAfterOf(headers),
    error.retryAfterMs,
    kind === 'quota' ? resetIn(message) : undefined,
    kind === 'rate-limit' ? exhaustedUntil(headers) : undefined,
  );
  const word = code ?? type;
  return {
    kind,
    message,
    ...(status === undefined ? {} : { status }),
    ...(word === undefined ? {} : { code: word }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(feature === undefined ? {} : { feature }),
  };
}

interface Meaning {
  readonly kind: FailureKind;
  readonly feature?: Feature | undefined;
}

/** Code, then type, then status; the text only where these leave several meanings open. */
function meaningOf({ type, code, message = '' }: VendorError, status: number | undefined): Meaning {
  const byCode = code === undefined ? undefined : kindsByCode[code];
  if (byCode) return { kind: byCode };
  const byType = type === undefined ? undefined : kindsByType[type.toLowerCase()];
  const isVague = byType === undefined || byType === 'bad-request' || byType === 'rate-limit';
  if (byType && !isVague) return { kind: byType };
  const plain = byType ?? (status === undefined ? 'server-error' : kindOfStatus(status));
  return kindByText(plain, message) ?? { kind: plain };
}

function latest(...hints: readonly (number | undefined)[]): number | undefined {
  const stated = hints.filter((hint) => hint !== undefined);
  return stated.length > 0 ? Math.max(...stated) : undefined;
}

/** "You will regain access on 2026-12-01 at 00:00 UTC." */
function resetIn(message: string): number | undefined {
  const [, date, time = '00:00'] = /(\d{4}-\d{2}-\d{2})(?:(?: at |T)(\d{2}:\d{2}))?/.exec(message) ?? [];
  const at = date ? Date.parse(`${date}T${time}:00Z`) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - systemRuntime.now());
}

const buckets = ['requests', 'tokens', 'input-tokens', 'output-tokens'];

/** Until the bucket that is empty is full again. */
function exhaustedUntil(headers: Headers | undefined): number | undefined {
  const resets = buckets
    .filter((bucket) => headerOf(headers, `anthropic-ratelimit-${bucket}-remaining`) === '0')
    .map((bucket) => Date.parse(headerOf(headers, `anthropic-ratelimit-${bucket}-reset`) ?? ''))
    .filter((at) => !Number.isNaN(at));
  return resets.length > 0 ? Math.max(0, Math.max(...resets) - systemRuntime.now()) : undefined;
}

/** Errors that the SDKs raise before or below HTTP. */
function classifyClient(error: unknown): Failure | undefined {
  const message = messageOf(error);
  const name = (error as { constructor?: { name?: string } } | null | undefined)?.constructor?.name ?? '';
  if (name === 'APIUserAbortError') return { kind: 'aborted', message: 'the request was aborted' };
  if (name === 'APIConnectionTimeoutError') return { kind: 'timeout', message: 'no answer in time' };
  if (/Truncated event message|Truncated event stream/i.test(message)) {
    return { kind: 'invalid-response', message: 'the stream ended within an event', code: 'truncated' };
  }
  // The message quotes the piece that could not be parsed, which may be the answer.
  if (/^Could not parse a Bedrock chunk/.test(message)) {
    return { kind: 'invalid-response', message: 'a stream event is not JSON', code: 'malformed-json' };
  }
  return credentialsFailure(error, message);
}

const credentialWords =
  /Could not resolve authentication method|`apiKey` function|(resolve|acquire|load) .*credentials|CredentialsProviderError|No projectId was given/i;

function credentialsFailure(error: unknown, message: string): Failure | undefined {
  const name = (error as { name?: unknown } | null | undefined)?.name;
  if (!credentialWords.test(`${typeof name === 'string' ? name : ''} ${message}`)) return undefined;
  const { cause } = (error ?? {}) as { cause?: unknown };
  // Fetching a token needs the network: its loss says nothing about the key.
  const connection = cause === undefined ? undefined : classifyConnection(cause);
  return connection ?? { kind: 'auth', message: message.slice(0, longestMessage), code: 'credentials' };
}
