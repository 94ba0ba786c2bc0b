import type { Failure, FailureKind } from '../core/failure.ts';

/** A failure by its kind, or in full. */
export type FailureInput = FailureKind | Failure;

/** Failures that were thrown on purpose, known by the error that was thrown, so that any copy can tell them apart. */
const failures = new WeakMap<object, Failure>();

/** An error that `stagedFailure` knows again. */
export function stage(failure: FailureInput): Error {
  const whole = typeof failure === 'string' ? { kind: failure, message: `staged: ${failure}` } : failure;
  const error = new Error(whole.message);
  error.name = 'StagedFailure';
  failures.set(error, whole);
  return error;
}

/** What `classify` of a staging provider answers. */
export function stagedFailure(error: unknown): Failure | undefined {
  return typeof error === 'object' && error !== null ? failures.get(error) : undefined;
}

/** Never resolves; rejects with the signal's reason as soon as it aborts. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
