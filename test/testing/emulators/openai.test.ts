import OpenAI, { AzureOpenAI } from 'openai';
import OpenAI6, { AzureOpenAI as AzureOpenAI6 } from 'openai-6';
import { afterEach, describe, expect, it } from 'vitest';
import { openaiEmulator, type OpenAIEmulatorOptions } from '../../../src/testing/emulators/openai.ts';
import type { Emulator } from '../../../src/testing/emulators/server.ts';

const open: Emulator[] = [];
afterEach(async () => {
  for (const emulator of open.splice(0)) await emulator.close();
});

async function start(options: OpenAIEmulatorOptions = {}): Promise<Emulator> {
  const emulator = await openaiEmulator(options);
  open.push(emulator);
  return emulator;
}

type Client = OpenAI;

function clientOf(emulator: Emulator, path = '/v1', Sdk: unknown = OpenAI): Client {
  const Made = Sdk as typeof OpenAI;
  return new Made({
    apiKey: 'sk-test',
    baseURL: emulator.url + path,
    maxRetries: 0,
    organization: null,
    project: null,
  });
}

function azureOf(emulator: Emulator, Sdk: unknown = AzureOpenAI): AzureOpenAI {
  const Made = Sdk as typeof AzureOpenAI;
  return new Made({ apiKey: 'key', endpoint: emulator.url, apiVersion: '2025-04-01-preview', maxRetries: 0 });
}

const majors = [
  ['openai 7', OpenAI, AzureOpenAI],
  ['openai 6', OpenAI6, AzureOpenAI6],
] as const;

const rich = {
  text: 'Let me look.',
  reasoning: 'The user wants the weather.',
  toolCalls: [
    { name: 'weather', arguments: { city: 'Łódź', days: [1, 2] } },
    { name: 'time', arguments: {} },
  ],
  usage: { inputTokens: 50, cachedInputTokens: 30, outputTokens: 20, reasoningTokens: 8 },
};

const tools: any[] = ['weather', 'time'].map((name) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} } },
}));
const flatTools: any[] = tools.map((tool) => ({ type: 'function', strict: false, ...tool.function }));
const hi = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Hi' }] };

async function listOf<T>(events: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const event of events) list.push(event);
  return list;
}

describe.each(majors)('the OpenAI emulator under %s', (_name, Sdk, Azure) => {
  it('answers Chat Completions', async () => {
    const emulator = await start({ reply: rich });
    const reply = await clientOf(emulator, '/v1', Sdk).chat.completions.create({ ...hi, tools });
    const [choice] = reply.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message.content).toBe('Let me look.');
    expect(
      choice?.message.tool_calls?.map((call: any) => [
        call.function.name,
        JSON.parse(call.function.arguments),
      ]),
    ).toEqual([
      ['weather', { city: 'Łódź', days: [1, 2] }],
      ['time', {}],
    ]);
    expect(reply.usage).toMatchObject({
      prompt_tokens: 50,
      completion_tokens: 20,
      total_tokens: 70,
      prompt_tokens_details: { cached_tokens: 30 },
      completion_tokens_details: { reasoning_tokens: 8 },
    });
    expect(emulator.requests[0]?.path).toBe('/v1/chat/completions');
  });

  it('streams Chat Completions: role first, calls in fragments, usage only if asked for', async () => {
    const emulator = await start({ reply: rich });
    const client = clientOf(emulator, '/v1', Sdk);
    const without = await listOf(await client.chat.completions.create({ ...hi, tools, stream: true }));
    expect(without[0]?.choices[0]?.delta.role).toBe('assistant');
    expect(without.every((chunk) => chunk.usage === undefined && chunk.choices.length === 1)).toBe(true);
    const fragments = without.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
    expect(fragments.filter((fragment) => fragment.id).map((fragment) => fragment.function?.name)).toEqual([
      'weather',
      'time',
    ]);
    expect(fragments.length).toBeGreaterThan(4);
    const stream_options = { include_usage: true };
    const chunks = await listOf(
      await client.chat.completions.create({ ...hi, tools, stream: true, stream_options }),
    );
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 50 } });
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('tool_calls');
  });

  it('satisfies the streaming helpers, which check what they accumulate', async () => {
    const client = clientOf(await start({ reply: rich }), '/v1', Sdk);
    const chat = await client.chat.completions.stream({ ...hi, tools }).finalChatCompletion();
    expect(chat.choices[0]?.message.tool_calls).toHaveLength(2);
    const input = {
      model: 'gpt-5.2',
      input: 'Hi',
      tools: flatTools,
      reasoning: { effort: 'low', summary: 'auto' },
    } as const;
    const response = await client.responses.stream(input).finalResponse();
    expect(response.output.map((item) => item.type)).toEqual([
      'reasoning',
      'message',
      'function_call',
      'function_call',
    ]);
    expect(JSON.stringify(response.output[1])).toContain('Let me look.');
    expect(response.usage).toMatchObject({ input_tokens: 50, output_tokens: 20, total_tokens: 70 });
  });

  it('answers Responses, stored unless it is told not to', async () => {
    const client = clientOf(await start({ reply: rich }), '/v1', Sdk);
    const reply: any = await client.responses.create({ model: 'gpt-5.2', input: 'Hi', tools: flatTools });
    expect(reply).toMatchObject({ status: 'completed', store: true, output_text: 'Let me look.' });
    const unstored: any = await client.responses.create({ model: 'gpt-5.2', input: 'Hi', store: false });
    expect(unstored.store).toBe(false);
  });

  it('speaks Azure under its own paths, with a first chunk that has no choices', async () => {
    const emulator = await start({ reply: 'Hello.' });
    const client = azureOf(emulator, Azure);
    const chunks = await listOf(await client.chat.completions.create({ ...hi, stream: true }));
    expect(chunks[0]).toMatchObject({ choices: [], prompt_filter_results: [{ prompt_index: 0 }] });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hello.');
    expect(emulator.requests[0]).toMatchObject({
      path: '/openai/deployments/gpt-4o/chat/completions',
      headers: { 'api-key': 'key' },
    });
    expect(emulator.requests[0]?.query.get('api-version')).toBe('2025-04-01-preview');
  });

  it.each([
    ['server-error', 500, 'server_error'],
    ['overloaded', 503, 'server_is_overloaded'],
    ['rate-limit', 429, 'rate_limit_exceeded'],
    ['quota', 429, 'insufficient_quota'],
    ['auth', 401, 'invalid_api_key'],
    ['permission', 403, 'unsupported_country_region_territory'],
    ['model-not-found', 404, 'model_not_found'],
    ['context-length', 400, 'context_length_exceeded'],
    ['content-policy', 400, 'invalid_prompt'],
  ] as const)('fails with %s as the vendor does', async (fault, status, code) => {
    const client = clientOf(await start({ faults: fault }), '/v1', Sdk);
    await expect(client.chat.completions.create(hi)).rejects.toMatchObject({ status, code });
    await expect(client.responses.create({ model: 'gpt-4o', input: 'Hi' })).rejects.toMatchObject({
      status,
      code,
    });
  });

  it('breaks off with an error among the events', async () => {
    const client = clientOf(await start({ faults: 'stream-error', reply: 'a b c d e f' }), '/v1', Sdk);
    const chat = client.chat.completions.create({ ...hi, stream: true }).then(listOf);
    await expect(chat).rejects.toMatchObject({ status: undefined, code: 'server_is_overloaded' });
    const responses = client.responses.create({ model: 'gpt-4o', input: 'Hi', stream: true }).then(listOf);
    await expect(responses).rejects.toMatchObject({ status: undefined, code: 'server_is_overloaded' });
  });
});

type Refused = { status: number; code?: string | null; param?: string | null; message?: unknown };

async function refusal(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    () => expect.unreachable('the request was accepted'),
    (error: unknown) => error,
  );
}

const call = (id: string, name = 'weather') => ({
  id,
  type: 'function',
  function: { name, arguments: '{}' },
});
const assistantCalls = (...ids: string[]) => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => call(id)),
});
const result = (id: string, content: unknown = 'sunny') => ({ role: 'tool', tool_call_id: id, content });
const user = { role: 'user', content: 'Hi' };
const image = { type: 'image_url', image_url: { url: 'https://example.org/cat.png' } };
const strict = (schema: object) => ({
  response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
});

describe('Chat Completions refuses', () => {
  const unanswered = /must be followed by tool messages responding to each 'tool_call_id'[^]*call_b/;
  const cases: [string, object, Refused][] = [
    ['an unknown parameter', { top_k: 4 }, { status: 400, code: 'unknown_parameter', param: 'top_k' }],
    [
      'no messages',
      { messages: undefined },
      { status: 400, code: 'missing_required_parameter', param: 'messages' },
    ],
    ['an empty list of messages', { messages: [] }, { status: 400, code: 'empty_array', param: 'messages' }],
    ['no model', { model: undefined }, { status: 400, message: /provide a model/ }],
    [
      'a role that is none',
      { messages: [{ role: 'model', content: 'x' }] },
      { status: 400, param: 'messages[0].role' },
    ],
    [
      'content that is null',
      { messages: [{ role: 'user', content: null }] },
      { status: 400, message: /expected a string, got null/ },
    ],
    [
      'private state in a message',
      { messages: [{ ...user, providerState: {} }] },
      { status: 400, code: 'unknown_parameter' },
    ],
    [
      'a result without its call',
      { messages: [user, result('call_a')] },
      { status: 400, message: /must be a response to a preceeding message with 'tool_calls'/ },
    ],
    [
      'a call without its result',
      { messages: [user, assistantCalls('call_a', 'call_b'), result('call_a'), user] },
      { status: 400, message: unanswered },
    ],
    [
      'a call without its result at the end',
      { messages: [user, assistantCalls('call_b')] },
      { status: 400, message: unanswered },
    ],
    [
      'an id of more than 40 characters',
      { messages: [user, assistantCalls('c'.repeat(41)), result('c'.repeat(41))] },
      { status: 400, code: 'string_above_max_length', param: 'messages[1].tool_calls[0].id' },
    ],
    [
      'arguments that are no string',
      {
        messages: [
          user,
          {
            role: 'assistant',
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: {} } }],
          },
          result('a'),
        ],
      },
      { status: 400, code: 'invalid_type' },
    ],
    [
      'an image in a result',
      { messages: [user, assistantCalls('a'), result('a', [image])] },
      { status: 400, code: 'invalid_value', message: /only allowed for messages with role 'user'/ },
    ],
    [
      'an image that is a path',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: '/tmp/cat.png' } }] }] },
      { status: 400, code: 'invalid_image_format' },
    ],
    [
      'an image for a model without eyes',
      { model: 'gpt-3.5-turbo', messages: [{ role: 'user', content: [image] }] },
      { status: 400, code: 'invalid_value' },
    ],
    [
      'a tool with a name that is none',
      { tools: [{ type: 'function', function: { name: 'get weather' } }] },
      { status: 400, param: 'tools[0].function.name' },
    ],
    [
      'a tool with a long name',
      { tools: [{ type: 'function', function: { name: 'x'.repeat(65) } }] },
      { status: 400, code: 'string_above_max_length' },
    ],
    [
      'parameters that are no object',
      { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'string' } } }] },
      { status: 400, code: 'invalid_function_parameters' },
    ],
    [
      'a strict tool that is not strict',
      {
        tools: [
          {
            type: 'function',
            function: {
              name: 'f',
              strict: true,
              parameters: { type: 'object', properties: { a: { type: 'string' } } },
            },
          },
        ],
      },
      { status: 400, code: 'invalid_function_parameters' },
    ],
    ['an empty list of tools', { tools: [] }, { status: 400, code: 'empty_array', param: 'tools' }],
    [
      'parallel_tool_calls without tools',
      { parallel_tool_calls: false },
      { status: 400, param: 'parallel_tool_calls', code: null },
    ],
    ['tool_choice without tools', { tool_choice: 'auto' }, { status: 400, param: 'tool_choice' }],
    [
      'a choice that is no tool',
      { tools, tool_choice: { type: 'function', function: { name: 'x' } } },
      { status: 400, param: 'tool_choice' },
    ],
    [
      'five stops',
      { stop: ['a', 'b', 'c', 'd', 'e'] },
      { status: 400, code: 'array_above_max_length', param: 'stop' },
    ],
    ['a temperature out of range', { temperature: 2.5 }, { status: 400, code: 'decimal_above_max_value' }],
    ['a limit of no token', { max_completion_tokens: 0 }, { status: 400, code: 'integer_below_min_value' }],
    [
      'stream_options without stream',
      { stream_options: { include_usage: true } },
      { status: 400, param: 'stream_options' },
    ],
    [
      'json_object without the word',
      { response_format: { type: 'json_object' } },
      { status: 400, param: 'messages', message: /the word 'json'/ },
    ],
    [
      'a schema without a name',
      { response_format: { type: 'json_schema', json_schema: { schema: {} } } },
      { status: 400, code: 'missing_required_parameter' },
    ],
    [
      'a strict schema that lets more in',
      strict({ type: 'object', properties: {} }),
      { status: 400, code: 'invalid_json_schema', message: /'additionalProperties'/ },
    ],
    [
      'a strict schema with an optional property',
      strict({
        type: 'object',
        additionalProperties: false,
        required: [],
        properties: { a: { type: 'string' } },
      }),
      { status: 400, message: /Missing 'a'/ },
    ],
    [
      'a strict schema with a keyword of its own, deep inside',
      strict({
        type: 'object',
        additionalProperties: false,
        required: ['a'],
        properties: { a: { type: 'array', items: { type: 'string', minLength: 2 } } },
      }),
      { status: 400, message: /context=\('properties', 'a', 'items'\), 'minLength' is not permitted/ },
    ],
    [
      'a schema for an old model',
      { model: 'gpt-4-turbo', ...strict({}) },
      { status: 400, message: /not supported with this model/ },
    ],
    [
      'temperature while the model reasons',
      { model: 'gpt-5', temperature: 0.2 },
      { status: 400, code: 'unsupported_value', param: 'temperature' },
    ],
    [
      'top_p while the model reasons',
      { model: 'o3', top_p: 0.5 },
      { status: 400, code: 'unsupported_parameter', param: 'top_p' },
    ],
    [
      'a penalty while the model reasons',
      { model: 'gpt-5.2', reasoning_effort: 'high', presence_penalty: 1 },
      { status: 400, param: 'presence_penalty' },
    ],
    [
      'max_tokens from the o-series on',
      { model: 'o1', max_tokens: 5 },
      { status: 400, code: 'unsupported_parameter', param: 'max_tokens' },
    ],
    [
      'stop from o3 on',
      { model: 'o3', stop: ['a'] },
      { status: 400, code: 'unsupported_parameter', param: 'stop' },
    ],
    [
      'an effort that the model lacks',
      { model: 'gpt-5', reasoning_effort: 'none' },
      { status: 400, code: 'unsupported_value', param: 'reasoning_effort' },
    ],
    [
      'an effort where nothing reasons',
      { reasoning_effort: 'low' },
      { status: 400, message: /Unrecognized request argument/ },
    ],
    [
      'function tools with reasoning from gpt-5.4 on',
      { model: 'gpt-5.4-mini', tools, reasoning_effort: 'low' },
      { status: 400, param: 'reasoning_effort', message: /Please use \/v1\/responses instead/ },
    ],
    [
      'function tools with the default effort of gpt-5.6',
      { model: 'gpt-5.6', tools },
      { status: 400, param: 'reasoning_effort', message: /set reasoning_effort to 'none'/ },
    ],
    [
      'parallel_tool_calls on the o-series',
      { model: 'o4-mini', tools, parallel_tool_calls: true },
      { status: 400, code: 'unsupported_parameter' },
    ],
  ];

  it.each(cases)('%s', async (_what, change, { message, ...fields }) => {
    const emulator = await start();
    const error = await refusal(clientOf(emulator).chat.completions.create({ ...hi, ...change }));
    expect(error).toMatchObject({ type: 'invalid_request_error', ...fields });
    if (message) expect(error.message).toMatch(message as RegExp);
    expect(emulator.counters).toMatchObject({ requests: 1, refused: 1, answered: 0 });
  });
});

describe('Chat Completions accepts', () => {
  const cases: [string, object][] = [
    [
      'a conversation with parallel calls and their results in any order',
      { messages: [user, assistantCalls('a', 'b'), result('b'), result('a'), user] },
    ],
    ['ids of 40 characters', { messages: [user, assistantCalls('c'.repeat(40)), result('c'.repeat(40))] }],
    [
      'images as web and data addresses',
      {
        messages: [
          {
            role: 'user',
            content: [image, { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } }],
          },
        ],
      },
    ],
    ['temperature where the model does not reason by default', { model: 'gpt-5.2', temperature: 0.2 }],
    ['temperature on a chat variant', { model: 'gpt-5-chat-latest', temperature: 0.2, max_tokens: 9 }],
    ['stop on o1', { model: 'o1', stop: ['x'] }],
    ['tools without effort on gpt-5.4', { model: 'gpt-5.4', tools }],
    [
      'tools with no effort on gpt-5.6',
      { model: 'gpt-5.6', tools, reasoning_effort: 'none', temperature: 0.5 },
    ],
    [
      'json_object with the word',
      { messages: [{ role: 'user', content: 'Answer in JSON.' }], response_format: { type: 'json_object' } },
    ],
    [
      'a strict schema',
      strict({
        type: 'object',
        additionalProperties: false,
        required: ['a'],
        properties: { a: { anyOf: [{ type: 'string', format: 'date' }, { type: 'null' }] } },
      }),
    ],
  ];
  it.each(cases)('%s', async (_what, change) => {
    await clientOf(await start()).chat.completions.create({ ...hi, ...change });
  });
});

const fc = (call_id: string, more: object = {}) => ({
  type: 'function_call',
  call_id,
  name: 'weather',
  arguments: '{}',
  ...more,
});
const out = (call_id: string, output: unknown = 'sunny') => ({
  type: 'function_call_output',
  call_id,
  output,
});

describe('Responses refuses', () => {
  const cases: [string, object, Refused][] = [
    ...['stop', 'seed', 'messages', 'presence_penalty', 'max_tokens'].map(
      (param): [string, object, Refused] => [
        `the parameter ${param}, which it does not have`,
        { [param]: 1 },
        { status: 400, code: 'unknown_parameter', param },
      ],
    ),
    [
      'include_usage, which it does not need',
      { stream: true, stream_options: { include_usage: true } },
      { status: 400, param: 'stream_options.include_usage' },
    ],
    ['no model', { model: undefined }, { status: 400, code: 'missing_required_parameter', param: 'model' }],
    ['no input', { input: undefined }, { status: 400, code: 'missing_required_parameter', param: 'input' }],
    [
      'an output without its call',
      { input: [user, out('call_x')] },
      {
        status: 400,
        param: 'input',
        message: /No tool call found for function call output with call_id call_x/,
      },
    ],
    [
      'a call without its output',
      { input: [user, fc('call_x')] },
      { status: 400, param: 'input', message: /No tool output found for function call call_x/ },
    ],
    [
      'an output before its call',
      { input: [user, out('a'), fc('a')] },
      { status: 400, message: /No tool call found/ },
    ],
    [
      'a call id of more than 64 characters',
      { input: [user, fc('c'.repeat(65)), out('c'.repeat(65))] },
      { status: 400, code: 'string_above_max_length' },
    ],
    [
      'an item id of another kind',
      { input: [user, fc('a', { id: 'call_1' }), out('a')] },
      { status: 400, message: /begins with 'fc'/ },
    ],
    [
      'chat parts',
      { input: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] },
      { status: 400, code: 'invalid_value' },
    ],
    [
      'input parts in an assistant message',
      { input: [user, { role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }] },
      { status: 400, code: 'invalid_value' },
    ],
    ['nested tools', { tools }, { status: 400, code: 'missing_required_parameter', param: 'tools[0].name' }],
    ['required without tools', { tool_choice: 'required' }, { status: 400, param: 'tool_choice' }],
    [
      'a choice that is no tool',
      { tools: flatTools, tool_choice: { type: 'function', name: 'x' } },
      { status: 400, param: 'tool_choice' },
    ],
    ['fewer than 16 tokens', { max_output_tokens: 15 }, { status: 400, code: 'integer_below_min_value' }],
    [
      'temperature while the model reasons, without a code',
      { model: 'gpt-5', temperature: 0.2 },
      { status: 400, code: null, param: 'temperature' },
    ],
    [
      'reasoning where nothing reasons',
      { reasoning: { effort: 'low' } },
      { status: 400, code: 'unsupported_parameter', param: 'reasoning.effort' },
    ],
    [
      'sealed reasoning where nothing reasons',
      { include: ['reasoning.encrypted_content'] },
      { status: 400, param: 'include' },
    ],
    [
      'an effort that the model lacks',
      { model: 'gpt-5.6', reasoning: { effort: 'minimal' } },
      { status: 400, code: 'unsupported_value' },
    ],
    [
      'json_object without the word',
      { text: { format: { type: 'json_object' } } },
      { status: 400, param: 'input' },
    ],
    [
      'a strict schema that is not strict',
      {
        text: {
          format: {
            type: 'json_schema',
            name: 'a',
            strict: true,
            schema: { type: 'object', properties: {} },
          },
        },
      },
      { status: 400, code: 'invalid_json_schema', param: 'text.format.schema' },
    ],
    [
      'a response that it never stored',
      { previous_response_id: 'resp_1' },
      { status: 400, code: 'previous_response_not_found' },
    ],
  ];

  it.each(cases)('%s', async (_what, change, { message, ...fields }) => {
    const emulator = await start();
    const body: any = { model: 'gpt-4o', input: 'Hi', ...change };
    const error = await refusal(clientOf(emulator).responses.create(body));
    expect(error).toMatchObject({ type: 'invalid_request_error', ...fields });
    if (message) expect(error.message).toMatch(message as RegExp);
  });
});

describe('sealed reasoning', () => {
  const asked = {
    model: 'gpt-5.2',
    reasoning: { effort: 'low' as const },
    include: ['reasoning.encrypted_content' as const],
    store: false,
    tools: flatTools,
  };

  async function firstTurn() {
    const client = clientOf(
      await start({ reply: { reasoning: 'secret', toolCalls: [{ name: 'weather', arguments: {} }] } }),
    );
    const first = await client.responses.create({ ...asked, input: 'Hi' });
    const [reasoning, called] = first.output as any[];
    const next = (items: any[]) =>
      client.responses.create({ ...asked, input: [user as any, ...items, out(called.call_id as string)] });
    return { reasoning, called, next };
  }

  it('shows its text only as a summary that was asked for', async () => {
    const { reasoning } = await firstTurn();
    expect(reasoning).toMatchObject({ type: 'reasoning', summary: [] });
    expect(reasoning.encrypted_content).toMatch(/^gAAAA/);
    const client = clientOf(await start({ reply: { reasoning: 'secret', text: 'x' } }));
    const shown = await client.responses.create({
      model: 'gpt-5.2',
      input: 'Hi',
      reasoning: { effort: 'low', summary: 'auto' },
    });
    expect(shown.output[0]).toEqual({
      id: expect.stringMatching(/^rs_/) as string,
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'secret' }],
    });
  });

  it('comes back as it was', async () => {
    const { reasoning, called, next } = await firstTurn();
    await next([reasoning, called]);
  });

  it.each<[string, (reasoning: any) => any, Refused]>([
    [
      'changed',
      (item) => ({ ...item, encrypted_content: item.encrypted_content.replace(/.$/, '~') }),
      { status: 400, code: 'invalid_encrypted_content' },
    ],
    [
      'cut',
      (item) => ({ ...item, encrypted_content: item.encrypted_content.slice(0, 20) }),
      { status: 400, code: 'invalid_encrypted_content' },
    ],
    [
      'of another item',
      (item) => ({ ...item, id: 'rs_other' }),
      { status: 400, code: 'invalid_encrypted_content' },
    ],
    [
      'missing, with an id that names nothing stored',
      ({ encrypted_content: _, ...item }) => item,
      { status: 404, param: 'input' },
    ],
    [
      'with a status',
      (item) => ({ ...item, status: 'completed' }),
      { status: 400, code: 'unknown_parameter' },
    ],
    [
      'without a summary',
      ({ summary: _, ...item }) => item,
      { status: 400, code: 'missing_required_parameter' },
    ],
  ])('is refused when it is %s', async (_what, change, fields) => {
    const { reasoning, called, next } = await firstTurn();
    expect(await refusal(next([change(reasoning), called]))).toMatchObject(fields);
  });

  it('is refused without what followed it', async () => {
    const { reasoning, called, next } = await firstTurn();
    const error = await refusal(next([called, reasoning]));
    expect(error.message).toMatch(/without its required following item/);
  });
});

describe('keys, models and paths', () => {
  it('refuses a key that it does not know, quoting it as the vendor does', async () => {
    const client = clientOf(await start({ keys: ['sk-other'] }));
    const error = await refusal(client.chat.completions.create(hi));
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect(error.message).toContain('sk-test');
  });

  it('does not know a model: 404 from one surface, 400 from the other', async () => {
    const client = clientOf(await start({ models: ['gpt-4o'] }));
    const body = { ...hi, model: 'gpt-9' };
    expect(await refusal(client.chat.completions.create(body))).toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    const responses = client.responses.create({ model: 'gpt-9', input: 'Hi' });
    expect(await refusal(responses)).toMatchObject({ status: 400, code: 'model_not_found', param: 'model' });
    expect((await client.models.list()).data).toHaveLength(1);
  });

  it('does not know a path', async () => {
    const client = clientOf(await start());
    expect(await refusal(client.post('/nothing'))).toMatchObject({ status: 404 });
  });

  it('says what Azure says, in its own codes', async () => {
    const emulator = await start({ keys: ['other'], models: ['known'] });
    const client = azureOf(emulator);
    expect(await refusal(client.chat.completions.create(hi))).toMatchObject({
      status: 401,
      code: '401',
      type: undefined,
    });
    const open = azureOf(await start({ models: ['known'] }));
    expect(await refusal(open.chat.completions.create(hi))).toMatchObject({
      status: 404,
      code: 'DeploymentNotFound',
    });
    const limited = azureOf(
      await start({ faults: [{ kind: 'rate-limit', hint: 'body', afterMs: 7_000 }, 'content-policy'] }),
    );
    const limit = await refusal(limited.chat.completions.create(hi));
    expect(limit).toMatchObject({ status: 429, code: '429' });
    expect(limit.message).toContain('Please retry after 7 seconds.');
    const filtered = await refusal(limited.chat.completions.create(hi));
    expect(filtered).toMatchObject({ status: 400, code: 'content_filter' });
    expect(filtered.error.innererror.code).toBe('ResponsibleAIPolicyViolation');
    const unversioned = clientOf(await start(), '/openai/deployments/gpt-4o');
    expect(await refusal(unversioned.chat.completions.create(hi))).toMatchObject({
      status: 404,
      code: '404',
    });
    await clientOf(await start(), '/openai/v1').chat.completions.create(hi);
  });

  it('lets a compatible endpoint take what OpenAI would not, and shows its reasoning', async () => {
    const emulator = await start({
      reply: { text: 'Yes.', reasoning: 'Hm, well.', usage: { costUsd: 0.01 } },
    });
    const router = clientOf(emulator, '/api/v1');
    const body: any = {
      ...hi,
      model: 'openai/gpt-5',
      temperature: 0.2,
      provider: { order: ['x'] },
      max_tokens: 3,
    };
    const reply: any = await router.chat.completions.create(body);
    expect(reply.choices[0].message.reasoning).toBe('Hm, well.');
    expect(reply.usage.cost).toBe(0.01);
    const chunks: any[] = await listOf(
      (await router.chat.completions.create({ ...body, stream: true })) as any,
    );
    expect(chunks.map((chunk) => chunk.choices[0].delta.reasoning ?? '').join('')).toBe('Hm, well.');
    const vllm: any = await clientOf(emulator, '/serving').chat.completions.create(hi);
    expect(vllm.choices[0].message.reasoning_content).toBe('Hm, well.');
    await emulator.fault(['quota', 'server-error']);
    expect(await refusal(router.chat.completions.create(hi))).toMatchObject({ status: 402, code: 402 });
    expect(await refusal(router.chat.completions.create(hi))).toMatchObject({ status: 502, code: 502 });
  });
});

describe('replies', () => {
  it.each([
    ['stop', 'stop', 'completed'],
    ['length', 'length', 'incomplete'],
    ['content-filter', 'content_filter', 'incomplete'],
    ['eos', 'eos', 'completed'],
    ['failed', 'failed', 'failed'],
  ])('end as they are told: %s', async (finishReason, chat, responses) => {
    const client = clientOf(await start({ reply: { text: 'x', finishReason } }));
    expect((await client.chat.completions.create(hi)).choices[0]?.finish_reason).toBe(chat);
    const reply = await client.responses.create({ model: 'gpt-4o', input: 'Hi' });
    expect(reply.status).toBe(responses);
    const events = await listOf(
      await client.responses.create({ model: 'gpt-4o', input: 'Hi', stream: true }),
    );
    expect(events.at(-1)?.type).toBe(`response.${responses}`);
  });

  it('hold an object as JSON text', async () => {
    const client = clientOf(await start({ reply: { object: { city: 'Łódź' } } }));
    const reply = await client.chat.completions.create(hi);
    expect(JSON.parse(reply.choices[0]?.message.content ?? '')).toEqual({ city: 'Łódź' });
  });

  it('can be refusals', async () => {
    const client = clientOf(await start({ reply: { text: 'I will not.', finishReason: 'refusal' } }));
    const reply = await client.chat.completions.create(hi);
    expect(reply.choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: null, refusal: 'I will not.' },
    });
    const response: any = await client.responses.create({ model: 'gpt-4o', input: 'Hi' });
    expect(response.output[0].content).toEqual([{ type: 'refusal', refusal: 'I will not.' }]);
  });

  it('can hold broken arguments', async () => {
    const client = clientOf(await start({ reply: { toolCalls: [{ name: 'f', arguments: '{"a":' }] } }));
    const reply: any = await client.chat.completions.create({ ...hi, tools });
    expect(reply.choices[0].message.tool_calls[0].function.arguments).toBe('{"a":');
  });

  it('can depend on the request', async () => {
    const client = clientOf(
      await start({
        reply: ({ prompt, model, stream, afterToolResult }) =>
          `${prompt}|${model}|${stream}|${afterToolResult}`,
      }),
    );
    const messages: any[] = [
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      assistantCalls('a'),
      result('a'),
    ];
    const reply = await client.chat.completions.create({ ...hi, messages });
    expect(reply.choices[0]?.message.content).toBe('Hi|gpt-4o|false|true');
    expect((await client.responses.create({ model: 'gpt-4o', input: 'Ho' })).output_text).toBe(
      'Ho|gpt-4o|false|false',
    );
  });
});
