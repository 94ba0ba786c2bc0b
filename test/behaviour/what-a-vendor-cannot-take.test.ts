import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRouter, type CompletionRequest, type Provider, type RoutePlan, type Router } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import { question } from './arrange.ts';

const vendors: Record<string, (fetch?: typeof globalThis.fetch) => Provider> = {
  openai: (fetch) => openai({ apiKey: 'k', ...(fetch && { fetch }) }),
  compatible: (fetch) => openai({ apiKey: 'k', baseURL: 'https://llm.test/v1', ...(fetch && { fetch }) }),
  anthropic: (fetch) => anthropic({ apiKey: 'k', ...(fetch && { fetch }) }),
  bedrock: (fetch) =>
    anthropic({
      client: new AnthropicBedrock({ awsRegion: 'eu-central-1', apiKey: 'k', ...(fetch && { fetch }) }),
    }),
  google: (fetch) => google({ apiKey: 'k', ...(fetch && { fetch }) }),
  ollama: (fetch) => ollama({ ...(fetch && { fetch }) }),
};

function planFor(vendor: string, model: string, request: Partial<CompletionRequest>): RoutePlan {
  const router: Router = createRouter({
    models: { chat: [{ id: 'it', provider: vendors[vendor]!(), model }] },
  });
  return router.plan({ ...question, ...request });
}

const tools = [{ name: 'weather', parameters: { type: 'object', properties: {} } }];
const holding = (part: object) =>
  ({ messages: [{ role: 'user', content: [part] }] }) as Partial<CompletionRequest>;
const imageAt = holding({ type: 'image', url: 'https://pictures.test/cat.png' });
const fileAt = holding({ type: 'file', url: 'https://papers.test/a.pdf', mediaType: 'application/pdf' });
const image = holding({ type: 'image', data: 'AAAA', mediaType: 'image/png' });
const file = holding({ type: 'file', data: 'AAAA', mediaType: 'application/pdf' });
const tiff = holding({ type: 'image', data: 'AAAA', mediaType: 'image/tiff' });
const reasoning = { reasoning: { effort: 'high' } } as const;
const required = { tools, toolChoice: 'required' } as const;
const named = { tools, toolChoice: { name: 'weather' } } as const;
const none = { tools, toolChoice: 'none' } as const;
const schema = { schema: { type: 'object', properties: {} } } as const;
const listSchema = { schema: { type: 'array', items: {} } } as const;

describe('the plan', () => {
  it.each<[string, string, string, Partial<CompletionRequest>, RegExp]>([
    ['openai', 'gpt-4.1', 'reasoning', reasoning, /cannot reason/],
    ['openai', 'gpt-3.5-turbo', 'an image', image, /takes no images/],
    ['openai', 'gpt-3.5-turbo', 'a schema', schema, /takes no schema/],
    ['openai', 'o3', 'stop sequences', { stop: 'END' }, /takes no stop sequences/],
    [
      'openai',
      'gpt-4.1',
      'five stop sequences',
      { stop: ['1', '2', '3', '4', '5'] },
      /at most 4 stop sequences/,
    ],
    ['openai', 'gpt-4.1', 'a schema of a list', listSchema, /root is a plain object/],
    ['openai', 'o1-mini', 'tools', { tools }, /takes no tools/],
    ['compatible', 'any', 'a file by its URL', fileAt, /takes no file by URL/],
    [
      'anthropic',
      'claude-sonnet-5',
      'a forced tool beside reasoning',
      { ...required, ...reasoning },
      /while the model reasons/,
    ],
    [
      'anthropic',
      'claude-opus-5-5',
      'a forced tool',
      required,
      /cannot (be made to )?call|tool choice|takes no/i,
    ],
    ['anthropic', 'claude-sonnet-5', 'a blank stop sequence', { stop: [' '] }, /white space/],
    ['anthropic', 'claude-sonnet-5', 'a kind of image', tiff, /image\/tiff/],
    ['anthropic', 'claude-2.1', 'reasoning', reasoning, /cannot reason/],
    ['bedrock', 'anthropic.claude-sonnet-5', 'an image by its URL', imageAt, /takes no image by URL/],
    ['bedrock', 'anthropic.claude-sonnet-5', 'a file by its URL', fileAt, /takes no file by URL/],
    [
      'google',
      'gemini-2.5-flash',
      'tools beside a schema',
      { tools, ...schema },
      /tools together with a schema/,
    ],
    [
      'google',
      'gemini-2.5-flash',
      'six stop sequences',
      { stop: ['1', '2', '3', '4', '5', '6'] },
      /at most 5/,
    ],
    ['google', 'gemini-2.0-flash', 'reasoning', reasoning, /cannot reason/],
    ['google', 'gemini-2.0-flash', 'an image by its URL', imageAt, /takes no image by URL/],
    ['google', 'gemma-3-27b-it', 'tools', { tools }, /takes no tools/],
    ['ollama', 'llama3.3', 'a forced tool', required, /tool/],
    ['ollama', 'llama3.3', 'a named tool', named, /tool/],
    [
      'ollama',
      'llama3.3',
      'tools beside a schema',
      { tools, ...schema },
      /tools and hold the answer to a schema/,
    ],
    ['ollama', 'llama3.3', 'reasoning', reasoning, /cannot reason/],
    ['ollama', 'llama3.3', 'an image', image, /takes no images/],
    ['ollama', 'gemma3', 'tools', { tools }, /takes no tools/],
    ['ollama', 'gemma3', 'a file', file, /takes no files/],
    ['ollama', 'gemma3', 'an image by its URL', imageAt, /takes no image by URL/],
  ])('says why %s’s %s cannot take %s', (vendor, model, _, request, reason) => {
    expect(planFor(vendor, model, request)).toEqual({
      order: [],
      rejected: [{ target: 'it', reason: expect.stringMatching(reason) as string }],
    });
  });

  it.each<[string, string, string, Partial<CompletionRequest>]>([
    ['openai', 'gpt-4.1', 'every choice of a tool', named],
    ['openai', 'gpt-4.1', 'images by URL', imageAt],
    ['openai', 'gpt-4.1', 'files by URL', fileAt],
    ['openai', 'gpt-4.1', 'files', file],
    ['openai', 'gpt-5.2', 'tools beside reasoning', { tools, ...reasoning }],
    ['openai', 'o1-mini', 'the wish not to reason', { reasoning: { effort: 'none' } }],
    ['anthropic', 'claude-sonnet-5', 'every choice of a tool', required],
    ['anthropic', 'claude-sonnet-5', 'files by URL', fileAt],
    ['bedrock', 'anthropic.claude-sonnet-5', 'files', file],
    ['google', 'gemini-3-pro', 'tools beside a schema', { tools, ...schema }],
    ['google', 'gemini-2.5-flash', 'every choice of a tool', named],
    ['google', 'gemini-2.5-flash', 'images by URL', imageAt],
    ['ollama', 'llama3.3', 'a choice against tools', none],
    ['ollama', 'gemma3', 'images', image],
    ['ollama', 'qwen3', 'reasoning', reasoning],
    ['ollama', 'llama3.3', 'wishes that it cannot take', { tools, parallelToolCalls: false }],
  ])('lets %s’s %s serve with %s', (vendor, model, _, request) => {
    expect(planFor(vendor, model, request)).toMatchObject({ order: [{ id: 'it' }], rejected: [] });
  });
});

describe('a strict tool', () => {
  it.each(['google', 'ollama'])('that %s cannot hold to its schema is named in a warning', async (vendor) => {
    const answer = {
      google: { candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] },
      ollama: { message: { content: 'Hi' }, done: true },
    }[vendor];
    const answering: typeof fetch = async () =>
      new Response(JSON.stringify(answer), { headers: { 'content-type': 'application/json' } });
    for (const transport of ['stream', 'unary'] as const) {
      const models = { chat: [{ provider: vendors[vendor]!(answering), model: 'any' }] };
      const router: Router = createRouter({ models, transport });
      const strict = { tools: tools.map((tool) => ({ ...tool, strict: true })) };
      const { warnings } = await router.complete({ ...question, ...strict });
      expect(warnings).toEqual([expect.stringContaining('"weather"') as string]);
      expect((await router.complete({ ...question, tools })).warnings).toEqual([]);
    }
  });
});

describe('a URL in a message', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each(Object.keys(vendors))('is fetched by nobody here, but handed on or refused: %s', async (vendor) => {
    const hosts = new Set<string>();
    const sent: string[] = [];
    const recording: typeof fetch = async (input, init) => {
      hosts.add(new URL(input instanceof Request ? input.url : String(input)).hostname);
      sent.push(init?.body as string);
      return new Response('{}', { status: 500, headers: { 'content-type': 'application/json' } });
    };
    vi.spyOn(globalThis, 'fetch').mockImplementation(recording);
    const provider = vendors[vendor]!(recording);
    const router: Router = createRouter({ models: { chat: [{ provider, model: 'any' }] }, retry: 0 });
    for (const request of [imageAt, fileAt]) {
      await expect(router.complete({ ...question, ...request })).rejects.toThrow();
    }
    expect([...hosts].filter((host) => /pictures|papers/.test(host))).toEqual([]);
    const refused = ['bedrock', 'ollama'].includes(vendor);
    expect(sent.some((body) => body.includes('https://pictures.test/cat.png'))).toBe(!refused);
  });
});
