import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openai, type OpenAIClient } from '../../../src/providers/openai/index.ts';
import { compatibleAt, majors } from './clients.ts';
import { callOf, chunk, frame, hello, helloStream, json, loopback, run, sse } from './loopback.ts';

const unhandled: unknown[] = [];
const remember = (reason: unknown) => void unhandled.push(reason);
beforeEach(() => void process.on('unhandledRejection', remember));
afterEach(async () => {
  // Node tells of unhandled rejections after the microtasks of a turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', remember);
  expect(unhandled.splice(0)).toEqual([]);
});

describe.each(majors)('a client that the host made with %s', (_, { OpenAI, AzureOpenAI }) => {
  it('sends each request once, whatever its own retries are and whatever the server asks for', async () => {
    await using server = await loopback(
      json({ error: { message: 'busy' } }, 503, { 'x-should-retry': 'true' }),
    );
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL, maxRetries: 5 });
    for (const api of ['chat', 'responses'] as const) await run(openai({ client, api }), callOf());
    expect(server.received).toHaveLength(2);
  });

  it('does not end a request by its own timeout', async () => {
    await using server = await loopback(async (response, received) => {
      await new Promise((resolve) => setImmediate(resolve));
      await sse(helloStream)(response, received);
    });
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL, timeout: 1 });
    expect((await run(openai({ client }), callOf())).failure).toBeUndefined();
  });

  it('sends nothing when the signal is aborted already', async () => {
    await using server = await loopback(json(hello));
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL });
    const outcome = await run(openai({ client }), callOf({}, { signal: AbortSignal.abort() }));
    expect(outcome.failure).toBeDefined();
    expect(server.received).toEqual([]);
  });

  it('stops at once and closes the connection on abort: before the headers, in a stream, in a body', async () => {
    const hang = () => {};
    const stall = (type: string, text: string) => (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': type });
      response.write(text);
    };
    await using server = await loopback(
      hang,
      stall('text/event-stream', frame(chunk({ content: 'Hel' }))),
      stall('application/json', '{"choices":['),
    );
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL });
    for (const index of [0, 1, 2]) {
      const abort = new AbortController();
      const outcome = run(
        openai({ client }),
        callOf({}, { signal: abort.signal }),
        index === 2 ? 'unary' : 'stream',
      );
      await vi.waitFor(() => expect(server.received).toHaveLength(index + 1));
      abort.abort(new Error('enough'));
      const { failure, finishReason } = await outcome;
      expect(failure).toBeDefined();
      expect(finishReason).toBeUndefined();
      await server.received[index]!.closed;
    }
  });

  it('closes the connection when its reader leaves', async () => {
    await using server = await loopback((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frame(chunk({ content: 'Hel' })));
    });
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL });
    for await (const event of openai({ client }).stream!(callOf())) if (event.type === 'text') break;
    await server.received[0]!.closed;
  });

  it('leaves no listener at the signal', async () => {
    await using server = await loopback(sse(helloStream));
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL });
    await run(openai({ client }), callOf({}, { signal }));
    expect(added.mock.calls.length).toBeGreaterThan(0);
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });

  it('uses its connections again, also where their end comes after [DONE]', async () => {
    await using server = await loopback((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(helloStream.map(frame).join(''));
      setImmediate(() => setImmediate(() => response.end()));
    });
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL });
    const ports = new Set<unknown>();
    for (let index = 0; index < 6; index += 1) {
      expect((await run(openai({ client }), callOf())).failure).toBeUndefined();
      ports.add(server.received[index]!.port);
    }
    // One that was just used may not be free yet when the next request goes out.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('says nothing on the console, however bad the stream', async () => {
    const spies = (['error', 'warn', 'log', 'info', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => {}),
    );
    await using server = await loopback(sse(['data: {"secret answer\n\n']));
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL });
    const { failure } = await run(openai({ client }), callOf());
    expect(failure).toMatchObject({ kind: 'invalid-response', code: 'malformed-json' });
    expect(failure?.message).not.toMatch('secret');
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  it("is called with the caller's headers", async () => {
    await using server = await loopback(json(hello));
    const client = new OpenAI({ apiKey: 'key', baseURL: server.baseURL });
    await run(openai({ client }), callOf({}, { headers: { 'x-tenant': 'acme' } }), 'unary');
    expect(server.received[0]?.headers).toMatchObject({ 'x-tenant': 'acme', authorization: 'Bearer key' });
  });

  it('is named for what it is, and asked where Azure listens', async () => {
    await using server = await loopback(json(hello));
    const options = { apiKey: 'azure-key', apiVersion: '2025-04-01-preview', endpoint: server.url };
    const provider = openai({ client: new AzureOpenAI(options) });
    expect(provider).toMatchObject({ name: 'azure', kind: 'openai', problems: [] });
    await run(provider, callOf({ maxTokens: 20 }, { model: 'my-deployment' }), 'unary');
    expect(server.received[0]?.path).toBe(
      '/openai/deployments/my-deployment/chat/completions?api-version=2025-04-01-preview',
    );
    expect(server.received[0]?.headers['api-key']).toBe('azure-key');
    expect(server.received[0]?.body.max_completion_tokens).toBe(20);
    expect(openai({ client: new OpenAI({ apiKey: 'key' }) }).name).toBe('openai');
  });

  it('tells its key, so that no message shows it', () => {
    expect(openai({ client: new OpenAI({ apiKey: 'sk-host' }) }).secrets?.()).toEqual(['sk-host']);
  });
});

describe('a client that the host has wrapped', () => {
  it.each(majors)('so that it gives back mere promises is read all the same (%s)', async (_, { OpenAI }) => {
    await using server = await loopback(sse(helloStream), json(hello), sse(helloStream.slice(0, 3)));
    const inner = new OpenAI({ apiKey: 'key', baseURL: server.baseURL });
    // As tracers do: what the SDK gives is awaited, and its parsed result handed on.
    const client = {
      chat: {
        completions: {
          create: async (body: any, options: any): Promise<unknown> =>
            (inner as unknown as OpenAIClient).chat?.completions.create(body, options),
        },
      },
    };
    const provider = openai({ client });
    expect(await run(provider, callOf())).toMatchObject({
      text: 'Hello',
      finishReason: 'stop',
      usage: { totalTokens: 10 },
    });
    expect(await run(provider, callOf(), 'unary')).toMatchObject({ text: 'Hello', finishReason: 'stop' });
    expect((await run(provider, callOf())).failure).toMatchObject({
      kind: 'invalid-response',
      code: 'truncated',
    });
  });

  it('so that it gives back nothing is a failure', async () => {
    const client = { chat: { completions: { create: async () => '<html>' } } };
    expect((await run(openai({ client }), callOf(), 'unary')).failure?.kind).toBe('invalid-response');
  });
});

describe('settings', () => {
  it('are not redirected by the environment', async () => {
    await using server = await loopback(json(hello));
    await using stray = await loopback(json(hello));
    vi.stubEnv('OPENAI_BASE_URL', stray.baseURL);
    vi.stubEnv('OPENAI_API_KEY', 'sk-environment');
    vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-admin');
    vi.stubEnv('OPENAI_ORG_ID', 'org-environment');
    vi.stubEnv('OPENAI_PROJECT_ID', 'proj-environment');
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'X-Stray: yes\nAuthorization: Bearer stray');
    vi.stubEnv('OPENAI_LOG', 'debug');
    const log = vi.spyOn(console, 'debug').mockImplementation(() => {});
    const provider = compatibleAt(server.baseURL, { headers: { 'x-own': 'yes' } });
    expect((await run(provider, callOf(), 'unary')).text).toBe('Hello');
    const { headers } = server.received[0]!;
    expect(headers).toMatchObject({ authorization: 'Bearer sk-compatible', 'x-own': 'yes' });
    for (const name of ['openai-organization', 'openai-project', 'x-stray'])
      expect(headers).not.toHaveProperty(name);
    expect(stray.received).toEqual([]);
    expect(log).not.toHaveBeenCalled();
  });

  it('go to OpenAI where they name no other address, whatever the environment says', async () => {
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:9/v1');
    const urls: unknown[] = [];
    const provider = openai({
      apiKey: 'key',
      fetch: async (url) => {
        urls.push(url);
        return Response.json(hello);
      },
    });
    await run(provider, callOf(), 'unary');
    expect(urls).toEqual(['https://api.openai.com/v1/chat/completions']);
  });

  it('fetch a key once for all, anew on demand, and take another', async () => {
    await using server = await loopback(json(hello));
    let fetched = 0;
    const provider = compatibleAt(server.baseURL, { apiKey: async () => `sk-${(fetched += 1)}` });
    await Promise.all([run(provider, callOf(), 'unary'), run(provider, callOf(), 'unary')]);
    expect(await provider.refreshKey?.()).toBe(true);
    await run(provider, callOf(), 'unary');
    const version = provider.keyVersion?.();
    provider.setKey?.('sk-set');
    expect(provider.keyVersion?.()).not.toBe(version);
    await run(provider, callOf(), 'unary');
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer sk-1',
      'Bearer sk-1',
      'Bearer sk-2',
      'Bearer sk-set',
    ]);
    expect(provider.secrets?.()).toEqual(['sk-set', 'sk-2', 'sk-1']);
  });

  it("give way to the caller's own key", async () => {
    await using server = await loopback(json(hello));
    const call = callOf({}, { headers: { Authorization: 'Bearer sk-tenant' } });
    await run(compatibleAt(server.baseURL), call, 'unary');
    expect(server.received[0]?.headers.authorization).toBe('Bearer sk-tenant');
  });
});

describe("the caller's objects", () => {
  it.each(['chat', 'responses'] as const)('are left as they were, frozen or not (%s)', async (api) => {
    await using server = await loopback(json({ error: { message: 'enough' } }, 400));
    const bytes = new Uint8Array([1, 2, 3]);
    const call = callOf({
      system: 'Be kind.',
      messages: deepFrozen([
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        {
          role: 'assistant',
          content: [{ type: 'tool-call', id: 'a b', name: 'one', arguments: { x: [1] } }],
        },
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId: 'a b', content: [{ type: 'text', text: 'ok' }] }],
        },
        { role: 'user', content: [{ type: 'image', data: bytes, mediaType: 'image/png' }] },
      ]),
      tools: deepFrozen([{ name: 'one', parameters: { type: 'object', properties: { x: {} } } }]),
      schema: deepFrozen({ type: 'object', properties: { x: { type: 'string' } } }),
      options: deepFrozen({ metadata: { a: 'b' }, tools: [{ type: 'web_search' }] }),
    });
    const { failure } = await run(compatibleAt(server.baseURL, { api }), call);
    expect(failure?.kind).toBe('bad-request');
    expect([...bytes]).toEqual([1, 2, 3]);
  });
});

describe('faults of the options', () => {
  it.each([
    [undefined, 'expected openai({ client }) or openai({ apiKey }), got no object'],
    ['sk-a-bare-key', 'expected openai({ client }) or openai({ apiKey }), got no object'],
    [
      { chat: { completions: { create() {} } }, apiKey: 'k' },
      'expected openai({ client }), got the client itself',
    ],
    [{}, 'expected a client'],
    [{ apiKey: '' }, 'expected a client'],
    [{ apiKey: 'k', baseURL: 'nowhere' }, 'baseURL'],
    [{ apiKey: 'k', baseURL: 'localhost:4000/v1' }, 'baseURL: expected an absolute URL, with http'],
    [{ apiKey: 'k', api: 'completions' }, 'api:'],
    [{ apiKey: 'k', timeout: 5 }, 'timeout: is not known'],
    [{ apiKey: 'k', baseUrl: 'https://x.example' }, "baseUrl: is not known; did you mean 'baseURL'?"],
    [{ client: {} }, 'chat.completions.create'],
    [{ client: null }, 'chat.completions.create'],
    [{ client: 'client' }, 'chat.completions.create'],
    [{ client: { chat: { completions: { create() {} } } }, api: 'responses' }, 'responses.create'],
    [{ client: { chat: { completions: { create() {} } } }, apiKey: 'k' }, 'no effect beside a client'],
  ])('%j are told, not thrown', (options, expected) => {
    expect(openai(options as never).problems?.join('\n')).toContain(expected);
  });

  it('are none where there are none', () => {
    expect(compatibleAt('http://127.0.0.1:9/v1').problems).toEqual([]);
  });
});

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    Object.values(value).forEach(deepFrozen);
    Object.freeze(value);
  }
  return value;
}
