import type { DialectAnswer, Frame } from '../dialect.ts';
import { slicesOf, wordsOf, type PlainReply } from '../reply.ts';
import { requestIds } from './errors.ts';
import { chunkMessage } from './event-stream.ts';
import type { Door, Route } from './route.ts';
import { redactedOf, sealOf } from './seal.ts';

const stopReasons: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  other: 'pause_turn',
};

/** What an answer is made from. */
export interface Scene {
  readonly route: Route;
  readonly reply: PlainReply;
  readonly number: number;
  readonly at: number;
  /** How thinking appears: not at all, as text, without its text, or sealed altogether. */
  readonly thinking: 'none' | 'shown' | 'omitted' | 'redacted';
  readonly stopSequence: string | undefined;
}

type Block = { readonly type: string; readonly [key: string]: unknown };

/** A block and the deltas that it is streamed in. */
interface StreamedBlock {
  readonly whole: Block;
  readonly start: Block;
  readonly deltas: readonly object[];
}

export function answerOf(scene: Scene): DialectAnswer {
  const { route, number, reply } = scene;
  const headers = { ...requestIds(route.door, number), ...limitHeaders(route.door, scene.at) };
  const blocks = blocksOf(scene);
  if (!route.stream) {
    const content = blocks.map(({ whole }) => whole);
    const body = { ...messageOf(scene), content, ...endOf(scene), usage: usageOf(reply) };
    return { kind: 'whole', headers, body, tokens: blocks.flatMap(({ deltas }) => deltas).length };
  }
  const frame = (...events: object[]): Frame => frameOf(route.door, events);
  const opening = { ...messageOf(scene), content: [], stop_reason: null, stop_sequence: null };
  const { output_tokens: outputTokens } = usageOf(reply);
  const ending = { type: 'message_delta', delta: endOf(scene), usage: { output_tokens: outputTokens } };
  return {
    kind: 'stream',
    headers,
    contentType:
      route.door === 'bedrock' ? 'application/vnd.amazon.eventstream' : 'text/event-stream; charset=utf-8',
    head: [
      frame({
        type: 'message_start',
        message: { ...opening, usage: { ...usageOf(reply), output_tokens: 1 } },
      }),
      frame({ type: 'ping' }),
    ],
    content: blocks.flatMap((block, index) => blockEvents(block, index).map((events) => frame(...events))),
    tail: [frame(ending), frame({ type: 'message_stop' })],
  };
}

function frameOf(door: Door, events: readonly object[]): Frame {
  if (door === 'bedrock') return Buffer.concat(events.map(chunkMessage));
  return events
    .map((event) => `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('');
}

/** One list of events for each delta: the first also opens its block, the last closes it. */
function blockEvents({ start, deltas }: StreamedBlock, index: number): object[][] {
  const events = deltas.map((delta): object[] => [{ type: 'content_block_delta', index, delta }]);
  if (events.length === 0) events.push([]);
  events[0]?.unshift({ type: 'content_block_start', index, content_block: start });
  events.at(-1)?.push({ type: 'content_block_stop', index });
  return events;
}

function messageOf({ route, number }: Scene): object {
  return {
    id: `msg_emulated_${String(number).padStart(6, '0')}`,
    type: 'message',
    role: 'assistant',
    model: route.model,
  };
}

function endOf({ reply, stopSequence }: Scene): object {
  const reason = stopReasons[reply.finishReason] ?? reply.finishReason;
  return {
    stop_reason: reason,
    stop_sequence: reason === 'stop_sequence' ? (stopSequence ?? null) : null,
    ...(reason === 'refusal'
      ? { stop_details: { type: 'refusal', category: 'cyber', explanation: null } }
      : {}),
  };
}

function usageOf({ usage }: PlainReply): Record<string, unknown> {
  const { cachedInputTokens: read, cacheWriteInputTokens: written } = usage;
  return {
    input_tokens: Math.max(0, usage.inputTokens - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: usage.outputTokens,
  };
}

function blocksOf(scene: Scene): StreamedBlock[] {
  const { reply, route, number } = scene;
  const text = (piece: string): object => ({ type: 'text_delta', text: piece });
  return [
    ...thinkingBlocks(scene),
    ...(reply.text === ''
      ? []
      : [
          {
            whole: { type: 'text', text: reply.text },
            start: { type: 'text', text: '' },
            deltas: reply.pieces.map(text),
          },
        ]),
    ...reply.toolCalls.map((call, index): StreamedBlock => {
      const id = call.id ?? `toolu_${route.door}_${number}_${index}`;
      const base = { type: 'tool_use', id, name: call.name };
      const pieces = call.argumentsText === '{}' ? [''] : ['', ...slicesOf(call.argumentsText, 12)];
      return {
        whole: { ...base, input: call.arguments },
        start: { ...base, input: {} },
        deltas: pieces.map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
      };
    }),
  ];
}

function thinkingBlocks({ reply: { reasoning }, route, thinking }: Scene): StreamedBlock[] {
  if (thinking === 'none' || reasoning === '') return [];
  if (thinking === 'redacted') {
    const whole = { type: 'redacted_thinking', data: redactedOf(route.model, reasoning) };
    return [{ whole, start: whole, deltas: [] }];
  }
  const shown = thinking === 'shown' ? reasoning : '';
  const signature = sealOf(route.model, shown);
  return [
    {
      whole: { type: 'thinking', thinking: shown, signature },
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [
        ...wordsOf(shown).map((piece) => ({ type: 'thinking_delta', thinking: piece })),
        { type: 'signature_delta', signature },
      ],
    },
  ];
}

/** The clouds tell no limits. */
function limitHeaders(door: Door, at: number): Record<string, string> {
  if (door !== 'anthropic') return {};
  const reset = new Date(Math.ceil((at + 1_000) / 1_000) * 1_000).toISOString().replace('.000', '');
  const bucket = (name: string, limit: number): [string, string][] => [
    [`anthropic-ratelimit-${name}-limit`, String(limit)],
    [`anthropic-ratelimit-${name}-remaining`, String(limit - 1)],
    [`anthropic-ratelimit-${name}-reset`, reset],
  ];
  return Object.fromEntries([...bucket('requests', 4_000), ...bucket('tokens', 480_000)]);
}
