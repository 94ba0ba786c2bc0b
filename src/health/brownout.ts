/** What share of failures is normal, and what is a brownout already. */
const normalShare = 0.02;
const brownShare = 0.1;
const stepUp = Math.log(brownShare / normalShare);
const stepDown = Math.log((1 - brownShare) / (1 - normalShare));
/** What is known fades by 1/e in this time: who gets few calls cannot show that it is well again. */
const fadeMs = 120_000;
/** Up to here it may be chance; beyond, each step costs the same part of the share. */
const chance = 2;
const largestSum = 5.5;
/** What is remembered of it where it comes back not for the first time. */
const sumOfRelapsed = 3;

/** How often calls fail that are still answered mostly: too few for a breaker, too many to send it everything. */
export interface Brownout {
  /** `failed`: from 0, a success, to 1. */
  record(failed: number, now: number): void;
  /** The part of its usual share that the target should get, from 0.03 to 1. Rises by itself where it gets no calls. */
  share(now: number): number;
  /** The target was taken out of use, or is back; `relapsed`: not for the first time of late. */
  restart(relapsed: boolean): void;
}

/**
 * A cumulative sum like that of the breaker, for a smaller share of failures. A breaker that tripped on it would trip by
 * chance as well; a share may follow chance for a while at no cost, and falls by as much as the evidence has grown.
 */
export function createBrownout(): Brownout {
  let sum = 0;
  let at = -Infinity;

  function sumAt(now: number): number {
    return now > at ? sum * Math.exp((at - now) / fadeMs) : sum;
  }

  return {
    record(failed, now) {
      const step = failed > 0 ? stepUp * failed : stepDown;
      sum = Math.min(largestSum, Math.max(0, sumAt(now) + step));
      at = now;
    },
    // Most have not failed at all.
    share: (now) => (sum <= chance ? 1 : Math.min(1, Math.exp(chance - sumAt(now)))),
    restart(relapsed) {
      sum = relapsed ? Math.min(sum, sumOfRelapsed) : 0;
    },
  };
}
