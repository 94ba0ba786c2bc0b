/** A call for a tool; servers since 0.12.10 give ids, the SDK's types have none. */
export interface OllamaToolCall {
  readonly id?: string;
  readonly function: { readonly name: string; readonly arguments: unknown };
}

export interface OllamaMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly thinking?: string;
  /** Not read-only: the SDK puts base64 in the place of the bytes. */
  images?: Uint8Array[];
  readonly tool_calls?: readonly OllamaToolCall[];
  readonly tool_name?: string;
  readonly tool_call_id?: string;
}

/** The body of `/api/chat`. */
export interface OllamaBody {
  readonly model: string;
  readonly messages: OllamaMessage[];
  stream: boolean;
  readonly options: { readonly [name: string]: unknown };
  readonly [field: string]: unknown;
}

/** One line of a stream, or the whole of a reply without one. Everything may be missing: it came from outside. */
export interface OllamaReply {
  readonly message?: {
    readonly content?: unknown;
    readonly thinking?: unknown;
    readonly tool_calls?: unknown;
  } | null;
  readonly done?: unknown;
  readonly done_reason?: unknown;
  readonly prompt_eval_count?: unknown;
  readonly eval_count?: unknown;
  readonly error?: unknown;
  readonly status?: unknown;
  readonly status_code?: unknown;
}
