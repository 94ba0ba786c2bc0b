/** A JSON Schema as plain data. */
export type JsonSchema = { readonly [key: string]: unknown };

/** The part of the Standard Schema interface that failsoft reads; zod 4 schemas have it. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** A schema for tools' parameters and for structured output: zod 4, any Standard Schema with JSON Schema, or plain JSON Schema. */
export type Schema<Output = unknown> = StandardSchema<Output> | JsonSchema;

/** What `completion.object` is for a schema. */
export type InferObject<S> = S extends StandardSchema<infer Output> ? Output : unknown;

/** Bytes or base64, never a path. */
export type BinaryData = Uint8Array | ArrayBuffer | string;

/** Plain JSON that a provider attached and that goes back, unread, to that provider only. */
export interface ProviderState {
  /** The `name` of the provider that made it. */
  readonly provider: string;
  readonly state: unknown;
}

/** A piece of text. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  readonly providerState?: ProviderState | undefined;
}

/** An image by its URL, which the vendor fetches if it can, or as bytes or base64 with its media type. */
export type ImagePart =
  | { readonly type: 'image'; readonly url: string }
  | { readonly type: 'image'; readonly data: BinaryData; readonly mediaType: string };

/** A document by its URL, which the vendor fetches if it can, or as bytes or base64 with its media type. */
export type FilePart =
  | {
      readonly type: 'file';
      readonly url: string;
      readonly mediaType?: string | undefined;
      readonly name?: string | undefined;
    }
  | {
      readonly type: 'file';
      readonly data: BinaryData;
      readonly mediaType: string;
      readonly name?: string | undefined;
    };

/** A piece of a model's reasoning. Sent back only to the provider whose state it carries. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  readonly providerState?: ProviderState | undefined;
}

/** A call that the model asked for. */
export interface ToolCallPart {
  readonly type: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** Parsed; an object for every vendor. */
  readonly arguments: unknown;
  readonly providerState?: ProviderState | undefined;
}

/** What a tool returned for one call. */
export interface ToolResultPart {
  readonly type: 'tool-result';
  readonly toolCallId: string;
  readonly name?: string | undefined;
  readonly content: string | readonly (TextPart | ImagePart | FilePart)[];
  readonly isError?: boolean | undefined;
}

/** A part of a user's message. */
export type UserPart = TextPart | ImagePart | FilePart;
/** A part of the assistant's message. */
export type AssistantPart = TextPart | ReasoningPart | ToolCallPart;
/** A part of any message. */
export type Part = TextPart | ImagePart | FilePart | ReasoningPart | ToolCallPart | ToolResultPart;

/** An instruction. Leading ones join `request.system`. */
export interface SystemMessage {
  readonly role: 'system';
  readonly content: string;
}
/** The user's turn. */
export interface UserMessage {
  readonly role: 'user';
  readonly content: string | readonly UserPart[];
}
/** The model's turn; `completion.message` is one. */
export interface AssistantMessage {
  readonly role: 'assistant';
  readonly content: string | readonly AssistantPart[];
}
/** Results for the calls of the turn before it, one for each. */
export interface ToolMessage {
  readonly role: 'tool';
  readonly content: readonly ToolResultPart[];
}
/** One turn of a conversation. Leading `system` messages join `request.system`. */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

/** A function that the model may ask for. The router never runs it. */
export interface Tool {
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON Schema or a zod schema; an object at its root. */
  readonly parameters: Schema;
  /** Asks the vendor to hold the arguments to the schema, where it can. */
  readonly strict?: boolean | undefined;
}

/** Whether the model may (`auto`), must not, must, or must by name call a tool. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** A level of reasoning. `none` asks for no reasoning. */
export type ReasoningEffort = 'none' | 'low' | 'medium' | 'high';
/** How much the model may think: a level, or a budget in tokens. */
export type Reasoning = { readonly effort: ReasoningEffort } | { readonly budgetTokens: number };

/** What a target must be to serve a call: all of it. A target that states no region or tag does not match. */
export interface Requirements {
  /** One region, or any one of a list. */
  readonly region?: string | readonly string[] | undefined;
  /** All of these. */
  readonly tags?: readonly string[] | undefined;
}

/** The parts of a request that a target may set as `defaults` and `overrides`. */
export interface RequestSettings {
  /** Includes reasoning tokens. */
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly stop?: string | readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly reasoning?: Reasoning | undefined;
  /** By provider name, else by kind; merged last into the vendor's body. Keys that the engine owns are refused. */
  readonly providerOptions?: { readonly [provider: string]: { readonly [key: string]: unknown } } | undefined;
}

/** One question to a model: plain data that can be logged, replayed and keyed. */
export interface CompletionRequest<
  Model extends string = string,
  S extends Schema = Schema,
> extends RequestSettings {
  /** The name of a model of the router. @default `defaultModel`, else the only model */
  readonly model?: Model | undefined;
  readonly system?: string | undefined;
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[] | undefined;
  /** @default 'auto' where there are tools */
  readonly toolChoice?: ToolChoice | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  readonly topK?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  /** Structured output: the reply is parsed and validated. `{}` asks for any JSON. */
  readonly schema?: S | undefined;
  readonly require?: Requirements | undefined;
  /** The tenant. */
  readonly scope?: string | undefined;
  /** For observers and `policy`; never sent to a provider. */
  readonly metadata?: { readonly [key: string]: unknown } | undefined;
}
