/** Of the first attempts at a target, so many earn it one more. */
const shareOfAttempts = 0.2;
/** However few there are. */
const perSecond = 5;
/** What is not used is forgotten by 1/e in this time: nothing is saved up for the day on which everybody wants it. */
const fadeMs = 5_000;
/** What `perSecond` alone comes to. */
const leastSaved = (perSecond * fadeMs) / 1000;

/**
 * How many attempts a target may be sent beyond the first ones: retries and hedges. Without a bound they multiply the load
 * of a target that fails because of its load (Google, "Site Reliability Engineering", chapter 21; Finagle's RetryBudget).
 */
export interface RetryBudget {
  /** A first attempt is made. */
  earn(now: number): void;
  /** Takes one more, if it can be afforded. */
  pay(now: number): boolean;
  /** As if it had never been paid: nothing came of it. */
  giveBack(paidAt: number, now: number): void;
}

export function createRetryBudget(): RetryBudget {
  let saved = leastSaved;
  let at: number | undefined;

  function savedAt(now: number): number {
    const elapsedMs = Math.max(0, now - (at ?? now));
    at = now;
    if (elapsedMs > 0) saved = leastSaved + (saved - leastSaved) * Math.exp(-elapsedMs / fadeMs);
    return saved;
  }

  return {
    earn(now) {
      saved = savedAt(now) + shareOfAttempts;
    },
    pay(now) {
      const affords = savedAt(now) >= 1;
      if (affords) saved -= 1;
      return affords;
    },
    giveBack(paidAt, now) {
      saved = savedAt(now) + Math.exp(-Math.max(0, now - paidAt) / fadeMs);
    },
  };
}
