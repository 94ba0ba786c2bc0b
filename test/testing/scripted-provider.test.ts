import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import type { Provider, ProviderCall, ProviderEvent } from '../../src/providers/provider.ts';
import { classifyError } from '../../src/providers/failure.ts';
import { manualRuntime } from '../../src/testing/manual-runtime.ts';
import { scriptedProvider } from '../../src/testing/scripted-provider.ts';

function callOf(signal = new AbortController().signal): ProviderCall {
  return { model: 'any', request: { messages: [{ role: 'user', content: 'Hi' }] }, signal, headers: {} };
}

async function eventsOf(provider: Provider, call = callOf()): Promise<ProviderEvent[]> {
  const events: ProviderEvent[] = [];
  for await (const event of provider.stream!(call)) events.push(event);
  return events;
}

async function failureOf(provider: Provider, call = callOf()): Promise<Failure> {
  const error: unknown = await eventsOf(provider, call).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeDefined();
  return classifyError(provider, error);
}

describe('scriptedProvider', () => {
  it('answers a text and finishes by itself', async () => {
    expect(await eventsOf(scriptedProvider('Hello.'))).toEqual([
      { type: 'text', text: 'Hello.' },
      { type: 'finish', finishReason: 'stop' },
    ]);
  });

  it('plays pieces, reasoning, calls and an ending of its own in order', async () => {
    const provider = scriptedProvider([
      { reasoning: ['Let ', 'me see.'], providerState: { signature: 's' } },
      { text: ['One ', 'moment.'] },
      { toolCall: { name: 'look', arguments: { at: 1 } } },
      { event: { type: 'activity' } },
      { finish: { finishReason: 'length', usage: { outputTokens: 3 } } },
      { text: 'never' },
    ]);
    expect(await eventsOf(provider)).toEqual([
      { type: 'reasoning', text: 'Let ' },
      { type: 'reasoning', text: 'me see.', providerState: { signature: 's' } },
      { type: 'text', text: 'One ' },
      { type: 'text', text: 'moment.' },
      { type: 'tool-call', id: 'call_1_1', name: 'look', arguments: { at: 1 } },
      { type: 'activity' },
      { type: 'finish', finishReason: 'length', usage: { outputTokens: 3 } },
    ]);
  });

  it('finishes with tool-calls after a call', async () => {
    const events = await eventsOf(scriptedProvider([{ toolCall: { name: 'f', arguments: {} } }]));
    expect(events.at(-1)).toEqual({ type: 'finish', finishReason: 'tool-calls' });
  });

  it('takes the next script for each call and repeats the last', async () => {
    const provider = scriptedProvider(['one', [{ text: 'two' }], 'three']);
    const texts = [];
    for (let call = 0; call < 4; call += 1) texts.push((await eventsOf(provider))[0]);
    expect(texts.map((event) => (event as { text: string }).text)).toEqual(['one', 'two', 'three', 'three']);
  });

  it('asks a function for each call', async () => {
    const provider = scriptedProvider(({ model }, number) => `${model} ${number}`);
    await eventsOf(provider);
    expect((await eventsOf(provider))[0]).toEqual({ type: 'text', text: 'any 2' });
  });

  it('throws failures that classify as what the script says', async () => {
    const kinds = scriptedProvider([[{ fail: 'overloaded' }], [{ fail: { kind: 'quota', message: 'out' } }]]);
    expect((await failureOf(kinds)).kind).toBe('overloaded');
    expect(await failureOf(kinds)).toEqual({ kind: 'quota', message: 'out' });
  });

  it('throws any value as it is', async () => {
    const provider = scriptedProvider([{ throw: Object.assign(new Error('gone'), { status: 503 }) }]);
    expect((await failureOf(provider)).kind).toBe('overloaded');
  });

  it('ends without finish where the script cuts', async () => {
    const provider = scriptedProvider([{ text: 'half' }, { cut: true }]);
    expect(await eventsOf(provider)).toEqual([{ type: 'text', text: 'half' }]);
    expect(provider.calls[0]?.outcome).toBe('cut');
  });

  it('waits on the Runtime', async () => {
    const runtime = manualRuntime();
    const provider = scriptedProvider([{ waitMs: 5_000 }, { text: 'late' }], { runtime });
    await runtime.run(eventsOf(provider));
    expect(runtime.now()).toBe(5_000);
  });

  it.each([
    ['while it hangs', [{ text: 'a' }, { hang: true as const }]],
    ['while it waits', [{ text: 'a' }, { waitMs: 10_000 }]],
  ])('stops at once when aborted %s', async (_when, script) => {
    const runtime = manualRuntime();
    const controller = new AbortController();
    const provider = scriptedProvider(script, { runtime });
    const seen = eventsOf(provider, callOf(controller.signal));
    await runtime.advance(1);
    expect(provider.calls[0]?.outcome).toBeUndefined();
    controller.abort(new Error('enough'));
    await expect(seen).rejects.toThrow('enough');
    expect(provider.calls[0]?.outcome).toBe('aborted');
    expect(runtime.pending()).toBe(0);
  });

  it('does not begin for a signal that has aborted', async () => {
    await expect(eventsOf(scriptedProvider('x'), callOf(AbortSignal.abort('no')))).rejects.toBe('no');
  });

  it('sends nothing after an abort between two pieces', async () => {
    const controller = new AbortController();
    const provider = scriptedProvider([{ text: ['a', 'b'] }]);
    const iterator = provider.stream!(callOf(controller.signal))[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort('stop');
    await expect(iterator.next()).rejects.toBe('stop');
  });

  it('remembers its calls and what became of them', async () => {
    const runtime = manualRuntime({ startAt: 77 });
    const provider = scriptedProvider('a b c', { runtime });
    await eventsOf(provider);
    for await (const _event of provider.stream!(callOf())) break;
    expect(provider.calls.map(({ number, model, at, outcome }) => ({ number, model, at, outcome }))).toEqual([
      { number: 1, model: 'any', at: 77, outcome: 'finished' },
      { number: 2, model: 'any', at: 77, outcome: 'left' },
    ]);
  });

  it('has the methods that it is told to have', async () => {
    expect(scriptedProvider('x', { transport: 'stream' }).complete).toBeUndefined();
    const unary = scriptedProvider('x', { transport: 'unary' });
    expect(unary.stream).toBeUndefined();
    expect(await unary.complete!(callOf())).toEqual([
      { type: 'text', text: 'x' },
      { type: 'finish', finishReason: 'stop' },
    ]);
  });

  it('changes its script at run time', async () => {
    const provider = scriptedProvider([{ fail: 'network' }]);
    expect((await failureOf(provider)).kind).toBe('network');
    provider.script('well again');
    expect((await eventsOf(provider))[0]).toEqual({ type: 'text', text: 'well again' });
  });
});
