import { describe, expect, it } from 'vitest';
import type { ScriptStep } from 'failsoft/testing';
import { arrange, brief, decisionsOf, errorOf, read, settleNow } from './arrange.ts';

const look = { toolCall: { name: 'look', arguments: { at: 1 } } };

describe('a stream', () => {
  it('tells who answers, then the pieces as they come, then one finish with the same completion', async () => {
    const stage = arrange({ a: [{ text: ['Hel', 'lo.'] }] });
    const stream = stage.stream();
    const { events } = await stage.runtime.run(read(stream));
    expect(brief(events)).toEqual(['start:a', 'text:Hel', 'text:lo.', 'finish']);
    expect(events[0]).toEqual({ type: 'start', target: { id: 'a', provider: 'a', model: 'model-of-a' } });
    const last = events.at(-1);
    expect(last?.type === 'finish' && last.completion).toBe(await stream.completion);
  });

  it('shows each piece when it comes, not when all have come', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { waitMs: 5_000 }, { text: 'lo.' }] });
    const events = stage.stream()[Symbol.asyncIterator]();
    await settleNow(stage);
    expect(await events.next()).toMatchObject({ value: { type: 'start' } });
    expect(await events.next()).toMatchObject({ value: { type: 'text', text: 'Hel' } });
    const next = events.next();
    await stage.runtime.advance(5_000);
    expect(await next).toMatchObject({ value: { text: 'lo.' } });
    expect(await events.next()).toMatchObject({ value: { type: 'finish' } });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('starts with stream(), before anybody reads', async () => {
    const stage = arrange({ a: 'Hello.' });
    const stream = stage.stream();
    await settleNow(stage);
    expect(stage.providers.a.calls[0]?.outcome).toBe('finished');
    expect((await stream.completion).text).toBe('Hello.');
    expect(brief((await read(stream)).events)).toEqual(['start:a', 'text:Hello.', 'finish']);
  });

  it('shows tool calls whole and parsed, with their raw pieces before', async () => {
    const stage = arrange({
      a: [{ event: { type: 'tool-call-delta', id: 'call_1_1', name: 'look', delta: '{"at"' } }, look],
    });
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(events.slice(0, 3)).toEqual([
      expect.objectContaining({ type: 'start' }),
      { type: 'tool-call-delta', id: 'call_1_1', name: 'look', delta: '{"at"' },
      { type: 'tool-call', id: 'call_1_1', name: 'look', arguments: { at: 1 } },
    ]);
  });

  it('never shows a provider’s private state', async () => {
    const stage = arrange({
      a: [
        { reasoning: 'Hm.', providerState: { sealed: 'secret-state' } },
        { text: 'Hello.', providerState: 'secret-state' },
        { ...look, providerState: 'secret-state' },
      ],
    });
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(JSON.stringify(events.slice(0, -1))).not.toContain('secret-state');
  });
});

describe('before a stream commits', () => {
  it.each([
    ['fails at once', [{ fail: 'overloaded' }]],
    ['fails after facts and empty pieces', [{ event: { type: 'meta' } }, { text: '' }, { fail: 'network' }]],
    ['ends with nothing', [{ cut: true }]],
    ['ends empty', [{ finish: 'stop' }]],
    ['says only blanks', [{ text: '\n\n' }, { finish: 'stop' }]],
    ['has only reasoned', [{ reasoning: ['Hm', '…'] }, { fail: 'overloaded' }]],
    ['calls a tool with half of the arguments', [{ toolCall: { name: 'look', arguments: '{"at":' } }]],
    ['is silent', [{ reasoning: 'Hm' }, { hang: true }]],
  ] as [string, ScriptStep[]][])('a target that %s is left unseen', async (_what, script) => {
    const stage = arrange({ a: script, b: 'From b.' });
    const stream = stage.stream();
    const { events } = await stage.runtime.run(read(stream));
    expect(brief(events)).toEqual(['start:b', 'text:From b.', 'finish']);
    expect(decisionsOf(await stream.completion)).toEqual(['a next', 'b answer']);
  });

  it('reasoning is held, and shown with the first text', async () => {
    const stage = arrange({
      a: [{ reasoning: ['Let ', 'me see.'] }, { waitMs: 1_000 }, { text: 'Hello.' }, { reasoning: 'Again.' }],
    });
    const stream = stage.stream();
    const events = stream[Symbol.asyncIterator]();
    let isShown = false;
    const first = events.next().finally(() => (isShown = true));
    await settleNow(stage);
    expect(isShown).toBe(false);
    await stage.runtime.advance(1_000);
    expect(await first).toMatchObject({ value: { type: 'start' } });
    const rest = await read({ [Symbol.asyncIterator]: () => events });
    expect(brief(rest.events)).toEqual([
      'reasoning:Let ',
      'reasoning:me see.',
      'text:Hello.',
      'reasoning:Again.',
      'finish',
    ]);
  });

  it('reasoning that ends in an explained silence is shown before the finish', async () => {
    const stage = arrange({ a: [{ reasoning: 'Too long to' }, { finish: 'length' }] });
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(brief(events)).toEqual(['start:a', 'reasoning:Too long to', 'finish']);
  });

  it('reasoning can be had live, and a failover after it voids it by a restart', async () => {
    const stage = arrange({
      a: [{ reasoning: 'Hm.' }, { fail: { kind: 'overloaded', message: 'busy' } }],
      b: [{ reasoning: 'Well.' }, { fail: 'network' }],
      c: 'From c.',
    });
    const { events } = await stage.runtime.run(read(stage.stream({}, { stream: { reasoning: 'live' } })));
    expect(brief(events)).toEqual([
      'start:a',
      'reasoning:Hm.',
      'restart:b',
      'reasoning:Well.',
      'restart:c',
      'text:From c.',
      'finish',
    ]);
    expect(events[2]).toMatchObject({ type: 'restart', failure: { kind: 'overloaded' } });
  });

  it('live reasoning shows nothing of a target that said nothing: the next one starts, and does not restart', async () => {
    const stage = arrange({ a: [{ fail: 'overloaded' }], b: [{ reasoning: 'Well.' }, { text: 'From b.' }] });
    const { events } = await stage.runtime.run(read(stage.stream({}, { stream: { reasoning: 'live' } })));
    expect(brief(events)).toEqual(['start:b', 'reasoning:Well.', 'text:From b.', 'finish']);
  });

  it('a retry at the same target is as unseen as another target', async () => {
    const stage = arrange({ a: [[{ reasoning: 'Hm' }, { fail: 'network' }], 'Hello.'] });
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(brief(events)).toEqual(['start:a', 'text:Hello.', 'finish']);
  });
});

describe('after a stream has committed', () => {
  it.each([
    ['is cut', [{ text: 'Hello wor' }, { cut: true }], 'invalid-response'],
    ['breaks', [{ text: 'Hello wor' }, { fail: 'network' }], 'network'],
    ['tells of an overload in-band', [{ text: 'Hello wor' }, { fail: 'overloaded' }], 'overloaded'],
    ['stalls', [{ text: 'Hello wor' }, { hang: true }], 'timeout'],
  ] as [string, ScriptStep[], string][])(
    'one that %s ends with stream-interrupted and the partial, and nobody else writes on',
    async (_what, script, kind) => {
      const stage = arrange({ a: script, b: 'From b.' });
      const stream = stage.stream();
      const { events, error } = await stage.runtime.run(read(stream));
      expect(brief(events)).toEqual(['start:a', 'text:Hello wor']);
      expect(error).toMatchObject({
        code: 'stream-interrupted',
        failure: { kind },
        partial: { text: 'Hello wor', reasoning: '', toolCalls: [], target: 'a' },
      });
      expect(decisionsOf(error!)).toEqual(['a stop']);
      expect(await errorOf(stream.completion)).toBe(error);
      expect(stage.providers.b.calls).toEqual([]);
      expect(error!.toPublic()).toMatchObject({ code: 'stream-interrupted', status: 502, retryable: true });
    },
  );

  it.each([
    [
      'inside the arguments',
      [{ event: { type: 'tool-call-delta', id: 'c', name: 'look', delta: '{"a' } }],
      0,
    ],
    ['after a whole call', [look], 1],
  ] as [string, ScriptStep[], number][])(
    'by a tool call, a failure %s interrupts too',
    async (_where, steps, calls) => {
      const stage = arrange({ a: [...steps, { fail: 'network' }], b: 'From b.' });
      const { error } = await stage.runtime.run(read(stage.stream()));
      expect(error?.code).toBe('stream-interrupted');
      expect(error?.partial?.toolCalls).toHaveLength(calls);
      expect(stage.providers.b.calls).toEqual([]);
    },
  );

  it('reports the tokens of the part that came, once', async () => {
    const stage = arrange({
      a: [{ event: { type: 'meta', usage: { inputTokens: 5 } } }, { text: 'Hel' }, { fail: 'network' }],
    });
    const { error } = await stage.runtime.run(read(stage.stream()));
    expect(error?.partial?.usage).toEqual({ inputTokens: 5 });
    expect(error?.attempts[0]?.usage).toEqual({ inputTokens: 5 });
  });

  it('complete() moves on in all these cases: it has shown nothing', async () => {
    for (const script of [
      [{ text: 'Hello wor' }, { cut: true }],
      [look, { fail: 'network' }],
      [{ text: 'Hello wor' }, { hang: true }],
    ] as ScriptStep[][]) {
      const stage = arrange({ a: script, b: 'From b.' });
      const reply = await stage.ask();
      expect(reply).toMatchObject({ text: 'From b.', toolCalls: [], target: { id: 'b' } });
    }
  });

  it('the cut of its target by disable() interrupts it too', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { hang: true }], b: 'From b.' });
    const seen = read(stage.stream());
    await settleNow(stage);
    stage.router.disable('a', { cut: true });
    expect((await seen).error).toMatchObject({ code: 'stream-interrupted', partial: { text: 'Hel' } });
  });
});

describe('a schema', () => {
  it('that the streamed text does not fit interrupts the stream: what was shown is no answer', async () => {
    const stage = arrange({ a: '{"wrong":1}', b: '{"right":1}' });
    const schema = { type: 'object', properties: { right: { type: 'number' } }, required: ['right'] };
    const { error } = await stage.runtime.run(read(stage.stream({ schema })));
    expect(error).toMatchObject({ code: 'stream-interrupted', failure: { code: 'schema-mismatch' } });
  });
});
