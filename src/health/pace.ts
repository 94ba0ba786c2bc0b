/** The mean is taken over about so many gaps. */
const gapsRemembered = 100;
/** A night without a call says little of the day. */
const longestGapMs = 600_000;

/** How far apart calls come, on average. */
export interface Pace {
  /** A call came. */
  beat(now: number): void;
  /** The gap that follows is none: nobody could come. */
  pause(): void;
  /** 0 while unknown. */
  gapMs(): number;
}

export function createPace(): Pace {
  let gaps = 0;
  let meanMs = 0;
  let at: number | undefined;
  return {
    beat(now) {
      if (at !== undefined) {
        gaps = Math.min(gapsRemembered, gaps + 1);
        meanMs += (Math.min(longestGapMs, Math.max(0, now - at)) - meanMs) / gaps;
      }
      at = now;
    },
    pause() {
      at = undefined;
    },
    gapMs: () => meanMs,
  };
}
