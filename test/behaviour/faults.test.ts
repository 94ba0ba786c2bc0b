import { Anthropic } from '@anthropic-ai/sdk';
import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI, { AzureOpenAI } from 'openai';
import { describe, expect, it, vi } from 'vitest';
import { createRouter, type Provider, type RouterError } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import {
  anthropicEmulator,
  geminiEmulator,
  ollamaEmulator,
  openaiEmulator,
  scriptedProvider,
  type Emulator,
  type FaultSchedule,
} from 'failsoft/testing';

const key = 'test-key';
const words = ['One', ' two', ' three', ' four', ' five', ' six.'];
const whole = words.join('');
const request = { messages: [{ role: 'user', content: 'Count to six, please.' }] } as const;

interface Vendor {
  readonly model: string;
  readonly start: () => Promise<Emulator>;
  readonly provider: (url: string) => Provider;
}

const vendors: Readonly<Record<string, Vendor>> = {
  'openai chat': {
    model: 'gpt-4.1',
    start: () => openaiEmulator({}),
    provider: (url) => openai({ client: new OpenAI({ apiKey: key, baseURL: `${url}/v1` }), api: 'chat' }),
  },
  'openai responses': {
    model: 'gpt-5.2',
    start: () => openaiEmulator({}),
    provider: (url) =>
      openai({ client: new OpenAI({ apiKey: key, baseURL: `${url}/v1` }), api: 'responses' }),
  },
  azure: {
    model: 'gpt-4.1',
    start: () => openaiEmulator({}),
    provider: (url) =>
      openai({ client: new AzureOpenAI({ apiKey: key, endpoint: url, apiVersion: '2025-04-01-preview' }) }),
  },
  anthropic: {
    model: 'claude-sonnet-5',
    start: () => anthropicEmulator({}),
    provider: (url) => anthropic({ client: new Anthropic({ apiKey: key, baseURL: url }) }),
  },
  bedrock: {
    model: 'eu.anthropic.claude-sonnet-5-v1:0',
    start: () => anthropicEmulator({}),
    provider: (url) =>
      anthropic({
        client: new AnthropicBedrock({
          awsRegion: 'eu-west-1',
          awsAccessKey: 'a',
          awsSecretKey: 'b',
          baseURL: url,
        }),
      }),
  },
  'google genai': {
    model: 'gemini-2.5-flash',
    start: () => geminiEmulator({}),
    provider: (url) => google({ client: new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } }) }),
  },
  'google generative-ai': {
    model: 'gemini-2.5-flash',
    start: () => geminiEmulator({}),
    provider: (url) => google({ apiKey: key, baseURL: url, sdk: 'generative-ai' }),
  },
  ollama: {
    model: 'llama3.3',
    start: () => ollamaEmulator({}),
    provider: (url) => ollama({ client: new Ollama({ host: url }) }),
  },
};

const faults: Readonly<Record<string, FaultSchedule>> = {
  refuse: 'refuse',
  reset: 'reset',
  '500': 'server-error',
  '502 with any body': { kind: 'status', status: 502 },
  overloaded: 'overloaded',
  'a rate limit without a hint': { kind: 'rate-limit', hint: 'none' },
  'a rate limit': { kind: 'rate-limit', afterMs: 20_000 },
  quota: 'quota',
  'a refused key': 'auth',
  permission: 'permission',
  'no such model': 'model-not-found',
  hang: 'hang',
  'a stall before the first token': 'stall-before-first-token',
  'a stall after three tokens': { kind: 'stall-after', tokens: 3 },
  'keep-alives only': { kind: 'pings-only', everyMs: 20 },
  'keep-alives after two tokens': { kind: 'pings-only', everyMs: 20, tokens: 2 },
  'a clean end after three tokens': { kind: 'truncate', how: 'clean', tokens: 3 },
  'an end in mid-event': { kind: 'truncate', how: 'mid-event', tokens: 3 },
  'a broken connection': { kind: 'truncate', how: 'hard', tokens: 3 },
  'an empty stream': { kind: 'truncate', how: 'clean', tokens: 0 },
  'half of the JSON': 'half-json',
  'an HTML page': { kind: 'garbage', what: 'html' },
  '{}': { kind: 'garbage', what: 'empty-object' },
  'an error body with status 200': { kind: 'garbage', what: 'error-body' },
  'invalid JSON': { kind: 'garbage', what: 'invalid-json' },
  'a bare string': { kind: 'garbage', what: 'string' },
  'an empty body': { kind: 'garbage', what: 'empty-body' },
  'an empty reply': 'empty',
  'an error in the stream': { kind: 'stream-error', tokens: 2 },
  'an error before the first token': { kind: 'stream-error', tokens: 0 },
};

/** What can only be found by the time of a whole attempt, where nothing streams. */
const timeouts = { firstTokenMs: 150, idleMs: 150, attemptMs: 400 };

async function setUp({ start, provider, model }: Vendor, fault: FaultSchedule) {
  const emulator = await start();
  emulator.reply({ text: words });
  await emulator.fault(fault);
  const rescue = scriptedProvider('The rescue answers.', { name: 'rescue' });
  const router = createRouter({
    models: {
      safe: [
        { id: 'primary', provider: provider(emulator.url), model },
        { id: 'rescue', provider: rescue, model: 'any' },
      ],
    },
    // A healthy one is not hurried: these machines may be busy.
    ...(fault === null ? {} : { timeouts }),
    retry: 0,
  });
  return { emulator, router, [Symbol.asyncDispose]: () => emulator.close() };
}

describe.concurrent.each(Object.entries(vendors))('%s', (_, vendor) => {
  it('answers whole where nothing is wrong, streamed and unary', async () => {
    await using stage = await setUp(vendor, null);
    const { router } = stage;
    expect((await router.complete({ ...request, model: 'safe' })).text).toBe(whole);
    expect((await router.complete({ ...request, model: 'safe' }, { transport: 'unary' })).text).toBe(whole);
    let streamed = '';
    for await (const text of router.stream({ ...request, model: 'safe' }).textStream) streamed += text;
    expect(streamed).toBe(whole);
  });

  it.each(Object.entries(faults))(
    '%s never passes for an answer: complete() moves on',
    async (_name, fault) => {
      await using stage = await setUp(vendor, fault);
      const { router } = stage;
      const reply = await router.complete({ ...request, model: 'safe' });
      expect(reply.text).toBe('The rescue answers.');
      expect(reply.attempts.map(({ decision }) => decision)).toEqual(['next', 'answer']);
      expect(reply.attempts[0]!.failure!.kind).not.toBe('unknown');
    },
  );

  it.each(Object.entries(faults))(
    '%s never passes for an answer: nor does it unary',
    async (_name, fault) => {
      await using stage = await setUp(vendor, fault);
      const { router } = stage;
      const reply = await router.complete({ ...request, model: 'safe' }, { transport: 'unary' });
      // What only a stream can suffer leaves a whole answer.
      expect([whole, 'The rescue answers.']).toContain(reply.text);
      if (reply.text === whole) expect(reply.attempts).toHaveLength(1);
    },
  );

  it.each(Object.entries(faults))(
    '%s in a stream is unseen before the first token, and an error after it',
    async (_name, fault) => {
      await using stage = await setUp(vendor, fault);
      const { router } = stage;
      const stream = router.stream({ ...request, model: 'safe' });
      let text = '';
      let error: RouterError | undefined;
      try {
        for await (const event of stream) if (event.type === 'text') text += event.text;
      } catch (thrown) {
        error = thrown as RouterError;
      }
      if (error === undefined) expect(text).toBe('The rescue answers.');
      else {
        expect(error.code).toBe('stream-interrupted');
        expect(whole.startsWith(text) && text !== whole && text !== '').toBe(true);
        expect(error.partial?.text).toBe(text);
      }
    },
  );

  it('leaves no connection open that hangs, stalls or only sends keep-alives', async () => {
    for (const fault of ['hang', 'stall-before-first-token', { kind: 'pings-only', everyMs: 20 }] as const) {
      await using stage = await setUp(vendor, fault);
      const { emulator, router } = stage;
      await router.complete({ ...request, model: 'safe' });
      await vi.waitFor(() => expect(emulator.counters.open).toBe(0), { timeout: 5_000, interval: 10 });
    }
  });
});
