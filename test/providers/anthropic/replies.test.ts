import { describe, expect, it } from 'vitest';
import { anthropic } from '../../../src/providers/anthropic/index.ts';
import type { ProviderEvent } from '../../../src/providers/provider.ts';
import { eventsOf, failureOf, hello, summaryOf } from './support.ts';

const start = {
  type: 'message_start',
  message: {
    usage: { input_tokens: 3, cache_read_input_tokens: 10, cache_creation_input_tokens: 4, output_tokens: 1 },
  },
};
const opened = (index: number, block: object) => ({
  type: 'content_block_start',
  index,
  content_block: block,
});
const delta = (index: number, given: object) => ({ type: 'content_block_delta', index, delta: given });
const closed = (index: number) => ({ type: 'content_block_stop', index });
const text = (words: string, index = 0) => [
  opened(index, { type: 'text', text: '' }),
  delta(index, { type: 'text_delta', text: words }),
  closed(index),
];
const call = (json: string, index = 0) => [
  opened(index, { type: 'tool_use', id: `t${index}`, name: 'f', input: {} }),
  ...(json === '' ? [] : [delta(index, { type: 'input_json_delta', partial_json: json })]),
  closed(index),
];
const end = (reason: string, extra: object = {}) => [
  {
    type: 'message_delta',
    delta: { stop_reason: reason, ...extra },
    usage: { output_tokens: 7, output_tokens_details: { thinking_tokens: 2 } },
  },
  { type: 'message_stop' },
];

const sse = (events: readonly object[], named = true) =>
  events
    .map((event) => `${named ? `event: ${(event as any).type}\n` : ''}data: ${JSON.stringify(event)}\n\n`)
    .join('');

function provider(body: string, headers: Record<string, string> = { 'content-type': 'text/event-stream' }) {
  return anthropic({ apiKey: 'k', fetch: async () => new Response(body, { status: 200, headers }) });
}

const streamed = (events: readonly object[]) => provider(sse(events));
const json = { 'content-type': 'application/json' };

describe('a stream', () => {
  it('gives its parts as they come, and its usage on one meaning', async () => {
    const events = await eventsOf(streamed([start, ...text('Hel'), ...text('lo', 1), ...end('end_turn')]));
    expect(events).toEqual<ProviderEvent[]>([
      { type: 'meta' },
      {
        type: 'meta',
        usage: {
          inputTokens: 17,
          cachedInputTokens: 10,
          cacheWriteInputTokens: 4,
          outputTokens: 1,
          totalTokens: 18,
        },
      },
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo' },
      {
        type: 'finish',
        finishReason: 'stop',
        usage: {
          inputTokens: 17,
          cachedInputTokens: 10,
          cacheWriteInputTokens: 4,
          outputTokens: 7,
          reasoningTokens: 2,
          totalTokens: 24,
        },
      },
    ]);
  });

  it('is read without event names, with unknown events, pings and comments', async () => {
    const body = sse([start, { type: 'ping' }, { type: 'news' }, ...text('Hi'), ...end('end_turn')], false);
    expect(summaryOf(await eventsOf(provider(`: keep-alive\n\n${body}`)))).toMatchObject({
      text: 'Hi',
      finishReason: 'stop',
    });
  });

  it('is read where a proxy left out its content type', async () => {
    const events = await eventsOf(
      provider(sse([start, ...text('Hi'), ...end('end_turn')]), { 'content-type': '' }),
    );
    expect(summaryOf(events).text).toBe('Hi');
  });

  it.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['tool_use', 'tool-calls'],
    ['stop_sequence', 'stop'],
    ['refusal', 'content-filter'],
    ['pause_turn', 'other'],
    ['model_context_window_exceeded', 'length'],
    ['something_new', 'other'],
  ])('that ends with %s ends with %s', async (reason, expected) => {
    const summary = summaryOf(await eventsOf(streamed([start, ...text('Hi'), ...end(reason)])));
    expect(summary.finishReason).toBe(expected);
    expect(summary.stopSequence).toBe(reason === 'stop_sequence' ? true : undefined);
  });

  it('says why it was refused, and where it hit the end of the window', async () => {
    const refused = [start, ...end('refusal', { stop_details: { type: 'refusal', category: 'cyber' } })];
    expect(summaryOf(await eventsOf(streamed(refused))).warnings).toEqual([
      'the model refused to answer (cyber)',
    ]);
    const full = [start, ...text('Hi'), ...end('model_context_window_exceeded')];
    expect(summaryOf(await eventsOf(streamed(full))).warnings).toEqual([
      'the answer ended at the end of the context window',
    ]);
  });

  it('tells that reasoning or a call is under way before there is anything to show', async () => {
    const thinking = [opened(0, { type: 'thinking', thinking: '', signature: '' }), closed(0)];
    const events = await eventsOf(streamed([start, ...thinking, ...call('', 1), ...end('tool_use')]));
    expect(events.map(({ type }) => type)).toEqual([
      'meta',
      'meta',
      'activity',
      'activity',
      'tool-call',
      'finish',
    ]);
    const pings = await eventsOf(streamed([start, { type: 'ping' }, { type: 'ping' }, ...end('end_turn')]));
    expect(pings.map(({ type }) => type)).toEqual(['meta', 'meta', 'finish']);
  });

  it('skips what the vendor runs itself', async () => {
    const server = [
      opened(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
      delta(0, { type: 'input_json_delta', partial_json: '{"query":' }),
      closed(0),
      opened(1, { type: 'web_search_tool_result', tool_use_id: 's', content: [] }),
      closed(1),
    ];
    const cited = delta(2, { type: 'citations_delta', citation: {} });
    const [open, words, close] = text('Found.', 2);
    const summary = summaryOf(
      await eventsOf(streamed([start, ...server, open!, cited, words!, close!, ...end('end_turn')])),
    );
    expect(summary).toMatchObject({ text: 'Found.', toolCalls: [] });
  });

  it('takes arguments that a proxy sent with the start of the call', async () => {
    const block = [opened(0, { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }), closed(0)];
    const summary = summaryOf(await eventsOf(streamed([start, ...block, ...end('tool_use')])));
    expect(summary.toolCalls).toEqual([{ id: 't', name: 'f', arguments: { a: 1 } }]);
  });

  it('takes text that came with the start of its block', async () => {
    const block = [
      opened(0, { type: 'text', text: 'He' }),
      delta(0, { type: 'text_delta', text: 'y' }),
      closed(0),
    ];
    expect(summaryOf(await eventsOf(streamed([start, ...block, ...end('end_turn')]))).text).toBe('Hey');
  });

  it('that lacks only its last event is whole', async () => {
    const events = [start, ...text('Hi'), ...end('end_turn')].slice(0, -1);
    expect(summaryOf(await eventsOf(streamed(events)))).toMatchObject({ text: 'Hi', finishReason: 'stop' });
  });

  it.each([
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content-filter'],
    ['pause_turn', 'other'],
  ])('leaves out a call that was cut by %s, and says so', async (reason, finishReason) => {
    for (const broken of ['{"a": [1, 2', '']) {
      const events = [start, ...call('{"a":1}'), ...call(broken, 1), ...end(reason)];
      const summary = summaryOf(await eventsOf(streamed(events)));
      expect(summary).toMatchObject({
        finishReason,
        toolCalls: [{ id: 't0', arguments: { a: 1 } }],
      });
      expect(summary.toolCalls).toHaveLength(1);
      expect(summary.warnings).toContain(`the call of "f" was cut off (${reason}) and left out`);
    }
  });

  it.each([
    ['nothing at all', ''],
    ['an opening only', sse([start])],
    ['text without an end', sse([start, ...text('Hi')])],
    [
      'an end within an event',
      sse([start, ...text('Hi'), ...end('end_turn')])
        .slice(0, -80)
        .replace(/event: message_delta[^]*/, 'event: message_delta\ndata: {"type":"mess'),
    ],
    [
      'an end within a block',
      sse([start, ...text('Hi').slice(0, 2), { type: 'message_delta', delta: { stop_reason: 'end_turn' } }]),
    ],
    ['an end without a reason', sse([start, ...text('Hi'), { type: 'message_stop' }])],
    ['broken JSON', `${sse([start])}event: content_block_delta\ndata: {"type": "content_\n\n`],
    ['an event that is no object', 'data: "hi"\n\n'],
    ['a call with broken arguments', sse([start, ...call('{"a": '), ...end('tool_use')])],
    ['a call with a list for arguments', sse([start, ...call('[1]'), ...end('end_turn')])],
    [
      'a call without a name',
      sse([start, opened(0, { type: 'tool_use', id: 't' }), closed(0), ...end('tool_use')]),
    ],
  ])('is no answer: %s', async (_, body) => {
    expect(await failureOf(provider(body))).toMatchObject({ kind: 'invalid-response' });
  });

  it.each([
    ['overloaded_error', 'overloaded'],
    ['rate_limit_error', 'rate-limit'],
    ['api_error', 'server-error'],
    ['timeout_error', 'timeout'],
    ['authentication_error', 'auth'],
    ['billing_error', 'quota'],
    ['permission_error', 'permission'],
    ['not_found_error', 'model-not-found'],
    ['request_too_large', 'context-length'],
    ['invalid_request_error', 'bad-request'],
    ['something_new', 'server-error'],
  ])('fails with %s inside it', async (type, kind) => {
    const error = { type: 'error', error: { type, message: 'Oh.' }, request_id: 'req_1' };
    const seen: ProviderEvent[] = [];
    const one = streamed([start, ...text('Hi').slice(0, 2), error]);
    const reading = async () => {
      const call = { model: 'm', request: hello, signal: new AbortController().signal, headers: {} };
      for await (const event of one.stream!(call)) seen.push(event);
    };
    await expect(reading()).rejects.toThrow('Oh.');
    expect(summaryOf(seen).text).toBe('Hi');
    expect(await failureOf(one)).toEqual({ kind, message: 'Oh.', code: type, requestId: 'req_1' });
  });

  it('fails with an error of a gateway that has no type', async () => {
    const body = `event: error\ndata: {"error":{"message":"upstream is gone"}}\n\n`;
    expect(await failureOf(provider(body))).toMatchObject({
      kind: 'server-error',
      message: 'upstream is gone',
    });
  });

  it('that came as a whole message is an answer', async () => {
    const message = {
      type: 'message',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      usage: {},
    };
    expect(summaryOf(await eventsOf(provider(JSON.stringify(message), json)))).toMatchObject({
      text: 'Hi',
      finishReason: 'stop',
    });
  });
});

describe('a success that is none', () => {
  it.each([
    ['HTML', '<!DOCTYPE html><html>', 'text/html'],
    ['HTML called JSON', '<html>', 'application/json'],
    ['nothing', '', 'application/json'],
    ['an empty object', '{}', 'application/json'],
    ['null', 'null', 'application/json'],
    ['a string', '"it works"', 'application/json'],
    ['half a body', '{"type":"message","content":[{"ty', 'application/json'],
    ['a message without an end', '{"type":"message","content":[]}', 'application/json'],
    ['JSON that is called text', '{}', 'text/plain'],
  ])('is found with and without a stream: %s', async (_, body, type) => {
    for (const unary of [false, true]) {
      const failure = await failureOf(provider(body, { 'content-type': type }), hello, { unary });
      expect(failure.kind).toBe('invalid-response');
    }
  });

  it('is told by the error in it', async () => {
    const body = JSON.stringify({
      type: 'error',
      error: { type: 'overloaded_error', message: 'Overloaded' },
    });
    for (const unary of [false, true]) {
      expect(await failureOf(provider(body, json), hello, { unary })).toMatchObject({ kind: 'overloaded' });
    }
  });
});

describe('a whole message', () => {
  const whole = (message: object) =>
    provider(
      JSON.stringify({ type: 'message', usage: { input_tokens: 1, output_tokens: 2 }, ...message }),
      json,
    );

  it('is handed on as it was', async () => {
    const content = [
      { type: 'thinking', thinking: 'Hm.', signature: 's' },
      { type: 'text', text: 'Hi' },
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } },
    ];
    const events = await eventsOf(whole({ content, stop_reason: 'tool_use' }), hello, { unary: true });
    expect(events.slice(1)).toEqual([
      { type: 'reasoning', text: 'Hm.', providerState: { model: 'claude-sonnet-5', signature: 's' } },
      { type: 'text', text: 'Hi' },
      { type: 'tool-call', id: 't', name: 'f', arguments: { a: 1 } },
      {
        type: 'finish',
        finishReason: 'tool-calls',
        usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
        raw: expect.objectContaining({ content }) as unknown,
      },
    ]);
  });

  it('loses the call that its end has cut', async () => {
    const content = [
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 't', name: 'f', input: {} },
    ];
    const summary = summaryOf(
      await eventsOf(whole({ content, stop_reason: 'max_tokens' }), hello, { unary: true }),
    );
    expect(summary).toMatchObject({ text: 'Hi', toolCalls: [], finishReason: 'length' });
    expect(summary.warnings).toHaveLength(1);
  });

  it('fails for a call without an object', async () => {
    const content = [{ type: 'tool_use', id: 't', name: 'f', input: 'x' }];
    const failure = await failureOf(whole({ content, stop_reason: 'tool_use' }), hello, { unary: true });
    expect(failure).toMatchObject({ kind: 'invalid-response', code: 'malformed-tool-call' });
  });
});

it('tells request ids and limits from the headers', async () => {
  const headers = {
    ...json,
    'request-id': 'req_1',
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '49',
    'anthropic-ratelimit-requests-reset': '2026-11-18T10:00:00Z',
    'anthropic-ratelimit-input-tokens-limit': '1000',
    'anthropic-ratelimit-input-tokens-remaining': '0',
  };
  const message = { type: 'message', content: [], stop_reason: 'end_turn' };
  const [meta] = await eventsOf(provider(JSON.stringify(message), headers), hello, { unary: true });
  expect(meta).toEqual({
    type: 'meta',
    requestId: 'req_1',
    limits: {
      requestsLimit: 50,
      requestsRemaining: 49,
      requestsResetMs: Date.UTC(2026, 10, 18, 10),
      tokensLimit: 1_000,
      tokensRemaining: 0,
    },
  });
});
