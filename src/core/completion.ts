import type { Failure } from './failure.ts';
import type { AssistantMessage, ToolCallPart } from './request.ts';

/** Why the answer ended. Calls present means `tool-calls`. */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'other';

/** Tokens on one meaning for every vendor; undefined where the vendor gives none. */
export interface Usage {
  /** All input, cached and cache-written included. */
  inputTokens?: number | undefined;
  cachedInputTokens?: number | undefined;
  cacheWriteInputTokens?: number | undefined;
  /** All output, reasoning included. */
  outputTokens?: number | undefined;
  reasoningTokens?: number | undefined;
  totalTokens?: number | undefined;
  /** What the vendor itself says that it charged, in USD. */
  costUsd?: number | undefined;
}

/** A call for a tool, whole and parsed. */
export type ToolCall = Pick<ToolCallPart, 'id' | 'name' | 'arguments'>;

/** Who answered. */
export interface TargetInfo {
  id: string;
  /** The provider's name. */
  provider: string;
  /** The provider's model. */
  model: string;
}

/** What followed an attempt. `cut`: aborted by the caller, by `disable`, or because another attempt was quicker. */
export type Decision = 'answer' | 'retry' | 'next' | 'stop' | 'cut';
/** How an attempt talked to its vendor: as a stream, or whole. */
export type Transport = 'stream' | 'unary';

/** One request to one target. */
export interface Attempt {
  /** The target's id. */
  target: string;
  /** Epoch milliseconds. */
  startedAt: number;
  durationMs: number;
  /** Until the first content. */
  firstTokenMs?: number;
  /** The vendor's own id of the request. */
  requestId?: string;
  transport: Transport;
  usage?: Usage;
  /**
   * Where the attempt did not come to its end. `partial`: as far as the vendor had counted by then; `estimated`: it broke off, was cut or
   * was silent for too long before anything was counted, and this is a guess by the length of request and answer, four characters to a
   * token. `costUsd` holds a guess of what is missing. Absent: as the vendor counted it, or it failed before it had begun to answer.
   */
  usageIs?: 'partial' | 'estimated';
  costUsd?: number;
  /** Wishes of the request that this target could not take. */
  ignored: string[];
  failure?: Failure;
  decision: Decision;
  /** It was made beside another attempt that was silent for too long. */
  hedge?: true;
  /** Why the target was not asked again, though the failure would permit it (`retry budget spent`, …). */
  notRetried?: string;
}

/** Who wrote which part of the text; more than one after `recovery: 'continue'`. */
export interface Segment {
  target: string;
  text: string;
}

/** A whole answer. */
export interface Completion<Output = unknown> {
  /** The call's own id, the same as in events and errors. */
  id: string;
  text: string;
  reasoning: string;
  /** Survives JSON; push it into `messages` for the next turn. */
  message: AssistantMessage;
  toolCalls: ToolCall[];
  /** With `schema`: the parsed and validated object. */
  object: Output;
  finishReason: FinishReason;
  usage: Usage;
  /** Of the whole call, lost attempts included, by estimate where they did not finish; undefined where a price is unknown. */
  costUsd?: number;
  target: TargetInfo;
  segments: Segment[];
  degraded: boolean;
  cache: 'off' | 'miss' | 'hit' | 'stale' | 'shared';
  attempts: Attempt[];
  warnings: string[];
  latencyMs: number;
  /** The vendor's reply where it came whole; never stored. */
  raw?: unknown;
}

/** What a reader of `router.stream()` sees. */
export type StreamEvent<Output = unknown> =
  | { readonly type: 'start'; readonly target: TargetInfo }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call-delta'; readonly id: string; readonly name: string; readonly delta: string }
  | { readonly type: 'tool-call'; readonly id: string; readonly name: string; readonly arguments: unknown }
  | { readonly type: 'restart'; readonly target: TargetInfo; readonly failure: Failure }
  | { readonly type: 'finish'; readonly completion: Completion<Output> };
