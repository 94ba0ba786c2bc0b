import { GoogleGenAI } from '@google/genai';
import { GoogleGenerativeAI } from '@google/generative-ai';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/request.ts';
import { classifyError } from '../../../src/providers/failure.ts';
import { google } from '../../../src/providers/google/index.ts';
import type { Provider, ProviderEvent, ProviderRequest } from '../../../src/providers/provider.ts';
import { geminiEmulator } from '../../../src/testing/emulators/gemini.ts';
import type { EmulatorOptions } from '../../../src/testing/emulators/server.ts';

const question = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] };

interface Asked {
  readonly body?: object;
  readonly model?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly options?: EmulatorOptions;
}

async function asked({ body = question, model = 'gemini-2.5-flash', path, headers, options }: Asked = {}) {
  await using emulator = await geminiEmulator(options);
  const where = path ?? `/v1beta/models/${model}:generateContent`;
  const response = await fetch(`${emulator.url}${where}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: headers ?? { 'x-goog-api-key': 'key' },
  });
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) };
}

const user = (...parts: object[]) => ({ role: 'user', parts });
const model = (...parts: object[]) => ({ role: 'model', parts });
const call = (name: string, more: object = {}) => ({ functionCall: { name, args: {} }, ...more });
const result = (name: string, more: object = {}) => ({ functionResponse: { name, response: {}, ...more } });
const text = { text: 'Hi' };
const skip = { thoughtSignature: 'skip_thought_signature_validator' };
const contents = (...list: object[]) => ({ contents: list });
const config = (generationConfig: object) => ({ ...question, generationConfig });
const tools = [{ functionDeclarations: [{ name: 'look' }] }];

describe('the emulator of Gemini refuses', () => {
  it.each<[string, Asked, RegExp]>([
    ['no contents', { body: {} }, /contents is not specified/],
    ['empty contents', { body: contents() }, /contents is not specified/],
    ['empty parts', { body: contents(user()) }, /parts must not be empty/],
    ['a part without data', { body: contents(user({})) }, /one initialized field/],
    ['another role', { body: contents({ role: 'assistant', parts: [text] }) }, /valid role/],
    ['the model first', { body: contents(model(text), user(text)) }, /start with a user role/],
    ['the model last', { body: contents(user(text), model(text)) }, /end with a user role/],
    ['the model twice', { body: contents(user(text), model(text), model(text), user(text)) }, /alternate/],
    ['bytes without a type', { body: contents(user({ inlineData: { data: 'AQID' } })) }, /MIME type/],
    ['an answer without a call', { body: contents(user(result('a'))) }, /immediately after a function call/],
    [
      'a call without an answer',
      { body: contents(user(text), model(call('a')), user(text)) },
      /number of function response parts/,
    ],
    [
      'one answer to two calls',
      { body: contents(user(text), model(call('a'), call('b')), user(result('a'))) },
      /number of function response parts/,
    ],
    [
      'an answer beside text',
      { body: contents(user(text), model(call('a')), user(result('a'), text)) },
      /number of function response parts/,
    ],
    [
      'an answer by another name',
      { body: contents(user(text), model(call('a')), user(result('b'))) },
      /match the function call "a"/,
    ],
    [
      'an answer by another id',
      {
        body: contents(
          user(text),
          model({ functionCall: { id: '1', name: 'a' } }),
          user(result('a', { id: '2' })),
        ),
      },
      /match the function call "a"/,
    ],
    ['a field that it does not know', { body: { ...question, max_tokens: 3 } }, /Unknown name "maxTokens"/],
    [
      'a setting that it does not know',
      { body: config({ maxTokens: 3 }) },
      /Unknown name "maxTokens" at 'generation_config'/,
    ],
    ['six stop sequences', { body: config({ stopSequences: [...'abcdef'] }) }, /at most 5 stop sequences/],
    ['a temperature of 3', { body: config({ temperature: 3 }) }, /temperature/],
    ['a penalty', { body: config({ presencePenalty: 0.1 }) }, /Penalty is not enabled/],
    [
      'level and budget',
      {
        body: config({ thinkingConfig: { thinkingLevel: 'LOW', thinkingBudget: 1 } }),
        model: 'gemini-3-pro-preview',
      },
      /only one of/,
    ],
    [
      'a level on 2.5',
      { body: config({ thinkingConfig: { thinkingLevel: 'LOW' } }) },
      /level is not supported/,
    ],
    [
      'MINIMAL on 3.8',
      { body: config({ thinkingConfig: { thinkingLevel: 'MINIMAL' } }), model: 'gemini-3.8-flash' },
      /MINIMAL is not supported/,
    ],
    [
      'thinking on 2.0',
      { body: config({ thinkingConfig: { thinkingBudget: 9 } }), model: 'gemini-2.0-flash' },
      /not enabled/,
    ],
    [
      'no thinking on 2.5 Pro',
      { body: config({ thinkingConfig: { thinkingBudget: 0 } }), model: 'gemini-2.5-pro' },
      /Budget 0 is invalid/,
    ],
    [
      'a budget out of range',
      { body: config({ thinkingConfig: { thinkingBudget: 90_000 } }) },
      /between 1 and 24576/,
    ],
    [
      'summaries of no thoughts',
      { body: config({ thinkingConfig: { thinkingBudget: 0, includeThoughts: true } }) },
      /include_thoughts/,
    ],
    ['a schema without its type', { body: config({ responseJsonSchema: {} }) }, /response mime type/],
    [
      'JSON with tools on 2.5',
      { body: { ...config({ responseMimeType: 'application/json' }), tools } },
      /Function calling with a response mime type/,
    ],
    [
      'a tool with a space',
      { body: { ...question, tools: [{ functionDeclarations: [{ name: 'a b' }] }] } },
      /Invalid function name/,
    ],
    ['a tool declared twice', { body: { ...question, tools: [...tools, ...tools] } }, /Duplicate/],
    [
      'a tool allowed that is not there',
      {
        body: {
          ...question,
          tools,
          toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['x'] } },
        },
      },
      /"x", which is not declared/,
    ],
    [
      'a call without a signature on 3',
      { body: contents(user(text), model(call('a')), user(result('a'))), model: 'gemini-3-pro-preview' },
      /missing a thought_signature/,
    ],
    [
      'a signature from elsewhere',
      {
        body: contents(user(text), model(call('a', { thoughtSignature: 'b3RoZXI=' })), user(result('a'))),
        model: 'gemini-3-pro-preview',
      },
      /signature is not valid/,
    ],
    [
      'a foreign URL on 2.0',
      {
        body: contents(user({ fileData: { fileUri: 'https://example.com/a.png' } })),
        model: 'gemini-2.0-flash',
      },
      /Unsupported file uri/,
    ],
    [
      'an instruction for Gemma 3',
      { body: { ...question, systemInstruction: user(text) }, model: 'gemma-3-27b-it' },
      /Developer instruction/,
    ],
  ])('%s', async (_, question, words) => {
    const { status, json } = await asked(question);
    expect(status).toBe(400);
    expect(json().error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
    expect(json().error.message).toMatch(words);
  });

  it.each<[string, Asked, number, string]>([
    ['a wrong key', { options: { keys: ['right'] } }, 400, 'API_KEY_INVALID'],
    ['no key', { headers: {} }, 403, 'PERMISSION_DENIED'],
    [
      'a wrong token on Vertex',
      {
        path: '/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent',
        options: { keys: ['right'] },
      },
      401,
      'UNAUTHENTICATED',
    ],
    ['a model that it does not have', { options: { models: ['gemini-3-pro'] } }, 404, 'NOT_FOUND'],
    ['another path', { path: '/v1beta/models/x:embedContent' }, 404, 'NOT_FOUND'],
  ])('%s', async (_, question, status, word) => {
    const answer = await asked(question);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(word);
  });
});

describe('the emulator of Gemini accepts', () => {
  it.each<[string, Asked]>([
    [
      'a signature that says that it is none',
      {
        body: contents(user(text), model(call('a', skip)), user(result('a'))),
        model: 'gemini-3-pro-preview',
      },
    ],
    [
      'calls of an older turn without signature',
      {
        body: contents(user(text), model(call('a')), user(result('a')), model(text), user(text)),
        model: 'gemini-3-pro-preview',
      },
    ],
    ['names in snake case', { body: { ...question, generation_config: { max_output_tokens: 5 } } }],
    ['a key in the URL', { path: '/v1/models/gemini-2.5-flash:generateContent?key=key', headers: {} }],
    [
      'a token on Vertex',
      {
        path: '/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent',
        headers: { authorization: 'Bearer t' },
      },
    ],
  ])('%s', async (_, question) => {
    expect((await asked(question)).status).toBe(200);
  });
});

async function read(provider: Provider, request: ProviderRequest, name = 'gemini-3-pro-preview') {
  const events: ProviderEvent[] = [];
  const one = { model: name, request, signal: new AbortController().signal, headers: {} };
  try {
    for await (const event of provider.stream!(one)) events.push(event);
    return { events };
  } catch (error) {
    return { events, failure: classifyError(provider, error) };
  }
}

const ask: Message = { role: 'user', content: 'Hi' };
const look = [{ name: 'look', parameters: { type: 'object', properties: {} } }];

describe('the emulator of Gemini answers', () => {
  const everything = {
    text: 'Hello you.',
    reasoning: 'Let me see.',
    toolCalls: [{ name: 'look', arguments: { at: 1 } }],
  };

  it.each(['streamGenerateContent', 'generateContent'])(
    'the SDKs with all that a reply holds: %s',
    async (task) => {
      await using emulator = await geminiEmulator({ reply: everything });
      const client = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: emulator.url } });
      const legacy = new GoogleGenerativeAI('key').getGenerativeModel(
        { model: 'gemini-3-pro' },
        { baseUrl: emulator.url },
      );
      const request = {
        model: 'gemini-3-pro',
        contents: 'Hi',
        config: { thinkingConfig: { includeThoughts: true } },
      };
      const body = { contents: [user(text)], generationConfig: request.config } as any;
      const isStream = task === 'streamGenerateContent';
      const chunks: any[] = [];
      if (isStream)
        for await (const chunk of await client.models.generateContentStream(request)) chunks.push(chunk);
      else chunks.push(await client.models.generateContent(request));
      const legacyChunks: any[] = [];
      if (isStream)
        for await (const chunk of (await legacy.generateContentStream(body)).stream) legacyChunks.push(chunk);
      else legacyChunks.push((await legacy.generateContent(body)).response);
      for (const list of [chunks, legacyChunks]) {
        const parts = list.flatMap((chunk) => chunk.candidates[0].content.parts ?? []);
        const textOf = (thought: boolean) =>
          parts
            .filter((part) => Boolean(part.thought) === thought)
            .map((part) => part.text ?? '')
            .join('');
        expect([textOf(false), textOf(true)]).toEqual(['Hello you.', 'Let me see.']);
        expect(parts.find((part) => part.functionCall)).toMatchObject({
          functionCall: { name: 'look', args: { at: 1 } },
          thoughtSignature: expect.any(String),
        });
        expect(list.at(-1).candidates[0].finishReason).toBe('STOP');
        expect(list.at(-1).usageMetadata.thoughtsTokenCount).toBe(3);
      }
    },
  );

  it('a stream without alt=sse as an array', async () => {
    const { json } = await asked({ path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent' });
    expect(json().at(-1).candidates[0].finishReason).toBe('STOP');
  });

  it('what failsoft asks, over two turns with tools, a foreign history, and Vertex', async () => {
    await using emulator = await geminiEmulator({
      reply: ({ afterToolResult }) => (afterToolResult ? 'Done.' : everything),
    });
    const provider = google({ apiKey: 'key', baseURL: emulator.url });
    const first = await read(provider, { messages: [ask], tools: look, reasoning: { effort: 'low' } });
    const state = (event: { providerState?: unknown }) =>
      event.providerState === undefined
        ? {}
        : { providerState: { provider: 'google', state: event.providerState } };
    const said = first.events.flatMap((event): any[] =>
      event.type === 'text' || event.type === 'tool-call' || event.type === 'reasoning'
        ? [{ ...event, ...state(event) }]
        : [],
    );
    const called = said.find((part) => part.type === 'tool-call');
    const messages: Message[] = [
      ask,
      { role: 'assistant', content: said },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: called.id, content: 'seen' }] },
    ];
    expect(called.providerState.state.signature).toBeDefined();
    const vertex = google({
      client: new GoogleGenAI({ vertexai: true, apiKey: 'key', httpOptions: { baseUrl: emulator.url } }),
    });
    for (const [other, name] of [
      [provider, 'gemini-3-pro-preview'],
      [provider, 'gemini-3-flash-preview'],
      [provider, 'gemini-2.5-flash'],
      [vertex, 'gemini-3-pro-preview'],
    ] as const) {
      const { events, failure } = await read(other, { system: 'Be brief.', messages, tools: look }, name);
      expect(failure).toBeUndefined();
      expect(events.map((event) => (event.type === 'text' ? event.text : '')).join('')).toBe('Done.');
    }
    expect(emulator.counters.refused).toBe(0);
  });

  it('broken arguments as a malformed call', async () => {
    await using emulator = await geminiEmulator({
      reply: { toolCalls: [{ name: 'look', arguments: '{"at' }] },
    });
    const { failure } = await read(google({ apiKey: 'key', baseURL: emulator.url }), {
      messages: [ask],
      tools: look,
    });
    expect(failure).toMatchObject({ kind: 'invalid-response', code: 'MALFORMED_FUNCTION_CALL' });
  });
});

describe('the faults of the emulator of Gemini', () => {
  it.each([
    ['server-error', 'server-error'],
    ['overloaded', 'overloaded'],
    ['rate-limit', 'rate-limit'],
    ['quota', 'quota'],
    ['auth', 'auth'],
    ['permission', 'permission'],
    ['model-not-found', 'model-not-found'],
    ['context-length', 'context-length'],
    ['content-policy', 'content-policy'],
    ['bad-request', 'bad-request'],
    ['stream-error', 'overloaded'],
    ['garbage', 'invalid-response'],
    ['truncate', 'invalid-response'],
    ['reset', 'network'],
    ['half-json', 'invalid-response'],
  ] as const)('%s is %s to the provider, by every package', async (fault, kind) => {
    await using emulator = await geminiEmulator({ faults: fault });
    for (const sdk of ['genai', 'generative-ai'] as const) {
      const { failure } = await read(google({ apiKey: 'key', baseURL: emulator.url, sdk }), {
        messages: [ask],
      });
      // What the older package says of a stream that is none does not tell the two apart.
      expect(failure?.kind).toBe(kind);
    }
  });

  it('a rate limit tells its wait in the body', async () => {
    await using emulator = await geminiEmulator({
      faults: { kind: 'rate-limit', hint: 'body', afterMs: 1_500 },
    });
    for (const sdk of ['genai', 'generative-ai'] as const) {
      const { failure } = await read(google({ apiKey: 'key', baseURL: emulator.url, sdk }), {
        messages: [ask],
      });
      expect(failure).toMatchObject({ kind: 'rate-limit', retryAfterMs: 1_500 });
    }
  });
});
