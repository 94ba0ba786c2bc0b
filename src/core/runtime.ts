/**
 * Clock, sleep and chance: the only way in which failsoft touches time or randomness, so that a test or a simulation
 * can own all three. The same seed and the same inputs give the same trace.
 */
export interface Runtime {
  /** The current instant, in epoch milliseconds. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number in [0, 1). */
  random(): number;
}

/** The longest delay a timer of the platform can hold; longer ones would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      Math.min(Math.max(ms, 0), longestTimerMs),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The platform's own clock, timers and random numbers. */
export const systemRuntime: Runtime = { now: () => Date.now(), sleep, random: () => Math.random() };
