import { describe, expect, it } from 'vitest';
import type { ProviderEvent } from '../../src/providers/provider.ts';
import { createCollector } from '../../src/execution/collect.ts';

function collect(...events: ProviderEvent[]) {
  const { collected, add } = createCollector('acme');
  events.forEach(add);
  return collected;
}

const said =
  (type: 'text' | 'reasoning') =>
  (value: string, providerState?: unknown): ProviderEvent => ({
    type,
    text: value,
    ...(providerState !== undefined && { providerState }),
  });
const text = said('text');
const reasoning = said('reasoning');
const call = { type: 'tool-call', id: '1', name: 'look', arguments: { at: 'x' } } as const;
const finish = { type: 'finish', finishReason: 'stop' } as const;

describe('the answer that is gathered from events', () => {
  it('is empty before anything has come', () => {
    expect(collect()).toEqual({
      text: '',
      reasoning: '',
      parts: [],
      toolCalls: [],
      toolBegun: false,
      usage: undefined,
      requestId: undefined,
      ignored: [],
      warnings: [],
      finish: undefined,
    });
  });

  it('joins increments of one kind into parts, in the order in which they came', () => {
    const collected = collect(reasoning('Hm, '), reasoning('well.'), text('Hel'), text('lo'), call, finish);
    expect(collected.parts).toEqual([
      { type: 'reasoning', text: 'Hm, well.' },
      { type: 'text', text: 'Hello' },
      { type: 'tool-call', id: '1', name: 'look', arguments: { at: 'x' } },
    ]);
    expect(collected).toMatchObject({ text: 'Hello', reasoning: 'Hm, well.', toolBegun: true });
    expect(collected.toolCalls).toEqual([{ id: '1', name: 'look', arguments: { at: 'x' } }]);
    expect(collected.finish).toEqual(finish);
  });

  it('closes a part with its private state, which names its maker, also where the part is empty', () => {
    const { parts } = collect(...[reasoning('a', 1), reasoning('b'), reasoning('', 2), text('c'), finish]);
    expect(parts).toEqual([
      { type: 'reasoning', text: 'a', providerState: { provider: 'acme', state: 1 } },
      { type: 'reasoning', text: 'b', providerState: { provider: 'acme', state: 2 } },
      { type: 'text', text: 'c' },
    ]);
    expect(collect(text('', 3)).parts).toEqual([
      { type: 'text', text: '', providerState: { provider: 'acme', state: 3 } },
    ]);
  });

  it('has no part for what said nothing', () => {
    expect(collect(text(''), reasoning(''), finish).parts).toEqual([]);
  });

  it('knows that a tool call has begun before it is whole', () => {
    const collected = collect({ type: 'tool-call-delta', id: '1', name: 'look', delta: '{' });
    expect(collected).toMatchObject({ toolBegun: true, toolCalls: [], parts: [] });
  });

  it('keeps the later of two facts, and adds up what was ignored and warned of', () => {
    const collected = collect(
      { type: 'meta', requestId: 'r1', ignored: ['seed'], warnings: ['one'] },
      { type: 'meta', ignored: ['topK'], warnings: ['two'] },
      { type: 'meta', usage: { inputTokens: 5, outputTokens: 1 } },
      { type: 'activity' },
      { ...finish, usage: { outputTokens: 9 } },
    );
    expect(collected).toMatchObject({
      requestId: 'r1',
      ignored: ['seed', 'topK'],
      warnings: ['one', 'two'],
      usage: { inputTokens: 5, outputTokens: 9 },
    });
    expect(collected.parts).toEqual([]);
  });

  it('counts no usage that is none', () => {
    const usage = { inputTokens: -1, outputTokens: Number.NaN, totalTokens: Infinity, cachedInputTokens: 0 };
    expect(collect({ type: 'meta', usage }).usage).toEqual({ cachedInputTokens: 0 });
    expect(collect({ ...finish, usage }).usage).toEqual({ cachedInputTokens: 0 });
    expect(collect(finish).usage).toBeUndefined();
  });
});
