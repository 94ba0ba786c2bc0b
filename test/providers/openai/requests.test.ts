import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/request.ts';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import { openaiEmulator } from '../../../src/testing/emulators/openai.ts';
import { compatibleAt, majors, officialAt } from './clients.ts';
import { callOf, hello, json, loopback, messageItem, responseOf, run } from './loopback.ts';
import { openai } from '../../../src/providers/openai/index.ts';

const weather = {
  name: 'weather',
  description: 'Tells the weather.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const pixel = 'iVBORw0KGgo=';

/** The body and path of the one request that a call makes. */
async function sent(model: string, request: Partial<ProviderRequest>, where: 'official' | 'compatible') {
  await using server = await loopback((response, { path }) =>
    json(path.endsWith('/responses') ? responseOf([messageItem('ok')]) : hello)(response, {} as never),
  );
  const provider = where === 'official' ? officialAt(server.url) : compatibleAt(server.baseURL);
  const outcome = await run(provider, callOf(request, { model }), 'unary');
  return { ...outcome, body: server.received[0]?.body, path: server.received[0]?.path };
}

describe('the surface', () => {
  it.each([
    ['gpt-4.1', {}, '/v1/chat/completions'],
    ['gpt-5.2', {}, '/v1/responses'],
    ['o3', {}, '/v1/responses'],
    ['gpt-5.1-chat-latest', {}, '/v1/chat/completions'],
    ['gpt-5-codex', {}, '/v1/responses'],
    ['o1', { stop: ['END'] }, '/v1/chat/completions'],
    ['my-deployment', {}, '/v1/chat/completions'],
    [
      'gpt-4.1',
      { messages: [{ role: 'user', content: [{ type: 'file', url: 'https://example.com/a.pdf' }] }] },
      '/v1/responses',
    ],
  ] as const)('of OpenAI for %s with %j is %s', async (model, request, path) => {
    expect((await sent(model, request as Partial<ProviderRequest>, 'official')).path).toBe(path);
  });

  it('of a compatible endpoint is always Chat Completions', async () => {
    expect((await sent('openai/gpt-5.2', {}, 'compatible')).path).toBe('/v1/chat/completions');
  });

  it('can be forced', async () => {
    await using server = await loopback(json(responseOf([messageItem('ok')])));
    const outcome = await run(compatibleAt(server.baseURL, { api: 'responses' }), callOf(), 'unary');
    expect(outcome.text).toBe('ok');
    expect(server.received[0]?.path).toBe('/v1/responses');
  });
});

describe('Chat Completions', () => {
  it('get the system message as developer at OpenAI and as system elsewhere', async () => {
    const request = { system: 'Be kind.', stop: ['x'] };
    expect((await sent('o1', request, 'official')).body.messages[0]).toEqual({
      role: 'developer',
      content: 'Be kind.',
    });
    expect((await sent('o1', request, 'compatible')).body.messages[0].role).toBe('system');
    expect((await sent('gpt-4.1', request, 'official')).body.messages[0].role).toBe('system');
  });

  it('get the token limit under the name that the endpoint knows', async () => {
    expect((await sent('gpt-4.1', { maxTokens: 9 }, 'official')).body.max_completion_tokens).toBe(9);
    expect((await sent('llama', { maxTokens: 9 }, 'compatible')).body).toMatchObject({ max_tokens: 9 });
    expect((await sent('openai/gpt-5.2', { maxTokens: 9 }, 'compatible')).body.max_completion_tokens).toBe(9);
  });

  it('get images and files beside the text', async () => {
    const content = [
      { type: 'text', text: 'Look' },
      { type: 'image', url: 'https://example.com/a.png' },
      { type: 'image', data: new Uint8Array([1, 2, 3]), mediaType: 'image/png' },
      { type: 'file', data: 'JVBERi0=', mediaType: 'application/pdf' },
    ] as const;
    const { body } = await sent('gpt-4.1', { messages: [{ role: 'user', content }] }, 'official');
    expect(body.messages[0].content).toEqual([
      { type: 'text', text: 'Look' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AQID' } },
      { type: 'file', file: { filename: 'file.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
    ]);
  });

  it('refuse a file by its URL, which the plan knows beforehand', async () => {
    const content = [{ type: 'file', url: 'https://example.com/a.pdf' }] as const;
    const provider = compatibleAt('http://127.0.0.1:9/v1');
    const outcome = await run(provider, callOf({ messages: [{ role: 'user', content }] }));
    expect(outcome.failure).toMatchObject({ kind: 'unsupported', feature: 'files' });
    expect(provider.supports?.('llama').fileUrls).toBe(false);
    expect(officialAt('http://127.0.0.1:9').supports?.('gpt-4.1').fileUrls).toBe(true);
  });

  it('get all results right after their calls, and the pictures in them after that', async () => {
    const messages: Message[] = [
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Let me see.' },
          { type: 'tool-call', id: 'call_a', name: 'weather', arguments: { city: 'Oslo' } },
          { type: 'tool-call', id: 'call_b', name: 'weather', arguments: { city: 'Rome' } },
        ],
      },
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: 'call_a',
            content: [{ type: 'image', data: pixel, mediaType: 'image/png' }],
          },
          { type: 'tool-result', toolCallId: 'call_b', content: 'no such city', isError: true },
        ],
      },
    ];
    const { body } = await sent('gpt-4.1', { messages, tools: [weather] }, 'official');
    expect(body.messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: 'Let me see.',
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
          { id: 'call_b', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_a', content: 'The result is attached to the next message.' },
      { role: 'tool', tool_call_id: 'call_b', content: 'Error: no such city' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Attached to the result of weather (call_a):' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${pixel}` } },
        ],
      },
    ]);
  });

  it('get tools as they are, each choice, and the parallel switch only beside tools', async () => {
    const tools = [weather, { ...weather, name: 'strictly', strict: true }];
    const { body } = await sent(
      'gpt-4.1',
      { tools, toolChoice: { name: 'weather' }, parallelToolCalls: false },
      'official',
    );
    expect(body.tools[0]).toEqual({ type: 'function', function: weather });
    expect(body.tools[1].function.strict).toBe(true);
    expect(body.tool_choice).toEqual({ type: 'function', function: { name: 'weather' } });
    expect(body.parallel_tool_calls).toBe(false);
    const without = await sent('gpt-4.1', { parallelToolCalls: false, toolChoice: 'none' }, 'official');
    expect(without.body).not.toHaveProperty('parallel_tool_calls');
    expect(without.body).not.toHaveProperty('tool_choice');
  });

  it('get a schema as strict only where strict mode can hold it', async () => {
    const open = { type: 'object', properties: { a: { type: 'string' } } };
    const closed = { ...open, required: ['a'], additionalProperties: false };
    const format = async (schema: object) =>
      (await sent('gpt-4.1', { schema: schema as never }, 'official')).body.response_format;
    expect((await format(open)).json_schema).toMatchObject({ schema: open, strict: false });
    expect((await format(closed)).json_schema).toMatchObject({ name: 'response', strict: true });
  });

  it('get the word JSON where any JSON is asked for and the prompt has none', async () => {
    const { body } = await sent('gpt-4.1', { schema: {}, system: 'Be kind.' }, 'official');
    expect(body.response_format).toEqual({ type: 'json_object' });
    expect(JSON.stringify(body.messages)).toMatch('JSON');
    const said = await sent('gpt-4.1', { schema: {}, system: 'Answer in JSON.' }, 'official');
    expect(said.body.messages).toHaveLength(2);
  });

  it('send effort none with tools where the model would refuse to think with them', async () => {
    const { body } = await sent('openai/gpt-5.6', { tools: [weather] }, 'compatible');
    expect(body.reasoning_effort).toBe('none');
  });

  it.each([
    ['Mistral', 'https://api.mistral.ai/v1', 'toolu_01', /^[a-zA-Z0-9]{9}$/],
    ['OpenAI', 'https://api.openai.com/v1', `toolu:${'x'.repeat(50)}`, /^[\w-]{1,40}$/],
  ])('get ids of tool calls in the form that %s demands', async (where, baseURL, id, form) => {
    const bodies: any[] = [];
    const provider = openai({
      apiKey: 'key',
      baseURL,
      api: 'chat',
      fetch: async (_, init) => {
        bodies.push(JSON.parse(init?.body as string));
        return Response.json(hello);
      },
    });
    const messages: Message[] = [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: [{ type: 'tool-call', id, name: 'weather', arguments: {} }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: id, content: 'fine' }] },
    ];
    const outcome = await run(provider, callOf({ messages, seed: 4 }, { model: 'some-large' }), 'unary');
    expect(outcome.failure).toBeUndefined();
    expect(bodies[0].messages[1].tool_calls[0].id).toMatch(form);
    expect(bodies[0].messages[2].tool_call_id).toBe(bodies[0].messages[1].tool_calls[0].id);
    expect(bodies[0][where === 'Mistral' ? 'random_seed' : 'seed']).toBe(4);
  });

  it('give OpenRouter effort or budget in a word of its own', async () => {
    const bodies: any[] = [];
    const provider = openai({
      apiKey: 'key',
      baseURL: 'https://openrouter.ai/api/v1',
      fetch: async (_, init) => {
        bodies.push(JSON.parse(init?.body as string));
        return Response.json(hello);
      },
    });
    await run(provider, callOf({ reasoning: { effort: 'high' }, topK: 4 }, { model: 'qwen/qwen3' }), 'unary');
    await run(provider, callOf({ reasoning: { budgetTokens: 900 } }, { model: 'qwen/qwen3' }), 'unary');
    expect(bodies[0]).toMatchObject({ reasoning: { effort: 'high' }, top_k: 4 });
    expect(bodies[1].reasoning).toEqual({ max_tokens: 900 });
  });
});

describe('the Responses API', () => {
  it('stores nothing unless asked, and returns its reasoning sealed', async () => {
    const { body } = await sent('gpt-5.2', { system: 'Be kind.' }, 'official');
    expect(body).toMatchObject({
      store: false,
      include: ['reasoning.encrypted_content'],
      instructions: 'Be kind.',
      input: [{ role: 'user', content: 'Say hello.' }],
    });
    expect((await sent('gpt-5.2', { options: { store: true } }, 'official')).body.store).toBe(true);
  });

  it('gets parts, tools and results in its own words', async () => {
    const messages: Message[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'image', data: pixel, mediaType: 'image/png' },
          { type: 'file', url: 'https://example.com/a.pdf' },
          { type: 'file', data: 'JVBERi0=', mediaType: 'application/pdf', name: 'b.pdf' },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool-call', id: 'call_a', name: 'weather', arguments: {} }] },
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: 'call_a',
            content: [
              { type: 'text', text: 'fine' },
              { type: 'image', data: pixel, mediaType: 'image/png' },
            ],
          },
        ],
      },
    ];
    const { body } = await sent(
      'gpt-5.2',
      { messages, tools: [weather], toolChoice: 'required' },
      'official',
    );
    const image = { type: 'input_image', image_url: `data:image/png;base64,${pixel}`, detail: 'auto' };
    expect(body.input).toEqual([
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          image,
          { type: 'input_file', file_url: 'https://example.com/a.pdf' },
          { type: 'input_file', filename: 'b.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
        ],
      },
      { type: 'function_call', call_id: 'call_a', name: 'weather', arguments: '{}' },
      {
        type: 'function_call_output',
        call_id: 'call_a',
        output: [{ type: 'input_text', text: 'fine' }, image],
      },
    ]);
    expect(body.tools).toEqual([{ type: 'function', ...weather, strict: false }]);
    expect(body.tool_choice).toBe('required');
  });

  it('raises a token limit below its least, and says so', async () => {
    const { body, warnings } = await sent('gpt-5.2', { maxTokens: 1 }, 'official');
    expect(body.max_output_tokens).toBe(16);
    expect(warnings[0]).toMatch('raised to 16');
  });

  it('counts the word JSON in its input alone', async () => {
    const { body } = await sent('gpt-5.2', { schema: {}, system: 'Answer in JSON.' }, 'official');
    expect(JSON.stringify(body.input)).toMatch('JSON');
    expect(body.text).toEqual({ format: { type: 'json_object' } });
  });

  it('gives reasoning back as it came, but never without what it led to', async () => {
    const item = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' };
    const reasoning = {
      type: 'reasoning',
      text: '',
      providerState: { provider: 'openai', state: { model: 'gpt-5.2', item } },
    } as const;
    const messages: Message[] = [
      { role: 'user', content: 'One' },
      { role: 'assistant', content: [reasoning, { type: 'text', text: 'Two' }] },
      { role: 'user', content: 'Three' },
      { role: 'assistant', content: [reasoning] },
      { role: 'user', content: 'Four' },
    ];
    const { body } = await sent('gpt-5.2', { messages }, 'official');
    expect(body.input.slice(1, 4)).toEqual([
      item,
      { role: 'assistant', content: 'Two' },
      { role: 'user', content: 'Three' },
    ]);
    expect(body.input).toHaveLength(5);
    const other = await sent('gpt-5.4', { messages }, 'official');
    expect(JSON.stringify(other.body.input)).not.toMatch('sealed');
  });
});

describe('wishes', () => {
  const all = {
    temperature: 0.5,
    topP: 0.5,
    topK: 5,
    presencePenalty: 0.5,
    frequencyPenalty: 0.5,
    seed: 5,
    parallelToolCalls: true,
    tools: [weather],
  };

  it.each([
    ['gpt-4.1', 'official', {}, ['topK']],
    ['llama', 'compatible', {}, []],
    [
      'o1',
      'compatible',
      {},
      ['temperature', 'topP', 'topK', 'presencePenalty', 'frequencyPenalty', 'parallelToolCalls'],
    ],
    ['gpt-5.2', 'official', {}, ['topK', 'presencePenalty', 'frequencyPenalty', 'seed']],
    [
      'gpt-5.2',
      'official',
      { reasoning: { effort: 'high' } },
      ['temperature', 'topP', 'topK', 'presencePenalty', 'frequencyPenalty', 'seed'],
    ],
    [
      'gpt-5.6',
      'official',
      { reasoning: { effort: 'none' } },
      ['topK', 'presencePenalty', 'frequencyPenalty', 'seed'],
    ],
  ] as const)('of %s (%s) with %j: these are named as ignored: %j', async (model, where, more, ignored) => {
    const outcome = await sent(model, { ...all, ...more }, where);
    expect([...outcome.ignored].sort()).toEqual([...ignored].sort());
    expect(outcome.failure).toBeUndefined();
  });

  it('that a target has refused before are left out', async () => {
    const { body, ignored } = await sent('llama', { seed: 5, refused: new Set(['seed']) }, 'compatible');
    expect(body).not.toHaveProperty('seed');
    expect(ignored).toEqual(['seed']);
  });

  it.each([
    ['gpt-5', { effort: 'none' }, 'minimal', ['reasoning']],
    ['o3', { effort: 'none' }, 'low', ['reasoning']],
    ['gpt-5.2', { effort: 'none' }, 'none', []],
    ['gpt-5-pro', { effort: 'low' }, 'high', ['reasoning']],
    ['gpt-5.2', { budgetTokens: 10_000 }, 'medium', []],
    ['gpt-5.2', { budgetTokens: 0 }, 'none', []],
  ] as const)('for reasoning of %s %j send %s', async (model, reasoning, effort, ignored) => {
    const outcome = await sent(model, { reasoning }, 'official');
    expect(outcome.body.reasoning.effort).toBe(effort);
    expect(outcome.ignored).toEqual(ignored);
  });

  it('to reason are a condition that a classic model cannot meet', async () => {
    const provider = officialAt('http://127.0.0.1:9');
    expect(provider.supports?.('gpt-4.1').reasoning).toBe(false);
    const outcome = await run(provider, callOf({ reasoning: { effort: 'high' } }));
    expect(outcome.failure).toMatchObject({ kind: 'unsupported', feature: 'reasoning' });
    const none = await sent('gpt-4.1', { reasoning: { effort: 'none' } }, 'official');
    expect(none.body).not.toHaveProperty('reasoning_effort');
    expect(none.ignored).toEqual([]);
  });
});

describe('what cannot be expressed', () => {
  const { refuses } = officialAt('http://127.0.0.1:9');
  const azure = openai({
    client: new majors[0][1].AzureOpenAI({
      apiKey: 'key',
      apiVersion: '2025-04-01-preview',
      endpoint: 'http://127.0.0.1:9',
    }),
  });

  it('is told before a target is asked', () => {
    const { request } = callOf({ tools: [weather], reasoning: { effort: 'high' } });
    expect(azure.refuses?.('gpt-5.4', request)).toMatch('needs the Responses API');
    expect(refuses?.('gpt-5.4', request)).toBeUndefined();
    expect(refuses?.('gpt-4.1', callOf({ schema: { type: 'array' } }).request)).toMatch('root');
    expect(refuses?.('gpt-4.1', callOf({ stop: ['1', '2', '3', '4', '5'] }).request)).toMatch('at most 4');
    expect(refuses?.('gpt-4.1', callOf().request)).toBeUndefined();
    const responsesAlone = compatibleAt('http://127.0.0.1:9/v1', { api: 'responses' });
    expect(responsesAlone.refuses?.('any', callOf({ stop: ['.'] }).request)).toMatch('no stop sequences');
  });

  it('is known by family', () => {
    const { supports } = officialAt('http://127.0.0.1:9');
    expect(supports?.('o3')).toMatchObject({ stop: false, temperature: false, parallelToolCalls: false });
    expect(supports?.('gpt-5.2').stop).toBe(false);
    expect(supports?.('gpt-3.5-turbo')).toMatchObject({ images: false, schema: false });
    expect(supports?.('gpt-4-0613')).toMatchObject({ images: false, schema: false });
    expect(supports?.('gpt-4.1').images).toBeUndefined();
    expect(compatibleAt('http://127.0.0.1:9/v1').supports?.('llama')).toEqual({ fileUrls: false });
  });
});

describe("the host's own options", () => {
  it('are merged last, objects member by member, tools after those of the request', async () => {
    const options = { reasoning: { summary: 'detailed' }, tools: [{ type: 'web_search' }], user: 'u' };
    const request = { options, tools: [weather], reasoning: { effort: 'low' } } as const;
    const { body } = await sent('gpt-5.2', request, 'official');
    expect(body.reasoning).toEqual({ effort: 'low', summary: 'detailed' });
    expect(body.tools.map((tool: { type: string }) => tool.type)).toEqual(['function', 'web_search']);
    expect(body.user).toBe('u');
  });

  it.each(['model', 'messages', 'input', 'stream', 'n', 'background', 'instructions'])(
    'may not hold %s',
    async (key) => {
      const outcome = await run(compatibleAt('http://127.0.0.1:9/v1'), callOf({ options: { [key]: 1 } }));
      expect(outcome.failure).toMatchObject({ kind: 'bad-request' });
      expect(outcome.failure?.message).toMatch(`providerOptions.${key}`);
    },
  );
});

describe.each(majors)('a conversation over two turns with tools by %s', (_, { OpenAI }) => {
  it.each(['chat', 'responses'] as const)('is valid by %s', async (api) => {
    await using emulator = await openaiEmulator({
      reply: ({ afterToolResult }) =>
        afterToolResult
          ? { text: 'It is fine.', reasoning: 'done' }
          : { reasoning: 'look it up', toolCalls: [{ name: 'weather', arguments: { city: 'Oslo' } }] },
    });
    const client = new OpenAI({ apiKey: 'key', baseURL: `${emulator.url}/v1` });
    const provider = openai({ client, api });
    const tools = [weather];
    const first = await run(provider, callOf({ tools }, { model: 'gpt-5.2' }));
    expect(first.failure).toBeUndefined();
    const content = first.events.flatMap((event): object[] => {
      if (event.type === 'tool-call') return [{ ...event }];
      if (event.type !== 'reasoning' || event.providerState === undefined) return [];
      return [{ ...event, providerState: { provider: 'openai', state: event.providerState } }];
    });
    const messages: Message[] = [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: content as never },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: first.toolCalls[0]!.id, content: 'fine' }],
      },
    ];
    const second = await run(provider, callOf({ messages, tools }, { model: 'gpt-5.2' }));
    expect(second.failure).toBeUndefined();
    expect(second.text).toBe('It is fine.');
    const body = JSON.stringify(emulator.requests[1]?.body);
    expect(body.includes('encrypted_content":')).toBe(api === 'responses');
  });
});
