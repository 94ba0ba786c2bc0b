import type { Attempt, ToolCall, Usage } from './completion.ts';
import type { Rejection } from './events.ts';
import type { Failure, FailureKind } from './failure.ts';
import { stated } from './stated.ts';

/** What ended the call. */
export type RouterErrorCode =
  | 'bad-request'
  | 'context-length'
  | 'content-policy'
  | 'timeout'
  | 'aborted'
  | 'no-eligible-target'
  | 'stream-interrupted'
  | 'budget-exceeded'
  | 'conversation-conflict'
  | 'store-failed'
  | 'invalid-config'
  | 'closed'
  | 'all-targets-failed';

/** One fault of a configuration or a request. */
export interface Problem {
  /** Where: `models.chat[2].weight`. */
  path: string;
  /** What was expected, and what came. */
  message: string;
}

/** What had arrived when a call ended without an answer. */
export interface PartialCompletion {
  text: string;
  reasoning: string;
  toolCalls: ToolCall[];
  usage: Usage;
  /** The id of the target that had begun to answer. */
  target?: string;
}

/** What an end user may be told: no provider, model, host, key or prompt. */
export interface PublicError {
  code: RouterErrorCode;
  message: string;
  /** The HTTP status to answer with. */
  status: number;
  retryable: boolean;
  retryAfterMs?: number;
  callId?: string;
}

/** The parts that a `RouterError` is made of. */
export interface RouterErrorDetails {
  code: RouterErrorCode;
  /** What ended the call; what happened at each target is added to it. */
  message: string;
  callId?: string;
  attempts?: Attempt[];
  rejected?: Rejection[];
  failure?: Failure;
  cause?: unknown;
  retryAfterMs?: number;
  partial?: PartialCompletion;
  problems?: Problem[];
}

const brand = Symbol.for('failsoft.RouterError');
const inspectCustom = Symbol.for('nodejs.util.inspect.custom');

/** Status, message and whether trying again may help, for an end user. */
export const publicFaces: Readonly<
  Record<RouterErrorCode, readonly [status: number, message: string, retryable: boolean]>
> = {
  'bad-request': [400, 'The request is not valid.', false],
  'context-length': [413, 'The conversation is too long to be answered.', false],
  'content-policy': [422, 'The request was declined by a content policy.', false],
  timeout: [504, 'The answer took too long. Please try again.', true],
  aborted: [499, 'The request was cancelled.', false],
  'no-eligible-target': [503, 'The request cannot be served at present.', false],
  'stream-interrupted': [502, 'The answer broke off. Please try again.', true],
  'budget-exceeded': [429, 'The usage limit is reached.', false],
  'conversation-conflict': [409, 'The conversation was changed meanwhile. Please try again.', true],
  'store-failed': [503, 'The conversation is not available at present. Please try again.', true],
  'invalid-config': [500, 'The service is not set up correctly.', false],
  closed: [503, 'The service is shutting down. Please try again.', true],
  'all-targets-failed': [503, 'The service is not available at present. Please try again.', true],
};

/**
 * The one error class. `code` says what ended the call, `attempts` what happened at each target, `toPublic()` what an
 * end user may be told. Test with `isRouterError`, which also works across copies of the package.
 *
 * @example
 * try {
 *   await router.complete(request);
 * } catch (error) {
 *   if (!isRouterError(error)) throw error;
 *   console.error(error);                        // a small table of attempts, for operators
 *   response.status(error.toPublic().status).json(error.toPublic());
 * }
 */
export class RouterError extends Error {
  readonly code: RouterErrorCode;
  readonly callId: string | undefined;
  readonly attempts: Attempt[];
  /** Targets that were not asked, and why. */
  readonly rejected: Rejection[];
  /** The last attempt's failure. */
  readonly failure: Failure | undefined;
  /** The soonest that trying again may help, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly partial: PartialCompletion | undefined;
  /** With `invalid-config` and `bad-request`: every fault found. */
  readonly problems: Problem[];
  /** The message without what happened at each target. */
  readonly #headline: string;

  constructor(details: RouterErrorDetails) {
    super(details.message + inOneLine(rowsOf(details)));
    this.name = 'RouterError';
    this.code = details.code;
    this.callId = details.callId;
    this.attempts = details.attempts ?? [];
    this.rejected = details.rejected ?? [];
    this.failure = details.failure;
    this.retryAfterMs = details.retryAfterMs;
    this.partial = details.partial;
    this.problems = details.problems ?? [];
    // Not enumerable: an SDK's error can hold headers and echoed prompts, which loggers would print.
    if (details.cause !== undefined) {
      Object.defineProperty(this, 'cause', { value: details.cause, configurable: true, writable: true });
    }
    Object.defineProperty(this, brand, { value: true });
    this.#headline = details.message;
  }

  /** Plain JSON for an end user: no provider, model, host, key or prompt. */
  toPublic(): PublicError {
    const { code, callId } = this;
    const isHopeless = isSetUpWrongly(this);
    const [status, message, retryable] = publicFaces[isHopeless ? 'invalid-config' : code];
    const retryAfterMs = isHopeless ? undefined : this.retryAfterMs;
    return stated({ code, message, status, retryable, retryAfterMs, callId });
  }

  /** What ended the call, then one line for each attempt and each target that was not asked. */
  override toString(): string {
    return `${this.name} [${this.code}]: ${this.#headline}${inColumns(rowsOf(this))}`;
  }

  [inspectCustom](): string {
    return this.toString();
  }
}

const setupKinds: readonly (FailureKind | undefined)[] = ['auth', 'permission', 'model-not-found'];

/** Every target refused, or is spared, for what only the operator can mend: trying again helps nobody. */
function isSetUpWrongly({ code, attempts, rejected }: RouterError): boolean {
  if (code !== 'all-targets-failed' || attempts.length + rejected.length === 0) return false;
  const isRefused = ({ failure }: Attempt) => setupKinds.includes(failure?.kind);
  return attempts.every(isRefused) && rejected.every(({ reason }) => reason.startsWith('locked out (auth)'));
}

/** What happened at each target, as cells: who, what, status, how long, and the words that go with it. */
function rowsOf({ attempts = [], rejected = [] }: Partial<RouterErrorDetails>): string[][] {
  return [
    ...attempts.map(({ target, failure, decision, durationMs }) => [
      target,
      failure?.kind ?? decision,
      `${failure?.status ?? ''}`,
      `${Math.round(durationMs)} ms`,
      failure?.message ?? 'ended without a failure',
    ]),
    ...rejected.map(({ target, reason }) => [target, 'not asked', '', '', reason]),
  ];
}

function inOneLine(rows: readonly string[][]): string {
  const cells = rows.map(
    ([target, what, status, , words]) => `${target}: ${what}${status && ` ${status}`}, ${words}`,
  );
  return rows.length === 0 ? '' : ` [${cells.join(' | ')}]`;
}

function inColumns(rows: readonly string[][]): string {
  const widthOf = (column: number) => Math.max(...rows.map((row) => (row[column] as string).length));
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widthOf(column))).join('  ');
  return rows.map((row) => `\n  ${line(row).trimEnd()}`).join('');
}

/** Whether a value is a `RouterError`, also one made by another copy of failsoft. */
export function isRouterError(value: unknown): value is RouterError {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}

/** An operator named something that is not there, or asked for what cannot be done. */
export function operatorError(message: string): RouterError {
  return new RouterError({ code: 'bad-request', message });
}

/** The error for whatever is asked of a router that was closed. */
export function closedError(): RouterError {
  return new RouterError({ code: 'closed', message: 'the router is closed; make a new one' });
}
