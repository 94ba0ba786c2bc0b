import { noReason } from '../http.ts';

/** A signal of one attempt's own, so that leaving it early closes the connection: neither SDK does that by itself. */
export interface Line {
  readonly signal: AbortSignal;
  /** Waits no longer than the call lasts, also for an SDK that does not heed the signal. */
  until<T>(work: T | Promise<T>): T | Promise<T>;
  /** Lets go of the call's signal and of the connection. */
  close(): void;
}

/** @throws the reason of a signal that has already aborted: `@google/generative-ai` would send all the same */
export function openLine(callSignal: AbortSignal): Line {
  callSignal.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(callSignal.reason);
  callSignal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    until: (work) => (work instanceof Promise ? untilAborted(work, controller.signal) : work),
    close() {
      callSignal.removeEventListener('abort', onAbort);
      controller.abort(noReason);
    },
  };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.finally(() => signal.removeEventListener('abort', onAbort)).then(resolve, reject);
  });
}
