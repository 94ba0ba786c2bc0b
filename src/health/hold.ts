import type { FailureKind } from '../core/failure.ts';

/** When an attempt in flight will end is not known: callers are told to ask again after this time. */
export const askAgainMs = 1_000;

/** A span of time during which something is held back. */
export interface Hold {
  /** Epoch milliseconds. */
  readonly since: number;
  /** -Infinity: it ended before its time. */
  until: number;
}

/**
 * Whether the hold is in force. A clock that was set back to before the hold began ends it for good: otherwise a step of
 * an hour would hold a target for an hour, or once more in an hour.
 */
export function isHeld(hold: Hold | undefined, now: number): hold is Hold {
  if (hold !== undefined && now < hold.since) hold.until = -Infinity;
  return hold !== undefined && now < hold.until;
}

/** Spreads what many processes do at once: up to a quarter shorter, never longer. */
export function jittered(ms: number, random: number): number {
  return ms * (1 - random / 4);
}

/** `firstMs`, doubled `steps` times, at most `longestMs`. */
export function doubled(firstMs: number, steps: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** steps);
}

/** What a failure asks to be held back for. */
export interface HoldRequest {
  readonly kind: FailureKind;
  /** What the vendor stated, from `now` on. */
  readonly retryAfterMs?: number;
  readonly now: number;
}

/** An instant where a duration belongs is a common mistake, and would take the target out for decades. */
export const longestStatedMs = 24 * 3_600_000;

/** A stated time of 0 would mean asking again at once, for ever: it counts as none. */
export function statedMs({ retryAfterMs }: HoldRequest): number | undefined {
  return retryAfterMs !== undefined && retryAfterMs > 0 && Number.isFinite(retryAfterMs)
    ? Math.min(retryAfterMs, longestStatedMs)
    : undefined;
}

/** An instant as it is shown, in whole milliseconds: at it the wait is over. */
export function shownAt(at: number | undefined): number | undefined {
  return at && Math.ceil(at);
}

/** An instant that can be waited for; undefined: it never comes. */
export function finite(at: number): number | undefined {
  return at === Infinity ? undefined : at;
}
