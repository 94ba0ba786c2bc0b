import type { FinishReason, Usage } from '../../core/completion.ts';
import { invalidResponse } from '../failure.ts';
import type { Sink } from '../sink.ts';
import { reasoningReader, type ReasoningReader } from './chat-reasoning.ts';
import { noAnswer, vendorFailure } from './classify.ts';
import { endPatienceMs, finishReasonOf, usagePatienceMs, type Loose, type ReplyReader } from './reader.ts';
import { toolCallAssembler, type ToolCallAssembler } from './tool-calls.ts';
import { usageOf, withHeaderCost } from './usage.ts';

/** One answer, as far as it has come. */
interface ChatAnswer {
  readonly sink: Sink;
  readonly calls: ToolCallAssembler;
  readonly reasoning: ReasoningReader;
  finishReason: FinishReason | undefined;
  stopSequence: boolean;
  refused: boolean;
  /** Whether the chunk that holds usage alone has come, which is always the last. */
  isSettled: boolean;
  usage: Usage | undefined;
  raw: unknown;
}

/** Reads Chat Completions: chunks of a stream, or one whole completion. */
export function chatReader(model: string, sink: Sink): ReplyReader {
  const answer: ChatAnswer = {
    sink,
    calls: toolCallAssembler(sink),
    reasoning: reasoningReader(model, sink),
    finishReason: undefined,
    stopSequence: false,
    refused: false,
    isSettled: false,
    usage: undefined,
    raw: undefined,
  };
  return {
    read: (chunk) => readChunk(answer, chunk),
    readWhole(reply) {
      readChunk(answer, reply);
      if (!(reply['choices'] as unknown[] | undefined)?.length) throw noAnswer(reply, 'choices');
      if (answer.finishReason === undefined) {
        throw invalidResponse('the reply has no finish_reason', 'no-finish-reason');
      }
      answer.raw = reply;
    },
    patienceMs() {
      if (answer.finishReason === undefined) return undefined;
      return answer.isSettled ? endPatienceMs : usagePatienceMs;
    },
    finish: (headers) => finish(answer, headers),
  };
}

function readChunk(answer: ChatAnswer, chunk: Loose): void {
  if (chunk['error']) throw vendorFailure(chunk['error'], chunk);
  const choices = Array.isArray(chunk['choices']) ? (chunk['choices'] as (Loose | null)[]) : [];
  const choice = choices.find((one) => (one?.['index'] ?? 0) === 0);
  if (choice) readChoice(answer, choice);
  // Groq and Moonshot put it elsewhere.
  answer.usage = usageOf(chunk['usage'] ?? chunk['x_groq']?.usage ?? choice?.['usage']) ?? answer.usage;
  answer.isSettled = answer.usage !== undefined && !choice;
}

function readChoice(answer: ChatAnswer, choice: Loose): void {
  if (choice['error']) throw vendorFailure(choice['error']);
  const delta: Loose = choice['delta'] ?? choice['message'] ?? {};
  answer.reasoning.read(delta);
  readContent(answer, delta['content']);
  if (typeof delta['refusal'] === 'string' && delta['refusal'] !== '') {
    answer.refused = true;
    pushText(answer, delta['refusal']);
  }
  if (Array.isArray(delta['tool_calls'])) {
    for (const call of delta['tool_calls'] as (Loose | null)[]) addCall(answer, call);
  }
  // The predecessor of tool calls, which has neither number nor id.
  if (delta['function_call']) addCall(answer, { index: 0, function: delta['function_call'] as unknown });
  readFinish(answer, choice);
}

function addCall(answer: ChatAnswer, call: Loose | null): void {
  if (!call) return;
  answer.reasoning.close();
  answer.calls.add(call);
}

function pushText(answer: ChatAnswer, text: string): void {
  answer.reasoning.close();
  answer.sink.push({ type: 'text', text });
}

function readContent(answer: ChatAnswer, content: unknown): void {
  if (typeof content === 'string') {
    if (content !== '') pushText(answer, content);
    return;
  }
  if (!Array.isArray(content)) return;
  // Mistral's reasoning models answer in parts.
  for (const part of content as Loose[]) {
    if (typeof part['text'] === 'string') pushText(answer, part['text']);
    else if (part['type'] === 'thinking') answer.reasoning.read({ reasoning: textOf(part['thinking']) });
  }
}

function readFinish(answer: ChatAnswer, choice: Loose): void {
  const reason: unknown = choice['finish_reason'];
  // vLLM names the sequence that it stopped at.
  if (typeof choice['stop_reason'] === 'string') answer.stopSequence = true;
  if (typeof reason !== 'string' || reason === '') return;
  if (reason === 'error') throw vendorFailure({ message: 'the provider ended its reply with an error' });
  const next = finishReasonOf(reason);
  // Of two words the one that says more counts, in whatever order they come.
  if (answer.finishReason === undefined || next !== 'stop') answer.finishReason = next;
}

function finish(answer: ChatAnswer, headers: Headers | undefined): void {
  const { finishReason, raw } = answer;
  if (finishReason === undefined)
    throw invalidResponse('the stream ended without a finish_reason', 'truncated');
  answer.reasoning.close();
  answer.calls.finish(finishReason === 'length');
  answer.sink.push({
    type: 'finish',
    finishReason: answer.refused ? 'content-filter' : finishReason,
    usage: withHeaderCost(answer.usage, headers),
    stopSequence: answer.stopSequence,
    raw,
  });
}

function textOf(thinking: unknown): string {
  if (!Array.isArray(thinking)) return typeof thinking === 'string' ? thinking : '';
  return (thinking as Loose[]).map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('');
}
