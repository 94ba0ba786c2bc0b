import type { Tally } from './admissions.ts';

/** What is left of the rate after a refusal, as long as it is not known what the target takes, */
const firstCut = 0.7;
/** and where it is: what was let in between two refusals is the capacity. */
const laterCut = 0.98;
/** What is let in is known after so long and so many. */
const measuredMs = 2_000;
const measuredAttempts = 4;
/** However much was refused, so many attempts a second show whether that is over. */
const leastPerSecond = 0.5;
/** The rate grows slowly at first, so that it stays near the capacity that was found, and then ever faster: */
const firstGrowth = 0.12;
/** by twice as much after each of these while the capacity is looked for, */
const shortestDoublingMs = 1_000;
/** and ever longer as it is found to be the same, */
const longestDoublingMs = 2_000;
const doublingGrowth = 1.5;
/** which it is within this share. */
const sameShare = 0.2;
/** Where a refusal costs a pause, this share of it: what is lost by growing slowly and by being paused are about the same. */
const doublingShareOfPause = 0.25;
const longestDoublingOfAllMs = 60_000;
/** After so many of them the target is free again. */
const doublings = 8;
/** So few refusals among so many requests are no word on the rate. */
const toleratedShare = 0.03;
const tolerantFrom = 40;

/** One request that was refused. */
export interface Refusal {
  /** The number of the request. */
  readonly number: number;
  readonly tally: Tally;
  readonly now: number;
  /** Until when the target is left alone in any case. */
  readonly resumeAt: number;
}

/**
 * How many attempts a second go to a target that has refused some for their number: what it lets in, found by adaptive growth and
 * multiplicative cuts, instead of a pause for all of them.
 */
export interface Ramp {
  /** From when the next attempt may go; undefined: now. */
  nextAt(now: number): number | undefined;
  took(now: number): void;
  /** Whether it changed anything. */
  refused(refusal: Refusal): boolean;
  /** Undefined: as many as there are. */
  perSecond(now: number): number | undefined;
  /** When it is over, if nothing more is refused. */
  until(): number;
  clear(): void;
}

export function createRamp(): Ramp {
  const search = createSearch();
  /** The rate at `since`; undefined: there is no ramp. */
  let base: number | undefined;
  let since = 0;
  let cutAt = 0;
  let doublingMs = 0;
  let nextAt = 0;
  /** The number of the last request before the latest cut. */
  let cutAfter = -1;

  const until = () => since + doublings * doublingMs;

  function perSecond(now: number): number | undefined {
    // A clock that was set back ends it for good: otherwise a step of an hour would make it last for an hour, or come again in one.
    if (now < cutAt) base = undefined;
    if (base === undefined || now >= until()) return undefined;
    return base * (1 + firstGrowth * (2 ** (Math.max(0, now - since) / doublingMs) - 1));
  }

  return {
    nextAt: (now) => (nextAt <= now || perSecond(now) === undefined ? undefined : nextAt),
    took(now) {
      const rate = perSecond(now);
      if (rate === undefined) return;
      search.took();
      const stepMs = 1000 / rate;
      // One turn that nobody took is kept: calls come by chance.
      nextAt = Math.max(nextAt, now - stepMs) + stepMs;
    },
    refused({ number, tally, now, resumeAt }) {
      const isNews = number > cutAfter;
      if (!isNews || isRare(tally)) return false;
      const rate = perSecond(now);
      base = Math.max(leastPerSecond, rate === undefined ? search.begin(tally, now) : search.cut(rate, now));
      cutAt = now;
      cutAfter = tally.latest;
      since = Math.max(now, resumeAt);
      doublingMs = Math.max(search.doublingMs(), shareOfPause(since - now));
      // Where one was refused there is no room for another in the next moment.
      nextAt = since + 1000 / base;
      return true;
    },
    perSecond,
    until,
    clear() {
      base = undefined;
    },
  };
}

function shareOfPause(pauseMs: number): number {
  return Math.min(longestDoublingOfAllMs, pauseMs * doublingShareOfPause);
}

/** Looks for what a target takes: the rate to go on with after each refusal, and how fast to grow from there. */
function createSearch() {
  let capacity: number | undefined;
  let doublingMs = shortestDoublingMs;
  /** Since when it is measured what is let in, and how much has gone since. */
  let measuredFrom = 0;
  let taken = 0;

  function measureFrom(now: number): void {
    measuredFrom = now;
    taken = 0;
  }

  function find(measured: number): void {
    const isSame = capacity !== undefined && Math.abs(measured - capacity) <= capacity * sameShare;
    doublingMs = isSame ? Math.min(longestDoublingMs, doublingMs * doublingGrowth) : shortestDoublingMs;
    capacity = measured;
  }

  return {
    begin(tally: Tally, now: number): number {
      capacity = undefined;
      doublingMs = shortestDoublingMs;
      measureFrom(now);
      return firstRate(tally);
    },
    took() {
      taken += 1;
    },
    cut(rate: number, now: number): number {
      // The refused one was not let in.
      taken -= 1;
      const elapsedMs = now - measuredFrom;
      if (elapsedMs >= measuredMs && taken >= measuredAttempts) {
        find((taken * 1000) / elapsedMs);
        measureFrom(now);
      }
      return capacity === undefined ? rate * firstCut : Math.min(rate, capacity) * laterCut;
    },
    doublingMs: () => doublingMs,
  };
}

function isRare({ accepted, refused }: Tally): boolean {
  return accepted >= tolerantFrom && refused <= accepted * toleratedShare;
}

/** Less than what was let in lately. */
function firstRate({ accepted, open, spanMs }: Tally): number {
  return (firstCut * (accepted + open) * 1000) / Math.max(1000, spanMs);
}
