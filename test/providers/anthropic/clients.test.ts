import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Anthropic } from '@anthropic-ai/sdk';
import OldAnthropic from 'anthropic-sdk-0';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { anthropic } from '../../../src/providers/anthropic/index.ts';
import type { Provider, ProviderEvent } from '../../../src/providers/provider.ts';
import {
  anthropicEmulator,
  type AnthropicEmulatorOptions,
} from '../../../src/testing/emulators/anthropic.ts';
import { bedrockClient, vertexClient } from './clouds.ts';
import { eventsOf, failureOf, hello, summaryOf } from './support.ts';

/** Every way to reach the vendor, all of which behave alike. */
const connections: [string, (baseURL: string) => Provider][] = [
  ['settings', (baseURL) => anthropic({ apiKey: 'k', baseURL })],
  ['a client of 1.x', (baseURL) => anthropic({ client: new Anthropic({ apiKey: 'k', baseURL }) })],
  ['a client of 0.x', (baseURL) => anthropic({ client: new OldAnthropic({ apiKey: 'k', baseURL }) })],
  ['Bedrock', (baseURL) => anthropic({ client: bedrockClient(baseURL) })],
  ['Vertex', (baseURL) => anthropic({ client: vertexClient(baseURL) })],
  ['a wrapped client', (baseURL) => anthropic({ client: wrapped(new Anthropic({ apiKey: 'k', baseURL })) })],
];

/** As libraries for tracing wrap it: a promise of what the SDK parses, without its response. */
function wrapped(client: Anthropic) {
  return {
    messages: {
      create: async (body: any, options: any) => (await client.messages.create(body, options)) as unknown,
    },
  };
}

const callWith = (signal: AbortSignal) => ({ model: 'claude-sonnet-5', request: hello, signal, headers: {} });
const long = Array.from({ length: 200 }, (_, index) => `word${index} `);

it('a client of 1.x answers whole also where it would insist on a stream', async () => {
  await using emulator = await anthropicEmulator({});
  const client = new Anthropic({ apiKey: 'k', baseURL: emulator.url });
  await eventsOf(anthropic({ client }), { ...hello, maxTokens: 60_000 }, { unary: true });
  expect(emulator.requests.map(({ body }) => body['stream'] ?? false)).toEqual([false]);
});

describe.each(connections)('through %s', (name, connect) => {
  const asked = async (options: AnthropicEmulatorOptions, unary = false) => {
    await using emulator = await anthropicEmulator(options);
    const events = await eventsOf(connect(emulator.url), hello, { unary });
    return { summary: summaryOf(events), events, requests: emulator.requests };
  };

  it('answers come whole and as streams', async () => {
    const reply = { text: 'Grüße, 世界! 👋', toolCalls: [{ name: 'f', arguments: { a: 'ß' }, id: 't1' }] };
    for (const unary of [false, true]) {
      const { summary } = await asked({ reply }, unary);
      expect(summary).toMatchObject({
        text: 'Grüße, 世界! 👋',
        toolCalls: [{ id: 't1', name: 'f', arguments: { a: 'ß' } }],
        finishReason: 'tool-calls',
      });
      expect(summary.requestId === undefined).toBe(name === 'a wrapped client');
      expect(summary.raw === undefined).toBe(!unary);
    }
  });

  it.each(['clean', 'mid-event', 'hard'] as const)('a stream that was cut is no answer: %s', async (how) => {
    for (const tokens of [0, 2, 500]) {
      await using emulator = await anthropicEmulator({
        reply: 'One two three.',
        faults: { kind: 'truncate', how, tokens },
      });
      const { kind } = await failureOf(connect(emulator.url));
      expect(['invalid-response', 'network']).toContain(kind);
    }
  });

  it.each(['html', 'empty-object', 'error-body', 'invalid-json', 'string', 'empty-body'] as const)(
    'garbage is no answer: %s',
    async (what) => {
      for (const unary of [false, true]) {
        await using emulator = await anthropicEmulator({ faults: { kind: 'garbage', what } });
        const { kind } = await failureOf(connect(emulator.url), hello, { unary });
        // The clouds' own errors are told by their status only, and the SDK drops what is no event.
        const isLost = ['Bedrock', 'Vertex'].includes(name) || (name === 'a wrapped client' && !unary);
        const isTold = what === 'error-body' && !isLost;
        expect(kind).toBe(isTold ? 'server-error' : 'invalid-response');
      }
    },
  );

  it('an error inside the stream is a failure of its kind', async () => {
    await using emulator = await anthropicEmulator({ faults: { kind: 'stream-error', error: 'overloaded' } });
    expect(await failureOf(connect(emulator.url))).toMatchObject({ kind: 'overloaded' });
  });

  it('nothing is tried twice', async () => {
    await using emulator = await anthropicEmulator({
      faults: { kind: 'status', status: 500, headers: { 'x-should-retry': 'true', 'retry-after-ms': '1' } },
    });
    for (const unary of [false, true]) {
      expect(await failureOf(connect(emulator.url), hello, { unary })).toMatchObject({
        kind: 'server-error',
        status: 500,
      });
    }
    expect(emulator.counters.requests).toBe(2);
  });

  it('the connection is closed where the reader leaves', async () => {
    await using emulator = await anthropicEmulator({ reply: { text: long }, tokenDelayMs: 5 });
    for await (const event of connect(emulator.url).stream!(callWith(new AbortController().signal))) {
      if (event.type === 'text') break;
    }
    expect(await emulator.requests[0]!.ended).toBe('aborted');
  });

  it('an abort ends everything, before the answer and within it', async () => {
    await using emulator = await anthropicEmulator({ reply: { text: long }, tokenDelayMs: 5 });
    const controller = new AbortController();
    const seen: ProviderEvent[] = [];
    const reading = async () => {
      for await (const event of connect(emulator.url).stream!(callWith(controller.signal))) {
        seen.push(event);
        if (event.type === 'text') controller.abort(new Error('enough'));
      }
    };
    await expect(reading()).rejects.toThrow();
    expect(summaryOf(seen).finishReason).toBeUndefined();
    expect(await emulator.requests[0]!.ended).toBe('aborted');

    await emulator.fault('hang');
    for (const unary of [false, true]) {
      const early = new AbortController();
      const waiting = eventsOf(connect(emulator.url), hello, { unary, signal: early.signal });
      await emulator.received(unary ? 3 : 2);
      early.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow('enough');
    }
    expect(await emulator.requests[2]!.ended).toBe('aborted');
    const aborted = eventsOf(connect(emulator.url), hello, {
      signal: AbortSignal.abort(new Error('before')),
    });
    await expect(aborted).rejects.toThrow('before');
    expect(emulator.counters.requests).toBe(3);
  });

  it('nothing is printed, however bad the stream', async () => {
    const prints = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => {}),
    );
    await using emulator = await anthropicEmulator({
      faults: ['half-json', { kind: 'garbage', what: 'invalid-json' }],
    });
    for (let turn = 0; turn < 2; turn += 1) await failureOf(connect(emulator.url));
    // A wrapper that lets nobody at the response makes the SDK parse it, which prints at its default level.
    const lines = prints.flatMap((print) => print.mock.calls.splice(0));
    if (name !== 'a wrapped client') expect(lines).toEqual([]);
  });

  it('extra headers are sent', async () => {
    await using emulator = await anthropicEmulator();
    await eventsOf(connect(emulator.url), hello, { headers: { 'X-Trace': 'abc' } });
    expect(emulator.requests[0]!.headers['x-trace']).toBe('abc');
  });

  it('nothing of the caller is changed', async () => {
    const frozen = freeze({
      ...hello,
      system: 'S',
      tools: [{ name: 'f', parameters: { type: 'object', properties: {} }, strict: true }],
      options: { output_config: { effort: 'low' } },
      promptCache: true,
    });
    await using emulator = await anthropicEmulator();
    await eventsOf(connect(emulator.url), frozen);
    expect(emulator.counters.answered).toBe(1);
  });
});

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

it('keeps the connection after a whole stream, also where it ends late', async () => {
  const event = (given: object) => `data: ${JSON.stringify(given)}\n\n`;
  const sockets = new Set<Socket>();
  let end = () => {};
  const server = createServer((request, response) => {
    sockets.add(request.socket);
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }));
      response.write(event({ type: 'message_stop' }));
      end = () => response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const provider = anthropic({ apiKey: 'k', baseURL: `http://127.0.0.1:${port}` });
  for (let call = 0; call < 5; call += 1) {
    await eventsOf(provider);
    end();
  }
  expect([...sockets].filter(({ destroyed }) => destroyed)).toEqual([]);
  server.closeAllConnections();
  server.close();
});

describe('the settings form', () => {
  afterEach(() => vi.unstubAllEnvs());

  async function headersOf(
    settings: object,
    extra: Record<string, string> = {},
  ): Promise<IncomingHttpHeaders> {
    await using emulator = await anthropicEmulator();
    await eventsOf(anthropic({ apiKey: 'k', baseURL: emulator.url, ...settings }), hello, { headers: extra });
    return emulator.requests[0]!.headers;
  }

  it('sends its key as the version that it states expects it', async () => {
    expect(await headersOf({})).toMatchObject({ 'x-api-key': 'k', 'anthropic-version': '2023-06-01' });
    expect(await headersOf({})).not.toHaveProperty('authorization');
    const newer = await headersOf({ headers: { 'Anthropic-Version': '2026-10-21' } });
    expect(newer).toMatchObject({ authorization: 'Bearer k', 'anthropic-version': '2026-10-21' });
    expect(newer).not.toHaveProperty('x-api-key');
  });

  it('lets headers of the settings and of the call win', async () => {
    const headers = await headersOf(
      { headers: { 'X-Api-Key': 'mine', b: '1' } },
      { B: '2', 'anthropic-beta': 'x' },
    );
    expect(headers).toMatchObject({ 'x-api-key': 'mine', b: '2', 'anthropic-beta': 'x' });
  });

  it('is not moved by the environment', async () => {
    vi.stubEnv('ANTHROPIC_BASE_URL', 'http://127.0.0.1:9');
    vi.stubEnv('ANTHROPIC_API_KEY', 'env-key');
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'env-token');
    vi.stubEnv('ANTHROPIC_PROFILE', 'env-profile');
    vi.stubEnv(
      'ANTHROPIC_CUSTOM_HEADERS',
      'X-Leak: secret\nanthropic-version: 2026-10-21\nauthorization: Bearer env',
    );
    vi.stubEnv('ANTHROPIC_LOG', 'debug');
    const print = vi.spyOn(console, 'debug');
    const headers = await headersOf({});
    expect(headers).toMatchObject({ 'x-api-key': 'k', 'anthropic-version': '2023-06-01' });
    expect(headers).not.toHaveProperty('x-leak');
    expect(headers).not.toHaveProperty('authorization');
    expect(print).not.toHaveBeenCalled();
    let host = '';
    const fetch = async (url: any) => {
      host = new URL(String(url)).host;
      return new Response('{}');
    };
    await failureOf(anthropic({ apiKey: 'k', fetch }));
    expect(host).toBe('api.anthropic.com');
  });

  it('needs no credentials of the environment, and looks for none', async () => {
    for (const name of ['API_KEY', 'AUTH_TOKEN', 'PROFILE']) vi.stubEnv(`ANTHROPIC_${name}`, undefined);
    vi.stubEnv('HOME', '/nonexistent');
    expect(await headersOf({})).toMatchObject({ 'x-api-key': 'k' });
  });

  it('sends nothing where the call was aborted while its key was fetched', async () => {
    const controller = new AbortController();
    const fetch = vi.fn(async () => new Response('{}'));
    const apiKey = async () => {
      controller.abort(new Error('enough'));
      return 'k';
    };
    await failureOf(anthropic({ apiKey, fetch }), hello, { signal: controller.signal, unary: true });
    expect(fetch).not.toHaveBeenCalled();
  });

  it('prints nothing: no payload that it cannot parse, no word on retired models', async () => {
    const prints = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level),
    );
    await using emulator = await anthropicEmulator({ faults: ['half-json', null] });
    const provider = anthropic({ apiKey: 'k', baseURL: emulator.url });
    await failureOf(provider);
    await eventsOf(provider, hello, { model: 'claude-sonnet-4-5' });
    for (const print of prints) expect(print).not.toHaveBeenCalled();
  });

  it('forgives a base URL that ends in /v1', async () => {
    await using emulator = await anthropicEmulator();
    for (const end of ['', '/', '/v1', '/v1/']) {
      await eventsOf(anthropic({ apiKey: 'k', baseURL: `${emulator.url}${end}` }));
    }
    expect(new Set(emulator.requests.map(({ path }) => path))).toEqual(new Set(['/v1/messages']));
  });

  it('asks a key function, again after a refusal, and takes another key from outside', async () => {
    await using emulator = await anthropicEmulator({ keys: ['second', 'third'] });
    const keys = ['first', 'second'];
    const provider = anthropic({ apiKey: async () => keys.shift()!, baseURL: emulator.url });
    expect(await failureOf(provider)).toMatchObject({ kind: 'auth' });
    const version = provider.keyVersion!();
    expect(await provider.refreshKey!()).toBe(true);
    expect(provider.keyVersion!()).toBeGreaterThan(version);
    expect(summaryOf(await eventsOf(provider)).finishReason).toBe('stop');
    expect(provider.secrets!()).toEqual(['second', 'first']);
    provider.setKey!('third');
    await eventsOf(provider);
    expect(emulator.requests.at(-1)!.headers['x-api-key']).toBe('third');
  });

  it('stops waiting for a key when the call is aborted', async () => {
    const controller = new AbortController();
    const provider = anthropic({ apiKey: () => new Promise<string>(() => {}) });
    const waiting = eventsOf(provider, hello, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('a client of the host', () => {
  it('names the provider by its service', () => {
    const at = 'http://127.0.0.1';
    const nameOf = (client: any, name?: string) => anthropic({ client, ...(name ? { name } : {}) }).name;
    expect(nameOf(new Anthropic({ apiKey: 'k' }))).toBe('anthropic');
    expect(nameOf(new OldAnthropic({ apiKey: 'k' }))).toBe('anthropic');
    expect(nameOf(bedrockClient(at))).toBe('bedrock');
    expect(nameOf(vertexClient(at))).toBe('vertex');
    expect(nameOf({ awsRegion: 'r', messages: { create() {} } })).toBe('bedrock');
    expect(nameOf({ region: 'r', projectId: 'p', messages: { create() {} } })).toBe('vertex');
    expect(nameOf(bedrockClient(at), 'mine')).toBe('mine');
    expect(anthropic({ client: bedrockClient(at) }).kind).toBe('anthropic');
  });

  it('keeps its key, which is known as a secret', () => {
    expect(anthropic({ client: new Anthropic({ apiKey: 'sk-1' }) }).secrets!()).toEqual(['sk-1']);
    const aws = bedrockClient('x', {
      apiKey: null,
      awsAccessKey: 'a',
      awsSecretKey: 'b',
      awsSessionToken: 'c',
    });
    expect(anthropic({ client: aws }).secrets!()).toEqual(['b', 'c']);
    expect(anthropic({ client: aws })).not.toHaveProperty('refreshKey');
  });

  it('is read also where it decodes the binary stream of Bedrock only itself, as before 1.0', async () => {
    const events = [
      { type: 'message_start', message: { usage: { input_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ];
    const response = new Response('binary', {
      headers: { 'content-type': 'application/vnd.amazon.eventstream' },
    });
    const create = () =>
      Object.assign(
        Promise.resolve({
          async *[Symbol.asyncIterator]() {
            yield* events;
          },
        }),
        { asResponse: async () => response },
      );
    expect(summaryOf(await eventsOf(anthropic({ client: { messages: { create } } })))).toMatchObject({
      text: 'Hi',
      finishReason: 'stop',
    });
  });
});

describe('faults of the options', () => {
  it('are listed, and nothing is thrown', () => {
    const problemsOf = (options: any) => anthropic(options).problems;
    expect(problemsOf({ apiKey: 'k' })).toEqual([]);
    expect(problemsOf({})).toEqual(['anthropic: expected a client or an apiKey, got neither']);
    const noOptions = ['expected anthropic({ client }) or anthropic({ apiKey }), got no object'];
    expect(problemsOf(undefined)).toEqual(noOptions);
    expect(problemsOf('sk-ant-a-bare-key')).toEqual(noOptions);
    expect(problemsOf(new Anthropic({ apiKey: 'k' }))).toEqual([
      'expected anthropic({ client }), got the client itself',
    ]);
    expect(problemsOf({ apiKey: '' })?.[0]).toMatch(/apiKey: expected a key/);
    // Without it the SDK would ask the vendor itself, or whoever an environment variable names.
    expect(problemsOf({ apiKey: 'k', baseURL: '' })).toEqual([
      'baseURL: expected an absolute URL, with http:// or https://',
    ]);
    expect(problemsOf({ client: {} })?.[0]).toMatch(/expected a client with messages\.create/);
    expect(problemsOf({ client: null })?.[0]).toMatch(/expected a client with messages\.create/);
    const client = new Anthropic({ apiKey: 'k' });
    expect(problemsOf({ client, apiKey: 'k', baseURL: 'x' })?.[0]).toMatch(
      /apiKey, baseURL cannot stand beside it/,
    );
    expect(problemsOf({ apiKey: 'k', baseUrl: 'x' })?.[0]).toMatch(
      /baseUrl is not known; did you mean 'baseURL'/,
    );
  });
});
