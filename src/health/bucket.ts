/** What comes in so many seconds may come at once: some vendors keep a limit for a minute by the second. */
const burstSeconds = 1;
/** And at least so many calls, however large they are: they come by chance, not by the clock. */
const burstCalls = 3;
/** For a call that has nobody else more of the minute is put at risk. */
const lastResortSeconds = 10;
const lastResortCalls = 10;
/** A clock that was set back by more leaves nothing that could be trusted. */
const longestStepBackMs = 60_000;
/** What a minute is counted as: no 60 seconds must ever hold more. */
const windowMs = 61_000;
const rounding = 1e-6;

/** From when a call may go: in its turn, and if nobody else can serve it. */
export interface Turns {
  readonly freeAt: number;
  readonly lastResortAt: number;
}

/** A limit for a minute, spread over it: a minute that is used up in its first half is an outage in the second. */
export interface Bucket {
  /** Undefined: now. */
  wait(amount: number, now: number): Turns | undefined;
  take(amount: number, now: number): void;
  /** Corrects what was taken, from now on: who has looked meanwhile makes no difference. */
  correct(change: number, now: number): void;
}

/**
 * A bucket that refills evenly (a generic cell rate algorithm: all that is remembered is how long it takes until it is full).
 * What it holds and what comes in a minute are the limit together, so that a burst is not paid for by a pause.
 */
export function createBucket(perMinute: number): Bucket {
  const burst = (perMinute * burstSeconds) / 60;
  const msPerUnit = windowMs / (perMinute - burst);
  const lastResortBurst = (perMinute * lastResortSeconds) / 60;
  let missingMs = 0;
  let at = -Infinity;

  function missingAt(now: number): number {
    if (now > at) missingMs = Math.max(0, missingMs - (now - at));
    else if (now < at - longestStepBackMs) missingMs = 0;
    at = now;
    return missingMs;
  }

  return {
    wait(amount, now) {
      const missing = missingAt(now) / msPerUnit;
      // In whole milliseconds, so that rounding keeps nobody away who comes in time.
      const after = (most: number) => now + Math.ceil((missing + amount - most) * msPerUnit - rounding);
      const freeAt = after(Math.max(burst, burstCalls * amount));
      if (freeAt <= now) return undefined;
      return { freeAt, lastResortAt: after(Math.max(lastResortBurst, lastResortCalls * amount)) };
    },
    take(amount, now) {
      missingMs = missingAt(now) + amount * msPerUnit;
    },
    correct(change, now) {
      missingMs = Math.max(0, missingAt(now) + change * msPerUnit);
    },
  };
}
