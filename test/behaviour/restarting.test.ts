import { describe, expect, it } from 'vitest';
import type { Completion, StreamEvent } from 'failsoft';
import { arrange, brief, type Stage } from './arrange.ts';

const restart = { stream: { recovery: 'restart' } } as const;

async function read<Id extends string>(stage: Stage<Id>, options: object = restart) {
  const seen: StreamEvent[] = [];
  const stream = stage.stream({}, options);
  const error: unknown = await stage.runtime.run(
    (async () => {
      for await (const event of stream) seen.push(event);
    })().then(
      () => undefined,
      (reason: unknown) => reason,
    ),
  );
  return { seen, error, stream };
}

/** What a reader has who heeds `restart`. */
function textOf(events: readonly StreamEvent[]): string {
  const lastRestart = events.findLastIndex(({ type }) => type === 'restart');
  return events
    .slice(lastRestart + 1)
    .map((event) => (event.type === 'text' ? event.text : ''))
    .join('');
}

describe('recovery: restart', () => {
  it('voids what was shown by an event, and the next target answers anew', async () => {
    const stage = arrange({ a: [{ text: ['Half ', 'an'] }, { fail: 'server-error' }], b: 'A whole answer.' });
    const { seen, error } = await read(stage);
    expect(error).toBeUndefined();
    expect(seen.map(({ type }) => type)).toEqual(['start', 'text', 'text', 'restart', 'text', 'finish']);
    expect(seen[3]).toMatchObject({
      type: 'restart',
      target: { id: 'b' },
      failure: { kind: 'server-error' },
    });
    expect(textOf(seen)).toBe('A whole answer.');
    const { completion } = seen.at(-1) as { completion: Completion };
    expect(completion).toMatchObject({
      text: 'A whole answer.',
      target: { id: 'b' },
      segments: [{ target: 'b', text: 'A whole answer.' }],
      attempts: [{ decision: 'next' }, { decision: 'answer' }],
    });
  });

  it('ends with what the reader has of it, also where the last attempt at the same target said nothing', async () => {
    const stage = arrange({
      a: [[{ text: 'Half an' }, { cut: true }], [{ event: { type: 'text', text: 7 as never } }]],
    });
    const { seen, error } = await read(stage, { ...restart, retry: 1 });
    expect(textOf(seen)).toBe('Half an');
    expect(error).toMatchObject({ code: 'stream-interrupted', partial: { text: 'Half an', target: 'a' } });
  });

  it('recovers a second and a third time, within maxAttempts', async () => {
    const cut = (text: string) => [{ text }, { cut: true as const }];
    const parts = { a: cut('one'), b: cut('two'), c: cut('three'), d: 'Whole.' };
    const { seen, error } = await read(arrange(parts));
    expect(error).toBeUndefined();
    expect(seen.filter(({ type }) => type === 'restart')).toHaveLength(3);
    expect(textOf(seen)).toBe('Whole.');
    const bounded = await read(arrange(parts), { ...restart, maxAttempts: 2 });
    expect(bounded.error).toMatchObject({
      code: 'stream-interrupted',
      partial: { text: 'two', target: 'b' },
    });
  });

  it('after a stall costs the idle time once, and waits no more', async () => {
    const stage = arrange({ a: [{ text: 'stalls' }, { hang: true }], b: 'Whole.' });
    const before = stage.runtime.now();
    const { seen } = await read(stage);
    expect(textOf(seen)).toBe('Whole.');
    expect(stage.runtime.now() - before).toBe(10_000);
  });

  it('serves tool calls too: a call that was shown is void with the rest', async () => {
    const stage = arrange({
      a: [{ toolCall: { name: 'weather', arguments: { city: 'Paris' }, id: 'a1' } }, { cut: true }],
      b: [{ toolCall: { name: 'weather', arguments: { city: 'Rome' }, id: 'b1' } }],
    });
    const { seen, stream } = await read(stage);
    expect(seen.map(({ type }) => type)).toEqual(['start', 'tool-call', 'restart', 'tool-call', 'finish']);
    expect((await stream.completion).toolCalls).toEqual([
      { id: 'b1', name: 'weather', arguments: { city: 'Rome' } },
    ]);
  });

  it('ends with stream-interrupted and the text that was shown where nobody else can answer', async () => {
    const stage = arrange({ a: [{ text: 'Half an' }, { fail: 'server-error' }], b: [{ fail: 'auth' }] });
    const { seen, error } = await read(stage, { ...restart, retry: 0 });
    expect(seen.map(({ type }) => type)).toEqual(['start', 'text']);
    expect(error).toMatchObject({
      code: 'stream-interrupted',
      partial: { text: 'Half an', target: 'a' },
      failure: { kind: 'auth' },
    });
  });

  it('asks the same target again where nobody else is left', async () => {
    const stage = arrange({ a: [[{ text: 'Half' }, { fail: 'server-error' }], 'Whole.'] });
    const { seen } = await read(stage);
    expect(textOf(seen)).toBe('Whole.');
    expect(seen.filter(({ type }) => type === 'restart')).toMatchObject([{ target: { id: 'a' } }]);
  });

  it('is not for what stops a call: a refusal by policy after text ends it', async () => {
    const stage = arrange({ a: [{ text: 'Well, ' }, { fail: 'content-policy' }], b: 'Whole.' });
    const { error } = await read(stage);
    expect(error).toMatchObject({ code: 'stream-interrupted', failure: { kind: 'content-policy' } });
    expect(stage.providers.b.calls).toHaveLength(0);
  });

  it('is off unless asked for, by router, model or call', async () => {
    const parts = { a: [{ text: 'Half' }, { cut: true as const }], b: 'Whole.' };
    expect((await read(arrange(parts), {})).error).toMatchObject({ code: 'stream-interrupted' });
    expect((await read(arrange(parts, { stream: { recovery: 'restart' } }), {})).error).toBeUndefined();
    const off = await read(arrange(parts, { stream: { recovery: 'restart' } }), {
      stream: { recovery: 'none' },
    });
    expect(off.error).toMatchObject({ code: 'stream-interrupted' });
  });
});

describe('a reader of bare text', () => {
  it('is never given a replacement after void text: it ends with stream-interrupted', async () => {
    const stage = arrange({ a: [{ text: 'Half' }, { waitMs: 10 }, { cut: true }], b: 'Whole.' });
    const stream = stage.stream({}, restart);
    const texts: string[] = [];
    const reading = (async () => {
      for await (const text of stream.textStream) texts.push(text);
    })();
    await expect(stage.runtime.run(reading)).rejects.toMatchObject({
      code: 'stream-interrupted',
      partial: { text: 'Half' },
    });
    expect(texts).toEqual(['Half']);
    expect(stage.providers.b.calls).toHaveLength(0);
  });

  it('who comes after the restart reads the answer alone', async () => {
    const stage = arrange({ a: [{ text: 'Half' }, { cut: true }], b: [{ text: ['A ', 'whole one.'] }] });
    const stream = stage.stream({}, restart);
    await stage.runtime.run(stream.completion);
    let text = '';
    for await (const piece of stream.textStream) text += piece;
    expect(text).toBe('A whole one.');
  });

  it('is what toResponse({ format: "text" }) is for; server-sent events tell the restart', async () => {
    const parts = { a: [{ text: 'Half' }, { waitMs: 10 }, { cut: true as const }], b: 'Whole.' };
    const events = arrange(parts);
    const body = await events.runtime.run(events.stream({}, restart).toResponse().text());
    expect(body).toContain('event: restart');
    expect(body).toContain('Whole.');
    const bare = arrange(parts);
    await expect(
      bare.runtime.run(bare.stream({}, restart).toResponse({ format: 'text' }).text()),
    ).rejects.toThrow();
    expect(bare.providers.b.calls).toHaveLength(0);
  });
});

describe('stream: holdMs and holdTokens', () => {
  it('hold text back also where reasoning is shown live, before it or behind it', async () => {
    const live = { stream: { reasoning: 'live', holdTokens: 20 } } as const;
    const before = await read(
      arrange({ a: [{ reasoning: 'Hm.' }, { text: 'Half' }, { fail: 'network' }], b: 'Whole.' }),
      live,
    );
    expect(before.seen.map(({ type }) => type)).toEqual(['start', 'reasoning', 'restart', 'text', 'finish']);
    expect(textOf(before.seen)).toBe('Whole.');
    const behind = await read(
      arrange({ a: [{ text: 'Half' }, { reasoning: 'Hm.' }, { fail: 'network' }], b: 'Whole.' }),
      live,
    );
    expect(behind.seen.map(({ type }) => type)).toEqual(['start', 'text', 'finish']);
    expect(textOf(behind.seen)).toBe('Whole.');
  });

  it('keep the first moments back, so that an early failure stays unseen', async () => {
    const stage = arrange({
      a: [{ text: 'Half ' }, { waitMs: 300 }, { text: 'an' }, { fail: 'server-error' }],
      b: 'A whole answer.',
    });
    const { seen } = await read(stage, { stream: { holdMs: 500 } });
    expect(brief(seen)).toEqual(['start:b', 'text:A whole answer.', 'finish']);
  });

  it('show what was held when the time is over, also while the provider is silent', async () => {
    const stage = arrange({ a: [{ text: 'Slow ' }, { waitMs: 2_000 }, { text: 'but whole.' }] });
    const stream = stage.stream({}, { stream: { holdMs: 500 } });
    const reader = stream[Symbol.asyncIterator]();
    const before = stage.runtime.now();
    expect((await stage.runtime.run(reader.next())).value).toMatchObject({ type: 'start' });
    expect(stage.runtime.now() - before).toBe(500);
    await stage.runtime.run(stream.completion);
  });

  it('show what was held when there is enough of it', async () => {
    const stage = arrange({ a: [{ text: ['12345678', '9', '0'] }, { fail: 'server-error' }], b: 'Whole.' });
    const early = await read(stage, { stream: { holdTokens: 10 } });
    expect(brief(early.seen)).toEqual(['start:b', 'text:Whole.', 'finish']);
    const late = await read(
      arrange({ a: [{ text: ['12345678', '9', '0'] }, { fail: 'server-error' }], b: 'Whole.' }),
      { stream: { holdTokens: 2 } },
    );
    expect(late.error).toMatchObject({ code: 'stream-interrupted', partial: { text: '1234567890' } });
  });

  it('lose nothing of an answer that ends within them', async () => {
    const stage = arrange({ a: [{ reasoning: 'Hm.' }, { text: ['Short', ' one.'] }] });
    const { seen } = await read(stage, { stream: { holdMs: 5_000, holdTokens: 100 } });
    expect(brief(seen)).toEqual(['start:a', 'reasoning:Hm.', 'text:Short', 'text: one.', 'finish']);
  });
});
