import type { Transport } from './core/completion.ts';
import type { Observer } from './core/events.ts';
import type { FailureKind, FailurePermit } from './core/failure.ts';
import type { Price } from './core/price.ts';
import type { Requirements, RequestSettings } from './core/request.ts';
import type { Runtime } from './core/runtime.ts';
import type { Provider, Supports } from './providers/provider.ts';
import type { Strategy, StrategyName } from './routing/strategies.ts';

/**
 * How long each silence may last. Content counts, also a vendor's word that reasoning or a tool call is under way;
 * keep-alives never do.
 */
export interface Timeouts {
  /**
   * Until an attempt's first content. The last target left gets what remains of `totalMs` instead.
   * @default 10_000; 120_000 where call or target has reasoning, and for Ollama until its model has answered once
   */
  readonly firstTokenMs?: number | undefined;
  /** Between one content and the next. @default 10_000; 60_000 with reasoning */
  readonly idleMs?: number | undefined;
  /** One attempt as a whole. @default none; 120_000 under `transport: 'unary'`, where the first two cannot apply */
  readonly attemptMs?: number | undefined;
  /** The whole call: retries, waits and failovers. @default 600_000 */
  readonly totalMs?: number | undefined;
}

/** Further tries at the same target; moving on to another is no retry. A number is `{ limit }`. */
export interface RetryOptions {
  /** @default 2 */
  readonly limit?: number | undefined;
  /** The first wait; each further one is twice as long, with full jitter. @default 500 */
  readonly baseDelayMs?: number | undefined;
  /** The longest wait. A vendor that asks for more is not waited for: the call ends with `retryAfterMs`. @default 20_000 */
  readonly maxDelayMs?: number | undefined;
}

/** What a reader of a stream sees of reasoning, what is kept back at first, and what follows a failure after text was shown. */
export interface StreamOptions {
  /**
   * After a failure past the commit point. `none`: the stream ends with `stream-interrupted` and the partial. `restart`: a
   * `restart` event says that what came before is void, and the next target answers anew; where text cannot be taken
   * back (`textStream`, `toResponse({ format: 'text' })`) it ends as with `none`. `continue`: the next target takes the answer
   * up where it broke off, and the reader sees one text; where that would not be honest (a tool call has begun, an object is
   * asked for, reasoning is signed) it does what `restart` does.
   * @default 'none'
   */
  readonly recovery?: 'none' | 'restart' | 'continue' | undefined;
  /** `held`: reasoning is shown with the first text; `live`: at once, and a failover after it is a `restart`. @default 'held' */
  readonly reasoning?: 'held' | 'live' | undefined;
  /** Keeps the first text back for so long, so that an early failure stays unseen. @default 0 */
  readonly holdMs?: number | undefined;
  /** Keeps the first text back until there are about so many tokens of it (four characters each). @default 0 */
  readonly holdTokens?: number | undefined;
}

/** When a second attempt is made at another target because the first is silent. The first content of either decides. */
export interface HedgeOptions {
  /** After the time in which this share of the target's healthy attempts had begun to answer; not while little is known of it. @default 0.95 */
  readonly percentile?: number | undefined;
  /** After this time instead, whatever is usual for the target. @default by percentile */
  readonly afterMs?: number | undefined;
  /** The share of calls that may be hedged: each adds so much to a budget that begins with one hedge. @default 0.1 */
  readonly maxShare?: number | undefined;
}

/** What one target may be asked, by the host's own wish. */
export interface TargetLimits {
  /** Requests in any 60 seconds, spread over them. @default none */
  readonly rpm?: number | undefined;
  /** Tokens in any 60 seconds, spread over them; reserved by an estimate that learns, and settled by usage. @default none */
  readonly tpm?: number | undefined;
  /** Attempts at once. @default none */
  readonly concurrency?: number | undefined;
  /** How long a call may wait for this target while it is at a limit and nobody else is free; 0: not at all. @default 1_000 */
  readonly queueMs?: number | undefined;
}

/** One provider, the provider's model, and settings. */
export interface Target {
  /** Names the target in the whole router. @default `${provider.name}/${model}` */
  readonly id?: string | undefined;
  readonly provider: Provider;
  /** The provider's own name of the model. */
  readonly model: string;
  /** Lower first; a higher one only when no lower one can serve. @default 0 */
  readonly priority?: number | undefined;
  /** Share within its priority; 0 is after all its siblings. @default 1 where a sibling states one */
  readonly weight?: number | undefined;
  /** Marks replies that it serves. @default false */
  readonly degraded?: boolean | undefined;
  readonly price?: Price | undefined;
  /** In tokens. */
  readonly contextWindow?: number | undefined;
  /** In tokens. @default 8_192 where the vendor demands one */
  readonly maxOutputTokens?: number | undefined;
  /** Absent: what the provider knows, else yes. */
  readonly supports?: Supports | undefined;
  readonly region?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly limits?: TargetLimits | undefined;
  readonly timeouts?: Timeouts | undefined;
  /** What a request leaves open. */
  readonly defaults?: RequestSettings | undefined;
  /** What wins over a request. */
  readonly overrides?: RequestSettings | undefined;
  /** Asks the vendor to cache the front of the prompt where that has to be asked for. @default false */
  readonly promptCache?: boolean | undefined;
}

/** `auto`: streams inside, so that a dead provider is found by silence; where streaming is refused, that is remembered. */
export type TransportOption = 'auto' | Transport;

/** What a model may set for itself; the most specific wins, field by field: call, target, model, router. */
export interface SharedOptions {
  /** Orders targets within a priority, never across. @default by weight where one is stated, else as listed */
  readonly strategy?: StrategyName | Strategy | undefined;
  readonly timeouts?: Timeouts | undefined;
  readonly retry?: number | RetryOptions | undefined;
  /** All attempts of one call. @default 8 */
  readonly maxAttempts?: number | undefined;
  /** Overrides what a failure kind permits, such as `{ 'content-policy': 'next' }`. */
  readonly failures?: { readonly [Kind in FailureKind]?: FailurePermit | undefined } | undefined;
  readonly stream?: StreamOptions | undefined;
  /** @default 'auto' */
  readonly transport?: TransportOption | undefined;
  /** A second attempt where the first is silent for too long. `true` is `{}`. @default false */
  readonly hedge?: boolean | HedgeOptions | undefined;
  /** Adds up: what router, model and request require must all hold. */
  readonly require?: Requirements | undefined;
}

/** One model in full: its targets, and what it sets for itself. A list of targets is short for `{ targets }`. */
export interface ModelOptions extends SharedOptions {
  readonly targets: readonly Target[];
}

/** Active probes: they find a dead target before an outage needs it, and a recovered one before a caller has to try. */
export interface ProbeOptions {
  /**
   * A target that has not been asked for so long is probed, as soon as `maxPerHour` has room; one whose breaker waits for a
   * probe is looked at as often. @default 60_000
   */
  readonly everyMs?: number | undefined;
  /**
   * All probes of the router together, spread evenly: 60 are one a minute, so that six quiet targets are asked every six
   * minutes each. A probe takes about 10 tokens in and at most 16 out. @default 60
   */
  readonly maxPerHour?: number | undefined;
}

/** What `createRouter` takes. */
export interface RouterOptions<Model extends string = string> extends SharedOptions {
  /** By name: what callers ask for, and who serves it. A list is short for `{ targets }`. */
  readonly models: Readonly<Record<Model, readonly Target[] | ModelOptions>>;
  /** For requests that name none. @default the only model, where there is one */
  readonly defaultModel?: NoInfer<Model> | undefined;
  /** Refuses requests without a `scope`. @default false */
  readonly requireScope?: boolean | undefined;
  /**
   * For targets that state no `price`: by `provider/model`, the provider by name, or else by the provider's model.
   * @default none
   */
  readonly prices?: Readonly<Record<string, Price>> | undefined;
  /**
   * Sends one short request, now and then, to targets that no caller asks. `{}` is on with the defaults.
   * @default off
   */
  readonly probes?: ProbeOptions | undefined;
  /** Told of every decision. `update` keeps them where none are named. @default none */
  readonly observers?: readonly Observer[] | undefined;
  /** Clock, sleep and chance. @default the platform's */
  readonly runtime?: Runtime | undefined;
}

/** What one call may set. */
export interface CallOptions extends Pick<
  SharedOptions,
  'timeouts' | 'retry' | 'maxAttempts' | 'stream' | 'transport' | 'hedge'
> {
  readonly signal?: AbortSignal | undefined;
  /** Limits who may serve, by id. */
  readonly targets?: readonly string[] | undefined;
  /** Sent to whichever vendor serves. Those that frame the message (`host`, `content-length`, …) are refused. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
