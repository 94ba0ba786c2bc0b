import type { FinishReason, Usage } from '../../core/completion.ts';
import { systemRuntime } from '../../core/runtime.ts';
import { failureError, invalidResponse } from '../failure.ts';
import type { Sink } from '../sink.ts';
import { failureOf, vendorErrorIn } from './classify.ts';
import { addPartialArgs, type OpenCall } from './partial-calls.ts';
import type {
  PartState,
  Route,
  WireCandidate,
  WireFunctionCall,
  WirePart,
  WireReply,
  WireUsage,
} from './wire.ts';

/** What has been read of one reply so far. */
export interface Reading {
  readonly model: string;
  readonly route: Route;
  requestId?: string | undefined;
  /** The terminal marker: only what stands on, or after, the last content counts. */
  finishReason?: string | undefined;
  usage?: WireUsage;
  responseId?: string;
  calls: number;
  /** Its arguments are still coming. */
  openCall?: OpenCall | undefined;
  /** Whether the facts beside the content were told. */
  told: boolean;
  /** Kinds of content that failsoft has no word for. */
  readonly leftOut: Set<string>;
}

export function newReading(model: string, route: Route): Reading {
  return { model, route, calls: 0, told: false, leftOut: new Set() };
}

/**
 * Reads a whole reply, or one event of a stream, into events.
 * @throws a failure where it holds an error, or that the prompt was refused
 */
export function readReply(reading: Reading, parsed: unknown, sink: Sink): void {
  const error = vendorErrorIn(parsed);
  if (error) throw failureError(failureOf(error));
  const reply = asReply(parsed);
  if (reply.usageMetadata) reading.usage = { ...reading.usage, ...reply.usageMetadata };
  if (reply.responseId) reading.responseId = reply.responseId;
  tellFacts(reading, sink);
  const candidate = reply.candidates?.find(({ index }) => (index ?? 0) === 0);
  if (candidate) readCandidate(reading, candidate, sink);
  else if (reply.promptFeedback?.blockReason) throw refused(reply.promptFeedback.blockReason);
}

function asReply(parsed: unknown): WireReply {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw invalidResponse(`expected a reply of Gemini, got ${parsed === null ? 'null' : typeof parsed}`);
  }
  const reply = parsed as WireReply;
  const { candidates, promptFeedback, usageMetadata, responseId, modelVersion } = reply;
  // `@google/genai` takes out what it does not know, also errors: what is left of one is nothing.
  if (!candidates && !promptFeedback && !usageMetadata && !responseId && !modelVersion) {
    throw invalidResponse(
      'the reply holds nothing that Gemini sends; it may have been an error',
      'empty-event',
    );
  }
  return reply;
}

function refused(blockReason: string): Error {
  return failureError({
    kind: 'content-policy',
    message: `Gemini refused the prompt: ${blockReason}`,
    code: blockReason,
  });
}

/** The facts beside the content, once, with the first event of a stream. */
function tellFacts(reading: Reading, sink: Sink): void {
  if (reading.told) return;
  reading.told = true;
  const requestId = reading.requestId ?? reading.responseId;
  const usage = reading.usage && usageOf(reading.usage);
  if (requestId === undefined && !usage) return;
  sink.push({
    type: 'meta',
    ...(requestId === undefined ? {} : { requestId }),
    ...(usage ? { usage } : {}),
  });
}

function readCandidate(reading: Reading, candidate: WireCandidate, sink: Sink): void {
  const { content, finishReason } = candidate;
  const parts = content?.parts ?? [];
  for (const part of parts) readPart(reading, part, sink);
  const isEnd = finishReason !== undefined && finishReason !== 'FINISH_REASON_UNSPECIFIED';
  // Some proxies say STOP on an empty event at the start: what goes on after its end has not ended.
  if (isEnd) reading.finishReason = finishReason;
  else if (parts.length > 0) reading.finishReason = undefined;
}

function readPart(reading: Reading, part: WirePart, sink: Sink): void {
  const { text, functionCall, thoughtSignature: signature } = part;
  if (functionCall) {
    readCall(reading, functionCall, signature, sink);
  } else if (text !== undefined) {
    const type = part.thought ? ('reasoning' as const) : ('text' as const);
    if (signature !== undefined) sink.push({ type, text, providerState: stateOf(reading, { signature }) });
    else if (text !== '') sink.push({ type, text });
  } else {
    // Searching, running code: a sign of life that is nobody's to answer.
    sink.push({ type: 'activity' });
    const kind = Object.keys(part).find((key) => key in mediaKinds);
    if (kind !== undefined) reading.leftOut.add(kind);
  }
}

/** Content for the user that is no text, and that a completion has no place for. */
const mediaKinds: Readonly<Record<string, true>> = { inlineData: true, fileData: true };

/** A call comes whole; where it was asked for, in pieces: a name, parts of its arguments, and an empty end. */
function readCall(reading: Reading, call: WireFunctionCall, signature: string | undefined, sink: Sink): void {
  const { id, name, args, partialArgs, willContinue } = call;
  if (name) {
    closeCall(reading, sink);
    const open: OpenCall = { id, name, signature, args: argumentsOf(name, args) };
    reading.openCall = open;
  }
  if (!reading.openCall) throw invalidResponse('a call without a function name', 'malformed-tool-call');
  addPartialArgs(reading.openCall, partialArgs);
  if (willContinue) sink.push({ type: 'activity' });
  else closeCall(reading, sink);
}

function argumentsOf(name: string, args: unknown): { [key: string]: unknown } {
  if (args === undefined || args === null) return {};
  if (typeof args === 'object' && !Array.isArray(args)) return { ...args };
  throw invalidResponse(`the arguments of a call of ${name} are no object`, 'malformed-tool-call');
}

function closeCall(reading: Reading, sink: Sink): void {
  const call = reading.openCall;
  if (!call) return;
  reading.openCall = undefined;
  reading.calls += 1;
  const { id, name, signature } = call;
  const state = stateOf(reading, {
    ...(signature === undefined ? {} : { signature }),
    ...(id ? { callId: id } : {}),
  });
  sink.push({
    type: 'tool-call',
    id: id || madeId(reading),
    name,
    arguments: call.args,
    ...(signature === undefined && !id ? {} : { providerState: state }),
  });
}

/** Unique in the conversation: made from the reply's own id, which Gemini never gives twice. */
function madeId(reading: Reading): string {
  reading.responseId ??= systemRuntime.random().toString(36).slice(2);
  return `call_${reading.responseId}_${reading.calls}`;
}

function stateOf({ model, route }: Reading, facts: Pick<PartState, 'signature' | 'callId'>): PartState {
  return { model, route, ...facts };
}

const finishReasons: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  // A mock server's word for an answer with calls.
  FUNCTION_CALL: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  LANGUAGE: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  MODEL_ARMOR: 'content-filter',
  // Cut off by the vendor, who would go on in another request.
  CONTINUATION: 'length',
};

/** The model wrote a call that is none: nothing of the answer can be used. */
const brokenReasons = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MALFORMED_RESPONSE',
  'MISSING_THOUGHT_SIGNATURE',
]);

/**
 * Pushes the last events of a reply that was read to its end.
 * @throws a failure of kind `invalid-response` where it did not say why it ended, or where a call was malformed
 */
export function readEnd(reading: Reading, sink: Sink, raw?: unknown): void {
  const { finishReason } = reading;
  const usage = reading.usage && usageOf(reading.usage);
  if (finishReason === undefined) {
    throw invalidResponse('the reply ended without a finish reason', 'truncated');
  }
  if (brokenReasons.has(finishReason)) {
    throw invalidResponse(`the reply ended with ${finishReason}`, finishReason);
  }
  const warnings = warningsOf(reading);
  // Some never send the empty end of a call's pieces; an answer that stopped of itself is whole all the same.
  if (finishReason === 'STOP') closeCall(reading, sink);
  if (warnings.length > 0) sink.push({ type: 'meta', warnings });
  sink.push({
    type: 'finish',
    finishReason: finishReasonOf(finishReason),
    ...(usage ? { usage } : {}),
    ...(raw === undefined ? {} : { raw }),
  });
}

function warningsOf({ leftOut, openCall, finishReason }: Reading): string[] {
  const warnings = [...leftOut].map((kind) => `the reply held ${kind}, which has no place in a completion`);
  if (openCall && finishReason !== 'STOP')
    warnings.push(`a call of ${openCall.name} was cut off and left out`);
  return warnings;
}

function finishReasonOf(reason: string): FinishReason {
  return finishReasons[reason] ?? (reason.startsWith('IMAGE_') ? 'content-filter' : 'other');
}

/** Thoughts are counted beside the answer, and what tools read beside the prompt; cached input is part of the prompt. */
export function usageOf(usage: WireUsage): Usage {
  const { promptTokenCount, toolUsePromptTokenCount, candidatesTokenCount, thoughtsTokenCount } = usage;
  const fields: [keyof Usage, number | undefined][] = [
    ['inputTokens', sumOf(promptTokenCount, toolUsePromptTokenCount)],
    ['cachedInputTokens', usage.cachedContentTokenCount],
    ['outputTokens', sumOf(candidatesTokenCount, thoughtsTokenCount)],
    ['reasoningTokens', thoughtsTokenCount],
    ['totalTokens', usage.totalTokenCount],
  ];
  return Object.fromEntries(fields.filter(([, count]) => count !== undefined));
}

function sumOf(first: number | undefined, second: number | undefined): number | undefined {
  return first === undefined && second === undefined ? undefined : (first ?? 0) + (second ?? 0);
}
