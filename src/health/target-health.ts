import type { BreakerState } from '../core/events.ts';
import type { Usage } from '../core/completion.ts';
import type { Failure, FailureKind, Feature } from '../core/failure.ts';
import type { VendorLimits } from '../core/vendor-limits.ts';
import type { Patience } from './patience.ts';
import type { Peak } from './peak-ewma.ts';
import type { Typical } from './typical-usage.ts';
import type { TokenDemand } from './token-estimate.ts';
import type { Silence } from './waiting.ts';

export type { Patience, Silence, TokenDemand };

/** The provider object that targets share; its identity says who learns together. */
export interface ProviderIdentity {
  readonly name: string;
  /** Changes whenever the key does: a lockout ends with it. */
  keyVersion?(): number;
}

/** A target's own limits, which failsoft keeps by itself. */
export interface TargetLimits {
  /** Requests in any 60 seconds. */
  readonly rpm?: number;
  /** Tokens in any 60 seconds, input and output, reserved by estimate and settled by usage. */
  readonly tpm?: number;
  /** Attempts in flight at once. */
  readonly concurrency?: number;
}

/** What the tracker has to know of a target. */
export interface TargetRef {
  readonly id: string;
  readonly provider: ProviderIdentity;
  /** The provider's model. */
  readonly model: string;
  readonly limits?: TargetLimits;
}

/** What keeps calls away from a target. Only the last two pass by themselves within moments, so that waiting may be worth while. */
export type Obstacle = 'disabled' | 'lockout' | 'breaker' | 'silence' | 'cool-down' | 'limit';

/**
 * What a call sees of a target's health at one instant: plain data that never changes. A target without
 * `blockedReason` is admitted in the same tick, unless another call takes the last permit first.
 */
export interface HealthView {
  readonly breaker: BreakerState;
  /** Why nobody is admitted now; undefined: free. Says no instant: that is `availableAt`. */
  readonly blockedReason?: string;
  /** With `blockedReason`: which of those that block it lasts longest. */
  readonly blockedBy?: Obstacle;
  /** With `blockedReason`: from when it may be admitted, in epoch milliseconds. Absent where waiting does not help. */
  readonly availableAt?: number;
  /** `availableAt` is a guess, because it depends on attempts in flight (a probe, a full concurrency limit). */
  readonly estimated?: true;
  /** From when it may be asked if nobody else can serve; only while the breaker is open and nothing else blocks longer. */
  readonly lastResortAt?: number;
  /** While only a limit keeps it from those who have nobody else: until when. */
  readonly limitedUntil?: number;
  /** With `blockedReason`: it has answered nobody lately, so that to ask it as a last resort is no more than a probe. */
  readonly isDown?: boolean;
  /**
   * How much of its usual share it should get: less than 1 in slow start, where it rises from 0.1, and while more of its
   * calls fail than is normal.
   */
  readonly share: number;
  /** With a share below 1: why. */
  readonly shareReason?: string;
  /** Features that this provider and model have refused lately. */
  readonly refused: ReadonlySet<Feature>;
  /** Attempts of this target in flight. */
  readonly inFlight: number;
  /** Those of them that have not shown any content yet. */
  readonly awaitingContent: number;
  /** The target's own `limits.concurrency`. */
  readonly concurrency?: number;
  /** The median time until first content; undefined while unknown. */
  readonly firstTokenP50Ms?: number;
  /** The longest wait for first content of late, failures included; undefined until the first attempt has said anything. */
  readonly firstTokenPeak?: Peak;
  /** What its answers take on average; undefined until its vendor has reported any. */
  readonly typical?: Typical;
}

/** A view, and the span of time in which it holds if nothing happens; whatever happens ends it at once. */
export interface DatedView extends HealthView {
  readonly from: number;
  until: number;
  /** Time alone does not end it. */
  isLasting: boolean;
}

export interface AdmitOptions {
  /** Nobody else can serve: an open breaker may be probed from `lastResortAt` on. */
  readonly lastResort: boolean;
  /** What the attempt may take, for limits of tokens. @default nothing */
  readonly demand?: TokenDemand | undefined;
  /** A retry or a hedge, paid for by `payExtra`: it earns nothing for the retry budget. @default false */
  readonly extra?: boolean;
}

/** How an attempt ended. */
export interface AttemptResult {
  /**
   * `undecided`: says nothing of the target (aborted, cut). `outpaced`: another attempt of its call was faster; that it was
   * silent for so long still says something.
   */
  readonly outcome: 'success' | 'failure' | 'undecided' | 'outpaced';
  readonly failure?: Failure;
  /** Whether the failure counts against the target. @default what the table of failure kinds says */
  readonly evidence?: boolean;
  /** From the start of the attempt to its end. */
  readonly durationMs?: number;
  /** What the attempt really took, input and output, as the vendor counted it. @default by `writtenTokens` */
  readonly tokens?: number;
  /** Where nobody counted to the end: how much was written, beside the input. @default the tokens reserved were taken */
  readonly writtenTokens?: number;
  /** What the vendor reported, perhaps not to the end. */
  readonly usage?: Usage;
}

/** How long a silence may last by what the same target does in health. */
export interface SilenceJudge {
  /** Before this has passed there is nothing to judge; undefined: history is too thin. */
  soonestMs(now: number): number | undefined;
  /** How long the present silence may last, and why; undefined: history is too thin. */
  patience(now: number): Patience | undefined;
}

/** The right to one attempt. It holds a slot, and the probe where one was needed, until `end`. */
export interface Permit {
  /** Whether this attempt decides if the target comes back: exactly one of them is in flight at a time. */
  readonly probe: boolean;
  /**
   * Its silence is evidence from now on, and history may shorten how long it lasts. For attempts that are alike: those that
   * think, that send long prompts or may wait for a model to load take longer for reasons of their own.
   */
  watch(silence: Silence): SilenceJudge | undefined;
  /** Content has come: a probe has succeeded. Calls after the first do nothing. */
  firstContent(firstTokenMs: number): void;
  /** What the vendor says of its limits beside the answer. */
  told(limits: VendorLimits): void;
  /** Gives everything back and records the result. Must be called in any case; calls after the first do nothing. */
  end(result: AttemptResult): void;
}

export interface DisableOptions {
  /** Until when, in epoch milliseconds. @default until `enable` */
  readonly until?: number;
  readonly reason?: string;
}

/** Percentiles over what was seen lately; undefined while nothing was. */
export interface LatencySnapshot {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** How many measurements stand behind them, older ones counting less. */
  readonly samples: number;
}

/** What keeps all models of a provider object away, whichever of them it happened to. */
export interface ProviderHold {
  /** A refused key, a used-up quota, or a host that cannot be reached. */
  readonly reason: 'key' | 'quota' | 'host';
  readonly kind: FailureKind;
  /** The provider's model that met it last. */
  readonly model: string;
  /** Until when this target is held for it; absent: one attempt that decides may go, or is under way. */
  readonly until?: number | undefined;
}

/** One target in `router.health()`: plain JSON. Instants are epoch milliseconds. */
export interface TargetSnapshot {
  readonly provider: string;
  readonly model: string;
  readonly breaker: BreakerState;
  /** Until when the breaker keeps calls away. */
  readonly openUntil?: number;
  /** The later of cool-down and lockout. */
  readonly coolingUntil?: number;
  /** What it cools down or is locked out for. */
  readonly coolingKind?: FailureKind;
  /** Whether it is a lockout: for a refused key or an exhausted quota, until one attempt succeeds. */
  readonly lockedOut?: true;
  /** It is held with all models of its provider object. */
  readonly providerHold?: ProviderHold;
  readonly disabled?: true;
  readonly disabledReason?: string;
  readonly disabledUntil?: number;
  /** Why nobody is admitted now. */
  readonly blockedReason?: string;
  readonly share: number;
  /** It has refused some for their number: so many attempts a second are let through, and all of them from `until` on. */
  readonly ramp?: { readonly perSecond: number; readonly until: number };
  /** Why `share` is below 1. */
  readonly shareReason?: string;
  readonly inFlight: number;
  readonly refused: readonly Feature[];
  readonly firstToken?: LatencySnapshot;
  readonly total?: LatencySnapshot;
  /** The own limits and what is used of them. */
  readonly limits?: {
    readonly requests?: { readonly used: number; readonly limit: number };
    readonly tokens?: { readonly used: number; readonly limit: number };
    readonly concurrency?: { readonly used: number; readonly limit: number };
  };
  /** What is thought to be left of the vendor's limits, by its own word and what went there since. */
  readonly vendorLimits?: {
    readonly requests?: { readonly remaining: number; readonly limit: number };
    readonly tokens?: { readonly remaining: number; readonly limit: number };
  };
}

/** What is remembered of one target. */
export interface TargetHealth {
  readonly id: string;
  /** Without side effects and cheap. With the same `demand` as `admit` it also answers for limits of tokens. */
  view(now: number, demand?: TokenDemand): DatedView;
  /** Takes a slot, the own limits' share and the probe where one is needed; undefined where one of them is not to be had. */
  admit(options: AdmitOptions): Permit | undefined;
  /** As in a view: features that this provider and model have refused lately. */
  refused(now: number): ReadonlySet<Feature>;
  /** Whether an attempt of this target has ever shown content. */
  hasAnswered(): boolean;
  /** Takes one `extra` attempt from the retry budget; false where it is spent. */
  payExtra(now: number): boolean;
  /** It was not made: what was paid at `paidAt` is there again. */
  giveBackExtra(paidAt: number, now: number): void;
  /** Tells of whatever may change its view, but for the passing of time. Returns how to stop listening. */
  watch(onChange: () => void): () => void;
  disable(options?: DisableOptions): void;
  /** Takes the target back into use: clears lockout and cool-down, and lets an open breaker be probed at once. */
  enable(): void;
  /** A changed key: whatever was held for the old one is void. */
  clearLockout(): void;
  /** Remembers for a day that this provider and model refuse a feature. */
  learn(feature: Feature): void;
  /**
   * The time to first content that this share of attempts, from 0 to 1, did not exceed while the target was well;
   * undefined on thin history. Attempts that think or send long prompts are left out.
   */
  firstTokenMsAt(share: number): number | undefined;
  /** When its provider and model were asked last, by any of their targets, in epoch milliseconds; -Infinity: never. */
  askedAt(): number;
  /** Whether it waits for an attempt that decides if it comes back; `admit` says whether that may go now. */
  needsProbe(now: number): boolean;
  snapshot(now: number): TargetSnapshot;
}

/** Remembers how each target behaves. It sets no timer: whatever depends on time is worked out when it is asked. */
export interface Tracker {
  /** The same id again keeps its health and takes the new limits; with another provider or model it starts anew. */
  register(ref: TargetRef): TargetHealth;
  forget(id: string): void;
}
