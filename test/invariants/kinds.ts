import type { FailureKind } from 'failsoft';

/** What a provider can report; `aborted` is said by the router alone. */
export const failureKinds = [
  'rate-limit',
  'quota',
  'auth',
  'permission',
  'model-not-found',
  'unsupported',
  'bad-request',
  'context-length',
  'content-policy',
  'timeout',
  'overloaded',
  'server-error',
  'network',
  'invalid-response',
  'unknown',
] as const satisfies readonly FailureKind[];
