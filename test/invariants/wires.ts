import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { vi } from 'vitest';
import type { Provider } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import {
  anthropicEmulator,
  geminiEmulator,
  ollamaEmulator,
  openaiEmulator,
  type Emulator,
  type Reply,
} from 'failsoft/testing';

export type Fetch = typeof fetch;

/** One way of reaching a vendor, through its real SDK. */
export interface Wire {
  readonly name: string;
  readonly start: (options: { reply: Reply }) => Promise<Emulator>;
  readonly provider: (url: string, fetch: Fetch) => Provider;
  readonly model: string;
  /** Whether its lines may end in CRLF: those of event streams and of NDJSON may. */
  readonly hasLines: boolean;
  readonly reasons: boolean;
}

const apiKey = 'test';
export const wires: readonly Wire[] = [
  {
    name: 'OpenAI, Chat Completions',
    start: openaiEmulator,
    provider: (url, fetch) => openai({ apiKey, baseURL: `${url}/v1`, fetch, api: 'chat' }),
    model: 'gpt-4.1',
    hasLines: true,
    reasons: false,
  },
  {
    name: 'OpenAI, Responses',
    start: openaiEmulator,
    provider: (url, fetch) => openai({ apiKey, baseURL: `${url}/v1`, fetch, api: 'responses' }),
    model: 'gpt-5.2',
    hasLines: true,
    reasons: true,
  },
  {
    name: 'Anthropic',
    start: anthropicEmulator,
    provider: (url, fetch) => anthropic({ apiKey, baseURL: url, fetch }),
    model: 'claude-sonnet-4-5',
    hasLines: true,
    reasons: true,
  },
  {
    name: 'Anthropic on Bedrock',
    start: anthropicEmulator,
    provider: (url, fetch) =>
      anthropic({
        client: new AnthropicBedrock({
          baseURL: url,
          fetch,
          awsRegion: 'us-east-1',
          awsAccessKey: 'test',
          awsSecretKey: 'test',
        }),
      }),
    model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
    hasLines: false,
    reasons: true,
  },
  {
    name: 'Gemini, @google/genai',
    start: geminiEmulator,
    provider: (url, fetch) => google({ apiKey, baseURL: url, fetch, sdk: 'genai' }),
    model: 'gemini-2.5-flash',
    hasLines: true,
    reasons: true,
  },
  {
    name: 'Gemini, @google/generative-ai',
    start: geminiEmulator,
    provider(url, fetch) {
      vi.stubGlobal('fetch', fetch);
      return google({ apiKey, baseURL: url, sdk: 'generative-ai' });
    },
    model: 'gemini-2.5-flash',
    hasLines: true,
    reasons: true,
  },
  {
    name: 'Ollama',
    start: ollamaEmulator,
    provider: (url, fetch) => ollama({ host: url, fetch }),
    model: 'llama3.3',
    hasLines: true,
    reasons: false,
  },
];

/** A reply of an emulator, byte for byte. */
export interface Recorded {
  readonly url: string;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/** What the emulator sends to whoever `ask` has asked through the provider. */
export async function record(
  wire: Wire,
  reply: Reply,
  ask: (provider: Provider) => Promise<unknown>,
): Promise<Recorded> {
  await using emulator = await wire.start({ reply });
  let taken: Recorded | undefined;
  const real = globalThis.fetch;
  const listening: Fetch = async (input, init) => {
    const response = await real(input, init);
    const bytes = new Uint8Array(await response.arrayBuffer());
    taken = { url: emulator.url, headers: response.headers, bytes };
    return new Response(bytes, response);
  };
  await ask(wire.provider(emulator.url, listening));
  vi.unstubAllGlobals();
  if (!taken) throw new Error('nothing was fetched');
  return taken;
}
