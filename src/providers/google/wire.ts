/** The parts of Gemini's REST format that failsoft writes and reads (ai.google.dev/api/generate-content). */

export interface WirePart {
  readonly text?: string;
  /** Marks a summary of the model's thoughts. */
  readonly thought?: boolean;
  /** Opaque; goes back in the very part that it came in. */
  readonly thoughtSignature?: string;
  readonly inlineData?: { readonly mimeType?: string; readonly data?: string };
  readonly fileData?: { readonly mimeType?: string; readonly fileUri: string };
  readonly functionCall?: WireFunctionCall;
  readonly functionResponse?: WireFunctionResponse;
}

export interface WireFunctionCall {
  readonly id?: string;
  readonly name?: string;
  readonly args?: unknown;
  /** Only where a caller asked for streamed arguments. */
  readonly partialArgs?: unknown;
  readonly willContinue?: boolean;
}

export interface WireFunctionResponse {
  readonly id?: string;
  readonly name: string;
  readonly response: { readonly [key: string]: unknown };
  readonly parts?: readonly WirePart[];
}

export interface WireContent {
  readonly role: 'user' | 'model';
  readonly parts: readonly WirePart[];
}

export interface WireBody {
  readonly contents: readonly WireContent[];
  readonly [key: string]: unknown;
}

export interface WireUsage {
  readonly promptTokenCount?: number;
  readonly cachedContentTokenCount?: number;
  readonly candidatesTokenCount?: number;
  readonly thoughtsTokenCount?: number;
  readonly toolUsePromptTokenCount?: number;
  readonly totalTokenCount?: number;
}

export interface WireCandidate {
  readonly index?: number;
  readonly content?: { readonly parts?: readonly WirePart[] } | null;
  readonly finishReason?: string;
}

/** A whole reply, and likewise one event of a stream. */
export interface WireReply {
  readonly candidates?: readonly WireCandidate[] | null;
  readonly promptFeedback?: { readonly blockReason?: string; readonly blockReasonMessage?: string } | null;
  readonly usageMetadata?: WireUsage | null;
  readonly responseId?: string;
  readonly modelVersion?: string;
  readonly error?: unknown;
}

/** Where the requests go. Thought signatures of one route mean nothing on the other. */
export type Route = 'gemini' | 'vertex';

/** What this provider remembers of a part of an answer. */
export interface PartState {
  readonly model: string;
  readonly route: Route;
  readonly signature?: string;
  /** The call's id, where Gemini gave one. */
  readonly callId?: string;
}
