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

/** How long that took. No time at all where the clock was set back meanwhile: nothing takes less. */
export function elapsedMs(since: number, now: number): number {
  return Math.max(0, now - since);
}

/** The longest delay a timer of the platform can hold; longer ones would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

function withinTimer(ms: number): number {
  return Math.min(Math.max(ms, 0), longestTimerMs);
}

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
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, withinTimer(ms));
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Rings once after `ms` milliseconds, unless it is called off by what it returns. On the platform's own clock that is a
 * timer and nothing else: a sleep that ends early, with its signal and its rejected promise, costs ten times as much.
 *
 * @param options `keepsAlive: false`: a process that has nothing else to do may end before it rings. @default true
 */
export function setAlarm(
  runtime: Runtime,
  ms: number,
  ring: () => void,
  { keepsAlive = true }: { readonly keepsAlive?: boolean } = {},
): () => void {
  if (runtime.sleep === sleep) {
    const timer: unknown = setTimeout(ring, withinTimer(ms));
    // Elsewhere than in Node a timer is a number, and keeps nothing alive.
    if (!keepsAlive) (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  }
  const controller = new AbortController();
  const sleeping = async () => runtime.sleep(ms, controller.signal);
  sleeping().then(ring, () => {});
  return () => controller.abort(calledOff);
}

/** An alarm that rings later than this was held up with its process, or the clock was set. */
export const heldUpMs = 250;

const calledOff = new Error('the alarm was called off');

/** The platform's own clock, timers and random numbers. */
export const systemRuntime: Runtime = { now: () => Date.now(), sleep, random: () => Math.random() };
