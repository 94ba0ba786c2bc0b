import { createCrowd, join, membersOf } from '../core/crowd.ts';

/** Why a call or an attempt must end before its answer: told once, to everybody who listens then. */
export interface Cancellation {
  readonly cancelled: boolean;
  readonly reason: unknown;
  cancel(reason: unknown): void;
  /** Called at once where it is already cancelled. Returns how to stop listening. */
  on(listener: (reason: unknown) => void): () => void;
}

const nothing = () => {};

/** Lighter than an AbortController: one stands behind every call, and most are never used. */
export function createCancellation(): Cancellation {
  const listeners = createCrowd<(reason: unknown) => void>();
  const cancellation = {
    cancelled: false,
    reason: undefined as unknown,
    cancel(why: unknown) {
      if (cancellation.cancelled) return;
      cancellation.cancelled = true;
      cancellation.reason = why;
      for (const listener of membersOf(listeners)) listener(why);
    },
    on(listener: (reason: unknown) => void) {
      if (cancellation.cancelled) {
        listener(cancellation.reason);
        return nothing;
      }
      return join(listeners, listener);
    },
  };
  return cancellation;
}

/** Cancels when the caller's signal aborts. Returns how to stop listening, so that a long-lived signal keeps nothing. */
export function followSignal(signal: AbortSignal | undefined, cancellation: Cancellation): () => void {
  if (!signal) return nothing;
  if (signal.aborted) {
    cancellation.cancel(signal.reason);
    return nothing;
  }
  const onAbort = () => cancellation.cancel(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}
