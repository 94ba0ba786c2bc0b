import type { DialectAnswer, Frame, JsonObject, WireRequest } from '../dialect.ts';
import { slicesOf, wordsOf, type PlainReply, type ReplyRequest } from '../reply.ts';
import { textOf } from './chat.ts';
import { isGiven, isObject, listOf } from './common-rules.ts';
import { serialOf } from './serial.ts';
import { typeOfItem } from './responses-input.ts';
import { seal } from './sealed-reasoning.ts';

/** What a dialect has read from a Responses request. */
export function responsesReplyRequest(request: WireRequest, model: string): ReplyRequest {
  const { input } = request.body;
  const items = listOf(input) as readonly JsonObject[];
  const lastUser = items.findLast((item) => typeOfItem(item) === 'message' && item.role === 'user');
  return {
    model,
    prompt: typeof input === 'string' ? input : textOf(lastUser?.content),
    stream: request.body.stream === true,
    afterToolResult: items.at(-1)?.type === 'function_call_output',
    body: request.body,
    number: request.number,
  };
}

export interface ResponsesScene {
  readonly request: WireRequest;
  readonly reply: PlainReply;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function responsesAnswer(scene: ResponsesScene): DialectAnswer {
  const { request, reply, headers } = scene;
  const items = outputItems(scene);
  const final = responseObject(scene, statusOf(reply), items);
  if (request.body.stream !== true) {
    return { kind: 'whole', headers, body: final, tokens: reply.usage.outputTokens };
  }
  const events = eventFrames();
  const opening = responseObject(scene, 'in_progress', []);
  events.structure('response.created', { response: opening });
  events.structure('response.in_progress', { response: opening });
  const head = events.rest();
  for (const [index, item] of items.entries()) streamItem(events, scene, item, index);
  events.structure(`response.${statusOf(reply)}`, { response: final });
  return {
    kind: 'stream',
    headers,
    contentType: 'text/event-stream; charset=utf-8',
    head: [head],
    content: events.content,
    tail: [events.rest()],
  };
}

type Item = JsonObject & { readonly id: string; readonly type: string };

function outputItems({ request, reply }: ResponsesScene): Item[] {
  const serial = serialOf(request);
  const items: Item[] = [];
  if (reply.reasoning) items.push(reasoningItem(request, reply));
  if (reply.pieces.length > 0 || reply.toolCalls.length === 0) {
    const status = statusOf(reply) === 'completed' ? 'completed' : 'incomplete';
    items.push({ id: `msg_${serial}`, type: 'message', role: 'assistant', status, content: [partOf(reply)] });
  }
  for (const [index, call] of reply.toolCalls.entries()) {
    items.push({
      id: `fc_${serial}_${index + 1}`,
      type: 'function_call',
      status: 'completed',
      call_id: call.id ?? `call_${serial}_${index + 1}`,
      name: call.name,
      arguments: call.argumentsText,
    });
  }
  return statusOf(reply) === 'failed' ? [] : items;
}

function partOf(reply: PlainReply): object {
  if (reply.finishReason === 'refusal') return { type: 'refusal', refusal: reply.text };
  return { type: 'output_text', text: reply.text, annotations: [], logprobs: [] };
}

/** The text is shown only as a summary that was asked for, the whole only sealed, and that only if asked for too. */
function reasoningItem(request: WireRequest, reply: PlainReply): Item {
  const { body } = request;
  const id = `rs_${serialOf(request)}`;
  const reasoning = isObject(body.reasoning) ? body.reasoning : {};
  const isSealed = listOf(body.include).includes('reasoning.encrypted_content');
  return {
    id,
    type: 'reasoning',
    summary: isGiven(reasoning.summary) ? [{ type: 'summary_text', text: reply.reasoning }] : [],
    ...(isSealed ? { encrypted_content: seal(id, reply.reasoning) } : {}),
  };
}

function statusOf({ finishReason }: PlainReply): 'completed' | 'incomplete' | 'failed' {
  if (finishReason === 'failed') return 'failed';
  return finishReason === 'length' || finishReason === 'content-filter' ? 'incomplete' : 'completed';
}

function responseObject(scene: ResponsesScene, status: string, output: readonly object[]): JsonObject {
  const { request, reply, model } = scene;
  const reason = reply.finishReason === 'length' ? 'max_output_tokens' : 'content_filter';
  const failure = { code: 'server_error', message: 'The model produced an error.' };
  const isAnswer = status === 'completed' || status === 'incomplete';
  return {
    id: `resp_${serialOf(request)}`,
    object: 'response',
    created_at: Math.floor(request.at / 1000),
    status,
    background: false,
    error: status === 'failed' ? failure : null,
    incomplete_details: status === 'incomplete' ? { reason } : null,
    model,
    output,
    previous_response_id: null,
    ...echoOf(request.body),
    usage: isAnswer ? usageOf(reply) : null,
  };
}

/** The vendor repeats the settings of the request, with its defaults where they were left open. */
function echoOf(body: JsonObject): JsonObject {
  const defaults = {
    instructions: null,
    max_output_tokens: null,
    parallel_tool_calls: true,
    // Stored unless the request says no: a default that a host may not want.
    store: true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    metadata: {},
  };
  const echoed = Object.entries(defaults).map(([key, value]) => [key, body[key] ?? value]);
  const reasoning = { effort: null, summary: null, ...(isObject(body.reasoning) ? body.reasoning : {}) };
  return { ...(Object.fromEntries(echoed) as JsonObject), reasoning };
}

function usageOf({ usage }: PlainReply): object {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      cache_write_tokens: usage.cacheWriteInputTokens,
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.totalTokens,
  };
}

interface EventFrames {
  readonly content: Frame[];
  /** An event that brings no content: goes out with the next one that does. */
  structure(type: string, fields: object): void;
  delta(type: string, fields: object): void;
  /** The events that are left over. */
  rest(): string;
}

/** Numbers the events, and joins them so that each frame of content holds one piece. */
function eventFrames(): EventFrames {
  const content: Frame[] = [];
  let number = 0;
  let waiting = '';
  const write = (type: string, fields: object): void => {
    const data = { type, sequence_number: number++, ...fields };
    waiting += `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  };
  const rest = (): string => {
    const text = waiting;
    waiting = '';
    return text;
  };
  return {
    content,
    structure: write,
    delta: (type, fields) => {
      write(type, fields);
      content.push(rest());
    },
    rest,
  };
}

/** How an item looks before any of its content has come. */
const openingFields: Readonly<Record<string, object>> = {
  message: { content: [], status: 'in_progress' },
  reasoning: { summary: [] },
  function_call: { arguments: '', status: 'in_progress' },
};

function streamItem(events: EventFrames, scene: ResponsesScene, item: Item, index: number): void {
  const at = { output_index: index };
  const opening = { ...item, ...openingFields[item.type] };
  events.structure('response.output_item.added', { ...at, item: opening });
  const place = { ...at, item_id: item.id };
  if (item.type === 'reasoning') streamSummary(events, item, place);
  if (item.type === 'message') streamMessage(events, scene.reply, place);
  if (item.type === 'function_call') streamArguments(events, String(item.arguments), place);
  events.structure('response.output_item.done', { ...at, item });
}

function streamSummary(events: EventFrames, item: Item, place: object): void {
  const part = listOf(item.summary)[0];
  if (!isObject(part)) return;
  const at = { ...place, summary_index: 0 };
  events.structure('response.reasoning_summary_part.added', { ...at, part: { ...part, text: '' } });
  for (const delta of wordsOf(String(part.text))) {
    events.delta('response.reasoning_summary_text.delta', { ...at, delta });
  }
  events.structure('response.reasoning_summary_text.done', { ...at, text: part.text });
  events.structure('response.reasoning_summary_part.done', { ...at, part });
}

function streamMessage(events: EventFrames, reply: PlainReply, place: object): void {
  const at = { ...place, content_index: 0 };
  const isRefusal = reply.finishReason === 'refusal';
  const part = partOf(reply);
  events.structure('response.content_part.added', {
    ...at,
    part: { ...part, [isRefusal ? 'refusal' : 'text']: '' },
  });
  const type = isRefusal ? 'response.refusal' : 'response.output_text';
  for (const delta of reply.pieces) events.delta(`${type}.delta`, { ...at, delta, logprobs: [] });
  events.structure(`${type}.done`, { ...at, [isRefusal ? 'refusal' : 'text']: reply.text });
  events.structure('response.content_part.done', { ...at, part });
}

function streamArguments(events: EventFrames, text: string, place: object): void {
  for (const delta of slicesOf(text, 7)) {
    events.delta('response.function_call_arguments.delta', { ...place, delta });
  }
  events.structure('response.function_call_arguments.done', { ...place, arguments: text });
}
