import { describe, expect, it } from 'vitest';
import { compatibleAt } from './clients.ts';
import {
  callOf,
  chunk,
  done,
  frame,
  hello,
  helloStream,
  json,
  loopback,
  messageItem,
  responseOf,
  run,
  sse,
  usageChunk,
  type Answer,
  type Outcome,
} from './loopback.ts';

async function chat(answer: Answer, transport = 'stream', model = 'llama'): Promise<Outcome> {
  await using server = await loopback(answer);
  return await run(compatibleAt(server.baseURL), callOf({}, { model }), transport);
}

async function responses(answer: Answer, transport = 'stream'): Promise<Outcome> {
  await using server = await loopback(answer);
  return await run(compatibleAt(server.baseURL, { api: 'responses' }), callOf(), transport);
}

const toolDelta = (
  index: number | undefined,
  id: string | undefined,
  name: string | undefined,
  text: unknown,
) => chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: text } }] });

describe('a stream of chat', () => {
  it('is read to its usage', async () => {
    const outcome = await chat(
      sse(helloStream, { 'x-request-id': 'req_9', 'x-ratelimit-remaining-requests': '4' }),
    );
    expect(outcome).toMatchObject({
      text: 'Hello',
      finishReason: 'stop',
      usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
      requestId: 'req_9',
      limits: { requestsRemaining: 4 },
    });
    expect(outcome.raw).toBeUndefined();
  });

  it.each([
    ['without usage and [DONE]', helloStream.slice(0, 4)],
    ['without [DONE]', helloStream.slice(0, 5)],
  ])('is whole %s', async (_, events) => {
    expect(await chat(sse(events))).toMatchObject({
      text: 'Hello',
      finishReason: 'stop',
      failure: undefined,
    });
  });

  it.each([
    ['without any event', []],
    ['before its finish_reason', helloStream.slice(0, 3)],
    ['before its finish_reason, though it says [DONE]', [...helloStream.slice(0, 3), done]],
    ['inside an event', [...helloStream.slice(0, 2), 'data: {"choices":[{"del']],
    ['with keep-alives alone', [': keepalive\n\n', ': keepalive\n\n']],
  ])('that ends %s is no answer', async (_, events) => {
    const outcome = await chat(sse(events));
    expect(outcome.failure).toMatchObject({ kind: 'invalid-response', code: 'truncated' });
    expect(outcome.finishReason).toBeUndefined();
  });

  it('that is reset is a failure of the network, with what had come shown', async () => {
    const outcome = await chat(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      await new Promise<void>((resolve) => response.write(frame(chunk({ content: 'Hel' })), () => resolve()));
      setImmediate(() => response.destroy());
    });
    expect(outcome.failure?.kind).toBe('network');
  });

  it('that stalls after its finish_reason is whole all the same, and its connection is closed', async () => {
    await using server = await loopback((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(helloStream.slice(0, 4).map(frame).join(''));
    });
    const outcome = await run(compatibleAt(server.baseURL), callOf());
    expect(outcome).toMatchObject({ text: 'Hello', finishReason: 'stop', failure: undefined });
    await server.received[0]!.closed;
  });

  it('whose end of connection stalls after [DONE] is whole at once, and its connection is closed', async () => {
    await using server = await loopback((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(helloStream.map(frame).join(''));
    });
    expect((await run(compatibleAt(server.baseURL), callOf())).failure).toBeUndefined();
    await server.received[0]!.closed;
  });

  it('waits for its usage, which comes after its finish_reason', async () => {
    await using server = await loopback((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(helloStream.slice(0, 4).map(frame).join(''));
      // Read on its own, so that there was something to wait for.
      setImmediate(() => setImmediate(() => response.end([usageChunk, done].map(frame).join(''))));
    });
    const outcome = await run(compatibleAt(server.baseURL), callOf());
    expect(outcome.usage).toMatchObject({ inputTokens: 7, outputTokens: 3 });
  });

  it('that says [DONE] before its finish_reason has ended, also where its connection has not', async () => {
    await using server = await loopback((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write([...helloStream.slice(0, 3), done].map(frame).join(''));
    });
    const { failure } = await run(compatibleAt(server.baseURL), callOf());
    expect(failure).toMatchObject({ kind: 'invalid-response', code: 'truncated' });
  });

  it('is that of its first choice, where a server sends several', async () => {
    const other = { choices: [{ index: 1, delta: { content: 'Other' }, finish_reason: null }] };
    const otherEnd = { choices: [{ index: 1, delta: {}, finish_reason: 'length' }] };
    const both = {
      choices: [...(chunk({ content: '!' }) as { choices: object[] }).choices, ...other.choices],
    };
    const [start, ...rest] = helloStream;
    expect(await chat(sse([start, other, both, otherEnd, ...rest]))).toMatchObject({
      text: '!Hello',
      finishReason: 'stop',
    });
  });

  it('may hold events without data, which keep a connection open', async () => {
    const [start, ...rest] = helloStream;
    expect((await chat(sse([start, 'data:\n\n', 'event: ping\ndata: \n\n', ...rest]))).text).toBe('Hello');
  });

  it('keeps what comes between an early finish_reason and the end', async () => {
    const events = [chunk({ content: 'A' }, 'stop'), chunk({ content: 'B' }, 'length'), done];
    expect(await chat(sse(events))).toMatchObject({ text: 'AB', finishReason: 'length' });
  });

  it('holds a refusal as an answer of the model', async () => {
    const events = [chunk({ refusal: 'I can' }), chunk({ refusal: 'not.' }), chunk({}, 'stop'), done];
    expect(await chat(sse(events))).toMatchObject({ text: 'I cannot.', finishReason: 'content-filter' });
  });

  it('skips chunks without choices, as Azure begins with', async () => {
    const events = [{ choices: [], prompt_filter_results: [] }, ...helloStream];
    expect((await chat(sse(events))).text).toBe('Hello');
  });

  it.each([
    ['eos', 'stop'],
    ['model_length', 'length'],
    ['something_new', 'other'],
    ['content_filter', 'content-filter'],
  ])('that ends with %s ends with %s', async (reason, expected) => {
    expect((await chat(sse([chunk({ content: 'x' }, reason), done]))).finishReason).toBe(expected);
  });

  it('that is answered whole is read whole', async () => {
    expect(await chat(json(hello))).toMatchObject({ text: 'Hello', finishReason: 'stop' });
  });

  it('says whether a stop sequence ended it, where the server does', async () => {
    const outcome = await chat(
      sse([{ choices: [{ index: 0, delta: {}, finish_reason: 'stop', stop_reason: 'END' }] }]),
    );
    expect(outcome.events.at(-1)).toMatchObject({ type: 'finish', stopSequence: true });
  });
});

describe('tool calls in a stream of chat', () => {
  const end = [chunk({}, 'tool_calls'), done];

  it('come whole and parsed, their fragments beside', async () => {
    const outcome = await chat(
      sse([
        toolDelta(0, 'call_a', 'weather', ''),
        toolDelta(0, undefined, undefined, '{"city":'),
        toolDelta(1, 'call_b', 'time', '{}'),
        toolDelta(0, undefined, undefined, '"Oslo"}'),
        ...end,
      ]),
    );
    expect(outcome.toolCalls).toEqual([
      { id: 'call_a', name: 'weather', arguments: { city: 'Oslo' } },
      { id: 'call_b', name: 'time', arguments: {} },
    ]);
    expect(outcome.events.filter((event) => event.type === 'tool-call-delta')).toHaveLength(4);
  });

  it.each([
    [
      'without an index',
      [
        toolDelta(undefined, 'a', 'one', '{"x"'),
        toolDelta(undefined, undefined, undefined, ':1}'),
        toolDelta(undefined, 'b', 'two', '{}'),
      ],
    ],
    ['all with the index 0', [toolDelta(0, 'a', 'one', '{"x":1}'), toolDelta(0, 'b', 'two', '{}')]],
    [
      'with id and name repeated',
      [toolDelta(0, 'a', 'one', '{"x"'), toolDelta(0, 'a', 'one', ':1}'), toolDelta(1, 'b', 'two', '{}')],
    ],
    ['with their arguments as objects', [toolDelta(0, 'a', 'one', { x: 1 }), toolDelta(1, 'b', 'two', {})]],
    [
      'sent once more at the end',
      [
        toolDelta(0, 'a', 'one', '{"x":1}'),
        toolDelta(0, 'a', 'one', '{"x":1}'),
        toolDelta(1, 'b', 'two', '{}'),
      ],
    ],
    ['without a word of arguments', [toolDelta(0, 'a', 'one', '{"x":1}'), toolDelta(1, 'b', 'two', '')]],
    ['with null for no arguments', [toolDelta(0, 'a', 'one', '{"x":1}'), toolDelta(1, 'b', 'two', 'null')]],
  ])('are told apart %s', async (_, deltas) => {
    expect((await chat(sse([...deltas, ...end]))).toolCalls).toEqual([
      { id: 'a', name: 'one', arguments: { x: 1 } },
      { id: 'b', name: 'two', arguments: {} },
    ]);
  });

  it('get ids where the server gives none, or one for all', async () => {
    const { toolCalls } = await chat(
      sse([toolDelta(0, '', 'one', '{}'), toolDelta(1, '', 'two', '{}'), ...end]),
    );
    expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2);
  });

  it('of the legacy form are calls too', async () => {
    const events = [
      chunk({ function_call: { name: 'one', arguments: '' } }),
      chunk({ function_call: { arguments: '{}' } }),
    ];
    const { toolCalls } = await chat(sse([...events, chunk({}, 'function_call')]));
    expect(toolCalls).toMatchObject([{ name: 'one', arguments: {} }]);
  });

  it('cut by the token limit are left out with a warning, whole ones are not', async () => {
    const events = [
      toolDelta(0, 'a', 'one', '{"x":1}'),
      toolDelta(1, 'b', 'two', '{"y":'),
      chunk({}, 'length'),
    ];
    const outcome = await chat(sse(events));
    expect(outcome.toolCalls.map(({ id }) => id)).toEqual(['a']);
    expect(outcome).toMatchObject({ finishReason: 'length', failure: undefined });
    expect(outcome.warnings[0]).toMatch('two');
  });

  it('cut before their first argument are not taken for calls without any', async () => {
    const outcome = await chat(sse([toolDelta(0, 'a', 'one', ''), chunk({}, 'length')]));
    expect(outcome.toolCalls).toEqual([]);
    expect(outcome.warnings).toHaveLength(1);
  });

  it('that do not parse, or have no name, are no answer', async () => {
    const broken = await chat(sse([toolDelta(0, 'a', 'one', '{"x":'), ...end]));
    expect(broken.failure).toMatchObject({ kind: 'invalid-response', code: 'tool-arguments' });
    const nameless = await chat(sse([toolDelta(0, 'a', undefined, '{}'), ...end]));
    expect(nameless.failure).toMatchObject({ kind: 'invalid-response', code: 'tool-call-name' });
  });
});

describe('reasoning in chat', () => {
  it.each(['reasoning', 'reasoning_content'])('is read from %s', async (field) => {
    const events = [chunk({ [field]: 'hm' }), chunk({ [field]: 'm' }), chunk({ content: 'Ah.' }, 'stop')];
    expect(await chat(sse(events))).toMatchObject({ reasoning: 'hmm', text: 'Ah.' });
  });

  it('of OpenRouter keeps its details, joined, to be seen again unmodified', async () => {
    const detail = { type: 'reasoning.text', index: 0, format: 'anthropic-claude-v1' };
    const events = [
      chunk({ reasoning: 'hm', reasoning_details: [{ ...detail, text: 'hm' }] }),
      chunk({ reasoning: 'm', reasoning_details: [{ ...detail, text: 'm' }] }),
      chunk({ reasoning_details: [{ ...detail, signature: 'sig' }] }),
      chunk({ content: 'Ah.' }, 'stop'),
    ];
    const outcome = await chat(sse(events));
    expect(outcome.reasoning).toBe('hmm');
    expect(outcome.states).toEqual([
      { model: 'llama', details: [{ ...detail, text: 'hmm', signature: 'sig' }] },
    ]);
    // Before the text: the state closes the part of reasoning that it belongs to.
    const kinds = outcome.events.map(({ type }) => type);
    expect(kinds.lastIndexOf('reasoning')).toBeLessThan(kinds.indexOf('text'));
  });

  it.each([
    [
      'reasoning_details',
      { details: [{ type: 'reasoning.text', text: 'hm' }] },
      [{ type: 'reasoning.text', text: 'hm' }],
    ],
    ['reasoning_content', { field: 'reasoning_content' }, 'hm'],
  ])('goes back as %s between tool calls', async (name, state, expected) => {
    await using server = await loopback(json(hello));
    const reasoning = {
      type: 'reasoning' as const,
      text: 'hm',
      providerState: { provider: 'openai', state: { model: 'llama', ...state } },
    };
    const messages = [
      { role: 'user' as const, content: 'Weather?' },
      {
        role: 'assistant' as const,
        content: [reasoning, { type: 'tool-call' as const, id: 'a', name: 'one', arguments: {} }],
      },
      { role: 'tool' as const, content: [{ type: 'tool-result' as const, toolCallId: 'a', content: 'x' }] },
    ];
    await run(compatibleAt(server.baseURL), callOf({ messages }, { model: 'llama' }), 'unary');
    expect(server.received[0]?.body.messages[1][name]).toEqual(expected);
    await run(compatibleAt(server.baseURL), callOf({ messages }, { model: 'another' }), 'unary');
    expect(server.received[1]?.body.messages[1]).not.toHaveProperty(name);
  });

  it('as plain text does not go back once the turn is over', async () => {
    await using server = await loopback(json(hello));
    const state = { provider: 'openai', state: { model: 'llama', field: 'reasoning_content' } };
    const messages = [
      { role: 'user' as const, content: 'Weather?' },
      {
        role: 'assistant' as const,
        content: [
          { type: 'reasoning' as const, text: 'hm', providerState: state },
          { type: 'tool-call' as const, id: 'a', name: 'one', arguments: {} },
        ],
      },
      { role: 'tool' as const, content: [{ type: 'tool-result' as const, toolCallId: 'a', content: 'x' }] },
      { role: 'user' as const, content: 'And now?' },
    ];
    await run(compatibleAt(server.baseURL), callOf({ messages }, { model: 'llama' }), 'unary');
    expect(JSON.stringify(server.received[0]?.body)).not.toMatch('reasoning_content');
  });

  it("of Mistral's parts is told apart from the text", async () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'Ah.' },
    ];
    expect(await chat(sse([chunk({ content }, 'stop')]))).toMatchObject({ reasoning: 'hm', text: 'Ah.' });
  });
});

describe('usage', () => {
  const usage = async (given: object, headers: Record<string, string> = {}) =>
    (await chat(json({ ...hello, usage: given }, 200, headers), 'unary')).usage;

  it('counts cached, cache-written and reasoning tokens as parts', async () => {
    expect(
      await usage({
        prompt_tokens: 10,
        completion_tokens: 8,
        total_tokens: 18,
        prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 5 },
      }),
    ).toEqual({
      inputTokens: 10,
      cachedInputTokens: 4,
      cacheWriteInputTokens: 2,
      outputTokens: 8,
      reasoningTokens: 5,
      totalTokens: 18,
    });
  });

  it('adds the reasoning that xAI counts beside the completion', async () => {
    const given = {
      prompt_tokens: 10,
      completion_tokens: 8,
      total_tokens: 23,
      completion_tokens_details: { reasoning_tokens: 5 },
    };
    expect(await usage(given)).toMatchObject({ outputTokens: 13, reasoningTokens: 5 });
  });

  it("holds the vendor's own price, from OpenRouter's body or LiteLLM's header", async () => {
    expect(await usage({ prompt_tokens: 1, completion_tokens: 1, cost: 0.25 })).toMatchObject({
      costUsd: 0.25,
    });
    const headers = { 'x-litellm-response-cost': '0.5' };
    expect(await usage({ prompt_tokens: 1, completion_tokens: 1 }, headers)).toMatchObject({ costUsd: 0.5 });
  });
});

describe('limits', () => {
  it.each([
    ['6m0s', 360_000],
    ['120ms', 120],
    ['30', 30_000],
  ])('that reset in %s are read as instants', async (reset, ms) => {
    const headers = { 'x-ratelimit-reset-tokens': reset, 'x-ratelimit-remaining-tokens': '-1' };
    const before = Date.now();
    const { limits } = await chat(json(hello, 200, headers), 'unary');
    const { tokensResetMs, ...rest } = limits as { tokensResetMs: number };
    expect(tokensResetMs - ms).toBeGreaterThanOrEqual(before);
    expect(tokensResetMs - ms).toBeLessThanOrEqual(Date.now());
    expect(rest).toEqual({});
  });

  it('that reset at an instant, or never, as OpenRouter and Azure write it, are read as such', async () => {
    const at = Date.now() + 90_000;
    const openrouter = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(at) };
    const { limits } = await chat(json(hello, 200, openrouter), 'unary');
    const { requestsResetMs, ...rest } = limits as { requestsResetMs: number };
    expect(Math.abs(requestsResetMs - at)).toBeLessThanOrEqual(1);
    expect(rest).toEqual({ requestsRemaining: 0 });
    const azure = { 'x-ratelimit-remaining-requests': '7', 'x-ratelimit-reset-requests': '-1' };
    expect((await chat(json(hello, 200, azure), 'unary')).limits).toEqual({ requestsRemaining: 7 });
  });

  it.each(['x-request-id', 'apim-request-id', 'x-generation-id', 'x-litellm-call-id'])(
    'apart, a request is known by its %s',
    async (name) => {
      expect((await chat(json(hello, 200, { [name]: 'id-9' }), 'unary')).requestId).toBe('id-9');
    },
  );
});

describe('a whole reply that is none', () => {
  it.each([
    ['an HTML page', '<!doctype html><html>', { 'content-type': 'text/html' }],
    ['an empty object', '{}', {}],
    ['no choices', '{"choices":[]}', {}],
    ['no finish_reason', '{"choices":[{"index":0,"message":{"content":"Hel"}}]}', {}],
    ['a string', '"hello"', {}],
    ['nothing', '', {}],
    ['half of its JSON', JSON.stringify(hello).slice(0, 80), {}],
  ])('(%s) is a failure by both transports', async (_, body, headers) => {
    for (const transport of ['stream', 'unary']) {
      for (const ask of [chat, responses]) {
        const { failure } = await ask(json(body, 200, headers), transport);
        expect(failure?.kind).toBe('invalid-response');
      }
    }
  });

  it.each([
    [{ error: { code: 429, message: 'slow down' } }, 'rate-limit'],
    [{ error: { code: 'insufficient_quota', message: 'pay' } }, 'quota'],
    [{ error: 'the model is gone' }, 'server-error'],
    [{ choices: [{ index: 0, error: { code: 502, message: 'upstream' } }] }, 'server-error'],
    [{ object: 'error', message: 'no such model', code: 404 }, 'model-not-found'],
    // As the gateway of Azure words it.
    [{ statusCode: 429, message: 'Rate limit is exceeded. Try again in 4 seconds.' }, 'rate-limit'],
  ])('(%j) is the failure that it tells of', async (body, kind) => {
    for (const transport of ['stream', 'unary']) {
      expect((await chat(json(body), transport)).failure?.kind).toBe(kind);
    }
  });

  it('inside a stream is the failure that it tells of, after what came before', async () => {
    const start = chunk({ content: 'Hel' });
    const last = {
      error: { code: 502, message: 'gone' },
      choices: [{ index: 0, delta: {}, finish_reason: 'error' }],
    };
    expect(await chat(sse([start, last]))).toMatchObject({
      text: 'Hel',
      failure: { kind: 'server-error', status: 502, message: 'gone' },
    });
    const named = await chat(
      sse([start, 'event: error\ndata: {"message":"busy","code":"server_is_overloaded"}\n\n']),
    );
    expect(named.failure).toMatchObject({ kind: 'overloaded', message: 'busy' });
    const bare = await chat(sse([start, chunk({}, 'error')]));
    expect(bare.failure?.kind).toBe('server-error');
    const broken = await chat(sse([start, 'data: {"choices\n\n']));
    expect(broken.failure).toMatchObject({ kind: 'invalid-response', code: 'malformed-json' });
  });
});

describe('a stream of the Responses API', () => {
  const started = { type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } };
  const ended = (output: readonly object[], rest: object = {}) => ({
    type: `response.${(rest as { status?: string }).status ?? 'completed'}`,
    response: responseOf(output, rest),
  });
  const textDelta = (text: string) => ({
    type: 'response.output_text.delta',
    output_index: 0,
    content_index: 0,
    item_id: 'msg_1',
    delta: text,
  });
  const item = (type: 'added' | 'done', index: number, given: object) => ({
    type: `response.output_item.${type}`,
    output_index: index,
    item: given,
  });
  const call = {
    type: 'function_call',
    id: 'fc_1',
    call_id: 'call_a',
    name: 'one',
    arguments: '{"x":1}',
    status: 'completed',
  };

  it('is read to response.completed', async () => {
    const whole = messageItem('Hello');
    const outcome = await responses(
      sse([started, textDelta('Hel'), textDelta('lo'), item('done', 0, whole), ended([whole])]),
    );
    expect(outcome).toMatchObject({ text: 'Hello', finishReason: 'stop', usage: { totalTokens: 10 } });
    expect(outcome.raw).toMatchObject({ id: 'resp_1' });
  });

  const partDone = { ...textDelta(''), type: 'response.output_text.done', text: 'Hello' };
  it.each([
    ['in its increments', [textDelta('Hel'), textDelta('lo')]],
    ['in the event that ends its text', [partDone]],
    ['partly in increments, wholly in the event that ends its text', [textDelta('Hel'), partDone]],
    ['in the event that ends its item', [item('done', 0, messageItem('Hello'))]],
    ['in the terminal event', []],
    ['in increments that name no item', [{ type: 'response.output_text.delta', delta: 'Hello' }]],
  ])('shows its text once, where it stands %s', async (_, events) => {
    const output = [{ type: 'reasoning', id: 'rs_1', summary: [] }, messageItem('Hello')];
    const shift = (event: object) => ('output_index' in event ? { ...event, output_index: 1 } : event);
    expect((await responses(sse([started, ...events.map(shift), ended(output)]))).text).toBe('Hello');
  });

  const argumentsDelta = { type: 'response.function_call_arguments.delta', output_index: 0, item_id: 'fc_1' };
  it.each([
    [
      'in its increments',
      [
        item('added', 0, { ...call, arguments: '' }),
        { ...argumentsDelta, delta: '{"x":1}' },
        item('done', 0, call),
      ],
    ],
    [
      'in the event that ends its arguments',
      [
        item('added', 0, { ...call, arguments: '' }),
        { type: 'response.function_call_arguments.done', output_index: 0, arguments: '{"x":1}' },
      ],
    ],
    ['in the event that ends its item', [item('done', 0, call)]],
    ['in the terminal event', []],
  ])('holds a call once, where it stands %s', async (_, events) => {
    expect((await responses(sse([started, ...events, ended([call])]))).toolCalls).toEqual([
      { id: 'call_a', name: 'one', arguments: { x: 1 } },
    ]);
  });

  it('keeps sealed reasoning before what it led to, and its paragraphs apart', async () => {
    const reasoning = {
      type: 'reasoning',
      id: 'rs_1',
      summary: [
        { type: 'summary_text', text: 'One.' },
        { type: 'summary_text', text: 'Two.' },
      ],
      encrypted_content: 'sealed',
      status: 'completed',
    };
    const summary = (index: number, text: string) => ({
      type: 'response.reasoning_summary_text.delta',
      output_index: 0,
      summary_index: index,
      delta: text,
    });
    const events = [
      summary(0, 'One.'),
      summary(1, 'Tw'),
      summary(1, 'o.'),
      item('done', 0, reasoning),
      item('done', 1, call),
    ];
    const outcome = await responses(sse([started, ...events, ended([reasoning, call])]));
    expect(outcome.reasoning).toBe('One.\n\nTwo.');
    const { status: _status, ...kept } = reasoning;
    expect(outcome.states).toEqual([{ model: 'gpt-4.1', item: kept }]);
    expect(outcome.events.findIndex((event) => 'providerState' in event)).toBeLessThan(
      outcome.events.findIndex((event) => event.type === 'tool-call'),
    );
  });

  it('says that reasoning is under way before any of it can be read', async () => {
    const outcome = await responses(
      sse([started, item('added', 0, { type: 'reasoning', id: 'rs_1' }), ended([])]),
    );
    expect(outcome.events).toContainEqual({ type: 'activity' });
  });

  it.each([
    [[]],
    [[started, textDelta('Hello')]],
    [[started, textDelta('Hello'), item('done', 0, messageItem('Hello'))]],
  ])('without its terminal event is no answer', async (events) => {
    const { failure } = await responses(sse(events));
    expect(failure).toMatchObject({ kind: 'invalid-response', code: 'truncated' });
  });

  it('that is incomplete says why', async () => {
    const because = (reason: string) => ({ status: 'incomplete', incomplete_details: { reason } });
    const cut = { ...call, arguments: '{"x":', status: 'incomplete' };
    const limited = await responses(
      sse([started, item('done', 0, cut), ended([cut], because('max_output_tokens'))]),
    );
    expect(limited).toMatchObject({ finishReason: 'length', toolCalls: [], failure: undefined });
    expect(limited.warnings[0]).toMatch('one');
    const filtered = await responses(
      sse([started, textDelta('He'), ended([messageItem('He')], because('content_filter'))]),
    );
    expect(filtered).toMatchObject({ finishReason: 'content-filter', text: 'He' });
    const broken = await responses(sse([started, ended([{ ...cut, status: 'completed' }])]));
    expect(broken.failure).toMatchObject({ code: 'tool-arguments' });
  });

  it('that failed tells what the vendor says, and what it cost', async () => {
    const rest = { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'Slow down.' } };
    const outcome = await responses(sse([started, ended([], rest)]));
    expect(outcome.failure).toMatchObject({ kind: 'rate-limit', message: 'Slow down.' });
    expect(outcome.events).toContainEqual(
      expect.objectContaining({ type: 'meta', usage: expect.anything() as unknown }),
    );
    const whole = await responses(json(responseOf([], rest)), 'unary');
    expect(whole.failure?.kind).toBe('rate-limit');
  });

  it.each([
    { type: 'error', code: 'server_is_overloaded', message: 'busy', param: null },
    { type: 'error', error: { code: 'server_is_overloaded', message: 'busy' } },
    'event: error\ndata: {"code":"server_is_overloaded","message":"busy"}\n\n',
  ])('holds an error in any of its forms: %j', async (event) => {
    expect((await responses(sse([started, event]))).failure).toMatchObject({
      kind: 'overloaded',
      message: 'busy',
    });
  });

  it('holds a refusal as an answer of the model', async () => {
    const refusal = { type: 'message', content: [{ type: 'refusal', refusal: 'I cannot.' }] };
    const outcome = await responses(sse([started, item('done', 0, refusal), ended([refusal])]));
    expect(outcome).toMatchObject({ text: 'I cannot.', finishReason: 'content-filter' });
  });

  it('reads events whose type only their name tells', async () => {
    const { type: _type, ...rest } = ended([messageItem('Hello')]);
    const event = `event: response.completed\ndata: ${JSON.stringify(rest)}\n\n`;
    expect((await responses(sse([event]))).text).toBe('Hello');
  });

  it('names what it cannot pass on', async () => {
    const custom = { type: 'custom_tool_call', name: 'sql', input: 'select' };
    const outcome = await responses(sse([started, ended([custom, messageItem('Hello')])]));
    expect(outcome.warnings).toEqual(['an item of type custom_tool_call was left out']);
  });

  it.each(['queued', 'in_progress', 'cancelled', undefined])(
    'that came whole but is %s is no answer',
    async (status) => {
      expect((await responses(json(responseOf([], { status })), 'unary')).failure).toBeDefined();
    },
  );
});

it('usage alone after the end closes the answer', async () => {
  expect((await chat(sse([chunk({ content: 'x' }, 'stop'), usageChunk]))).usage?.totalTokens).toBe(10);
});
