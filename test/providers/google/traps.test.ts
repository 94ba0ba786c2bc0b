import { GoogleGenAI } from '@google/genai';
import { GoogleGenAI as GoogleGenAI2 } from 'google-genai-2';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { google } from '../../../src/providers/google/index.ts';
import { callOf, completed, hostClients, streamed, textIn, vertexAt } from './clients.ts';
import { eventOf, json, streaming, textEvent, wireServer, type Handler } from './wire-server.ts';

const hello = streaming(textEvent('Hel'), textEvent('lo', 'STOP'));
const [readsBytes, ...readsChunks] = hostClients;
const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
});

/** Unhandled rejections are told once the microtasks are done. */
const afterMicrotasks = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe.each(hostClients)('through %s', (_, providerAt) => {
  it('reads text, usage with thoughts, and the id of the reply', async () => {
    await using server = await wireServer(hello);
    const { events, failure } = await streamed(providerAt(server.url));
    expect(failure).toBeUndefined();
    const usage = { inputTokens: 3, outputTokens: 7, reasoningTokens: 5, totalTokens: 10 };
    expect(events).toEqual([
      { type: 'meta', requestId: 'reply1', usage },
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo' },
      { type: 'finish', finishReason: 'stop', usage },
    ]);
  });

  it('closes the connection when the reader leaves early', async () => {
    await using server = await wireServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(textEvent('Hel'));
    });
    for await (const event of providerAt(server.url).stream!(callOf())) if (event.type === 'text') break;
    await server.requests[0]!.left;
    await afterMicrotasks();
    expect(unhandled).toEqual([]);
  });

  it('stops at once and closes the connection on abort in mid-stream', async () => {
    await using server = await wireServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(textEvent('Hel'));
    });
    const controller = new AbortController();
    const { signal } = controller;
    const seen: string[] = [];
    await expect(async () => {
      for await (const event of providerAt(server.url).stream!(callOf({}, { signal }))) {
        seen.push(event.type);
        if (event.type === 'text') controller.abort(new Error('enough'));
      }
    }).rejects.toThrow();
    expect(seen).toEqual(['meta', 'text']);
    await server.requests[0]!.left;
    await afterMicrotasks();
    expect(unhandled).toEqual([]);
  });

  it.each(['stream', 'complete'] as const)(
    'closes the connection on abort before the headers: %s',
    async (method) => {
      await using server = await wireServer(() => {});
      const controller = new AbortController();
      const call = callOf({}, { signal: controller.signal });
      const outcome =
        method === 'stream'
          ? streamed(providerAt(server.url), call)
          : completed(providerAt(server.url), call);
      const request = await server.arrived(1);
      controller.abort();
      expect((await outcome).failure).toBeDefined();
      await request.left;
      await afterMicrotasks();
      expect(unhandled).toEqual([]);
    },
  );

  it('sends nothing for a signal that has already aborted', async () => {
    await using server = await wireServer(hello);
    const call = callOf({}, { signal: AbortSignal.abort(new Error('never mind')) });
    const provider = providerAt(server.url);
    await expect(provider.complete!(call)).rejects.toThrow('never mind');
    expect((await streamed(provider, call)).events).toEqual([]);
    // One that was on its way would arrive before the next.
    await streamed(provider);
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, Handler, number]>([
    ['without any event', streaming(''), 0],
    ['between two events', streaming(textEvent('Hel')), 3],
    ['inside an event', streaming(textEvent('Hel'), textEvent('lo', 'STOP').slice(0, 40)), 3],
    [
      'by a reset',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(textEvent('Hel'), () => setImmediate(() => response.destroy()));
      },
      3,
    ],
    [
      'after a STOP that was said too early',
      streaming(eventOf({ candidates: [{ finishReason: 'STOP' }] }), textEvent('Hel')),
      3,
    ],
  ])('takes a stream that ends %s for a failure', async (_, handler, shown) => {
    await using server = await wireServer(handler);
    const { events, failure } = await streamed(providerAt(server.url));
    expect(failure?.kind).toMatch(/^(invalid-response|network)$/);
    expect(textIn(events)).toHaveLength(shown);
    expect(events.some(({ type }) => type === 'finish')).toBe(false);
    await afterMicrotasks();
    expect(unhandled).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['an error', { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }],
    ['an error in an array', [{ error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } }]],
    ['an error with a code in words', { error: { code: 'rate_limit_exceeded', message: 'slow down' } }],
    ['an error that is a string', { error: 'no capacity' }],
  ])('takes %s inside a stream for a failure', async (_, error) => {
    await using server = await wireServer(
      streaming(textEvent('Hel'), eventOf(error), textEvent('lo', 'STOP')),
    );
    const { events, failure } = await streamed(providerAt(server.url));
    expect(failure?.kind).toMatch(/^(overloaded|server-error|invalid-response)$/);
    expect(textIn(events)).toBe('Hel');
    await afterMicrotasks();
    expect(unhandled).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['HTML', 'text/html', '<!doctype html><p>Sign in'],
    ['HTML that calls itself JSON', 'application/json', '<html>'],
    ['an empty object', 'application/json', '{}'],
    ['half a JSON body', 'application/json', '{"candidates":[{"conte'],
    ['nothing', 'application/json', ''],
    ['null', 'application/json', 'null'],
    ['an error', 'application/json', '{"error":{"code":500,"message":"sorry","status":"INTERNAL"}}'],
    ['no candidates', 'application/json', '{"candidates":[],"usageMetadata":{"promptTokenCount":3}}'],
  ])('takes a 200 with %s for a failure', async (_, type, body) => {
    await using server = await wireServer((response) => {
      response.writeHead(200, { 'content-type': type });
      response.end(body);
    });
    const provider = providerAt(server.url);
    expect((await completed(provider)).failure?.kind).toMatch(/^(invalid-response|server-error)$/);
    expect((await streamed(provider)).failure?.kind).toMatch(
      /^(invalid-response|server-error|network|unknown)$/,
    );
    await afterMicrotasks();
    expect(unhandled).toEqual([]);
  });

  it('says nothing on the console, however bad the reply', async () => {
    const prints = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => {}),
    );
    const call = { functionCall: { name: 'weather', args: { city: 'secret' } } };
    const bodies = [
      ['application/json', '{"candidates":[{"conte'],
      ['text/event-stream', textEvent('secret').slice(0, 60)],
      ['text/event-stream', eventOf({ candidates: [{ content: { parts: [call] }, finishReason: 'STOP' }] })],
      ['application/json', '{"error":{"code":500,"message":"secret","status":"INTERNAL"}}'],
    ] as const;
    for (const [type, body] of bodies) {
      await using server = await wireServer((response) => {
        response.writeHead(200, { 'content-type': type });
        response.end(body);
      });
      await streamed(providerAt(server.url));
      await completed(providerAt(server.url));
    }
    const lines = prints.flatMap((print) => print.mock.calls);
    for (const print of prints) print.mockRestore();
    expect(lines).toEqual([]);
  });

  it('never asks again by itself', async () => {
    await using server = await wireServer(
      json(503, { error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } }),
    );
    expect((await streamed(providerAt(server.url))).failure).toMatchObject({
      kind: 'overloaded',
      status: 503,
    });
    expect((await completed(providerAt(server.url))).failure).toMatchObject({
      kind: 'overloaded',
      status: 503,
    });
    expect(server.requests).toHaveLength(2);
  });

  it('takes a refused prompt for a content policy', async () => {
    await using server = await wireServer(
      streaming(eventOf({ promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } })),
    );
    expect((await streamed(providerAt(server.url))).failure).toMatchObject({
      kind: 'content-policy',
      code: 'PROHIBITED_CONTENT',
    });
  });

  it('names a closed port', async () => {
    const server = await wireServer(hello);
    await server[Symbol.asyncDispose]();
    expect((await streamed(providerAt(server.url))).failure?.kind).toBe('network');
  });

  it('sends the headers of the call', async () => {
    await using server = await wireServer(hello);
    await streamed(providerAt(server.url), callOf({}, { headers: { 'x-tenant': 'one' } }));
    expect(server.requests[0]!.headers).toMatchObject({ 'x-tenant': 'one', 'x-goog-api-key': 'key' });
  });

  it('leaves everything that the caller gave as it was', async () => {
    await using server = await wireServer(hello);
    const request = frozen({
      system: 'Be brief.',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
      tools: [{ name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }],
      options: { safetySettings: [], generationConfig: { topK: 3 } },
    } as const);
    expect((await streamed(providerAt(server.url), callOf(request))).failure).toBeUndefined();
  });
});

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

describe('on the bytes themselves', () => {
  const providerAt = readsBytes![1];

  it('knows the request id and the longest of several waits', async () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '45.837906927s' }];
    const body = { error: { code: 429, message: 'Quota exceeded', status: 'RESOURCE_EXHAUSTED', details } };
    const headers = { 'x-goog-request-id': 'r-1', 'retry-after': '7' };
    await using server = await wireServer(json(429, body, headers));
    const { failure } = await streamed(providerAt(server.url));
    expect(failure).toMatchObject({ kind: 'rate-limit', requestId: 'r-1', status: 429 });
    expect(failure!.retryAfterMs).toBeCloseTo(45_837.9, 0);
  });

  it('tells the request id with the headers, before any content', async () => {
    await using server = await wireServer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-goog-request-id': 'r-2' });
      response.flushHeaders();
    });
    for await (const event of providerAt(server.url).stream!(callOf())) {
      expect(event).toEqual({ type: 'meta', requestId: 'r-2' });
      break;
    }
  });

  it('passes over keep-alive comments', async () => {
    await using server = await wireServer(
      streaming(': ping\n\n', textEvent('Hel'), ': ping\n\n', textEvent('lo', 'STOP')),
    );
    expect(textIn((await streamed(providerAt(server.url))).events)).toBe('Hello');
  });

  it('keeps the status of an error whose body is no JSON', async () => {
    await using server = await wireServer((response) => {
      response.writeHead(502, { 'content-type': 'application/json' });
      response.end('<html>bad gateway, secret=1');
    });
    expect((await streamed(providerAt(server.url))).failure).toEqual({
      kind: 'server-error',
      status: 502,
      message: 'an HTML page instead of an answer',
    });
  });

  it('reads a stream that came as one JSON array', async () => {
    const replies = [textEvent('Hel'), textEvent('lo', 'STOP')].map(
      (event) => JSON.parse(event.slice(6)) as unknown,
    );
    await using server = await wireServer(json(200, replies));
    expect(textIn((await streamed(providerAt(server.url))).events)).toBe('Hello');
  });

  it('takes an error beside a whole stream for a failure', async () => {
    await using server = await wireServer(
      streaming(
        textEvent('Hello', 'STOP'),
        '{\n  "error": {\n    "code": 499,\n',
        '"status": "CANCELLED" } }',
      ),
    );
    expect((await streamed(providerAt(server.url))).failure).toMatchObject({
      status: 499,
      code: 'CANCELLED',
    });
  });

  it('keeps the whole reply of a call without a stream, as plain data', async () => {
    const reply = JSON.parse(textEvent('Hello', 'STOP').slice(6)) as unknown;
    await using server = await wireServer(json(200, reply));
    const { events } = await completed(providerAt(server.url));
    expect(events.at(-1)).toMatchObject({ type: 'finish', raw: reply });
  });

  it('never opens a second request for a continuation', async () => {
    const cut = {
      content: { parts: [{ text: 'Hel' }] },
      finishReason: 'CONTINUATION',
      continuationToken: 'more',
    };
    await using server = await wireServer(streaming(eventOf({ candidates: [cut] })));
    const { events } = await streamed(providerAt(server.url));
    expect(events.at(-1)).toMatchObject({ type: 'finish', finishReason: 'length' });
    expect(server.requests).toHaveLength(1);
  });

  it("turns off the retries of the host's own client", async () => {
    await using server = await wireServer(json(503, { error: { code: 503, message: 'overloaded' } }));
    const failing = vi.fn(async () => {
      throw new Error('socket hang up');
    });
    const retryOptions = { attempts: 3, initialDelay: 0.001, jitter: 0 };
    for (const httpOptions of [
      { baseUrl: server.url, retryOptions },
      { fetch: failing, retryOptions },
    ]) {
      const provider = google({ client: new GoogleGenAI({ apiKey: 'key', httpOptions }) });
      expect((await streamed(provider)).failure?.kind).toMatch(/^(overloaded|network)$/);
    }
    expect(server.requests).toHaveLength(1);
    expect(failing).toHaveBeenCalledTimes(1);
  });

  it('reads through the SDK where a wrapper hides its insides, and still asks only once', async () => {
    const cut = {
      content: { parts: [{ text: 'Hel' }] },
      finishReason: 'CONTINUATION',
      continuationToken: 'more',
    };
    await using server = await wireServer(streaming(eventOf({ candidates: [cut] })));
    const { models } = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: server.url } });
    const { events } = await streamed(google({ client: { models } }));
    expect(events.at(-1)).toMatchObject({ type: 'finish', finishReason: 'length' });
    expect(server.requests).toHaveLength(1);
  });

  it('sends a header once, whatever its case, and the later value', async () => {
    await using server = await wireServer(hello);
    const provider = google({ apiKey: 'key', baseURL: server.url, headers: { 'X-Tenant': 'one' } });
    await streamed(provider, callOf({}, { headers: { 'x-tenant': 'two' } }));
    expect(server.requests[0]!.headers['x-tenant']).toBe('two');
  });

  it("sends through the host's own fetch, with the host's headers and body", async () => {
    await using server = await wireServer(hello);
    const hostFetch = vi.fn(fetch);
    const httpOptions = {
      baseUrl: server.url,
      fetch: hostFetch,
      headers: { 'x-host': 'yes' },
      extraBody: { labels: { team: 'a' } },
    };
    const provider = google({ client: new GoogleGenAI({ apiKey: 'key', httpOptions }) });
    expect(textIn((await streamed(provider)).events)).toBe('Hello');
    expect(hostFetch).toHaveBeenCalledTimes(1);
    expect(server.requests[0]).toMatchObject({
      headers: { 'x-host': 'yes' },
      body: { labels: { team: 'a' } },
    });
  });

  it('closes what a fetch that does not heed its signal brings after the abort', async () => {
    const controller = new AbortController();
    let bring: (response: Response) => void = () => {};
    const late: typeof fetch = () => new Promise((resolve) => (bring = resolve));
    const provider = google({ apiKey: 'key', fetch: late });
    const outcome = streamed(provider, callOf({}, { signal: controller.signal }));
    await vi.waitFor(() => expect(bring.length).toBe(1));
    controller.abort();
    await outcome;
    await new Promise<void>((resolve) => {
      bring(new Response(new ReadableStream({ cancel: () => resolve() })));
    });
  });

  it('stops waiting for a fetch that does not heed its signal', async () => {
    const deaf: typeof fetch = () => new Promise(() => {});
    const controller = new AbortController();
    const outcome = streamed(
      google({ apiKey: 'key', fetch: deaf }),
      callOf({}, { signal: controller.signal }),
    );
    controller.abort();
    expect((await outcome).failure).toBeDefined();
  });

  it('leaves no listener on the signal of the call', async () => {
    await using server = await wireServer(hello);
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await streamed(providerAt(server.url), callOf({}, { signal }));
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });

  it('goes to Vertex by its own path, under its own name', async () => {
    await using server = await wireServer(hello);
    const provider = vertexAt(server.url);
    expect(textIn((await streamed(provider)).events)).toBe('Hello');
    expect(provider).toMatchObject({ name: 'vertex', kind: 'google' });
    expect(server.requests[0]!.path).toBe(
      '/v1beta1/publishers/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
    );
  });
});

describe.each(readsChunks)('on what %s makes of the bytes', (_, providerAt) => {
  it('finds the wait in the body', async () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '23s' }];
    const body = { error: { code: 429, message: 'Quota exceeded', status: 'RESOURCE_EXHAUSTED', details } };
    await using server = await wireServer(json(429, body));
    expect((await streamed(providerAt(server.url))).failure).toMatchObject({
      kind: 'rate-limit',
      message: 'Quota exceeded',
      retryAfterMs: 23_000,
    });
  });

  it('says nothing of the answer in a failure', async () => {
    await using server = await wireServer(streaming('data: {"candidates": "SECRET\r\n\r\n'));
    const { failure } = await streamed(providerAt(server.url));
    expect(failure?.kind).toBe('invalid-response');
    expect(failure?.message).not.toContain('SECRET');
  });
});

describe('settings', () => {
  const redirections = {
    GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9',
    GOOGLE_GENAI_USE_VERTEXAI: 'true',
    GOOGLE_GENAI_USE_ENTERPRISE: 'true',
    GOOGLE_GENAI_API_VERSION: 'v9',
    GOOGLE_API_KEY: 'from-the-environment',
    GOOGLE_CLOUD_PROJECT: 'elsewhere',
    GOOGLE_CLOUD_LOCATION: 'nowhere',
  };

  it.each(['genai', 'generative-ai'] as const)('are not redirected by the environment: %s', async (sdk) => {
    for (const [name, value] of Object.entries(redirections)) vi.stubEnv(name, value);
    const said = (['log', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => {}),
    );
    await using server = await wireServer(hello);
    const provider = google({ apiKey: 'mine', baseURL: server.url, headers: { 'x-one': '1' }, sdk });
    expect(textIn((await streamed(provider)).events)).toBe('Hello');
    expect(server.requests[0]).toMatchObject({
      path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
      headers: { 'x-goog-api-key': 'mine', 'x-one': '1' },
    });
    for (const spy of said) expect(spy).not.toHaveBeenCalled();
  });

  it.each(['genai', 'generative-ai'] as const)('take a key that changes: %s', async (sdk) => {
    await using server = await wireServer(hello);
    const keys = ['first', 'second'];
    const provider = google({ apiKey: async () => keys.shift()!, baseURL: `${server.url}/v1beta/`, sdk });
    await streamed(provider);
    await provider.refreshKey!();
    await streamed(provider);
    provider.setKey!('third');
    await streamed(provider);
    expect(server.requests.map(({ headers }) => headers['x-goog-api-key'])).toEqual([
      'first',
      'second',
      'third',
    ]);
    expect(server.requests[0]!.path).toMatch(/^\/v1beta\/models\//);
    expect(provider.secrets!()).toEqual(['third', 'second', 'first']);
  });

  it('go to the vendor itself where they name no other host, whatever the environment says', async () => {
    vi.stubEnv('GOOGLE_GEMINI_BASE_URL', 'http://127.0.0.1:9');
    const hosts: string[] = [];
    const own = async (url: string | URL | Request) => {
      hosts.push(new URL(url instanceof Request ? url.url : url).origin);
      return new Response('{}');
    };
    vi.stubGlobal('fetch', own);
    await streamed(google({ apiKey: 'key', fetch: own, sdk: 'genai' }));
    await streamed(google({ apiKey: 'key', sdk: 'generative-ai' }));
    expect(hosts).toEqual(Array.from({ length: 2 }, () => 'https://generativelanguage.googleapis.com'));
  });

  it('use a fetch of their own', async () => {
    await using server = await wireServer(hello);
    const own = vi.fn(fetch);
    await streamed(google({ apiKey: 'key', baseURL: server.url, fetch: own }));
    expect(own).toHaveBeenCalledTimes(1);
  });

  it('report what is wrong with them and throw nothing', () => {
    const wrong: [object, RegExp][] = [
      [undefined as never, /^expected google\(\{ client \}\) or google\(\{ apiKey \}\), got no object$/],
      [new GoogleGenAI({ apiKey: 'k' }), /^expected google\(\{ client \}\), got the client itself$/],
      [{}, /client or apiKey/],
      [{ apiKey: '' }, /apiKey: expected a key/],
      [{ apiKey: 7 }, /apiKey: expected a key/],
      [{ apiKey: 'k', baseURL: '' }, /baseURL: expected an absolute URL/],
      [{ apiKey: 'k', baseURL: 'localhost' }, /baseURL: expected an absolute URL/],
      [{ apiKey: 'k', baseUrl: 'x' }, /baseUrl is not known; did you mean 'baseURL'/],
      [{ apiKey: 'k', client: new GoogleGenAI2({ apiKey: 'k' }) }, /got both/],
      [{ client: {} }, /client: expected a GoogleGenAI/],
      [{ client: new GoogleGenAI({ apiKey: 'k' }), baseURL: 'x' }, /baseURL: belongs to the settings/],
      [{ apiKey: 'k', sdk: 'generative-ai', fetch }, /fetch: @google\/generative-ai takes none/],
    ];
    for (const [options, problem] of wrong) {
      expect(google(options as never).problems?.join('\n')).toMatch(problem);
    }
    expect(google({ apiKey: 'k' }).problems).toEqual([]);
  });

  it('know the key of a client for scrubbing', () => {
    expect(google({ client: new GoogleGenAI({ apiKey: 'sesame' }) }).secrets!()).toEqual(['sesame']);
    expect(google({ client: new GoogleGenAI({ apiKey: 'k' }), name: 'mine' }).name).toBe('mine');
  });
});
