import { invalidResponse } from '../failure.ts';
import type { ProviderEvent } from '../provider.ts';
import type { Sink } from '../sink.ts';
import { replyFailure } from './classify.ts';
import { endWarning, overlaid, toFinishReason, toUsage } from './usage.ts';
import { isObject, type Json } from './wire.ts';

/** A content block under way. */
interface OpenBlock {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  /** A tool's arguments as JSON text so far; a thinking block's signature. */
  text: string;
  /** Arguments that came with the start, as some proxies send them. */
  readonly input: Json | undefined;
}

/** Reads the vendor's stream events one by one. */
export interface EventReader {
  /** Pushes what an event means; one that means nothing pushes nothing. */
  accept(event: unknown, sink: Sink): void;
  /** To be called where the stream ends: fails if it ended before the answer did. */
  end(sink: Sink): void;
  /** Whether the terminal marker has come. */
  readonly isFinished: () => boolean;
}

/** What is known of one answer while it arrives. */
interface State {
  readonly model: string;
  readonly blocks: Map<number, OpenBlock>;
  /** Calls of which nobody knows yet whether they are whole. */
  doubtful: OpenBlock[];
  usage: Json | undefined;
  stopReason: string | undefined;
  stopDetails: unknown;
  isFinished: boolean;
}

export function eventReader(model: string): EventReader {
  const state: State = {
    model,
    blocks: new Map(),
    doubtful: [],
    usage: undefined,
    stopReason: undefined,
    stopDetails: undefined,
    isFinished: false,
  };
  return {
    accept: (event, sink) => accept(state, event, sink),
    end(sink) {
      if (state.isFinished) return;
      // Some proxies leave out the last event. With the reason of the end every block has been closed before.
      if (state.stopReason === undefined || state.blocks.size > 0) {
        throw invalidResponse('the stream ended before the answer did', 'truncated');
      }
      finish(state, sink);
    },
    isFinished: () => state.isFinished,
  };
}

function accept(state: State, event: unknown, sink: Sink): void {
  if (!isObject(event)) throw invalidResponse('a stream event is not a JSON object', 'malformed-event');
  switch (event['type']) {
    case 'content_block_delta':
      return delta(state, event, sink);
    case 'content_block_start':
      return start(state, event, sink);
    case 'content_block_stop':
      return stop(state, event['index'] as number, sink);
    case 'message_start': {
      state.usage = overlaid(state.usage, (event['message'] as Json | undefined)?.['usage']);
      const usage = toUsage(state.usage);
      if (usage && Object.keys(usage).length > 0) sink.push({ type: 'meta', usage });
      return;
    }
    case 'message_delta':
      return messageDelta(state, event);
    case 'message_stop':
      return finish(state, sink);
    default:
      // Also an error without its type, as gateways send it; `ping` and what is not known yet mean nothing.
      if (event['type'] === 'error' || isObject(event['error'])) throw replyFailure(event);
  }
}

function start(state: State, event: Json, sink: Sink): void {
  const block = (event['content_block'] ?? {}) as Json;
  const { type, text, thinking, id, name, data, input, signature } = block;
  state.blocks.set(event['index'] as number, {
    type: String(type),
    id: String(id),
    name: String(name),
    text: type === 'redacted_thinking' ? String(data) : typeof signature === 'string' ? signature : '',
    input: isObject(input) && Object.keys(input).length > 0 ? input : undefined,
  });
  if (type === 'text' && text) sink.push({ type: 'text', text: text as string });
  else if (type === 'thinking' && thinking) sink.push({ type: 'reasoning', text: thinking as string });
  else if (type !== 'text') sink.push({ type: 'activity' });
  if (type === 'tool_use' && (typeof id !== 'string' || typeof name !== 'string')) {
    throw invalidResponse('a tool call came without its id or name', 'malformed-tool-call');
  }
}

function delta(state: State, event: Json, sink: Sink): void {
  const given = (event['delta'] ?? {}) as Json;
  switch (given['type']) {
    case 'text_delta':
      if (given['text']) sink.push({ type: 'text', text: given['text'] as string });
      return;
    case 'thinking_delta':
      if (given['thinking']) sink.push({ type: 'reasoning', text: given['thinking'] as string });
      return;
    case 'input_json_delta':
      return argumentsDelta(state, event['index'] as number, given['partial_json'] as string, sink);
    case 'signature_delta': {
      const block = state.blocks.get(event['index'] as number);
      if (block) block.text += given['signature'] as string;
    }
  }
}

function argumentsDelta(state: State, index: number, text: string, sink: Sink): void {
  const block = state.blocks.get(index);
  if (block?.type !== 'tool_use' || !text) return;
  block.text += text;
  sink.push({ type: 'tool-call-delta', id: block.id, name: block.name, delta: text });
}

function stop(state: State, index: number, sink: Sink): void {
  const block = state.blocks.get(index);
  if (!block) return;
  state.blocks.delete(index);
  const { type, text } = block;
  const { model } = state;
  if (type === 'thinking' && text !== '') {
    sink.push({ type: 'reasoning', text: '', providerState: { model, signature: text } });
  } else if (type === 'redacted_thinking') {
    sink.push({ type: 'reasoning', text: '', providerState: { model, redacted: text } });
  } else if (type === 'tool_use') {
    const call = wholeCall(block);
    // Without arguments, or with broken ones, only the reason of the end tells whether the call was cut.
    if (call) sink.push(call);
    else state.doubtful.push(block);
  }
}

function wholeCall({ id, name, text, input }: OpenBlock): ProviderEvent | undefined {
  if (text.trim() === '') {
    return input ? { type: 'tool-call', id, name, arguments: input } : undefined;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? { type: 'tool-call', id, name, arguments: parsed } : undefined;
  } catch {
    return undefined;
  }
}

function messageDelta(state: State, event: Json): void {
  const given = (event['delta'] ?? {}) as Json;
  if (typeof given['stop_reason'] === 'string') state.stopReason = given['stop_reason'];
  if (given['stop_details']) state.stopDetails = given['stop_details'];
  state.usage = overlaid(state.usage, event['usage']);
}

function finish(state: State, sink: Sink): void {
  const { stopReason } = state;
  if (stopReason === undefined) throw invalidResponse('the answer ended without a reason', 'truncated');
  for (const index of [...state.blocks.keys()]) stop(state, index, sink);
  settleDoubtful(state.doubtful, stopReason, sink);
  for (const event of endEvents(stopReason, state.stopDetails, state.usage)) sink.push(event);
  state.isFinished = true;
}

/** Reasons that cut an answer in the middle. */
const cutting = new Set(['max_tokens', 'model_context_window_exceeded', 'refusal', 'pause_turn']);

function settleDoubtful(blocks: readonly OpenBlock[], stopReason: string, sink: Sink): void {
  for (const { id, name, text } of blocks) {
    if (cutting.has(stopReason)) {
      sink.push({ type: 'meta', warnings: [cutCallWarning(name, stopReason)] });
    } else if (text.trim() === '') {
      sink.push({ type: 'tool-call', id, name, arguments: {} });
    } else {
      throw invalidResponse(
        `the arguments of the call of "${name}" are not a JSON object`,
        'malformed-tool-call',
      );
    }
  }
}

export function cutCallWarning(name: string, stopReason: string): string {
  return `the call of "${name}" was cut off (${stopReason}) and left out`;
}

export function isCutting(stopReason: string): boolean {
  return cutting.has(stopReason);
}

/** The end of an answer, with its warning if there is one. */
export function endEvents(
  stopReason: string,
  stopDetails: unknown,
  rawUsage: Json | undefined,
  raw?: unknown,
): ProviderEvent[] {
  const warning = endWarning(stopReason, stopDetails);
  const usage = toUsage(rawUsage);
  const finish: ProviderEvent = {
    type: 'finish',
    finishReason: toFinishReason(stopReason),
    ...(usage ? { usage } : {}),
    ...(stopReason === 'stop_sequence' ? { stopSequence: true } : {}),
    ...(raw === undefined ? {} : { raw }),
  };
  return warning ? [{ type: 'meta', warnings: [warning] }, finish] : [finish];
}
