import OldAnthropic from 'anthropic-sdk-0';
import { Anthropic } from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/request.ts';
import { anthropic } from '../../../src/providers/anthropic/index.ts';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import {
  anthropicEmulator,
  type AnthropicEmulatorOptions,
} from '../../../src/testing/emulators/anthropic.ts';
import { bedrockClient, vertexClient } from './clouds.ts';
import { eventsOf, failureOf, summaryOf, type CallOverrides } from './support.ts';

const user: Message = { role: 'user', content: 'Hi' };

/** Sends to the emulator, which refuses what the vendor refuses; gives back what it saw and what was read. */
async function sent(
  request: Partial<ProviderRequest>,
  overrides: CallOverrides = {},
  options: AnthropicEmulatorOptions = {},
) {
  await using emulator = await anthropicEmulator(options);
  const provider = anthropic({ apiKey: 'k', baseURL: emulator.url });
  const events = await eventsOf(provider, { messages: [user], ...request }, overrides);
  return { body: emulator.requests[0]!.body as any, summary: summaryOf(events), events };
}

const tool = (name: string, extra: object = {}) => ({
  name,
  parameters: { type: 'object', properties: { a: { type: 'number' } } },
  ...extra,
});
const toolCall = (id: string, name = 'f', input: unknown = { a: 1 }) =>
  ({ type: 'tool-call', id, name, arguments: input }) as const;
const toolResult = (toolCallId: string, content: any = 'fine', extra: object = {}) =>
  ({ type: 'tool-result', toolCallId, content, ...extra }) as const;

describe('max_tokens', () => {
  it.each([
    [{}, 8_192],
    [{ maxOutputTokens: 500 }, 500],
    [{ maxOutputTokens: 500, maxTokens: 100 }, 100],
  ])('is what the request or the target states: %j', async (request, expected) => {
    expect((await sent(request)).body.max_tokens).toBe(expected);
  });

  it('may be larger than the SDK allows without a stream', async () => {
    const { summary } = await sent({ maxTokens: 100_000 }, { unary: true });
    expect(summary.text).toBe('You said: Hi');
    await using emulator = await anthropicEmulator();
    const old = anthropic({ client: new OldAnthropic({ apiKey: 'k', baseURL: emulator.url }) });
    const events = await eventsOf(old, { messages: [user], maxTokens: 100_000 }, { unary: true });
    expect(summaryOf(events).text).toBe('You said: Hi');
  });
});

describe('sampling', () => {
  const wishes = { temperature: 0.3, topP: 0.9, topK: 5, seed: 1, presencePenalty: 1, frequencyPenalty: 1 };

  it('is left out where the model refuses it, and named', async () => {
    const { body, summary } = await sent(wishes, { model: 'claude-opus-4-7' });
    expect(body).not.toHaveProperty('temperature');
    expect(summary.ignored).toEqual(Object.keys(wishes));
  });

  it('is sent to older models under the older version', async () => {
    const { body, summary } = await sent(wishes, { model: 'claude-sonnet-4-0' });
    expect(body).toMatchObject({ temperature: 0.3, top_p: 0.9, top_k: 5 });
    expect(summary.ignored).toEqual(['seed', 'presencePenalty', 'frequencyPenalty']);
  });

  it('is one of two where only one is taken', async () => {
    const { body, summary } = await sent({ temperature: 0.3, topP: 0.9 }, { model: 'claude-haiku-4-5' });
    expect(body).toMatchObject({ temperature: 0.3 });
    expect(summary.ignored).toEqual(['topP']);
  });

  it('is lowered to what is taken, and left out beside thinking', async () => {
    const high = await sent({ temperature: 1.6 }, { model: 'claude-haiku-4-5' });
    expect(high.body.temperature).toBe(1);
    expect(high.summary.warnings[0]).toMatch(/1\.6 was lowered to 1/);
    const thinking = await sent(
      { temperature: 0.5, reasoning: { effort: 'low' } },
      { model: 'claude-haiku-4-5' },
    );
    expect(thinking.summary.ignored).toEqual(['temperature']);
  });

  it('follows the version that is sent: the header of a call, of the settings, of the client, its major', async () => {
    await using emulator = await anthropicEmulator();
    const newer = { 'anthropic-version': '2026-10-21' };
    const baseURL = emulator.url;
    const request = { messages: [user], temperature: 0.3 };
    const ignored = async (provider: ReturnType<typeof anthropic>, headers = {}) =>
      summaryOf(await eventsOf(provider, request, { model: 'claude-haiku-4-5', headers })).ignored;
    expect(await ignored(anthropic({ apiKey: 'k', baseURL }))).toEqual([]);
    expect(await ignored(anthropic({ apiKey: 'k', baseURL }), newer)).toEqual(['temperature']);
    expect(await ignored(anthropic({ apiKey: 'k', baseURL, headers: newer }))).toEqual(['temperature']);
    expect(await ignored(anthropic({ client: new OldAnthropic({ apiKey: 'k', baseURL }) }))).toEqual([]);
    expect(await ignored(anthropic({ client: new Anthropic({ apiKey: 'k', baseURL }) }))).toEqual([
      'temperature',
    ]);
    const client = new Anthropic({
      apiKey: 'k',
      baseURL,
      defaultHeaders: { 'Anthropic-Version': '2023-06-01' },
    });
    expect(await ignored(anthropic({ client }))).toEqual([]);
    expect(emulator.counters.refused).toBe(0);
    expect(anthropic({ client }).supports!('claude-haiku-4-5').temperature).toBe(true);
    expect(anthropic({ apiKey: 'k', headers: newer }).supports!('claude-haiku-4-5').temperature).toBe(false);
  });

  it('is left out where it was refused before', async () => {
    const { body, summary } = await sent(
      { temperature: 0.3, refused: new Set(['temperature'] as const) },
      { model: 'claude-haiku-4-5' },
    );
    expect(body).not.toHaveProperty('temperature');
    expect(summary.ignored).toEqual(['temperature']);
  });
});

describe('reasoning', () => {
  it.each<[string, ProviderRequest['reasoning'], object | undefined, string | undefined]>([
    ['claude-haiku-4-5', { effort: 'low' }, { type: 'enabled', budget_tokens: 2_048 }, undefined],
    ['claude-haiku-4-5', { budgetTokens: 5_000 }, { type: 'enabled', budget_tokens: 5_000 }, undefined],
    ['claude-haiku-4-5', { budgetTokens: 10 }, { type: 'enabled', budget_tokens: 1_024 }, undefined],
    ['claude-haiku-4-5', { effort: 'none' }, { type: 'disabled' }, undefined],
    ['claude-sonnet-4-6', { effort: 'high' }, { type: 'adaptive' }, 'high'],
    ['claude-sonnet-4-6', { budgetTokens: 5_000 }, { type: 'enabled', budget_tokens: 5_000 }, undefined],
    ['claude-opus-4-7', { effort: 'medium' }, { type: 'adaptive', display: 'summarized' }, 'medium'],
    ['claude-opus-4-7', { budgetTokens: 2_000 }, { type: 'adaptive', display: 'summarized' }, 'low'],
    [
      'us.anthropic.claude-opus-4-7-v1:0',
      { budgetTokens: 50_000 },
      { type: 'adaptive', display: 'summarized' },
      'high',
    ],
    ['claude-opus-5', { effort: 'none' }, { type: 'disabled' }, undefined],
    ['claude-sonnet-5-5', { effort: 'none' }, { type: 'between_tools' }, undefined],
    ['claude-opus-5-5', { effort: 'none' }, undefined, 'low'],
    ['claude-opus-5-5', undefined, undefined, undefined],
    ['claude-3-5-haiku-20241022', { effort: 'none' }, undefined, undefined],
  ])('%s takes %j in its own form', async (model, reasoning, thinking, effort) => {
    const { body, summary } = await sent({ reasoning, maxOutputTokens: 20_000 }, { model });
    expect(body.thinking).toEqual(thinking);
    expect(body.output_config?.effort).toBe(effort);
    expect(summary.ignored).toEqual(model === 'claude-opus-5-5' && reasoning ? ['reasoning'] : []);
  });

  it('leaves room for the answer: raises a default limit, lowers the budget below a stated one', async () => {
    const raised = await sent({ reasoning: { budgetTokens: 10_000 } }, { model: 'claude-haiku-4-5' });
    expect(raised.body).toMatchObject({ max_tokens: 18_192, thinking: { budget_tokens: 10_000 } });
    const lowered = await sent(
      { reasoning: { budgetTokens: 10_000 }, maxTokens: 4_000 },
      { model: 'claude-haiku-4-5' },
    );
    expect(lowered.body).toMatchObject({ max_tokens: 4_000, thinking: { budget_tokens: 2_000 } });
    expect(lowered.summary.ignored).toEqual(['reasoning']);
  });

  it('is refused where it cannot be had', () => {
    const provider = anthropic({ apiKey: 'k' });
    const reasoning = { effort: 'low' } as const;
    const refuses = (model: string, request: Partial<ProviderRequest>) =>
      provider.refuses!(model, { messages: [user], reasoning, ...request });
    expect(refuses('claude-haiku-4-5', { maxTokens: 1_024 })).toMatch(/more than 1024 output tokens/);
    expect(refuses('claude-haiku-4-5', { maxTokens: 1_025 })).toBeUndefined();
    const tools = [tool('f')];
    expect(refuses('claude-sonnet-5', { tools, toolChoice: 'required' })).toMatch(/cannot be forced/);
    expect(refuses('claude-sonnet-5', { tools, toolChoice: 'auto' })).toBeUndefined();
    expect(provider.supports!('claude-3-5-sonnet-20241022').reasoning).toBe(false);
  });

  it.each(['claude-haiku-4-5', 'claude-opus-5'])(
    'comes back to %s as it was, signed and in order',
    async (model) => {
      await using emulator = await anthropicEmulator({
        reply: ({ afterToolResult }) =>
          afterToolResult
            ? 'Done.'
            : {
                reasoning: 'I shall ask.',
                text: 'One moment.',
                toolCalls: [{ name: 'f', arguments: { a: 1 } }],
              },
      });
      const provider = anthropic({ apiKey: 'k', baseURL: emulator.url });
      const request = { tools: [tool('f')], reasoning: { effort: 'low' } as const };
      for (const unary of [false, true]) {
        const events = await eventsOf(provider, { ...request, messages: [user] }, { model, unary });
        const state = events.find((event) => event.type === 'reasoning' && event.providerState) as any;
        const { text, reasoning, toolCalls } = summaryOf(events);
        const messages: Message[] = [
          user,
          {
            role: 'assistant',
            content: [
              {
                type: 'reasoning',
                text: reasoning,
                providerState: { provider: 'anthropic', state: state.providerState },
              },
              { type: 'text', text },
              { type: 'tool-call', ...toolCalls[0]! },
            ],
          },
          { role: 'tool', content: [toolResult(toolCalls[0]!.id)] },
        ];
        const next = await eventsOf(provider, { ...request, messages }, { model, unary });
        expect(summaryOf(next)).toMatchObject({ text: 'Done.', ignored: [] });
        expect((emulator.requests.at(-1)!.body as any).messages[1].content[0]).toMatchObject({
          type: 'thinking',
          thinking: 'I shall ask.',
        });
        // Another model gets none of it, and where it could not begin to think in the middle, it is not asked to.
        const other = await eventsOf(
          provider,
          { ...request, messages },
          { model: 'claude-sonnet-4-5', unary },
        );
        expect(summaryOf(other)).toMatchObject({ text: 'Done.', ignored: ['reasoning'] });
      }
      expect(emulator.counters.refused).toBe(0);
    },
  );

  it('comes back sealed where the vendor sealed it', async () => {
    await using emulator = await anthropicEmulator({
      redactsThinking: true,
      reply: { reasoning: 'Hm.', text: 'Yes.' },
    });
    const provider = anthropic({ apiKey: 'k', baseURL: emulator.url });
    for (const unary of [false, true]) {
      const events = await eventsOf(provider, { messages: [user] }, { unary });
      const { providerState } = events.find(({ type }) => type === 'reasoning') as any;
      expect(providerState).toMatchObject({
        model: 'claude-sonnet-5',
        redacted: expect.any(String) as string,
      });
      const messages: Message[] = [
        user,
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: '', providerState: { provider: 'anthropic', state: providerState } },
            { type: 'text', text: 'Yes.' },
          ],
        },
        user,
      ];
      await eventsOf(provider, { messages }, { unary });
      expect((emulator.requests.at(-1)!.body as any).messages[1].content[0].type).toBe('redacted_thinking');
    }
  });
});

describe('a history that another provider wrote', () => {
  const histories: Record<string, readonly Message[]> = {
    'ids of other forms, and too long': [
      user,
      { role: 'assistant', content: [toolCall('call|1.2'), toolCall('x'.repeat(80))] },
      { role: 'tool', content: [toolResult('x'.repeat(80)), toolResult('call|1.2')] },
    ],
    'the same id twice': [
      user,
      { role: 'assistant', content: [toolCall('call_0')] },
      { role: 'tool', content: [toolResult('call_0')] },
      { role: 'assistant', content: [toolCall('call_0')] },
      { role: 'tool', content: [toolResult('call_0')] },
    ],
    'a call without a result': [user, { role: 'assistant', content: [toolCall('a')] }, user],
    'a call at the end': [user, { role: 'assistant', content: [toolCall('a')] }],
    'a result without a call': [user, { role: 'tool', content: [toolResult('a')] }],
    'a result for each message': [
      user,
      { role: 'assistant', content: [toolCall('a'), toolCall('b')] },
      { role: 'tool', content: [toolResult('a')] },
      { role: 'tool', content: [toolResult('b')] },
      user,
    ],
    'text after the results': [
      user,
      { role: 'assistant', content: [{ type: 'text', text: 'Wait.' }, toolCall('a')] },
      { role: 'tool', content: [toolResult('a', '')] },
      user,
    ],
    'arguments that are no object': [
      user,
      { role: 'assistant', content: [toolCall('a', 'f', null), toolCall('b', 'f', [1])] },
      { role: 'tool', content: [toolResult('a'), toolResult('b')] },
    ],
    'empty and blank texts': [
      { role: 'user', content: '' },
      {
        role: 'user',
        content: [
          { type: 'text', text: ' \n' },
          { type: 'text', text: 'Hi' },
        ],
      },
      { role: 'assistant', content: '' },
      { role: 'assistant', content: [{ type: 'text', text: '' }] },
      user,
    ],
    'nothing but emptiness': [{ role: 'user', content: '' }],
    'the assistant first': [{ role: 'assistant', content: 'Hello, how can I help?' }, user],
    'the assistant last': [user, { role: 'assistant', content: 'So far so \n' }],
    'system notes on the way': [
      user,
      { role: 'system', content: 'Be brief.' },
      { role: 'assistant', content: 'Ok.' },
      user,
    ],
    'foreign reasoning': [
      user,
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm.' },
          { type: 'text', text: 'Yes.' },
        ],
      },
      user,
    ],
    'reasoning alone': [user, { role: 'assistant', content: [{ type: 'reasoning', text: 'Hm.' }] }],
    'results with images, and failures': [
      user,
      { role: 'assistant', content: [toolCall('a'), toolCall('b'), toolCall('c')] },
      {
        role: 'tool',
        content: [
          toolResult('a', [{ type: 'image', data: 'AAAA', mediaType: 'image/png' }]),
          toolResult('b', 'broken', { isError: true }),
          toolResult('c', [{ type: 'image', data: 'AAAA', mediaType: 'image/png' }], { isError: true }),
        ],
      },
    ],
  };
  const cases = Object.entries(histories).flatMap(([name, messages]) =>
    ['claude-sonnet-4-0', 'claude-sonnet-5'].map((model) => [name, model, messages] as const),
  );

  it.each(cases)('is made valid: %s, for %s', async (_, model, messages) => {
    const before = structuredClone(messages);
    const { summary, body } = await sent({ messages, tools: [tool('f')] }, { model });
    expect(summary.finishReason).toBe('stop');
    const roles = body.messages.map(({ role }: { role: string }) => role) as string[];
    expect(roles).toEqual(roles.map((_, index) => (index % 2 === 0 ? 'user' : 'assistant')));
    expect(messages).toEqual(before);
    // Without tools, those that were called are still named.
    expect((await sent({ messages }, { model })).summary.finishReason).toBe('stop');
  });

  it('loses thinking that ends a message, as where the answer was cut', async () => {
    const state = { model: 'claude-sonnet-5', signature: 's' };
    const thinking = {
      type: 'reasoning',
      text: 'Hm.',
      providerState: { provider: 'anthropic', state },
    } as const;
    const messages: Message[] = [
      user,
      { role: 'assistant', content: [{ type: 'text', text: 'Well,' }, thinking] },
      user,
      { role: 'assistant', content: [thinking] },
      user,
    ];
    expect((await sent({ messages })).body.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [{ type: 'text', text: 'Well,' }] },
      { role: 'user' },
    ]);
  });

  it('goes on from the last message of the assistant where the model can, else asks for it', async () => {
    const messages = histories['the assistant last']!;
    const prefilled = await sent({ messages }, { model: 'claude-haiku-4-5' });
    expect(prefilled.body.messages.at(-1)).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'So far so' }],
    });
    for (const [model, extra] of [
      ['claude-sonnet-4-6', {}],
      ['claude-haiku-4-5', { reasoning: { effort: 'low' } }],
      ['claude-haiku-4-5', { schema: { type: 'string' } }],
    ] as const) {
      const asked = await sent({ messages, ...extra }, { model });
      expect(asked.body.messages.at(-1)).toMatchObject({ role: 'user', content: [{ text: /Go on from/ }] });
    }
  });
});

describe('tools', () => {
  it.each<[ProviderRequest['toolChoice'], boolean | undefined, object | undefined]>([
    [undefined, undefined, undefined],
    ['auto', undefined, undefined],
    ['auto', true, undefined],
    ['auto', false, { type: 'auto', disable_parallel_tool_use: true }],
    ['none', false, { type: 'none' }],
    ['required', undefined, { type: 'any' }],
    ['required', false, { type: 'any', disable_parallel_tool_use: true }],
    [{ name: 'f' }, undefined, { type: 'tool', name: 'f' }],
  ])('choice %j, parallel %s', async (toolChoice, parallelToolCalls, expected) => {
    const request = { tools: [tool('f'), tool('g')], toolChoice, parallelToolCalls };
    for (const model of ['claude-haiku-4-5', 'claude-sonnet-5']) {
      expect((await sent(request, { model })).body.tool_choice).toEqual(expected);
    }
  });

  it('cannot be forced on models that refuse it', async () => {
    const provider = anthropic({ apiKey: 'k' });
    const request = { messages: [user], tools: [tool('f')], toolChoice: 'required' } as const;
    expect(provider.supports!('claude-sonnet-5-5').toolChoice).toEqual(['none']);
    expect(provider.refuses!('claude-sonnet-5-5', request)).toBe('this model cannot be made to call a tool');
    expect(await failureOf(provider, request, { model: 'claude-sonnet-5-5' })).toMatchObject({
      kind: 'unsupported',
    });
  });

  it('are held to their schema where they can be, and otherwise say that they are not', async () => {
    const open = { type: 'object', additionalProperties: { type: 'string' } };
    const tools = [tool('f', { strict: true }), tool('g'), tool('h', { strict: true, parameters: open })];
    const { body, summary } = await sent({ tools }, { model: 'claude-haiku-4-5' });
    expect(body.tools.map(({ strict }: { strict?: boolean }) => strict)).toEqual([
      true,
      undefined,
      undefined,
    ]);
    expect(body.tools[0].input_schema.additionalProperties).toBe(false);
    expect(body.tools[2].input_schema).toEqual(open);
    expect(summary.warnings).toEqual(['tool "h": its arguments cannot be held to its schema here']);
  });

  it('without a type of their schema get one', async () => {
    const { body } = await sent({ tools: [tool('f', { parameters: { properties: {} } })] });
    expect(body.tools[0].input_schema).toEqual({ type: 'object', properties: {} });
  });

  it('of other names are refused', () => {
    const refuses = anthropic({ apiKey: 'k' }).refuses!('claude-sonnet-5', {
      messages: [user],
      tools: [tool('a.b')],
    });
    expect(refuses).toMatch(/"a\.b" is not taken/);
  });

  it('are called with whole arguments', async () => {
    const { summary, events } = await sent(
      { tools: [tool('f'), tool('g')] },
      {},
      {
        reply: {
          toolCalls: [
            { name: 'f', arguments: { a: 'ü'.repeat(40) }, id: 'x' },
            { name: 'g', arguments: {}, id: 'y' },
          ],
        },
      },
    );
    expect(summary.toolCalls).toEqual([
      { id: 'x', name: 'f', arguments: { a: 'ü'.repeat(40) } },
      { id: 'y', name: 'g', arguments: {} },
    ]);
    const deltas = events.filter((event) => event.type === 'tool-call-delta').map(({ delta }) => delta);
    expect(JSON.parse(deltas.join(''))).toEqual({ a: 'ü'.repeat(40) });
  });
});

describe('structured output', () => {
  it('is held to a schema by the vendor', async () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        n: { type: 'integer', minimum: 1 },
        tags: { type: 'array', items: { type: 'string' }, minItems: 2 },
      },
      required: ['n'],
      additionalProperties: false,
    };
    const { body, summary } = await sent({ schema });
    expect(body.output_config.format).toEqual({
      type: 'json_schema',
      schema: {
        type: 'object',
        properties: {
          n: { type: 'integer', description: '(minimum: 1)' },
          tags: { type: 'array', items: { type: 'string' }, description: '(minItems: 2)' },
        },
        required: ['n'],
        additionalProperties: false,
      },
    });
    expect(summary.warnings).toEqual([]);
  });

  it.each([
    ['any JSON', {}, /one JSON value and nothing else/],
    ['a map', { type: 'object', additionalProperties: { type: 'number' } }, /"additionalProperties"/],
    ['a tree', { type: 'object', properties: { left: { $ref: '#' } } }, /"\$ref":"#"/],
  ])('is asked for in words where no schema can say it: %s', async (_, schema, words) => {
    const { body, summary } = await sent({ schema, system: 'Be brief.' });
    expect(body).not.toHaveProperty('output_config');
    expect(body.system).toMatch(/^Be brief\.\n\n/);
    expect(body.system).toMatch(words);
    expect(summary.warnings).toHaveLength(1);
  });

  it('is known not to be had of older models', () => {
    const { supports } = anthropic({ apiKey: 'k' });
    expect(supports!('claude-sonnet-4-0').schema).toBe(false);
    expect(supports!('claude-haiku-4-5-20251001').schema).toBe(true);
    expect(supports!('deepseek-chat').schema).toBeUndefined();
  });
});

describe('parts', () => {
  const content = (part: object): Partial<ProviderRequest> => ({
    messages: [{ role: 'user', content: [part as never] }],
  });
  const bytes = new Uint8Array([1, 2, 3]);

  it.each([
    [
      { type: 'image', data: bytes, mediaType: 'image/jpg' },
      { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AQID' } },
    ],
    [
      { type: 'image', url: 'https://x.test/a.png' },
      { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } },
    ],
    [
      { type: 'image', url: 'data:image/png;base64,AQID' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AQID' } },
    ],
    [
      { type: 'file', data: bytes, mediaType: 'application/pdf', name: 'a.pdf' },
      {
        type: 'document',
        title: 'a.pdf',
        source: { type: 'base64', media_type: 'application/pdf', data: 'AQID' },
      },
    ],
    [
      { type: 'file', data: 'SGk=', mediaType: 'text/csv; charset=utf-8' },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Hi' } },
    ],
    [
      { type: 'file', url: 'https://x.test/a.pdf' },
      { type: 'document', source: { type: 'url', url: 'https://x.test/a.pdf' } },
    ],
    [
      { type: 'file', data: bytes, mediaType: 'image/webp' },
      { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'AQID' } },
    ],
  ])('%j is sent', async (part, block) => {
    expect((await sent(content(part))).body.messages[0].content).toEqual([block]);
  });

  it.each([
    [{ type: 'image', data: bytes, mediaType: 'image/tiff' }, /image\/tiff are not taken/],
    [{ type: 'image', url: 'file:///etc/passwd' }, /only http and https/],
    [{ type: 'file', data: bytes, mediaType: 'audio/wav' }, /audio\/wav are not taken/],
    [{ type: 'file', url: 'https://x.test/a.txt', mediaType: 'text/plain' }, /not taken by URL/],
  ])('%j is refused, and nothing is sent', async (part, words) => {
    await using emulator = await anthropicEmulator();
    const provider = anthropic({ apiKey: 'k', baseURL: emulator.url });
    const request = content(part) as ProviderRequest;
    expect(provider.refuses!('claude-sonnet-5', request)).toMatch(words);
    expect(await failureOf(provider, request)).toMatchObject({ kind: 'unsupported' });
    expect(emulator.counters.requests).toBe(0);
  });

  it('go to the clouds as data only', () => {
    const request = content({ type: 'image', url: 'https://x.test/a.png' }) as ProviderRequest;
    for (const provider of [
      anthropic({ client: bedrockClient('http://127.0.0.1') }),
      anthropic({ client: vertexClient('http://127.0.0.1') }),
    ]) {
      expect(provider.supports!('claude-sonnet-5')).toMatchObject({ imageUrls: false, fileUrls: false });
      expect(provider.refuses!('claude-sonnet-5', request)).toMatch(/takes no URLs/);
    }
  });
});

describe('the rest of a request', () => {
  it('marks what stays the same where caching is asked for', async () => {
    const { body } = await sent({
      system: 'Long.',
      tools: [tool('f'), tool('g')],
      messages: [user, { role: 'assistant', content: 'Yes?' }, user],
      promptCache: true,
    });
    const mark = { cache_control: { type: 'ephemeral' } };
    expect(body.system).toEqual([{ type: 'text', text: 'Long.', ...mark }]);
    expect(body.tools.map((one: object) => 'cache_control' in one)).toEqual([false, true]);
    expect(body.messages.at(-1).content).toEqual([{ type: 'text', text: 'Hi', ...mark }]);
    expect(JSON.stringify((await sent({ system: 'Long.' })).body)).not.toContain('cache_control');
  });

  it('sends stop sequences, and refuses those that the vendor refuses', async () => {
    const { body, summary } = await sent({ stop: ['END'] }, {}, { reply: { finishReason: 'stop_sequence' } });
    expect(body.stop_sequences).toEqual(['END']);
    expect(summary).toMatchObject({ finishReason: 'stop', stopSequence: true });
    const refuses = anthropic({ apiKey: 'k' }).refuses!('claude-sonnet-5', {
      messages: [user],
      stop: ['\n\n'],
    });
    expect(refuses).toMatch(/white space only/);
  });

  it('merges options last, and refuses those that follow from the request', async () => {
    const { body } = await sent({
      schema: { type: 'string' },
      options: { metadata: { user_id: 'u' }, output_config: { effort: 'xhigh' } },
    });
    expect(body).toMatchObject({
      metadata: { user_id: 'u' },
      output_config: { effort: 'xhigh', format: { type: 'json_schema' } },
    });
    for (const key of ['model', 'messages', 'stream', 'system', 'tools', 'max_tokens']) {
      const request = { messages: [user], options: { [key]: 'x' } };
      expect(await failureOf(anthropic({ apiKey: 'k' }), request)).toMatchObject({
        kind: 'bad-request',
        message: expect.stringContaining(`"${key}"`) as string,
      });
    }
  });
});
