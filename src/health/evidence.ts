/** Weighs results and says when there is enough against a target. It looks at timestamps only and sets no timer. */
export interface Evidence {
  /** `weight`: how much a failure counts; 1 is an ordinary one. Successes always count the same. */
  record(ok: boolean, now: number, weight: number): void;
  /**
   * Whether what is known now is enough, with `provisional` added: what attempts in flight say by their silence. Never
   * becomes true by the passing of time.
   */
  tripped(now: number, provisional?: number): boolean;
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
  /** The sum that trips at one call a second or less, at 10 and at 100 or more. @default [8, 11, 14] */
  readonly thresholds?: readonly [slow: number, medium: number, fast: number];
}

/** The shares of failures that are normal and that must be found. */
const normal = 0.05;
const faulty = 0.3;
/** What a failure adds. */
export const failureStep = Math.log(faulty / normal);

/** What a share of calls that is never answered makes of each one under way. */
export interface Suspicion {
  /** What an answer that has begun says, below 0. */
  readonly answerStep: number;
  /**
   * What it says that one has not begun at an age which the share `survival` of healthy ones reaches: the logarithm of how
   * much likelier that is where this share of calls is never answered than where the normal one is. 0 for young ones; as
   * much as a failure for those older than any healthy one.
   */
  silenceStep(survival: number): number;
}

function suspicionOf(share: number): Suspicion {
  return {
    answerStep: Math.log((1 - share) / (1 - normal)),
    silenceStep: (survival) =>
      Math.log((share + (1 - share) * survival) / (normal + (1 - normal) * survival)),
  };
}

/** Some calls hang, which takes as long to tell as a brownout; or nearly all do, which is told much sooner. */
export const suspicions = { some: suspicionOf(faulty), nearlyAll: suspicionOf(0.8) } as const;

/** How far back the rate of calls is looked at. */
const rateFadeMs = 10_000;

/**
 * A cumulative sum (CUSUM) with fading: one number that failures raise by ln(p1/p0) and successes lower by
 * ln((1-p1)/(1-p0)), never below 0. It finds a 30 % brownout in about 25 calls and a dead target in 5, has no window and
 * no minimum of calls, and costs the same at any rate. The more calls there are, the more often chance alone reaches a
 * given sum, so the threshold grows with the logarithm of the rate.
 */
export function cusum(options: CusumOptions = {}): EvidenceRule {
  const { normalShare = normal, faultyShare = faulty, fadeMs = 120_000, thresholds = [8, 11, 14] } = options;
  const failed = Math.log(faultyShare / normalShare);
  const succeeded = Math.log((1 - faultyShare) / (1 - normalShare));

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
        sum = ok ? Math.max(0, sum + succeeded) : sum + failed * weight;
      },
      tripped(now, provisional = 0) {
        // The threshold is the one of the latest result: a falling rate must not trip what the results did not.
        const elapsedMs = Math.max(0, now - at);
        return (
          sum * Math.exp(-elapsedMs / fadeMs) + provisional >=
          thresholdAt((calls * 1000) / rateFadeMs, thresholds)
        );
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
