/** Weighs results and says when there is enough against a target. It looks at timestamps only and sets no timer. */
export interface Evidence {
  /** `weight`: how much a failure counts; 1 is an ordinary one. Successes always count the same. */
  record(ok: boolean, now: number, weight: number): void;
  /** Whether what is known now is enough. Never becomes true by the passing of time. */
  tripped(now: number): boolean;
  /** Forgets what speaks against the target; how busy it is stays known. */
  reset(): void;
}

/** A way of weighing; one `Evidence` is made for each provider and model. */
export type EvidenceRule = () => Evidence;

export interface CusumOptions {
  /** The share of failures that is normal. @default 0.05 */
  readonly normalShare?: number;
  /** The share of failures that must be found. @default 0.3 */
  readonly faultyShare?: number;
  /** What is known fades by 1/e in this time. @default 120_000 */
  readonly fadeMs?: number;
  /** The sum that trips at one call a second or less, at 10 and at 100 or more. @default [7, 9, 11] */
  readonly thresholds?: readonly [slow: number, medium: number, fast: number];
}

/** How far back the rate of calls is looked at. */
const rateFadeMs = 10_000;

/**
 * A cumulative sum (CUSUM) with fading: one number that failures raise by ln(p1/p0) and successes lower by
 * ln((1-p1)/(1-p0)), never below 0. It finds a 30 % brownout in about 20 calls and a dead target in 4, has no window and
 * no minimum of calls, and costs the same at any rate. The more calls there are, the more often chance alone reaches a
 * given sum, so the threshold grows with the logarithm of the rate.
 */
export function cusum(options: CusumOptions = {}): EvidenceRule {
  const { normalShare = 0.05, faultyShare = 0.3, fadeMs = 120_000, thresholds = [7, 9, 11] } = options;
  const failureStep = Math.log(faultyShare / normalShare);
  const successStep = Math.log((1 - faultyShare) / (1 - normalShare));

  return () => {
    let sum = 0;
    let calls = 0;
    let at = -Infinity;

    function fade(now: number): void {
      const elapsedMs = now - at;
      at = now;
      // A clock that was set back fades nothing.
      if (!(elapsedMs > 0)) return;
      sum *= Math.exp(-elapsedMs / fadeMs);
      calls *= Math.exp(-elapsedMs / rateFadeMs);
    }

    return {
      record(ok, now, weight) {
        fade(now);
        calls += 1;
        sum = ok ? Math.max(0, sum + successStep) : sum + failureStep * weight;
      },
      tripped(now) {
        const elapsedMs = Math.max(0, now - at);
        // The threshold is the one of the latest result: a falling rate must not trip what the results did not.
        return sum * Math.exp(-elapsedMs / fadeMs) >= thresholdAt((calls * 1000) / rateFadeMs, thresholds);
      },
      reset() {
        sum = 0;
      },
    };
  };
}

function thresholdAt(
  callsPerSecond: number,
  [slow, medium, fast]: readonly [number, number, number],
): number {
  if (callsPerSecond <= 1) return slow;
  const decades = Math.log10(callsPerSecond);
  if (decades <= 1) return slow + (medium - slow) * decades;
  return medium + (fast - medium) * Math.min(1, decades - 1);
}
