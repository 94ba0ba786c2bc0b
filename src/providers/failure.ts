import { each } from '../core/each.ts';
import {
  messageOf,
  connectionRefusedCode,
  failureRules,
  type Failure,
  type FailureKind,
} from '../core/failure.ts';
import { unawaited } from '../core/promise.ts';
import type { Provider } from './provider.ts';
import { retryAfterOf } from './retry-after.ts';

const carried = Symbol.for('failsoft.failure');

/**
 * An error that carries its classification: what a provider throws when it knows what went wrong.
 *
 * @example
 * throw failureError({ kind: 'rate-limit', message: 'too many requests', retryAfterMs: 2_000 });
 */
export function failureError(failure: Failure, cause?: unknown): Error {
  const error = new Error(failure.message, { cause });
  error.name = 'ProviderFailure';
  Object.defineProperty(error, carried, { value: failure });
  return error;
}

/** The reply is not what was promised: garbage, cut off, or empty for no reason. */
export function invalidResponse(message: string, code?: string, cause?: unknown): Error {
  return failureError({ kind: 'invalid-response', message, code }, cause);
}

function carriedFailure(error: unknown): Failure | undefined {
  return typeof error === 'object' && error !== null
    ? (error as { [carried]?: Failure })[carried]
    : undefined;
}

/**
 * Classifies once: what the error carries, else what its provider makes of it, else the general rules. Never throws:
 * whatever was thrown, its attempt ends with a failure.
 */
export function classifyError(provider: Provider, error: unknown): Failure {
  try {
    const own = carriedFailure(error) ?? ownClassification(provider, error);
    return own === undefined ? classifyGeneral(error) : understood(own);
  } catch {
    return { kind: 'unknown', message: messageOf(error) };
  }
}

/** A host's own provider, or one for a later version, may say what nobody here has a word for. */
function understood(failure: Failure): Failure {
  const { kind, message } = failure;
  if (Object.hasOwn(failureRules, kind) && typeof message === 'string') return failure;
  const known = Object.hasOwn(failureRules, kind) ? kind : 'unknown';
  return { ...failure, kind: known, message: typeof message === 'string' ? message : String(kind) };
}

/** A classifier that fails, or says nothing that can be read, must not hide the failure that it was asked about. */
function ownClassification(provider: Provider, error: unknown): Failure | undefined {
  try {
    const own: unknown = provider.classify?.(error);
    unawaited(own);
    return typeof (own as Partial<Failure> | null | undefined)?.kind === 'string'
      ? (own as Failure)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What an HTTP status means where nothing more precise is known. */
export function kindOfStatus(status: number): FailureKind {
  const general = status >= 500 ? 'server-error' : status >= 400 ? 'bad-request' : 'unknown';
  return kindsByStatus[status] ?? general;
}

const kindsByStatus: Readonly<Record<number, FailureKind>> = {
  401: 'auth',
  402: 'quota',
  403: 'permission',
  404: 'model-not-found',
  413: 'context-length',
  429: 'rate-limit',
  ...each('408 504', 'timeout'),
  ...each('409 425 499', 'server-error'),
  ...each('503 529', 'overloaded'),
};

interface ErrorLike {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly status?: unknown;
  readonly status_code?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
}

/** The HTTP status that an SDK's error states, under either of its names. */
export function statusOf(error: unknown): number | undefined {
  const { status, status_code: statusCode } = (error ?? {}) as ErrorLike;
  if (typeof status === 'number') return status;
  return typeof statusCode === 'number' ? statusCode : undefined;
}

/** The general rules: a status by its number, a broken connection by the platform's codes, bad JSON, else unknown. */
export function classifyGeneral(error: unknown): Failure {
  const status = statusOf(error);
  if (status !== undefined && status >= 400) {
    const retryAfterMs = retryAfterOf(headersOf(error));
    return { kind: kindOfStatus(status), message: messageOf(error), status, retryAfterMs };
  }
  return classifyConnection(error) ?? { kind: 'unknown', message: messageOf(error) };
}

/** Where errors of HTTP clients keep the headers of the reply. */
function headersOf(error: unknown): Headers | undefined {
  const { headers, response } = error as { headers?: Headers; response?: { headers?: Headers } };
  return headers ?? response?.headers;
}

const timeoutCode = /^(E|UND_ERR_(CONNECT|HEADERS|BODY)_)TIME(D|)OUT$/;
const networkCode =
  /^(E[A-Z]+|EAI_[A-Z]+|UNABLE_TO_[A-Z_]+|(UND_ERR|ERR_TLS|ERR_SSL|HPE)_[A-Z_]+|[A-Z_]*CERT[A-Z_]*)$/;
const networkText =
  /fetch failed|terminated|connection error|socket hang up|network|other side closed|premature close/i;

/** A failure below HTTP, found by walking the chain of causes; undefined where it is none. */
export function classifyConnection(error: unknown): Failure | undefined {
  if (error instanceof SyntaxError) {
    // The message of a SyntaxError quotes the text that it could not parse, which may be the answer.
    return { kind: 'invalid-response', message: 'the reply is not valid JSON', code: 'malformed-json' };
  }
  const code = codeInChain(error);
  if (code === 'ECONNREFUSED')
    return { kind: 'network', message: 'connection refused', code: connectionRefusedCode };
  if (code !== undefined && timeoutCode.test(code))
    return { kind: 'timeout', message: `no answer (${code})`, code };
  if (code !== undefined) return { kind: 'network', message: `connection failed (${code})`, code };
  const { name } = (error ?? {}) as ErrorLike;
  if (name === 'AbortError' || name === 'TimeoutError')
    return { kind: 'network', message: 'connection aborted' };
  if (!networkText.test(messageOf(error))) return undefined;
  const why = innermostText(error);
  return { kind: 'network', message: why === undefined ? 'connection failed' : `connection failed: ${why}` };
}

/** What the innermost cause says, where there is one: `fetch` says why it sent nothing (`bad port`) only there. */
function innermostText(error: unknown): string | undefined {
  const seen = chainOf(error);
  const last = seen.at(-1);
  // The message of a SyntaxError quotes the text that it could not parse, which may be the answer.
  if (seen.length < 2 || last instanceof SyntaxError) return undefined;
  return messageOf(last).slice(0, 200) || undefined;
}

function codeInChain(error: unknown): string | undefined {
  for (const { code } of chainOf(error)) if (typeof code === 'string' && networkCode.test(code)) return code;
  return undefined;
}

/** An error and its causes, the innermost last. */
function chainOf(error: unknown): readonly ErrorLike[] {
  const chain: ErrorLike[] = [];
  let current = error as (ErrorLike & { errors?: unknown }) | null | undefined;
  while (chain.length < 6 && typeof current === 'object' && current !== null) {
    chain.push(current);
    // A host with several addresses fails with one error for each of them.
    const first = Array.isArray(current.errors) ? (current.errors[0] as ErrorLike) : undefined;
    current = current.cause ?? first;
  }
  return chain;
}
