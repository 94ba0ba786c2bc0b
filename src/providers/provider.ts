import type { VendorLimits } from '../core/vendor-limits.ts';
import type { FinishReason, Usage } from '../core/completion.ts';
import type { Failure, Feature } from '../core/failure.ts';
import type {
  CompletionRequest,
  JsonSchema,
  Message,
  Reasoning,
  RequestSettings,
  ToolChoice,
} from '../core/request.ts';

/** A tool as a provider sees it: its parameters are plain JSON Schema. */
export interface ProviderTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly parameters: JsonSchema;
  readonly strict?: boolean | undefined;
}

/**
 * A request as a provider sees it: validated, with the target's defaults and overrides merged in, leading system
 * messages joined into `system`, schemas as plain JSON Schema, and without any other provider's private state.
 * `providerState` in messages is `{ provider, state }`, and stands only where this provider made it.
 */
export interface ProviderRequest extends Omit<RequestSettings, 'providerOptions' | 'stop'> {
  readonly system?: string | undefined;
  readonly messages: readonly Message[];
  readonly tools?: readonly ProviderTool[] | undefined;
  readonly toolChoice?: ToolChoice | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  readonly topK?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly reasoning?: Reasoning | undefined;
  /** Structured output as JSON Schema; `{}` asks for any JSON. */
  readonly schema?: JsonSchema | undefined;
  /** This provider's options only: to be merged last into the vendor's body. */
  readonly options?: { readonly [key: string]: unknown } | undefined;
  /** The target's window in tokens, where it is stated. */
  readonly contextWindow?: number | undefined;
  /** The target's own limit of output tokens, for a vendor that demands one. */
  readonly maxOutputTokens?: number | undefined;
  /** Asks the vendor to cache the stable front of the prompt, where that has to be asked for. */
  readonly promptCache?: boolean | undefined;
  /** Features that this target has refused before: to be left out and named in `ignored`. */
  readonly refused?: ReadonlySet<Feature> | undefined;
  /** What the host states of the target: wins over what the provider itself knows of the model. */
  readonly supports?: Supports | undefined;
}

/** One request to one provider. */
export interface ProviderCall {
  /** The provider's model. */
  readonly model: string;
  readonly request: ProviderRequest;
  readonly signal: AbortSignal;
  /** Extra headers of the caller. */
  readonly headers: Readonly<Record<string, string>>;
  /** Who asks, for logs and for what stands around a provider; none of it is for the vendor. The router states them. */
  readonly callId?: string | undefined;
  /** The target's id. */
  readonly target?: string | undefined;
  /** The caller's request states these. */
  readonly scope?: string | undefined;
  readonly metadata?: CompletionRequest['metadata'] | undefined;
}

export type { VendorLimits };

/**
 * What a provider yields, in order, ending with exactly one `finish`. Ending without it is a failure.
 * - `meta`: facts beside the content, at any time, more than once (later fields win; `ignored` adds up).
 * - `activity`: the vendor's word that reasoning or a tool call is under way; feeds the deadlines, shows nothing.
 * - `text` and `reasoning`: increments. One with `providerState` closes its part: the state belongs to all the text of
 *   that kind since the part began (an empty text is allowed there).
 * - `tool-call-delta`: raw fragments of a call's arguments; `tool-call`: the whole call with parsed arguments.
 */
export type ProviderEvent =
  | {
      readonly type: 'meta';
      readonly requestId?: string | undefined;
      readonly ignored?: readonly string[] | undefined;
      readonly warnings?: readonly string[] | undefined;
      readonly limits?: VendorLimits | undefined;
      /** Known so far; for attempts that do not reach their end. */
      readonly usage?: Usage | undefined;
    }
  | { readonly type: 'activity' }
  | { readonly type: 'text'; readonly text: string; readonly providerState?: unknown }
  | { readonly type: 'reasoning'; readonly text: string; readonly providerState?: unknown }
  | { readonly type: 'tool-call-delta'; readonly id: string; readonly name: string; readonly delta: string }
  | {
      readonly type: 'tool-call';
      readonly id: string;
      readonly name: string;
      readonly arguments: unknown;
      readonly providerState?: unknown;
    }
  | {
      readonly type: 'finish';
      readonly finishReason: FinishReason;
      readonly usage?: Usage | undefined;
      /** Whether a stop sequence ended it, where the vendor says so: explains an empty reply. */
      readonly stopSequence?: boolean | undefined;
      /** The vendor's reply where it came whole. */
      readonly raw?: unknown;
    };

/** What a provider's model can take. Absent: unknown, taken as yes. */
export interface Supports {
  readonly tools?: boolean | undefined;
  /** `true`, or the choices that can be expressed. `auto` always can. */
  readonly toolChoice?: boolean | readonly ('none' | 'required' | 'named')[] | undefined;
  readonly images?: boolean | undefined;
  readonly files?: boolean | undefined;
  readonly schema?: boolean | undefined;
  readonly reasoning?: boolean | undefined;
  readonly stream?: boolean | undefined;
  readonly temperature?: boolean | undefined;
  readonly stop?: boolean | undefined;
  readonly seed?: boolean | undefined;
  readonly topP?: boolean | undefined;
  readonly topK?: boolean | undefined;
  readonly presencePenalty?: boolean | undefined;
  readonly frequencyPenalty?: boolean | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  /** Whether it goes on from an assistant's message at the end of a conversation. Absent: no. */
  readonly prefill?: boolean | undefined;
  /** Whether a URL in an image or file part can be handed on; failsoft never fetches one. */
  readonly imageUrls?: boolean | undefined;
  readonly fileUrls?: boolean | undefined;
}

/**
 * Speaks to one vendor. A host can write its own.
 *
 * @example
 * const echo: Provider = {
 *   name: 'echo',
 *   async complete({ request }) {
 *     return [{ type: 'text', text: 'You said something.' }, { type: 'finish', finishReason: 'stop' }];
 *   },
 * };
 */
export interface Provider {
  /** Stands in `target.provider`, events and `providerState`. */
  readonly name: string;
  /** The vendor's family, a second key for `providerOptions`. @default name */
  readonly kind?: string | undefined;
  stream?: ((call: ProviderCall) => AsyncIterable<ProviderEvent>) | undefined;
  complete?: ((call: ProviderCall) => Promise<readonly ProviderEvent[]>) | undefined;
  /** Turns what was thrown into a failure; undefined leaves it to the general rules. */
  classify?: ((error: unknown) => Failure | undefined) | undefined;
  supports?: ((model: string) => Supports) | undefined;
  /** Models of this family take long to begin: raises the default of `firstTokenMs`. Ollama loads its model first. */
  readonly slowStart?: boolean | undefined;
  /** Faults of how it was made, reported by `createRouter` with all others. */
  readonly problems?: readonly string[] | undefined;
  /** The features that make a request invalid for this model; a reason, or undefined if it can be expressed. */
  refuses?: ((model: string, request: ProviderRequest) => string | undefined) | undefined;
  /**
   * How this vendor is asked to go on with an answer that broke off: the messages to put behind the conversation.
   * @default the answer so far as a message of the assistant, and `instruction` as one of the user
   */
  continuation?:
    ((broken: { readonly before: string; readonly instruction: string }) => readonly Message[]) | undefined;
  /** Fetches a fresh key after a refusal. Resolves to whether the key changed. */
  refreshKey?: (() => Promise<boolean>) | undefined;
  /** Replaces the key for calls to come. */
  setKey?: ((key: string) => void) | undefined;
  /** The same provider with another key, this one untouched: asks whether the key is good before it replaces the old one. */
  withKey?: ((key: string) => Provider) | undefined;
  /** Changes whenever the key does: a lockout for a refused key ends with it. 0 while no key is known yet. */
  keyVersion?: (() => number) | undefined;
  /** Strings that must never leave in a message. */
  secrets?: (() => readonly string[]) | undefined;
}
