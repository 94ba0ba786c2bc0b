import type { DialectAnswer, Frame, JsonObject, WireRequest } from '../dialect.ts';
import { slicesOf, wordsOf, type PlainReply, type ReplyRequest } from '../reply.ts';
import { isObject, listOf } from './common-rules.ts';
import type { Flavour } from './errors.ts';
import { serialOf } from './serial.ts';

/** What a dialect has read from a chat request. */
export function chatReplyRequest(request: WireRequest, model: string): ReplyRequest {
  const messages = listOf(request.body.messages) as readonly JsonObject[];
  const lastUser = messages.findLast((message) => message.role === 'user');
  return {
    model,
    prompt: textOf(lastUser?.content),
    stream: request.body.stream === true,
    afterToolResult: messages.at(-1)?.role === 'tool',
    body: request.body,
    number: request.number,
  };
}

/** The text of a content that is a string or a list of parts. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : ''))
    .join('');
}

const finishReasons: Readonly<Record<string, string>> = {
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
};

/** What an answer is made from. */
export interface ChatScene {
  readonly request: WireRequest;
  readonly reply: PlainReply;
  readonly model: string;
  readonly flavour: Flavour;
  readonly headers: Readonly<Record<string, string>>;
  /** Where a compatible endpoint puts its reasoning. OpenAI itself never shows any here. */
  readonly reasoningField: 'reasoning' | 'reasoning_content';
}

export function chatAnswer(scene: ChatScene): DialectAnswer {
  const { request, reply, headers } = scene;
  if (request.body.stream !== true) {
    return { kind: 'whole', headers, body: wholeBody(scene), tokens: reply.usage.outputTokens };
  }
  return {
    kind: 'stream',
    headers,
    contentType: 'text/event-stream; charset=utf-8',
    head: headFrames(scene),
    content: contentFrames(scene),
    tail: tailFrames(scene),
  };
}

function wholeBody(scene: ChatScene): object {
  const { reply, flavour } = scene;
  return {
    ...envelope(scene, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...messageFields(scene) },
        logprobs: null,
        finish_reason: finishReasonOf(reply),
        ...(flavour === 'azure' ? { content_filter_results: passedFilters } : {}),
      },
    ],
    ...(flavour === 'azure' ? { prompt_filter_results: promptFilters } : {}),
    usage: usageOf(scene),
  };
}

function messageFields({ reply, flavour, reasoningField, request }: ChatScene): object {
  const isRefusal = reply.finishReason === 'refusal';
  return {
    content: isRefusal || (reply.text === '' && reply.toolCalls.length > 0) ? null : reply.text,
    refusal: isRefusal ? reply.text : null,
    ...(flavour === 'compatible' && reply.reasoning ? { [reasoningField]: reply.reasoning } : {}),
    ...(reply.toolCalls.length === 0
      ? {}
      : {
          tool_calls: reply.toolCalls.map((call, index) => ({
            id: call.id ?? callId(request, index),
            type: 'function',
            function: { name: call.name, arguments: call.argumentsText },
          })),
        }),
  };
}

function headFrames(scene: ChatScene): Frame[] {
  const opening = chunk(scene, [{ index: 0, delta: { role: 'assistant', content: '', refusal: null } }]);
  if (scene.flavour !== 'azure') return [opening];
  // Azure opens with its verdict on the prompt, in a chunk without choices.
  const verdict = frame({
    ...envelope(scene, ''),
    id: '',
    created: 0,
    model: '',
    choices: [],
    prompt_filter_results: promptFilters,
  });
  return [verdict, opening];
}

function contentFrames(scene: ChatScene): Frame[] {
  const { reply, flavour, reasoningField, request } = scene;
  const field = reply.finishReason === 'refusal' ? 'refusal' : 'content';
  const reasoning = flavour === 'compatible' ? wordsOf(reply.reasoning) : [];
  const deltas: object[] = [
    ...reasoning.map((word) => ({ [reasoningField]: word })),
    ...reply.pieces.map((piece) => ({ [field]: piece })),
    ...reply.toolCalls.flatMap((call, index) => [
      {
        tool_calls: [
          {
            index,
            id: call.id ?? callId(request, index),
            type: 'function',
            function: { name: call.name, arguments: '' },
          },
        ],
      },
      ...slicesOf(call.argumentsText, 7).map((slice) => ({
        tool_calls: [{ index, function: { arguments: slice } }],
      })),
    ]),
  ];
  return deltas.map((delta) => chunk(scene, [{ index: 0, delta }]));
}

function tailFrames(scene: ChatScene): Frame[] {
  const { reply, request } = scene;
  const options = isObject(request.body.stream_options) ? request.body.stream_options : {};
  return [
    chunk(scene, [{ index: 0, delta: {}, finish_reason: finishReasonOf(reply) }]),
    ...(options.include_usage === true
      ? [frame({ ...envelope(scene, 'chat.completion.chunk'), choices: [], usage: usageOf(scene) })]
      : []),
    'data: [DONE]\n\n',
  ];
}

function chunk(scene: ChatScene, choices: readonly object[]): string {
  const options = isObject(scene.request.body.stream_options) ? scene.request.body.stream_options : {};
  return frame({
    ...envelope(scene, 'chat.completion.chunk'),
    choices: choices.map((choice) => ({ logprobs: null, finish_reason: null, ...choice })),
    ...(options.include_usage === true ? { usage: null } : {}),
  });
}

function frame(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function envelope({ request, model }: ChatScene, object: string): object {
  return {
    id: `chatcmpl-${serialOf(request)}`,
    object,
    created: Math.floor(request.at / 1000),
    model,
    service_tier: 'default',
    system_fingerprint: 'fp_0',
  };
}

function finishReasonOf(reply: PlainReply): string {
  if (reply.finishReason === 'refusal') return 'stop';
  return finishReasons[reply.finishReason] ?? reply.finishReason;
}

function usageOf({ reply, flavour }: ChatScene): object {
  const { usage } = reply;
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.totalTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteInputTokens > 0 ? { cache_write_tokens: usage.cacheWriteInputTokens } : {}),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    ...(flavour === 'compatible' && usage.costUsd !== undefined ? { cost: usage.costUsd } : {}),
  };
}

function callId(request: WireRequest, index: number): string {
  return `call_${serialOf(request)}_${index + 1}`;
}

const passedFilters = { violence: { filtered: false, severity: 'safe' } };
const promptFilters = [{ prompt_index: 0, content_filter_results: passedFilters }];
