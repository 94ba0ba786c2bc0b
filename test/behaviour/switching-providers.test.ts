import { Anthropic } from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRouter, type Message, type Router, type Target, type ToolMessage } from 'failsoft';
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

const key = 'test-key';
const ids = ['chat', 'responses', 'claude', 'gemini', 'gemini-legacy', 'local'] as const;
type Id = (typeof ids)[number];
const pairs = ids.flatMap((from) => ids.map((to) => [from, to] as const));

const tools = [
  {
    name: 'weather',
    description: 'The weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];
const question: Message = { role: 'user', content: 'How is the weather in Paris and in Rome?' };
const calling: Reply = {
  reasoning: 'Two cities, two calls.',
  text: 'Let me look.',
  toolCalls: [
    { name: 'weather', arguments: { city: 'Paris' } },
    { name: 'weather', arguments: { city: 'Rome' } },
  ],
};

let emulators: Record<Id, Emulator>;
let router: Router<'any'>;

beforeAll(async () => {
  const [gpt, claude, gemini, local] = await Promise.all([
    openaiEmulator({}),
    anthropicEmulator({}),
    geminiEmulator({}),
    ollamaEmulator({}),
  ]);
  emulators = { chat: gpt, responses: gpt, claude, gemini, 'gemini-legacy': gemini, local };
  const client = new OpenAI({ apiKey: key, baseURL: `${gpt.url}/v1` });
  const targets: Target[] = [
    { id: 'chat', provider: openai({ client, api: 'chat', name: 'chat' }), model: 'gpt-4.1' },
    { id: 'responses', provider: openai({ client, api: 'responses' }), model: 'gpt-5.2' },
    {
      id: 'claude',
      provider: anthropic({ client: new Anthropic({ apiKey: key, baseURL: claude.url }) }),
      model: 'claude-sonnet-5',
    },
    {
      id: 'gemini',
      provider: google({ client: new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: gemini.url } }) }),
      model: 'gemini-3-pro',
    },
    {
      id: 'gemini-legacy',
      provider: google({ apiKey: key, baseURL: gemini.url, sdk: 'generative-ai', name: 'legacy' }),
      model: 'gemini-2.5-flash',
    },
    { id: 'local', provider: ollama({ client: new Ollama({ host: local.url }) }), model: 'qwen3' },
  ];
  router = createRouter({ models: { any: targets } });
});

afterAll(async () => {
  await router.close();
  await Promise.all([...new Set(Object.values(emulators))].map((emulator) => emulator.close()));
});

async function ask(id: Id, reply: Reply, messages: readonly Message[]) {
  emulators[id].reply(reply);
  return router.complete({ messages, tools, system: 'Be brief.' }, { targets: [id], retry: 0 });
}

/** What a host stores and reads again. */
function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function resultsOf(calls: readonly { id: string; name: string }[]): ToolMessage {
  return {
    role: 'tool',
    content: calls.map(({ id, name }) => ({ type: 'tool-result', toolCallId: id, name, content: 'sunny' })),
  };
}

// The emulators refuse what the vendors refuse: ids, order and number of results, signatures, roles.
describe('a conversation that changes its provider', () => {
  it.each(pairs)('goes on in the middle of a tool loop, from %s to %s', async (from, to) => {
    const first = await ask(from, calling, [question]);
    expect(first.finishReason).toBe('tool-calls');
    expect(first.toolCalls.map((call) => call.arguments)).toEqual([{ city: 'Paris' }, { city: 'Rome' }]);
    const history = [question, stored(first.message), resultsOf(first.toolCalls)];

    const second = await ask(to, { text: 'Sunny in both.' }, history);
    expect(second.text).toBe('Sunny in both.');

    // Back to where it began: its private state is still good, and the other's is not shown to it.
    const again: Message[] = [...history, stored(second.message), { role: 'user', content: 'And tomorrow?' }];
    const third = await ask(from, { text: 'Rain.' }, again);
    expect(third.text).toBe('Rain.');
  });

  it.each(ids)('is made valid for %s where a tool was never answered, or answered twice', async (to) => {
    const messages: Message[] = [
      question,
      {
        role: 'assistant',
        content: [
          {
            type: 'tool-call',
            id: 'call 1 / odd id that no vendor would have made, and far too long for some',
            name: 'weather',
            arguments: { city: 'Paris' },
          },
          { type: 'tool-call', id: 'b', name: 'weather', arguments: { city: 'Rome' } },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'b', content: 'sunny' }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'b', content: 'sunny' }] },
      { role: 'user', content: 'Never mind Paris.' },
      { role: 'user', content: 'What of Rome?' },
    ];
    expect((await ask(to, { text: 'Sunny.' }, messages)).text).toBe('Sunny.');
  });

  it.each(ids)(
    'is made valid for %s where it begins or ends with the assistant, or has system turns in it',
    async (to) => {
      const messages: Message[] = [
        { role: 'assistant', content: 'Welcome!' },
        { role: 'user', content: 'Hello there' },
        { role: 'system', content: 'The user is a pilot.' },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'Hm.' },
            { type: 'text', text: 'The answer is ' },
          ],
        },
      ];
      expect((await ask(to, { text: '42' }, messages)).text).toBe('42');
    },
  );
});
