import type { FailureKind } from '../../core/failure.ts';

/** How a simulated vendor refuses. */
export interface Refusal {
  readonly kind: FailureKind;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  /** When to come back, as the vendor says it. */
  readonly retryAfterMs?: number | undefined;
  /** An HTTP date names whole seconds only. @default 'seconds' */
  readonly hint?: 'seconds' | 'http-date' | undefined;
}

/** A reply with status 200 that is none. */
export type GarbageForm =
  'html' | 'empty-object' | 'error-body' | 'invalid-json' | 'no-content' | 'wrong-script';

/** What goes wrong at a provider. Shares are of calls, from 0 to 1; `afterTokens` is drawn between its two ends. */
export type Effect =
  | {
      readonly effect: 'refuse';
      readonly share: number;
      readonly refusal: Refusal;
      readonly afterMs: readonly [from: number, to: number];
    }
  /** Breaks off in the middle, with an error. */
  | {
      readonly effect: 'break';
      readonly share: number;
      readonly refusal: Refusal;
      readonly afterTokens: readonly [number, number];
    }
  /** Ends in the middle as if it were whole. */
  | { readonly effect: 'cut'; readonly share: number; readonly afterTokens: readonly [number, number] }
  /** Says nothing more; `pings`: the share of these in which keep-alives go on every 5 seconds. */
  | {
      readonly effect: 'silence';
      readonly share: number;
      readonly afterTokens: readonly [number, number];
      readonly pings?: number | undefined;
    }
  | { readonly effect: 'garbage'; readonly share: number; readonly forms: readonly GarbageForm[] }
  /** First token and all gaps take `factor` times as long. */
  | { readonly effect: 'slow'; readonly share: number; readonly factor: number }
  /** A bucket of requests; what does not fit is refused. */
  | {
      readonly effect: 'bucket';
      readonly perSecond: number;
      readonly burst: number;
      readonly refusal: Refusal;
      /** Told beside each answer, with the reset to the millisecond (as OpenAI does) or in whole seconds (as Anthropic does). */
      readonly headers?: 'milliseconds' | 'seconds' | undefined;
    }
  /**
   * A rate that may grow by `growth` in each step of `stepMs`, if the step before used it; what is more is refused.
   */
  | {
      readonly effect: 'ramp-limit';
      readonly fromPerSecond: number;
      readonly growth: number;
      readonly stepMs: number;
      readonly refusal: Refusal;
    }
  /**
   * One queue before a machine that takes so many requests a second; whoever waits gets the first token later. A request
   * that was given up is worked off all the same.
   */
  | { readonly effect: 'capacity'; readonly perSecond: number };

/** When something is wrong, since the start of the simulation; with `cycle` on and off in turns, beginning with on. */
export interface FaultTime {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly cycle?: { readonly onMs: number; readonly offMs: number } | undefined;
}

/** One thing that goes wrong at one provider for a time. */
export type Fault = FaultTime & Effect;

export function isActive({ fromMs, untilMs, cycle }: FaultTime, at: number): boolean {
  if (at < fromMs || at >= untilMs) return false;
  return cycle === undefined || (at - fromMs) % (cycle.onMs + cycle.offMs) < cycle.onMs;
}
