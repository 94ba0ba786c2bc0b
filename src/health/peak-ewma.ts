/** At traffic a peak is forgotten by 1/e in this time. */
const shortestFadeMs = 10_000;
/** Where calls are rare it lasts for so many of them, or it would be forgotten before the next one comes, */
const callsRemembered = 20;
/** but no longer than this: a target that was slow an hour ago may well be quick again. */
const longestFadeMs = 300_000;
/** The weight of the latest gap between two measurements. */
const weightOfLatestGap = 0.25;

/** The longest wait for first content of late: `ms` at the instant `at`, less and less from then on. */
export interface Peak {
  readonly ms: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** It fades by 1/e in this time. */
  readonly fadeMs: number;
}

/** Follows slowness at once, and forgets it slowly; also while nothing is measured, so that everybody is tried again. */
export interface PeakEwma {
  record(ms: number, now: number): void;
  /** A value that never changes. */
  peak(): Peak | undefined;
}

/** Peak EWMA, as in Finagle's balancer: it rises to the latest measurement at once, and fades exponentially. */
export function createPeakEwma(): PeakEwma {
  let peak: Peak | undefined;
  let gapMs = 0;

  return {
    record(ms, now) {
      if (!(ms >= 0)) return;
      const elapsedMs = Math.max(0, now - (peak?.at ?? now));
      gapMs += (elapsedMs - gapMs) * weightOfLatestGap;
      const fadeMs = Math.min(longestFadeMs, Math.max(shortestFadeMs, gapMs * callsRemembered));
      peak = { ms: Math.max(ms, fadedPeak(peak, now) ?? 0), at: now, fadeMs };
    },
    peak: () => peak,
  };
}

/** What is left of a peak. */
export function fadedPeak(peak: Peak | undefined, now: number): number | undefined {
  return peak && peak.ms * Math.exp(-Math.max(0, now - peak.at) / peak.fadeMs);
}
