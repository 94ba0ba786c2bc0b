import { messageOf, type Failure, type FailureKind } from '../../core/failure.ts';
import { each } from '../../core/each.ts';
import { systemRuntime } from '../../core/runtime.ts';
import { classifyConnection, failureError, invalidResponse, kindOfStatus } from '../failure.ts';
import { durationOf, headerOf, retryAfterOf } from '../retry-after.ts';
import { featureOf, kindOfBadRequestText, waitIn, words } from './classify-text.ts';
import type { Loose } from './reader.ts';
import { requestIdOf, resetMs } from './reply-headers.ts';

/** What is known of one refusal, whoever wrote it. */
interface Report {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
  readonly message: string;
  /** The vendor's error object. */
  readonly body: Loose;
  readonly headers: Headers | undefined;
}

/** Codes and types that decide alone, in lower case. OpenAI, Azure, OpenRouter, LiteLLM, and their kin. */
const kindsByWord: Readonly<Record<string, FailureKind>> = {
  ...each(
    'insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded ' +
      'project_spend_limit_exceeded organization_usage_limit_exceeded billing_hard_limit_reached ' +
      'billing_not_active billing_error budget_exceeded payment_required weight_exceeds_budget',
    'quota',
  ),
  ...each(
    'in_flight_budget_exhausted rate_limit_exceeded rate_limit_error throttling_error ' +
      'token_quota_reached too_many_requests slow_down',
    'rate-limit',
  ),
  ...each('invalid_api_key authentication_error expired_key token_not_found_in_db', 'auth'),
  ...each(
    'unsupported_country_region_territory permission_error key_model_access_denied ' +
      'team_model_access_denied',
    'permission',
  ),
  ...each('model_not_found deploymentnotfound', 'model-not-found'),
  ...each('context_length_exceeded exceed_context_size_error', 'context-length'),
  ...each(
    'content_filter content_policy_violation responsibleaipolicyviolation invalid_prompt ' +
      'moderation_blocked',
    'content-policy',
  ),
  ...each('server_is_overloaded service_unavailable_error overloaded_error engine_overloaded', 'overloaded'),
  // A schema too: another vendor may know the keyword that this one does not.
  ...each(
    'unsupported_parameter unsupported_value unknown_parameter invalid_json_schema ' +
      'invalid_function_parameters invalid_encrypted_content',
    'unsupported',
  ),
  // Groq: the model wrote a call or an object that does not fit.
  ...each('tool_use_failed json_validate_failed', 'invalid-response'),
  ...each('server_error api_error internal_error internal_server_error', 'server-error'),
  ...each('timeout_error', 'timeout'),
};

/** Words that a status contradicts say less than it: a 503 `slow_down` is overload, whatever it is called. */
const statusesOfKind: Readonly<Partial<Record<FailureKind, (status: number) => boolean>>> = {
  'rate-limit': (status) => status === 429 || status === 402 || status === 413,
  'server-error': (status) => status >= 500,
  overloaded: (status) => status >= 500 || status === 429,
  timeout: (status) => status >= 500 || status === 408,
};

const statusNameCode = /^\d{3}$/;
const longestMessage = 500;

/** A failure out of an error object that came inside a reply. `around` is the object that held it. */
export function vendorFailure(error: unknown, around?: Loose): Error {
  return failureError(failureOf(reportOf(error, around)));
}

/** What a reply is that lacks its answer: one that only says what went wrong, in a form without an `error`, or garbage. */
export function noAnswer(reply: Loose, field: string): Error {
  return typeof (reply['message'] ?? reply['detail']) === 'string'
    ? vendorFailure(reply)
    : invalidResponse(`the reply holds no ${field}`, `no-${field}`);
}

/** Turns what the SDK threw into a failure; undefined where it says nothing about OpenAI. */
export function classifyOpenAI(error: unknown): Failure | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const thrown = error as Loose;
  const message = messageOf(error);
  if (typeof thrown['status'] === 'number') return failureOf(reportOfThrown(thrown));
  // Errors inside a stream that the SDK itself reads have no status, but all else.
  if (thrown['error'] && ('code' in thrown || 'type' in thrown))
    return failureOf(reportOf(thrown['error'], thrown));
  if (/Failed to get token from 'apiKey' function|Missing credentials|api_key client option/.test(message)) {
    return { kind: 'auth', message: clipped(message), code: 'key-function' };
  }
  if (/^Request timed out/.test(message)) return { kind: 'timeout', message: 'the connection timed out' };
  if (/^Request was aborted/.test(message)) return { kind: 'network', message: 'connection aborted' };
  return classifyConnection(error);
}

/** The vendor's name for the parameter that an error is about. */
export function paramOf(error: unknown): string | undefined {
  const param: unknown = (error as Loose | null | undefined)?.['param'];
  return typeof param === 'string' ? param : undefined;
}

function reportOfThrown(thrown: Loose): Report {
  const report = reportOf(thrown['error'] ?? {}, thrown);
  const own = messageOf(thrown).replace(/^\d{3} /, '');
  const told = report.message === '' ? own : report.message;
  return {
    ...report,
    status: thrown['status'] as number,
    message: told,
    headers: thrown['headers'] as Headers,
  };
}

function reportOf(error: unknown, around: Loose = {}): Report {
  const body: Loose = typeof error === 'object' && error !== null ? error : { message: error };
  const code: unknown = body['code'] ?? around['code'] ?? body['statusCode'];
  const inner: unknown = body['innererror']?.code ?? body['inner_error']?.code;
  return {
    status: [code, body['status'], body['status_code'], around['status']]
      .map(statusIn)
      .find((one) => one !== undefined),
    code: wordOf(code) ?? wordOf(inner),
    type: wordOf(body['type'] ?? around['type']),
    param: paramOf(body) ?? paramOf(around) ?? extraField(body),
    message: [textIn(body), upstreamText(body)].filter((text) => text !== '').join(': '),
    body,
    headers: undefined,
  };
}

function textIn(body: Loose): string {
  const text: unknown = body['message'] ?? body['detail'] ?? body['error'] ?? body['msg'];
  if (typeof text === 'string') return text;
  if (Array.isArray(text)) return (text as Loose[]).map((one) => textIn(one ?? {})).join('; ');
  return typeof text === 'object' && text !== null ? textIn(text as Loose) : '';
}

/** OpenRouter hands on what the provider behind it said, mostly as JSON in a string. */
function upstreamText({ metadata }: Loose): string {
  const raw: unknown = (metadata as Loose | null | undefined)?.['raw'];
  if (typeof raw !== 'string') return '';
  try {
    const parsed = JSON.parse(raw) as unknown;
    return typeof parsed === 'object' && parsed !== null ? textIn(parsed) : raw;
  } catch {
    return raw;
  }
}

/** FastAPI servers (Mistral, vLLM) name what they refuse by its place. */
function extraField({ detail, message }: Loose): string | undefined {
  const list: unknown = Array.isArray(detail) ? detail : (message as Loose | undefined)?.['detail'];
  if (!Array.isArray(list)) return undefined;
  const loc: unknown = (list as Loose[]).find((one) => one?.['type'] === 'extra_forbidden')?.['loc'];
  return Array.isArray(loc) ? String(loc.at(-1)) : undefined;
}

function statusIn(value: unknown): number | undefined {
  const number = typeof value === 'string' && statusNameCode.test(value) ? Number(value) : value;
  return typeof number === 'number' && number >= 400 && number < 600 ? number : undefined;
}

function wordOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function failureOf(report: Report): Failure {
  const kind = kindOf(report);
  return {
    kind,
    message: clipped(report.message) || `HTTP status ${report.status ?? 'unknown'}`,
    status: report.status,
    code: statusNameCode.test(report.code ?? '') ? report.type : (report.code ?? report.type),
    retryAfterMs: waitOf(report, kind),
    requestId: requestIdOf(report.headers),
    feature: kind === 'unsupported' ? featureIn(report) : undefined,
  };
}

function clipped(message: string): string {
  if (/<(!doctype|html|head|body)\b/i.test(message)) return 'an HTML page instead of an answer';
  return message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message;
}

function featureIn({ code, param, message }: Report): Failure['feature'] {
  // The schema is at fault here, not the feature.
  if (code === 'invalid_json_schema' || code === 'invalid_function_parameters') return undefined;
  return featureOf(param, message);
}

function kindOf(report: Report): FailureKind {
  const word = wordKind(report);
  if (word === 'rate-limit' && words.tooLarge.test(report.message)) return 'context-length';
  if (word === 'server-error' && words.contextFull.test(report.message)) return 'context-length';
  if (word !== undefined) return word;
  const { status } = report;
  if (status === undefined)
    return report.type === 'invalid_request_error' ? badRequestKind(report) : 'server-error';
  const rule = rulesByStatus[status];
  return rule ? rule(report) : kindOfStatus(status);
}

function wordKind({ status, code, type, body }: Report): FailureKind | undefined {
  const inner: unknown = body['innererror']?.code;
  for (const word of [code, inner, type]) {
    const kind = typeof word === 'string' ? kindsByWord[word.toLowerCase()] : undefined;
    if (kind !== undefined && (status === undefined || (statusesOfKind[kind]?.(status) ?? true))) return kind;
  }
  return undefined;
}

const rulesByStatus: Readonly<Record<number, (report: Report) => FailureKind>> = {
  400: badRequestKind,
  402: ({ headers, body }) =>
    /in_flight/.test(String(body['metadata']?.limit_source)) || headerOf(headers, 'retry-after') !== undefined
      ? 'rate-limit'
      : 'quota',
  403: forbiddenKind,
  404: (report) => (words.unsupported.test(report.message) ? 'unsupported' : notFoundKind(report)),
  422: badRequestKind,
  429: ({ message }) => {
    if (words.tooLarge.test(message)) return 'context-length';
    return words.quota.test(message) ? 'quota' : 'rate-limit';
  },
};

function badRequestKind({ message, param }: Report): FailureKind {
  const kind = kindOfBadRequestText(message);
  if (kind !== undefined) return kind;
  return words.unsupported.test(message) || extraFieldNamed(param, message) ? 'unsupported' : 'bad-request';
}

function extraFieldNamed(param: string | undefined, message: string): boolean {
  return param !== undefined && /extra|forbidden/i.test(message);
}

/** OpenRouter's moderation says its reasons, its budgets their source; Azure's gateway speaks of its quota. */
function forbiddenKind({ body, message }: Report): FailureKind {
  const metadata = (body['metadata'] ?? {}) as Loose;
  if (metadata['limit_source'] !== undefined || words.quota.test(message)) return 'quota';
  if (Array.isArray(metadata['reasons']) || metadata['flagged_input'] !== undefined) return 'content-policy';
  if (/not allowed to request/i.test(message)) return 'unsupported';
  return 'permission';
}

function notFoundKind({ message }: Report): FailureKind {
  return /data policy|privacy|guardrail/i.test(message) ? 'permission' : 'model-not-found';
}

const waitingKinds: readonly FailureKind[] = ['rate-limit', 'overloaded', 'quota', 'server-error'];

/** Headers first, then the words, then the reset of whatever limit is used up. */
function waitOf({ headers, message, body }: Report, kind: FailureKind): number | undefined {
  if (!waitingKinds.includes(kind)) return undefined;
  const stated = retryAfterOf(headers);
  if (stated !== undefined) return stated;
  if (kind !== 'rate-limit') return undefined;
  const told = waitIn(message);
  const toldMs = told === undefined ? undefined : durationOf(told);
  if (toldMs !== undefined) return toldMs;
  const now = systemRuntime.now();
  const upstream = body['metadata']?.headers as Readonly<Record<string, string>> | undefined;
  const resets = ['requests', 'tokens']
    .filter((limit) => headerOf(headers, `x-ratelimit-remaining-${limit}`) === '0')
    .map((limit) => resetMs(headerOf(headers, `x-ratelimit-reset-${limit}`), now))
    .concat(resetMs(upstream?.['X-RateLimit-Reset'], now))
    .filter((ms) => ms !== undefined && ms > 0) as number[];
  return resets.length === 0 ? undefined : Math.max(...resets);
}
