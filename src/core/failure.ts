/** What went wrong with one attempt, as a closed set that decisions are made from. */
export type FailureKind =
  | 'rate-limit'
  | 'quota'
  | 'auth'
  | 'permission'
  | 'model-not-found'
  | 'unsupported'
  | 'bad-request'
  | 'context-length'
  | 'content-policy'
  | 'timeout'
  | 'overloaded'
  | 'server-error'
  | 'network'
  | 'invalid-response'
  | 'aborted'
  | 'unknown';

/** The parts of a request that a target may refuse by name; the words are those of the request and of `supports`. */
export type Feature =
  | 'tools'
  | 'toolChoice'
  | 'parallelToolCalls'
  | 'images'
  | 'files'
  | 'schema'
  | 'reasoning'
  | 'stream'
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'stop'
  | 'seed';

/** The parts that are wishes: left out where a target does not take them. All others are conditions. */
export const wishes = [
  'temperature',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'seed',
  'parallelToolCalls',
] as const satisfies readonly Feature[];
export type Wish = (typeof wishes)[number];

/** One attempt's classified failure: a plain value, free of keys and prompts. */
export interface Failure {
  kind: FailureKind;
  /** For operators; scrubbed of keys and prompts. */
  message: string;
  /** The HTTP status, where there was one. */
  status?: number | undefined;
  /** The vendor's own code, or one of failsoft's (`schema-mismatch`, `connection-refused`, …). */
  code?: string | undefined;
  /** How long the vendor asked to wait, in milliseconds from when the failure arrived. */
  retryAfterMs?: number | undefined;
  /** The vendor's request id. */
  requestId?: string | undefined;
  /** With `unsupported`: what was refused. */
  feature?: Feature | undefined;
  /** With `quota` and `auth`: the vendor says that it is about this model, not about all that the key can ask for. */
  scope?: 'model' | undefined;
}

/** What may follow a failure: the same target again, another target, or nothing. */
export type FailurePermit = 'retry' | 'next' | 'stop';

/** One row of the table that every decision after a failure is read from. */
export interface FailureRule {
  /**
   * `retry`: the same target may be asked again when nobody else can answer now, and others may be asked;
   * `next`: only others; `stop`: the call ends.
   */
  readonly permits: FailurePermit;
  /** Whether it counts against the target's health. */
  readonly evidence: boolean;
  /**
   * What the target is spared for a while: `cool-down` until Retry-After (or a short default), `hint` only where the
   * vendor names a time, `lockout` for 60 s growing to 10 min and then one probe.
   */
  readonly hold: 'none' | 'hint' | 'cool-down' | 'lockout';
}

/** What each kind permits. `RouterOptions.failures` overrides the first column. */
export const failureRules: Readonly<Record<FailureKind, FailureRule>> = {
  'rate-limit': { permits: 'retry', evidence: false, hold: 'cool-down' },
  quota: { permits: 'next', evidence: false, hold: 'lockout' },
  auth: { permits: 'next', evidence: false, hold: 'lockout' },
  permission: { permits: 'next', evidence: false, hold: 'none' },
  'model-not-found': { permits: 'next', evidence: false, hold: 'none' },
  unsupported: { permits: 'next', evidence: false, hold: 'none' },
  'bad-request': { permits: 'stop', evidence: false, hold: 'none' },
  'context-length': { permits: 'next', evidence: false, hold: 'none' },
  'content-policy': { permits: 'stop', evidence: false, hold: 'none' },
  timeout: { permits: 'retry', evidence: true, hold: 'none' },
  overloaded: { permits: 'retry', evidence: true, hold: 'hint' },
  'server-error': { permits: 'retry', evidence: true, hold: 'hint' },
  network: { permits: 'retry', evidence: true, hold: 'none' },
  'invalid-response': { permits: 'retry', evidence: true, hold: 'none' },
  aborted: { permits: 'stop', evidence: false, hold: 'none' },
  unknown: { permits: 'next', evidence: true, hold: 'none' },
};

export const failureKinds = Object.keys(failureRules) as FailureKind[];

/** A reply that did not fit the caller's schema says something about the model, nothing about the provider's health. */
export const schemaMismatchCode = 'schema-mismatch';
/** Beside `timeout`: it was silent for too long, before its first content or in the middle. */
export const silenceCodes = { first: 'first-token', gap: 'idle' } as const;
/** Nobody listens there: the strongest evidence there is. */
export const connectionRefusedCode = 'connection-refused';
/** No connection came about: the host was not found, not reached or not trusted. Names of the platform. */
const unreachableCodes =
  /^(connection-refused|ENOTFOUND|EAI_[A-Z]+|E(HOST|NET)UNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_(TLS|SSL)_\w+|\w*CERT\w*|UNABLE_TO_\w+)$/;
/** Beside `unsupported`: the provider has learnt from the refusal, and makes its next request to this model differently. */
export const adaptedCode = 'adapted';

/** Whether nothing was asked of any model, because its host could not be reached at all. */
export function isUnreachable({ kind, code = '' }: Failure): boolean {
  return (kind === 'network' || kind === 'timeout') && unreachableCodes.test(code);
}

/** What a thrown value says. Anything can be thrown: also what cannot be read or written out. */
export function messageOf(error: unknown): string {
  try {
    const message = (error as { readonly message?: unknown } | null | undefined)?.message;
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'a thrown value that cannot be shown';
  }
}
