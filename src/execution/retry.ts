import pRetry from 'p-retry';
import type { Call } from './call.ts';

export interface RetryWait {
  /** Counts from 1. */
  readonly retry: number;
  /** What the vendor asked for, with its latest failure. */
  readonly hintMs: number | undefined;
  /** Until the target is free again by its own health. */
  readonly blockedMs: number;
  readonly random: number;
}

/**
 * How long to wait before asking the same target again: the vendor's latest hint with a little jitter on top, else
 * exponential with full jitter; never less than the target's own cool-down. Undefined: too long to wait for.
 *
 * Full jitter: a random share of the exponential step (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function retryDelay(wait: RetryWait, { baseDelayMs, maxDelayMs }: Call['retry']): number | undefined {
  const { retry, hintMs, blockedMs, random } = wait;
  const step = Math.min(maxDelayMs, baseDelayMs * 2 ** (retry - 1));
  const askedMs = Math.max(hintMs ?? 0, blockedMs);
  if (askedMs > maxDelayMs) return undefined;
  return askedMs > 0 ? askedMs + random * Math.min(1000, askedMs / 10) : random * step;
}

/** Thrown within a round of tries to ask for another one after `delayMs`. */
class TryAgain extends Error {
  readonly delayMs: number;
  constructor(delayMs: number) {
    super('try again');
    this.delayMs = delayMs;
  }
}

/** One try's end, and how long to wait before the next; undefined: none follows. */
export interface TryEnd<T> {
  readonly end: T;
  readonly retryInMs: number | undefined;
}

/**
 * Tries again after the first try until no further one is asked for, at most `tries` times in all. p-retry counts and repeats;
 * `wait` does the waiting, and ends the tries, with what the last one came to, where it says that none follows.
 */
export async function tryWhileAsked<T>(
  first: TryEnd<T>,
  tryOnce: () => Promise<TryEnd<T>>,
  { tries, wait }: { readonly tries: number; readonly wait: (delayMs: number) => Promise<boolean> },
): Promise<T> {
  let pending: TryEnd<T> | undefined = first;
  let last = first.end;
  const round = async (): Promise<T> => {
    const current: TryEnd<T> = pending ?? (await tryOnce());
    pending = undefined;
    last = current.end;
    if (current.retryInMs !== undefined) throw new TryAgain(current.retryInMs);
    return last;
  };
  try {
    return await pRetry(round, {
      retries: tries - 1,
      minTimeout: 0,
      randomize: false,
      onFailedAttempt: async ({ error }) => {
        if (error instanceof TryAgain && !(await wait(error.delayMs))) throw noneFollows;
      },
      shouldRetry: ({ error }) => error instanceof TryAgain,
    });
  } catch (error) {
    if (error instanceof TryAgain || error === noneFollows) return last;
    throw error;
  }
}

const noneFollows = new Error('none follows');
