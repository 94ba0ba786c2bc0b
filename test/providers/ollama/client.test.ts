import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LLMock } from '@copilotkit/aimock';
import { Ollama } from 'ollama';
import { Ollama as OldestOllama } from 'ollama-0.6.0';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ollama } from '../../../src/providers/ollama/index.ts';
import type { OllamaOptions } from '../../../src/providers/ollama/index.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { ollamaEmulator } from '../../../src/testing/emulators/ollama.ts';
import type { Emulator } from '../../../src/testing/emulators/server.ts';
import { callOf, completed, eventsIn, streamed, textIn } from './calls.ts';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await ollamaEmulator();
});
afterEach(() => emulator.close());

/** A subclass that reads by itself, as a host could write one. */
class Shouting extends Ollama {
  override async chat(request: any): Promise<any> {
    const reply = await super.chat(request);
    const shouted = (part: any) => ({
      ...part,
      message: { ...part.message, content: part.message.content.toUpperCase() },
    });
    if (!request.stream) return shouted(reply);
    return {
      abort: () => (reply as any).abort(),
      async *[Symbol.asyncIterator]() {
        for await (const part of reply as any) yield shouted(part);
      },
    };
  }
}

/** A subclass that an object cannot inherit from. */
class Guarded extends Ollama {
  #asked = false;
  override async chat(request: any): Promise<any> {
    this.#asked = true;
    return this.#asked && super.chat(request);
  }
}

/** A client behind a proxy that binds every method. */
function proxied(client: Ollama): Ollama {
  return new Proxy(client, {
    get(target, key) {
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' && key !== 'fetch' ? value.bind(target) : value;
    },
  });
}

const forms: Record<string, (host: string) => OllamaOptions> = {
  settings: (host) => ({ host }),
  'a client': (host) => ({ client: new Ollama({ host }) }),
  'a client of 0.6.0': (host) => ({ client: new OldestOllama({ host }) }),
  'a frozen client': (host) => ({ client: Object.freeze(new Ollama({ host })) }),
  'a subclass that reads by itself': (host) => ({ client: new Shouting({ host }) }),
  'a subclass with private fields': (host) => ({ client: new Guarded({ host }) }),
  'a proxy': (host) => ({ client: proxied(new Ollama({ host })) }),
};

describe.each(Object.entries(forms))('with %s', (form, optionsFor) => {
  const make = (): Provider => ollama(optionsFor(emulator.url));
  const shown = (text: string) => (form.includes('reads by itself') ? text.toUpperCase() : text);

  it('reads the same with and without a stream', async () => {
    emulator.reply({ text: 'Good day to you.', usage: { inputTokens: 3, outputTokens: 4 } });
    const byStream = await streamed(make(), callOf());
    const whole = await completed(make(), callOf());
    for (const { events, failure } of [byStream, whole]) {
      expect(failure).toBeUndefined();
      expect(textIn(events)).toBe(shown('Good day to you.'));
      expect(events.at(-1)).toMatchObject({
        type: 'finish',
        finishReason: 'stop',
        usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
      });
    }
    expect(eventsIn(byStream.events, 'text').length).toBeGreaterThan(1);
  });

  it('sends nothing under a signal that is aborted already', async () => {
    const call = callOf({}, { signal: AbortSignal.abort(new Error('gone')) });
    await expect(make().stream!(call)[Symbol.asyncIterator]().next()).rejects.toThrow();
    await expect(make().complete!(call)).rejects.toThrow();
    expect(emulator.counters.requests).toBe(0);
  });

  it('closes the connection when it is left in the middle', async () => {
    await emulator.fault('stall-after');
    for await (const event of make().stream!(callOf())) if (event.type === 'text') break;
    expect(await emulator.requests[0]!.ended).toBe('aborted');
  });

  it('closes the connection on an abort in the middle', async () => {
    await emulator.fault('stall-after');
    const controller = new AbortController();
    const reading = (async () => {
      for await (const event of make().stream!(callOf({}, { signal: controller.signal }))) {
        if (event.type === 'text') controller.abort();
      }
    })();
    await expect(reading).rejects.toThrow();
    expect(await emulator.requests[0]!.ended).toBe('aborted');
  });

  it('stops at once on an abort before the headers', async () => {
    // A client that lets nobody at its fetch can end its stream only once that has begun.
    const isClosed = form === 'a proxy' || form.includes('private');
    await emulator.fault(isClosed ? { kind: 'slow', headersMs: 20, tokenMs: 20 } : 'hang');
    for (const ask of [streamed, completed]) {
      const controller = new AbortController();
      const before = emulator.counters.requests;
      const asked = ask(make(), callOf({}, { signal: controller.signal }));
      await emulator.received(before + 1);
      controller.abort();
      expect((await asked).failure).toBeDefined();
    }
    expect(await emulator.requests[0]!.ended).toBe('aborted');
  });

  it('finds a server that refuses connections', async () => {
    await emulator.fault('refuse');
    const { failure } = await streamed(make(), callOf());
    expect(failure).toMatchObject({ kind: 'network', code: 'connection-refused' });
  });

  it.each(['hard', 'clean', 'mid-event'] as const)('finds a stream that is cut: %s', async (how) => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    await emulator.fault({ kind: 'truncate', how });
    const { events, failure } = await streamed(make(), callOf());
    expect(failure?.kind).toMatch(/network|invalid-response/);
    expect(eventsIn(events, 'finish')).toEqual([]);
  });

  it('tells a refusal', async () => {
    await emulator.fault('overloaded');
    expect((await streamed(make(), callOf())).failure).toMatchObject({ kind: 'overloaded', status: 503 });
    expect((await completed(make(), callOf())).failure).toMatchObject({ kind: 'overloaded', status: 503 });
  });

  it('takes an error inside a stream for a failure', async () => {
    await emulator.fault({ kind: 'stream-error', error: 'overloaded' });
    expect((await streamed(make(), callOf())).failure).toMatchObject({ kind: 'overloaded' });
  });

  it('never reads an image from disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'images'));
    const path = join(folder, 'secret');
    writeFileSync(path, 'SECRET');
    // A path that is base64 as well, as a string that came from outside could be.
    const data = path.replaceAll('-', '+').slice(0, path.length - (path.length % 4));
    const images = ['/etc/passwd+', data, new Uint8Array([1, 2, 3])];
    const content = images.map((image) => ({ type: 'image', data: image, mediaType: 'image/png' }) as const);
    await streamed(make(), callOf({ messages: [{ role: 'user', content }] }));
    const [message] = emulator.requests[0]!.body['messages'] as { images: string[] }[];
    expect(message!.images).toEqual(['/etc/passwd+', data, 'AQID']);
    rmSync(folder, { recursive: true });
  });
});

describe('the console', () => {
  const readable = Object.entries(forms).filter(([form]) => form !== 'a proxy' && !form.includes('private'));

  it.each(readable)('stays silent with %s, whatever comes', async (_, optionsFor) => {
    const spies = (['log', 'warn', 'error', 'info'] as const).map((method) =>
      vi.spyOn(console, method).mockImplementation(() => {}),
    );
    const faults = [
      { kind: 'truncate', how: 'mid-event' },
      { kind: 'status', status: 502, message: 'x' },
      { kind: 'garbage', what: 'html' },
      { kind: 'garbage', what: 'invalid-json' },
      { kind: 'pings-only', tokens: 1, everyMs: 1 },
    ] as const;
    for (const fault of faults) {
      await emulator.fault(fault);
      const controller = new AbortController();
      const call = callOf({}, { signal: controller.signal });
      const asked = streamed(ollama(optionsFor(emulator.url)), call);
      if (fault.kind === 'pings-only') {
        await emulator.received(emulator.counters.requests + 1).catch(() => {});
        controller.abort();
      }
      expect((await asked).failure, fault.kind).toBeDefined();
    }
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  it('stays silent at empty lines, which the SDK takes for broken ones', async () => {
    const spy = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const fetch = async () => new Response('\n{"message":{"content":"a"},"done":false}\n\n\n{"message":{"content":""},"done":true}'); // prettier-ignore
    const { events, failure } = await streamed(ollama({ client: new Shouting({ fetch }) }), callOf());
    expect(failure).toBeUndefined();
    expect(textIn(events)).toBe('A');
    expect(spy).not.toHaveBeenCalled();
  });

  it('stays silent at a refusal that is no JSON', async () => {
    const spy = vi.spyOn(console, 'log').mockImplementation(() => {});
    const fetch = async () =>
      new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } });
    const provider = ollama({ client: new Ollama({ fetch }) });
    expect((await streamed(provider, callOf())).failure).toMatchObject({ status: 502 });
    expect(spy).not.toHaveBeenCalled();
  });
});

describe('the connection', () => {
  it('is used again after a whole answer, also where the body ends later than the answer', async () => {
    const ports = new Set<number | undefined>();
    const last = { message: { content: 'Hi' }, done: true };
    const server = createServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.write(`${JSON.stringify(last)}\n`, () => setImmediate(() => response.end()));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const provider = ollama({ host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
    for (let turn = 0; turn < 5; turn += 1) {
      for await (const event of provider.stream!(callOf())) if (event.type === 'finish') break;
      // The engine has the finish; the end of the body comes in a turn of its own.
      for (let wait = 0; wait < 10; wait += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    server.closeAllConnections();
    server.close();
    expect(ports.size).toBe(1);
  });
});

describe('a client of the host', () => {
  it('is left as it was', async () => {
    const client = new Ollama({ host: emulator.url });
    const before = { ...client };
    await emulator.fault([null, 'stall-after']);
    const provider = ollama({ client });
    await streamed(provider, callOf());
    for await (const event of provider.stream!(callOf())) if (event.type === 'text') break;
    expect({ ...client }).toEqual(before);
    expect((client as any).ongoingStreamedRequests).toEqual([]);
  });

  it('keeps its host, its headers and its fetch', async () => {
    const fetch = vi.fn(globalThis.fetch);
    const client = new Ollama({ host: emulator.url, headers: { 'x-own': '1' }, fetch });
    await streamed(ollama({ client }), callOf({}, { headers: { 'x-call': '2' } }));
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(emulator.requests[0]!.headers).toMatchObject({ 'x-own': '1', 'x-call': '2' });
  });

  it('shows its credentials for scrubbing', () => {
    const client = new Ollama({ headers: { Authorization: 'Bearer sk-1' } });
    expect(ollama({ client }).secrets?.()).toEqual(['sk-1']);
  });

  it('may be any object with a chat', async () => {
    const chat = async () => ({ message: { content: 'Hi' }, done: true });
    expect(textIn((await completed(ollama({ client: { chat } }), callOf())).events)).toBe('Hi');
  });
});

describe('settings', () => {
  it('send the key by the request, and a rotated one at once', async () => {
    const provider = ollama({ host: emulator.url, apiKey: 'first' });
    await streamed(provider, callOf());
    provider.setKey?.('second');
    await streamed(provider, callOf());
    expect(emulator.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer second',
    ]);
    expect(provider.secrets?.()).toEqual(['second', 'first']);
  });

  it('let no key of the environment in', async () => {
    vi.stubEnv('OLLAMA_API_KEY', 'leaked');
    const sent: Record<string, string>[] = [];
    const fetch = (async (_: string, init: { headers: Record<string, string> }) => {
      sent.push(init.headers);
      return new Response('{"message":{"content":"a"},"done":true}');
    }) as unknown as typeof globalThis.fetch;
    await streamed(ollama({ host: 'https://ollama.com', fetch }), callOf());
    await streamed(
      ollama({ host: 'https://ollama.com', fetch, headers: { authorization: 'Bearer own' } }),
      callOf(),
    );
    expect(JSON.stringify(sent)).not.toContain('leaked');
    expect(sent[1]).toMatchObject({ authorization: 'Bearer own' });
  });

  it('are not redirected by the environment', async () => {
    vi.stubEnv('OLLAMA_HOST', 'http://127.0.0.1:9');
    const urls: string[] = [];
    const fetch = (async (url: string) => {
      urls.push(url);
      return new Response('{"message":{"content":"a"},"done":true}');
    }) as unknown as typeof globalThis.fetch;
    await streamed(ollama({ fetch }), callOf());
    expect(urls).toEqual(['http://127.0.0.1:11434/api/chat']);
  });

  it('with faults are told, all of them', () => {
    expect(ollama().problems).toEqual([]);
    expect(ollama(new Ollama() as never).problems).toEqual([
      'expected ollama({ client }), got the client itself',
    ]);
    expect(ollama('http://127.0.0.1:11434' as never).problems).toHaveLength(1);
    expect(ollama({ client: new Ollama() }).problems).toEqual([]);
    expect(ollama({ host: 'http://', apiKey: '', hots: 1 } as OllamaOptions).problems).toHaveLength(3);
    expect(ollama({ client: {}, apiKey: 'k' } as unknown as OllamaOptions).problems).toHaveLength(2);
  });

  it('make a provider that waits long for its first word', () => {
    expect(ollama({ name: 'gpu-box' })).toMatchObject({ name: 'gpu-box', kind: 'ollama', slowStart: true });
  });
});

describe('the mock server of aimock', () => {
  it('is understood', async () => {
    const mock = new LLMock({ port: 0, chunkSize: 3 });
    mock.onMessage('Hello', { content: 'Hello yourself, wörld.' });
    mock.onMessage('Weather', { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] });
    await mock.start();
    try {
      const provider = ollama({ client: new Ollama({ host: mock.url }) });
      for (const ask of [streamed, completed]) {
        const { events } = await ask(provider, callOf());
        expect(textIn(events)).toBe('Hello yourself, wörld.');
        const tools = [{ name: 'weather', parameters: { type: 'object' } }];
        const called = await ask(
          provider,
          callOf({ messages: [{ role: 'user', content: 'Weather' }], tools }),
        );
        expect(eventsIn(called.events, 'tool-call')).toMatchObject([
          { name: 'weather', arguments: { city: 'Oslo' } },
        ]);
      }
    } finally {
      await mock.stop();
    }
  });
});
