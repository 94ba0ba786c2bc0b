import { describe, expect, it } from 'vitest';
import type { Message } from 'failsoft';
import type { Script } from 'failsoft/testing';
import { arrange, decisionsOf, messages } from './arrange.ts';

describe('a completion', () => {
  it('has everything that was said, and by whom', async () => {
    const stage = arrange({
      a: [
        { event: { type: 'meta', requestId: 'req_7', warnings: ['a warning'] } },
        { waitMs: 40 },
        { reasoning: ['Let ', 'me see.'] },
        { text: ['Hel', 'lo.'] },
        { finish: { finishReason: 'stop', raw: { vendor: true } } },
      ],
    });
    const reply = await stage.ask();
    expect(reply).toEqual({
      id: expect.stringMatching(/^call_/) as string,
      text: 'Hello.',
      reasoning: 'Let me see.',
      message: {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Let me see.' },
          { type: 'text', text: 'Hello.' },
        ],
      },
      toolCalls: [],
      object: undefined,
      finishReason: 'stop',
      usage: {},
      target: { id: 'a', provider: 'a', model: 'model-of-a' },
      segments: [{ target: 'a', text: 'Hello.' }],
      degraded: false,
      cache: 'off',
      attempts: [
        {
          target: 'a',
          startedAt: 1_000_000,
          durationMs: 40,
          firstTokenMs: 40,
          requestId: 'req_7',
          transport: 'stream',
          ignored: [],
          decision: 'answer',
        },
      ],
      warnings: ['a warning'],
      latencyMs: 40,
      raw: { vendor: true },
    });
  });

  it.each([
    ['text', { text: 'Hello.' }],
    ['reasoning', { reasoning: 'Let me see.' }],
    ['a tool call', { toolCall: { name: 'look', arguments: {} } }],
    ['a part of one', { event: { type: 'tool-call-delta', id: '1', name: 'look', delta: '{' } }],
  ] as const)('counts firstTokenMs to the first content: %s', async (_, content) => {
    const nothing = [{ event: { type: 'meta', requestId: 'r' } }, { event: { type: 'activity' } }] as const;
    const stage = arrange({
      a: [...nothing, { text: '' }, { waitMs: 40 }, content, { waitMs: 50 }, { text: 'Done.' }],
    });
    const { attempts } = await stage.ask();
    expect(attempts[0]).toMatchObject({ firstTokenMs: 40, durationMs: 90, requestId: 'r' });
  });

  it('always has strings for text and reasoning', async () => {
    const stage = arrange({ a: [{ toolCall: { name: 'look', arguments: {} } }] });
    expect(await stage.ask()).toMatchObject({ text: '', reasoning: '' });
  });

  it.each(['stop', 'length', 'content-filter', 'other'] as const)(
    'ends with the provider’s own reason: %s',
    async (finishReason) => {
      const stage = arrange({ a: [{ text: 'Hello.' }, { finish: finishReason }] });
      expect((await stage.ask()).finishReason).toBe(finishReason);
    },
  );

  it.each(['stop', 'length', 'content-filter', 'other'] as const)(
    'with tool calls ends with tool-calls, though the provider says %s',
    async (finishReason) => {
      const stage = arrange({
        a: [{ toolCall: { name: 'look', arguments: { at: 1 } } }, { finish: finishReason }],
      });
      const reply = await stage.ask();
      expect(reply.finishReason).toBe('tool-calls');
      expect(reply.toolCalls).toEqual([{ id: 'call_1_1', name: 'look', arguments: { at: 1 } }]);
      expect(reply.warnings).toHaveLength(finishReason === 'length' ? 1 : 0);
    },
  );

  it('has no warning of an attempt that was lost', async () => {
    const stage = arrange({
      a: [{ event: { type: 'meta', warnings: ['of a'] } }, { fail: 'network' }],
      b: [{ event: { type: 'meta', warnings: ['of b'] } }, { text: 'From b.' }],
    });
    expect((await stage.ask()).warnings).toEqual(['of b']);
  });

  it('is plain JSON', async () => {
    const stage = arrange({ a: [{ text: 'Hello.' }, { toolCall: { name: 'look', arguments: {} } }] });
    const { object: _, ...reply } = await stage.ask();
    expect(JSON.parse(JSON.stringify(reply))).toEqual(reply);
  });
});

describe('usage', () => {
  const usage = { inputTokens: 100, outputTokens: 20, cachedInputTokens: 60, reasoningTokens: 5 };

  it('adds up to totalTokens where the vendor gives none, and is undefined where it gives nothing', async () => {
    const stage = arrange({
      a: [
        [{ text: 'x' }, { finish: { usage } }],
        'x',
        [{ text: 'x' }, { finish: { usage: { inputTokens: 3 } } }],
      ],
    });
    expect((await stage.ask()).usage).toEqual({ ...usage, totalTokens: 120 });
    expect((await stage.ask()).usage).toEqual({});
    expect((await stage.ask()).usage).toEqual({ inputTokens: 3 });
  });

  it('keeps the vendor’s own total', async () => {
    const stage = arrange({ a: [{ text: 'x' }, { finish: { usage: { ...usage, totalTokens: 125 } } }] });
    expect((await stage.ask()).usage.totalTokens).toBe(125);
  });

  it('joins what came along the way with what came at the end, the later winning', async () => {
    const stage = arrange({
      a: [
        { event: { type: 'meta', usage: { inputTokens: 9, outputTokens: 1 } } },
        { text: 'x' },
        { finish: { usage: { outputTokens: 4 } } },
      ],
    });
    expect((await stage.ask()).usage).toEqual({ inputTokens: 9, outputTokens: 4, totalTokens: 13 });
  });
});

describe('costUsd', () => {
  const price = { input: 3, output: 15 };
  const usage = { inputTokens: 1_000, outputTokens: 100 };
  const costOfOne = 0.0045;

  it('is worked out from tokens and prices, cached and written ones apart', async () => {
    const stage = arrange({
      a: {
        script: [
          { text: 'x' },
          {
            finish: {
              usage: {
                inputTokens: 1_000_000,
                cachedInputTokens: 400_000,
                cacheWriteInputTokens: 100_000,
                outputTokens: 1_000_000,
              },
            },
          },
        ],
        target: { price: { input: 2, output: 10, cachedInput: 0.2, cacheWrite: 2.5, perRequest: 0.01 } },
      },
    });
    expect((await stage.ask()).costUsd).toBeCloseTo(0.5 * 2 + 0.4 * 0.2 + 0.1 * 2.5 + 10 + 0.01, 10);
  });

  it('is that of the whole call: lost attempts were paid for too', async () => {
    const stage = arrange({
      a: {
        script: [{ event: { type: 'meta', usage } }, { text: 'Hel' }, { fail: 'network' }],
        target: { price },
      },
      b: { script: [{ text: 'x' }, { finish: { usage } }], target: { price } },
    });
    const reply = await stage.ask();
    expect(reply.costUsd).toBeCloseTo(2 * costOfOne, 10);
    expect(reply.attempts.map(({ costUsd }) => costUsd)).toEqual([costOfOne, costOfOne]);
    expect(stage.eventsOf('call')[0]?.costUsd).toBeCloseTo(2 * costOfOne, 10);
  });

  it('is undefined where one price is unknown, of a lost attempt too', async () => {
    const stage = arrange({
      a: [{ event: { type: 'meta', usage } }, { text: 'Hel' }, { fail: 'network' }],
      b: { script: [{ text: 'x' }, { finish: { usage } }], target: { price } },
    });
    expect(await stage.ask()).not.toHaveProperty('costUsd');
  });

  it('is undefined where the vendor counted nothing of the answer', async () => {
    const stage = arrange({ a: { script: 'x', target: { price } } });
    expect(await stage.ask()).not.toHaveProperty('costUsd');
  });

  it('is 0 for what is free, counted or not', async () => {
    const free = { input: 0, output: 0 };
    const stage = arrange({ a: { script: 'x', target: { price: free } } });
    expect((await stage.ask()).costUsd).toBe(0);
    const after = arrange({
      local: { script: [{ text: 'Hel' }, { fail: 'network' }], target: { price: free } },
      b: { script: [{ text: 'x' }, { finish: { usage } }], target: { price } },
    });
    expect((await after.ask()).costUsd).toBeCloseTo(costOfOne, 10);
  });

  it('goes by the router’s prices where a target states none: by provider and model, else by model', async () => {
    const script: Script = [{ text: 'x' }, { finish: { usage } }];
    const prices = { 'a/m': { input: 3, output: 15 }, m: { input: 30, output: 150 } };
    const stage = arrange(
      {
        a: { script, target: { model: 'm' } },
        b: { script, target: { model: 'm' } },
        c: script,
        d: { script, target: { model: 'm', price: { input: 1, output: 0 } } },
      },
      { prices },
    );
    const costAt = async (id: string) => (await stage.ask({}, { targets: [id] })).costUsd;
    expect(await costAt('a')).toBeCloseTo(costOfOne, 10);
    expect(await costAt('b')).toBeCloseTo(10 * costOfOne, 10);
    expect(await costAt('c')).toBeUndefined();
    expect(await costAt('d')).toBeCloseTo(0.001, 10);
  });

  it('owes nothing for an attempt that was refused before anything was counted', async () => {
    const stage = arrange({
      a: { script: [{ fail: 'rate-limit' }], target: { price } },
      b: { script: [{ text: 'x' }, { finish: { usage } }], target: { price } },
    });
    expect((await stage.ask()).costUsd).toBeCloseTo(costOfOne, 10);
  });

  it('is what the vendor reports, where it reports it', async () => {
    const stage = arrange({
      a: { script: [{ text: 'x' }, { finish: { usage: { ...usage, costUsd: 0.25 } } }], target: { price } },
    });
    expect((await stage.ask()).costUsd).toBe(0.25);
  });
});

describe('ignored', () => {
  it('names the wishes that the answering target did not take', async () => {
    const stage = arrange({
      a: {
        script: [{ event: { type: 'meta', ignored: ['topP', 'seed'] } }, { text: 'x' }],
        target: { supports: { seed: false } },
      },
    });
    const reply = await stage.ask({ seed: 7, topP: 0.5, temperature: 1 });
    expect(reply.attempts[0]?.ignored.toSorted()).toEqual(['seed', 'topP']);
    expect(stage.providers.a.calls[0]?.request).not.toHaveProperty('seed');
    expect(stage.providers.a.calls[0]?.request.temperature).toBe(1);
  });

  it('is empty where everything was taken', async () => {
    const stage = arrange({ a: 'x' });
    expect((await stage.ask({ seed: 7 })).attempts[0]?.ignored).toEqual([]);
  });
});

describe('completion.message', () => {
  const turns: Message[] = [...messages];

  it('survives JSON and goes back, with its private state, to its maker only', async () => {
    const stage = arrange({
      a: [
        [
          { reasoning: 'Hm.', providerState: { signature: 'sealed-by-a' } },
          { text: 'I look.' },
          { toolCall: { name: 'look', arguments: { at: 1 } }, providerState: 'thought-of-a' },
        ],
        'Seen.',
      ],
      b: 'From b.',
    });
    const first = await stage.ask();
    const message = JSON.parse(JSON.stringify(first.message)) as Message;
    expect(message).toEqual(first.message);
    const next: Message[] = [
      ...turns,
      message,
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'call_1_1', content: 'a cat' }] },
    ];
    await stage.ask({ messages: next }, { targets: ['a'] });
    await stage.ask({ messages: next }, { targets: ['b'] });
    const sentToA = stage.providers.a.calls[1]?.request.messages;
    const sentToB = stage.providers.b.calls[0]?.request.messages;
    expect(sentToA).toEqual(next);
    expect(sentToA?.[1]?.content[0]).toEqual({
      type: 'reasoning',
      text: 'Hm.',
      providerState: { provider: 'a', state: { signature: 'sealed-by-a' } },
    });
    expect(JSON.stringify(sentToB)).not.toContain('-a"');
    expect(sentToB?.[1]).toEqual({
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm.' },
        { type: 'text', text: 'I look.' },
        { type: 'tool-call', id: 'call_1_1', name: 'look', arguments: { at: 1 } },
      ],
    });
  });

  it('is stripped for the next target of the same call, too, and the caller’s own is not touched', async () => {
    const history: Message[] = [
      ...turns,
      {
        role: 'assistant',
        content: [{ type: 'text', text: 'x', providerState: { provider: 'a', state: 1 } }],
      },
      { role: 'user', content: 'And?' },
    ];
    const before = structuredClone(history);
    const stage = arrange({ a: [{ fail: 'network' }], b: 'From b.' });
    expect(decisionsOf(await stage.ask({ messages: history }))).toEqual(['a next', 'b answer']);
    expect(history).toEqual(before);
    expect(JSON.stringify(stage.providers.b.calls[0]?.request.messages)).not.toContain('providerState');
  });
});
