import { describe, expect, it, onTestFinished } from 'vitest';
import { createRouter, type Provider } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import {
  anthropicEmulator,
  geminiEmulator,
  manualRuntime,
  ollamaEmulator,
  openaiEmulator,
  type Emulator,
  type EmulatorOptions,
} from 'failsoft/testing';

const request = { messages: [{ role: 'user', content: 'Hello there' }] } as const;

interface Vendor {
  readonly start: (options: EmulatorOptions) => Promise<Emulator>;
  readonly provider: (url: string) => Provider;
  readonly model: string;
}

const apiKey = 'old-key';
const vendors: Record<string, Vendor> = {
  openai: {
    start: openaiEmulator,
    provider: (url) => openai({ apiKey, baseURL: `${url}/v1` }),
    model: 'gpt-4.1',
  },
  anthropic: {
    start: anthropicEmulator,
    provider: (baseURL) => anthropic({ apiKey: async () => apiKey, baseURL }),
    model: 'claude-sonnet-4-5',
  },
  '@google/genai': {
    start: geminiEmulator,
    provider: (baseURL) => google({ apiKey, baseURL }),
    model: 'gemini-2.5-flash',
  },
  '@google/generative-ai': {
    start: geminiEmulator,
    provider: (baseURL) => google({ apiKey, baseURL, sdk: 'generative-ai' }),
    model: 'gemini-2.5-flash',
  },
  ollama: { start: ollamaEmulator, provider: (host) => ollama({ host, apiKey }), model: 'llama3.3' },
};

async function serve(vendor: Vendor, options: EmulatorOptions) {
  const emulator = await vendor.start(options);
  onTestFinished(() => emulator.close());
  const runtime = manualRuntime();
  const router = createRouter({
    models: { chat: [{ id: 'a', provider: vendor.provider(emulator.url), model: vendor.model }] },
    runtime,
  });
  return {
    emulator,
    runtime,
    router,
    /** The keys of all requests so far, in order. */
    keys: () => emulator.requests.map(({ headers }) => keyIn(headers)),
    rotate: () => router.rotate(router.plan(request).order[0]!.provider, 'new-key', { verify: true }),
  };
}

function keyIn(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  return (
    headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers['authorization']?.replace('Bearer ', '')
  );
}

describe.each(Object.entries(vendors))('a new key that is verified: %s', (_name, vendor) => {
  it('is of the probe alone until the vendor has taken it', async () => {
    const { emulator, runtime, router, keys, rotate } = await serve(vendor, {
      faults: (_number, asked) => (keyIn(asked.headers) === 'new-key' ? 'hang' : null),
    });
    await router.complete(request);
    const rotated = rotate();
    await emulator.received(2);
    expect((await router.complete(request)).attempts).toHaveLength(1);
    expect(keys()).toEqual(['old-key', 'new-key', 'old-key']);
    // A vendor that says nothing does not refuse it.
    await emulator.fault();
    await runtime.advance(30_001);
    await rotated;
    await router.complete(request);
    expect(keys().at(-1)).toBe('new-key');
  });

  it('replaces the old one at once where it is taken', async () => {
    const { router, keys, rotate } = await serve(vendor, { keys: ['old-key', 'new-key'] });
    await rotate();
    await router.complete(request);
    expect(keys()).toEqual(['new-key', 'new-key']);
  });

  it('goes no further where it is refused, and nothing is held against the target', async () => {
    const { router, keys, rotate } = await serve(vendor, { keys: ['old-key'] });
    await expect(rotate()).rejects.toMatchObject({
      code: 'bad-request',
      failure: { kind: 'auth' },
      message: expect.stringContaining('the old one stays') as string,
    });
    await router.complete(request);
    expect(keys()).toEqual(['new-key', 'old-key']);
    expect(router.health().targets['a']).toMatchObject({ breaker: 'closed' });
    expect(router.health().targets['a']!.lockedOut).toBeUndefined();
  });
});
