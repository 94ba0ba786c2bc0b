import { describe, expect, it } from 'vitest';
import { createRouter, type CompletionRequest } from 'failsoft';
import { openai } from 'failsoft/openai';
import { openaiEmulator } from 'failsoft/testing';
import { arrange, errorOf, messages, question } from './arrange.ts';

const circular: Record<string, unknown> = {};
circular['self'] = circular;
let deep: object = {};
for (let level = 0; level < 50_000; level += 1) deep = { deep };

const calling = (input: unknown) => [
  ...messages,
  { role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'look', arguments: input }] },
  { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', content: 'seen' }] },
];
const holes: unknown[] = [];
holes[1] = messages[0];
const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();

describe('a request that no provider could be sent is refused before any is asked, and harms no health:', () => {
  it.each([
    ['provider options in a circle', { providerOptions: { a: { circular } } }, {}, 'providerOptions.a'],
    ['a BigInt in provider options', { providerOptions: { a: { at: 1n } } }, {}, 'providerOptions.a'],
    ['provider options without an end', { providerOptions: { a: { deep } } }, {}, 'providerOptions.a'],
    [
      'parameters in a circle',
      { tools: [{ name: 'look', parameters: circular }] },
      {},
      'tools[0].parameters',
    ],
    ['a schema in a circle', { schema: circular }, {}, 'schema'],
    ['a pattern that is none', { schema: { properties: { a: { pattern: '[' } } } }, {}, 'schema'],
    ['a name pattern that is none', { schema: { patternProperties: { '(': {} } } }, {}, 'schema'],
    ['null in the place of a schema', { schema: { properties: { a: null } } }, {}, 'schema'],
    ['a word in the place of a schema', { schema: { anyOf: [{}, 'text'] } }, {}, 'schema'],
    ['arguments in a circle', { messages: calling(circular) }, {}, 'messages[1].content[0].arguments'],
    ['a BigInt among arguments', { messages: calling({ at: 1n }) }, {}, 'messages[1].content[0].arguments'],
    ['a temperature without an end', { temperature: Infinity }, {}, 'temperature'],
    ['a hole in the messages', { messages: holes }, {}, 'messages[0]'],
    ['a name that is none of a header', {}, { headers: { 'x y': '1' } }, 'options.headers'],
    ['a line break in a header', {}, { headers: { x: '1\r\ny: 2' } }, 'options.headers.x'],
    ['a character that no header can hold', {}, { headers: { x: '☃' } }, 'options.headers.x'],
    [
      'a header of the connection',
      {},
      { headers: { 'Content-Length': '3' } },
      'options.headers.Content-Length',
    ],
    ['headers as a Map', {}, { headers: new Map([['x', '1']]) }, 'options.headers'],
    ['headers as Headers', {}, { headers: new Headers({ x: '1' }) }, 'options.headers'],
    [
      'a getter that throws',
      {
        get system(): string {
          throw new Error('not loaded');
        },
      },
      {},
      '',
    ],
    ['a revoked proxy among its messages', { messages: [revoked] }, {}, ''],
  ] as [string, object, object, string][])('%s', async (_what, request, options, path) => {
    const stage = arrange({ a: 'From a.', b: 'From b.' });
    const asked = Object.defineProperties({ ...question }, Object.getOwnPropertyDescriptors(request));
    for (const call of [
      () => stage.router.complete(asked, options),
      () => stage.router.stream(asked, options).completion,
    ]) {
      const error = await errorOf(call());
      expect(error).toMatchObject({ code: 'bad-request', attempts: [] });
      expect(error.problems?.map((problem) => problem.path)).toEqual([path]);
    }
    expect(stage.providers.a.calls).toHaveLength(0);
    expect(stage.eventsOf('call').map(({ outcome }) => outcome)).toEqual(['bad-request', 'bad-request']);
  });

  it('and plan() says so too', () => {
    const stage = arrange({ a: 'From a.' });
    expect(() => stage.router.plan({ messages: holes } as unknown as CompletionRequest)).toThrow(
      'messages[0]',
    );
    expect(() => stage.router.plan(revoked as CompletionRequest)).toThrow(/cannot be read/);
  });
});

describe('what becomes of a conversation after it was asked', () => {
  it('is for the next call: a target that is asked later gets what the first one got', async () => {
    const stage = arrange({ a: [{ waitMs: 100 }, { fail: 'server-error' }], b: 'From b.' });
    const conversation = [{ role: 'user', content: 'Hello there.' }] as { role: 'user'; content: string }[];
    const stream = stage.stream({ messages: conversation });
    // As a user interface does that shows the answer to come.
    conversation[0]!.content = 'Edited.';
    conversation.push({ role: 'user', content: '…' });
    await stage.runtime.run(() => stream.completion);
    for (const provider of Object.values(stage.providers))
      expect(provider.calls[0]?.request.messages).toEqual([{ role: 'user', content: 'Hello there.' }]);
  });
});

it('headers that can be sent arrive at the vendor', async () => {
  await using vendor = await openaiEmulator({ reply: 'Hello.' });
  const provider = openai({ apiKey: 'key', baseURL: `${vendor.url}/v1` });
  const router = createRouter({ models: { chat: [{ provider, model: 'gpt-4.1' }] } });
  await router.complete({ messages }, { headers: { 'X-Trace_1': 'a b\tü', empty: '' } });
  expect(vendor.requests[0]?.headers).toMatchObject({
    'x-trace_1': expect.stringContaining('a b') as string,
  });
  await router.close();
});
