import type { Attempt, StreamEvent, TargetInfo } from '../core/completion.ts';
import type { RouterEvent } from '../core/events.ts';
import type { CompletionRequest, JsonSchema, Message } from '../core/request.ts';
import type { Runtime } from '../core/runtime.ts';
import type { CompiledSchema } from '../core/schema.ts';
import type { FailureKind, FailurePermit } from '../core/failure.ts';
import type { Price } from '../core/price.ts';
import type { RequestSettings } from '../core/request.ts';
import type { TargetHealth, TokenDemand } from '../health/target-health.ts';
import type { Provider, ProviderTool, Supports } from '../providers/provider.ts';
import type { Candidate } from '../routing/candidate.ts';
import type { Plan } from '../routing/plan.ts';
import type { Cancellation } from './cancellation.ts';
import type { Continuation } from './continuation.ts';
import type { Deadline } from './deadline.ts';
import type { HedgeBudget } from './hedge-budget.ts';
import type { Queue } from './queue.ts';
import type { Show } from './show.ts';

/** How long each silence may last; absent where the defaults by kind of call hold. */
export interface AttemptTimeouts {
  readonly firstTokenMs?: number;
  readonly idleMs?: number;
  readonly attemptMs?: number;
}

/** One target in its place in a model, as the execution needs it. */
export interface ExecutionTarget {
  readonly id: string;
  readonly info: TargetInfo;
  readonly provider: Provider;
  /** The provider that `provider` stands in for while a new key is verified: its keys must not leave either. */
  readonly standsInFor?: Provider;
  readonly model: string;
  readonly supports: Supports;
  /** The part of `supports` that the host states. */
  readonly statedSupports: Supports | undefined;
  readonly timeouts: AttemptTimeouts;
  /** How long a call may wait for it while it is at one of its limits. */
  readonly queueMs: number;
  readonly health: TargetHealth;
  readonly degraded: boolean;
  readonly price: Price | undefined;
  readonly defaults: RequestSettings | undefined;
  readonly overrides: RequestSettings | undefined;
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly promptCache: boolean;
}

/** When a second attempt is made beside a silent one. */
export interface HedgeSettings {
  readonly percentile: number;
  readonly afterMs?: number;
  readonly maxShare: number;
}

/** The request as read once for a whole call: what every target's own request is made from. */
export interface ReadRequest {
  readonly request: CompletionRequest;
  /** `request.system` and the leading system messages. */
  readonly system: string | undefined;
  /** Without the leading system messages. */
  readonly messages: readonly Message[];
  readonly tools: readonly ProviderTool[] | undefined;
  readonly schema: CompiledSchema | undefined;
  readonly jsonSchema: JsonSchema | undefined;
}

/** One `complete()` or `stream()`, resolved: options merged, deadline and id fixed. */
export interface Call {
  readonly id: string;
  readonly model: string;
  readonly read: ReadRequest;
  readonly startedAt: number;
  readonly deadline: Deadline;
  /** Call options win over each target's own. */
  readonly timeouts: AttemptTimeouts;
  readonly retry: { readonly limit: number; readonly baseDelayMs: number; readonly maxDelayMs: number };
  readonly maxAttempts: number;
  readonly failures: Partial<Readonly<Record<FailureKind, FailurePermit>>>;
  /** Undefined: no second attempt is made beside a silent one. */
  readonly hedge: HedgeSettings | undefined;
  readonly transport: 'auto' | 'stream' | 'unary';
  readonly headers: Readonly<Record<string, string>>;
  readonly cancellation: Cancellation;
  /** What follows a failure after something was shown. */
  readonly recovery: 'none' | 'restart' | 'continue';
  /** The answer that the next attempt is to take up. */
  continuation: Continuation | undefined;
  /** What a reader sees; undefined for `complete()`, which shows nothing before its end. */
  readonly show: Show | undefined;
  /** What it may take as it began; undefined where no target limits its tokens. */
  readonly tokens: TokenDemand | undefined;
  /** What it took so far, in order. */
  readonly attempts: Attempt[];
  /** How long it has waited so far with no attempt under way. */
  waitedMs: number;
}

/** The parts that carrying a call needs from the router. */
export interface Parts {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
  readonly target: (candidate: Candidate) => ExecutionTarget;
  /** A new plan for the same call, for when the first is used up; without those that were asked. */
  readonly replan: (asked?: ReadonlySet<string>) => Plan;
  /** Where the calls of this model wait for a target. */
  readonly queue: Queue;
  /** How many of the calls of this model may be hedged. */
  readonly hedges: HedgeBudget;
  /** Registers an attempt in flight, so that `disable` and `close` can cut it; returns how to unregister. */
  readonly inFlight: (targetId: string, cut: (reason: unknown) => void) => () => void;
}

/** What one attempt needs of them. */
export type AttemptParts = Pick<Parts, 'runtime' | 'emit' | 'inFlight'>;

export type Push = (event: StreamEvent) => void;
