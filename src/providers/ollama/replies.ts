import type { FinishReason, Usage } from '../../core/completion.ts';
import { failureError, invalidResponse } from '../failure.ts';
import { parseJson } from '../http.ts';
import type { ProviderEvent, ProviderRequest } from '../provider.ts';
import type { Sink } from '../sink.ts';
import { failureOf, wordsOf } from './errors.ts';
import type { ThinkingState } from './messages.ts';
import { refuseCut, type PromptMeasure } from './window.ts';
import type { OllamaReply } from './wire.ts';

/** What the reader has to know of the question. */
export interface Question {
  readonly model: string;
  readonly request: ProviderRequest;
  readonly measure: PromptMeasure;
}

/** Turns the replies of one attempt into events; the same for a stream's lines and for a reply that came whole. */
export interface ReplyReader {
  /**
   * Pushes the events of one reply. Returns whether it was the last one.
   * @throws a failure for an error inside a 200, for what is no reply, and for a prompt that was cut
   */
  accept(value: unknown, sink: Sink, raw?: unknown): boolean;
}

export function replyReader(question: Question): ReplyReader {
  const progress: Progress = { ids: new Set(), isThinking: false, hasShown: false };
  return {
    accept(value, sink, raw) {
      const reply = replyOf(value);
      const { content, thinking, tool_calls: calls } = reply.message ?? {};
      if (typeof thinking === 'string' && thinking !== '') {
        progress.isThinking = true;
        sink.push({ type: 'reasoning', text: thinking });
      }
      if (typeof content === 'string' && content !== '') {
        show(question, progress, sink);
        sink.push({ type: 'text', text: content });
      }
      if (Array.isArray(calls) && calls.length > 0) {
        show(question, progress, sink);
        for (const call of calls) sink.push(toolCallOf(call, question, progress));
      }
      if (reply.done !== true) return false;
      endThinking(question, progress, sink);
      sink.push(finishOf(reply, question, progress, raw));
      return true;
    },
  };
}

/** How far the reply has come. */
interface Progress {
  /** Of the tool calls. */
  readonly ids: Set<string>;
  isThinking: boolean;
  hasShown: boolean;
}

function show(question: Question, progress: Progress, sink: Sink): void {
  progress.hasShown = true;
  endThinking(question, progress, sink);
}

function endThinking({ model }: Question, progress: Progress, sink: Sink): void {
  if (!progress.isThinking) return;
  progress.isThinking = false;
  sink.push({ type: 'reasoning', text: '', providerState: { model } satisfies ThinkingState });
}

function toolCallOf(call: unknown, { request }: Question, { ids }: Progress): ProviderEvent {
  const { id: given, function: called } = (call ?? {}) as {
    id?: unknown;
    function?: Record<string, unknown>;
  };
  const name = called?.['name'];
  if (typeof name !== 'string' || name === '') {
    throw invalidResponse('a tool call without the name of a tool', 'malformed-tool-call');
  }
  const isUsable = typeof given === 'string' && given !== '' && !ids.has(given);
  // The length of the history keeps ids of several turns apart without drawing chance.
  const id = isUsable ? given : `call_${request.messages.length}_${ids.size + 1}`;
  ids.add(id);
  return { type: 'tool-call', id, name, arguments: argumentsOf(called?.['arguments']) };
}

function finishOf(
  reply: OllamaReply,
  { request, measure }: Question,
  { hasShown }: Progress,
  raw: unknown,
): ProviderEvent {
  const { done_reason: reason, prompt_eval_count: promptTokens, eval_count: outputTokens } = reply;
  if (reason === 'load' || reason === 'unload') {
    throw invalidResponse(`the server only did this with the model: ${reason}`, 'no-answer');
  }
  refuseCut(measure, promptTokens);
  const finishReason = finishReasonOf(reason);
  // The server does not say that a stop sequence ended a reply. One token alone is the model's own end.
  const isStopped = finishReason === 'stop' && (request.stop?.length ?? 0) > 0 && !hasShown;
  return {
    type: 'finish',
    finishReason,
    usage: usageOf(promptTokens, outputTokens),
    ...(isStopped && typeof outputTokens === 'number' && outputTokens > 1 ? { stopSequence: true } : {}),
    ...(raw === undefined ? {} : { raw }),
  };
}

function replyOf(value: unknown): OllamaReply {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidResponse('expected a JSON object for each part of the reply', 'not-json');
  }
  const reply = value as OllamaReply;
  if (reply.error !== undefined && reply.error !== null) throw failureError(failureInside(reply));
  const hasMessage = typeof reply.message === 'object' && reply.message !== null;
  if (!hasMessage && reply.done !== true) {
    throw invalidResponse('a part of the reply holds neither a message nor an end', 'unexpected-shape');
  }
  return reply;
}

function failureInside({ error, status, status_code: statusCode }: OllamaReply) {
  const stated = [status, statusCode].find((value) => typeof value === 'number' && value >= 400);
  return failureOf(stated as number | undefined, wordsOf(error));
}

/** Objects by the server's rule; some proxies send the text of one. */
function argumentsOf(value: unknown): unknown {
  const parsed = typeof value === 'string' ? parseJson(value || '{}', 'the arguments of a tool call') : value;
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  if (parsed === undefined || parsed === null) return {};
  throw invalidResponse('the arguments of a tool call are no object', 'malformed-tool-call');
}

/** Servers of before 2024-05 give no reason with an end. */
function finishReasonOf(reason: unknown): FinishReason {
  if (reason === 'stop' || reason === undefined || reason === '') return 'stop';
  return reason === 'length' ? 'length' : 'other';
}

/** `eval_count` counts thinking too; the counts of what was cached or thought are not given. */
function usageOf(prompt: unknown, output: unknown): Usage {
  const inputTokens = typeof prompt === 'number' ? prompt : undefined;
  const outputTokens = typeof output === 'number' ? output : undefined;
  return {
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(inputTokens === undefined || outputTokens === undefined
      ? {}
      : { totalTokens: inputTokens + outputTokens }),
  };
}
