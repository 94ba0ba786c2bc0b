import type { DialectAnswer, JsonObject, WireRequest } from '../dialect.ts';
import { wordsOf, type PlainReply } from '../reply.ts';
import { frameOf, isEventStream } from './errors.ts';
import { versionOf, type Place } from './place.ts';
import { objectOf } from './shape.ts';
import { signatureOf } from './signatures.ts';

/** What an answer is made from. */
export interface GeminiScene {
  readonly request: WireRequest;
  readonly place: Place;
  /** In camel case. */
  readonly body: JsonObject;
  readonly reply: PlainReply;
}

const finishReasons: Readonly<Record<string, string>> = {
  stop: 'STOP',
  'tool-calls': 'STOP',
  length: 'MAX_TOKENS',
  'content-filter': 'SAFETY',
  other: 'OTHER',
};

/** Writes a reply as one object, as server-sent events, or as the array that a stream is without `alt=sse`. */
export function geminiAnswer(scene: GeminiScene): DialectAnswer {
  const { place, request, reply } = scene;
  const end = { finishReason: finishReasonOf(reply), index: 0 };
  const groups = partGroups(scene);
  if (!place.stream) {
    const parts = joined(groups.flat());
    const body = replyOf(scene, { ...contentOf(parts), ...end }, usageOf(reply));
    return { kind: 'whole', body, tokens: reply.pieces.length };
  }
  const content = groups.map((parts) =>
    replyOf(scene, { ...contentOf(parts), index: 0 }, partialUsageOf(reply)),
  );
  const closing =
    isSigned(scene) && reply.toolCalls.length === 0
      ? [{ text: '', thoughtSignature: signatureOf(place, `${request.number}-end`) }]
      : [];
  const last = replyOf(scene, { ...contentOf(closing), ...end }, usageOf(reply));
  if (!isEventStream(request))
    return { kind: 'whole', body: [...content, last], tokens: reply.pieces.length };
  return {
    kind: 'stream',
    contentType: 'text/event-stream',
    head: [],
    content: content.map(frameOf),
    tail: [frameOf(last)],
  };
}

/** What each event of a stream holds. Broken arguments never leave Google: the whole call is called malformed. */
function partGroups(scene: GeminiScene): object[][] {
  const { reply, body } = scene;
  const thinking = objectOf(objectOf(body['generationConfig'])['thinkingConfig']);
  const thoughts = thinking['includeThoughts'] === true ? wordsOf(reply.reasoning) : [];
  const calls = finishReasonOf(reply) === 'MALFORMED_FUNCTION_CALL' ? [] : callParts(scene);
  return [
    ...thoughts.map((text) => [{ text, thought: true }]),
    ...reply.pieces.map((text) => [{ text }]),
    ...calls.map((part) => [part]),
  ];
}

/** From 3 on, calls have ids, and the first of them is signed. */
function callParts(scene: GeminiScene): object[] {
  const { reply, request, place } = scene;
  return reply.toolCalls.map((call, index) => {
    const id = call.id ?? (isSigned(scene) ? `fc-${request.number}-${index}` : undefined);
    const functionCall = { ...(id === undefined ? {} : { id }), name: call.name, args: call.arguments };
    const isFirst = isSigned(scene) && index === 0;
    return {
      functionCall,
      ...(isFirst ? { thoughtSignature: signatureOf(place, `${request.number}-${index}`) } : {}),
    };
  });
}

function isSigned({ place }: GeminiScene): boolean {
  return (versionOf(place.model) ?? 0) >= 300;
}

interface TextPart {
  readonly text?: string;
  readonly thought?: boolean;
}

/** In a reply without a stream, neighbours of one kind are one part. */
function joined(parts: readonly object[]): object[] {
  const result: object[] = [];
  for (const part of parts) {
    const last = result.at(-1) as TextPart | undefined;
    const { text, thought } = part as TextPart;
    if (text !== undefined && last?.text !== undefined && last.thought === thought) {
      result[result.length - 1] = { ...last, text: last.text + text };
    } else result.push(part);
  }
  return result;
}

/** Where there is nothing to say, Gemini leaves the parts out, or all of the content. */
function contentOf(parts: readonly object[]): object {
  return parts.length === 0 ? { content: { role: 'model' } } : { content: { parts, role: 'model' } };
}

function replyOf({ place, request }: GeminiScene, candidate: object, usageMetadata: object): object {
  return {
    candidates: [candidate],
    usageMetadata,
    modelVersion: place.model,
    responseId: `${request.at.toString(36)}${request.number.toString(36).padStart(3, '0')}`,
  };
}

function finishReasonOf(reply: PlainReply): string {
  const isBroken = reply.toolCalls.some(({ argumentsText }) => !isObjectText(argumentsText));
  if (isBroken) return 'MALFORMED_FUNCTION_CALL';
  return finishReasons[reply.finishReason] ?? reply.finishReason;
}

function isObjectText(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

function partialUsageOf({ usage }: PlainReply): object {
  return { promptTokenCount: usage.inputTokens, totalTokenCount: usage.inputTokens };
}

function usageOf({ usage }: PlainReply): object {
  return {
    promptTokenCount: usage.inputTokens,
    candidatesTokenCount: usage.outputTokens - usage.reasoningTokens,
    ...(usage.reasoningTokens > 0 ? { thoughtsTokenCount: usage.reasoningTokens } : {}),
    ...(usage.cachedInputTokens > 0 ? { cachedContentTokenCount: usage.cachedInputTokens } : {}),
    totalTokenCount: usage.totalTokens,
  };
}
