import { describe, expect, it } from 'vitest';
import type { ProviderEvent } from 'failsoft';
import { withFaults, type Script, type ScriptStep } from 'failsoft/testing';
import { arrange, decisionsOf, errorOf, messages } from './arrange.ts';

const call = (input: unknown): ScriptStep => ({ toolCall: { name: 'look', arguments: input } });
const tools = [{ name: 'look', parameters: { type: 'object' } }];

describe('what a provider said is no answer, and the call moves on, where', () => {
  it.each([
    ['it ended without its terminal marker', [{ text: 'Hel' }, { cut: true }], 'truncated'],
    ['it ended before it began', [{ cut: true }], 'truncated'],
    ['it was cut after a whole tool call', [call({}), { cut: true }], 'truncated'],
    ['it was empty and nothing explains that', [{ finish: 'stop' }], 'empty'],
    ['it was blank', [{ text: ' \n\t' }, { finish: 'stop' }], 'empty'],
    ['it had only reasoned', [{ reasoning: 'Hm.' }, { finish: 'stop' }], 'empty'],
    ['it was empty and ended for no known reason', [{ finish: 'other' }], 'empty'],
    ['it said that it calls a tool, and did not', [{ text: 'I call.' }, { finish: 'tool-calls' }], 'empty'],
    ['the arguments of a tool call are a string', [call('{"at":')], 'malformed-tool-call'],
    ['the arguments of a tool call are null', [call(null)], 'malformed-tool-call'],
    ['the arguments of a tool call are a list', [call([1])], 'malformed-tool-call'],
    ['the arguments of a tool call are missing', [call(undefined)], 'malformed-tool-call'],
    ['one of several tool calls is malformed', [call({}), call(7)], 'malformed-tool-call'],
  ] as [string, Script, string][])('%s', async (_where, script, code) => {
    for (const transport of ['stream', 'unary'] as const) {
      const stage = arrange({ a: script, b: 'From b.' });
      const reply = await stage.ask({ tools }, { transport });
      expect(reply.text).toBe('From b.');
      expect(reply.toolCalls).toEqual([]);
      expect(reply.attempts[0]).toMatchObject({
        decision: 'next',
        failure: { kind: 'invalid-response', code },
      });
    }
  });

  it.each(['fail', 'stall', 'cut'] as const)('a fault (%s) strikes at any point of it', async (kind) => {
    const text = ['one ', 'two ', 'three ', 'four'];
    for (const after of [0, 1, 2, 3, 4]) {
      const stage = arrange({
        a: {
          script: [{ text }],
          wrap: (provider) => withFaults(provider, { faults: [{ kind, after }] }),
        },
        b: [{ text }],
      });
      const reply = await stage.ask();
      expect(reply.text).toBe('one two three four');
      expect(decisionsOf(reply)).toEqual(['a next', 'b answer']);
      expect(reply.latencyMs).toBe(kind === 'stall' ? 10_000 : 0);
    }
  });

  it('the provider yields nonsense', async () => {
    for (const nonsense of [undefined, null, 'text', 7, {}, { type: 'text' }]) {
      const stage = arrange({
        a: {
          script: 'unused',
          wrap: (provider) => ({
            ...provider,
            async *stream() {
              yield nonsense as unknown as ProviderEvent;
              yield { type: 'finish', finishReason: 'stop' };
            },
          }),
        },
        b: 'From b.',
      });
      expect((await stage.ask()).target.id, JSON.stringify(nonsense)).toBe('b');
    }
  });

  it('it is the last one: the call fails, and has no half answer', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { cut: true }] });
    const error = await stage.fail();
    expect(error).toMatchObject({ code: 'all-targets-failed', partial: { text: 'Hel' } });
    expect(error.attempts).toHaveLength(3);
  });
});

describe('an empty reply is an answer where something explains it:', () => {
  it.each([
    ['the token limit', [{ finish: 'length' }], {}, 'length'],
    ['a filter', [{ finish: 'content-filter' }], {}, 'content-filter'],
    [
      'a stop sequence, by the vendor’s word',
      [{ finish: { finishReason: 'stop', stopSequence: true } }],
      {},
      'stop',
    ],
    ['a stop sequence that was asked for', [{ finish: 'stop' }], { stop: 'END' }, 'stop'],
    [
      'a turn after tool results',
      [{ finish: 'stop' }],
      {
        messages: [
          ...messages,
          { role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'look', arguments: {} }] },
          { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', content: 'seen' }] },
        ],
      },
      'stop',
    ],
  ] as [string, ScriptStep[], object, string][])('%s', async (_what, script, request, finishReason) => {
    const stage = arrange({ a: script, b: 'From b.' });
    const reply = await stage.ask(request);
    expect(reply).toMatchObject({ text: '', finishReason, target: { id: 'a' } });
  });
});

describe('a reply that does not end', () => {
  it('is stopped at 32 MiB, and its connection closed', async () => {
    const chunk = 'x'.repeat(1024 * 1024);
    const endless = Array.from({ length: 40 }, () => ({ text: chunk }));
    const stage = arrange({ a: endless, b: 'From b.' });
    const reply = await stage.ask();
    expect(reply.attempts[0]?.failure).toMatchObject({ kind: 'invalid-response', code: 'too-long' });
    expect(stage.providers.a.calls[0]?.signal.aborted).toBe(true);
    const whole = arrange({ a: endless.slice(0, 32) });
    expect((await whole.ask()).text).toHaveLength(32 * 1024 * 1024);
  });

  it('is stopped at 32 MiB of arguments of one tool call, too', async () => {
    const delta = 'x'.repeat(1024 * 1024);
    const event = { type: 'tool-call-delta' as const, id: 'c', name: 'look', delta };
    const stage = arrange({ a: Array.from({ length: 40 }, () => ({ event })), b: 'From b.' });
    expect((await stage.ask()).attempts[0]?.failure?.code).toBe('too-long');
  });

  it('is stopped after two million events, of whatever kind', async () => {
    const stage = arrange({
      a: {
        script: 'unused',
        wrap: (provider) => ({
          ...provider,
          stream: () => ({
            [Symbol.asyncIterator]: () => ({
              next: async () => ({ done: false, value: { type: 'activity' } }),
            }),
          }),
        }),
      },
      b: 'From b.',
    });
    expect((await stage.ask()).attempts[0]?.failure?.code).toBe('too-long');
  });
});

describe('whatever is asked of nobody', () => {
  it('ends at once with no-eligible-target when waiting would not help', async () => {
    const stage = arrange({ a: 'x', b: { script: 'x', target: { supports: { tools: false } } } });
    stage.router.disable('a', { reason: 'maintenance' });
    const error = await errorOf(stage.router.complete({ messages, tools }));
    expect(error).toMatchObject({ code: 'no-eligible-target', attempts: [], retryAfterMs: undefined });
    expect(error.rejected).toEqual([
      { target: 'a', reason: 'disabled: maintenance' },
      { target: 'b', reason: 'takes no tools' },
    ]);
  });

  it('ends at once with all-targets-failed and the soonest time when waiting would help', async () => {
    const stage = arrange({ a: 'x', b: 'x' });
    stage.router.disable('a', { forMs: 9_000 });
    stage.router.disable('b', { forMs: 4_000 });
    const error = await errorOf(stage.router.complete({ messages }));
    expect(error).toMatchObject({ code: 'all-targets-failed', attempts: [], retryAfterMs: 4_000 });
  });
});
