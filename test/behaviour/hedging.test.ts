import { describe, expect, it } from 'vitest';
import type { ScriptStep } from 'failsoft/testing';
import { arrange, brief, decisionsOf, errorOf, question, read, settleNow, type Part } from './arrange.ts';

const slow = (ms: number, text = 'From a.'): ScriptStep[] => [{ waitMs: ms }, { text }];
const hedge = { afterMs: 500, maxShare: 1 };

describe('a second attempt beside a silent one', () => {
  it('answers where it is quicker, and the first one is cut in the same tick, upstream too', async () => {
    const stage = arrange({ a: [...slow(5_000)], b: slow(200, 'From b.') }, { hedge });
    const reply = await stage.ask();
    expect(reply).toMatchObject({ text: 'From b.', target: { id: 'b' }, latencyMs: 700 });
    expect(decisionsOf(reply)).toEqual(['a cut', 'b answer']);
    expect(reply.attempts[0]).toMatchObject({ durationMs: 700, failure: { kind: 'aborted' } });
    expect(reply.attempts[1]).toMatchObject({ hedge: true, startedAt: 1_000_500 });
    expect(reply.attempts[0]).not.toHaveProperty('hedge');
    expect(stage.providers.a.calls[0]!.signal.aborted).toBe(true);
    expect(stage.eventsOf('hedge')).toMatchObject([{ from: 'a', to: 'b', waitedMs: 500, at: 1_000_500 }]);
    expect(stage.eventsOf('failover')).toEqual([]);
    expect(stage.router.health().targets['a']!.breaker).toBe('closed');
  });

  it('is cut where the first one is quicker after all', async () => {
    const stage = arrange({ a: slow(600), b: slow(200, 'From b.') }, { hedge });
    const reply = await stage.ask();
    expect(reply).toMatchObject({ text: 'From a.', latencyMs: 600 });
    expect(decisionsOf(reply)).toEqual(['a answer', 'b cut']);
    expect(stage.providers.b.calls[0]!.signal.aborted).toBe(true);
  });

  it('is not made where the first content comes in time, however long the answer takes after that', async () => {
    const stage = arrange(
      { a: [{ text: 'One' }, { waitMs: 5_000 }, { text: ' two.' }], b: 'From b.' },
      { hedge },
    );
    expect(decisionsOf(await stage.ask())).toEqual(['a answer']);
    const thinking = arrange(
      { a: [{ reasoning: 'Hm.' }, { waitMs: 5_000 }, { text: 'Yes.' }], b: 'From b.' },
      { hedge },
    );
    expect(decisionsOf(await thinking.ask())).toEqual(['a answer']);
  });

  it('is off until it is set, and can be set for the router, a model or a call, the call winning', async () => {
    const parts = { a: slow(5_000), b: 'From b.' } as const;
    expect((await arrange(parts).ask()).target.id).toBe('a');
    expect((await arrange(parts).ask({}, { hedge })).target.id).toBe('b');
    expect((await arrange(parts, { hedge }).ask({}, { hedge: false })).target.id).toBe('a');
    const slower = arrange(parts, { hedge });
    expect((await slower.ask({}, { hedge: { afterMs: 2_000 } })).latencyMs).toBe(2_000);
  });

  it('waits by the percentile of the target’s own healthy history, and not at all on thin history', async () => {
    let ms = 100;
    const stage = arrange({ a: () => slow(ms), b: 'From b.' }, { hedge: { maxShare: 0.5 } });
    ms = 5_000;
    expect(decisionsOf(await stage.ask())).toEqual(['a answer']);
    for (let count = 0; count < 60; count += 1) {
      ms = 80 + (count % 20);
      await stage.ask();
    }
    ms = 5_000;
    const reply = await stage.ask();
    expect(decisionsOf(reply)).toEqual(['a cut', 'b answer']);
    expect(reply.latencyMs).toBeLessThan(300);
  });

  it('is made while other calls wait, but not at a target that is theirs', async () => {
    const busy = { script: slow(3_000), target: { limits: { concurrency: 1, queueMs: 10_000 } } };
    const stage = arrange({ a: slow(2_000), b: slow(200, 'From b.'), c: busy }, { hedge });
    const waiting = [1, 2].map(() => stage.router.complete(question, { targets: ['c'] }));
    expect(decisionsOf(await stage.ask())).toEqual(['a cut', 'b answer']);
    expect((await stage.ask(undefined, { targets: ['a', 'c'] })).attempts).toHaveLength(1);
    await stage.runtime.run(Promise.all(waiting));
  });

  it('is made at most once for an attempt, and counts in maxAttempts', async () => {
    const stage = arrange({ a: slow(5_000), b: slow(5_000), c: 'From c.' }, { hedge, maxAttempts: 2 });
    expect(decisionsOf(await stage.ask())).toEqual(['a answer', 'b cut']);
    const one = arrange({ a: slow(5_000), b: 'From b.' }, { hedge, maxAttempts: 1 });
    expect(decisionsOf(await one.ask())).toEqual(['a answer']);
  });

  it('is not made with one target, at a target of another priority, or at one on its way back', async () => {
    expect(decisionsOf(await arrange({ a: slow(5_000) }, { hedge }).ask())).toEqual(['a answer']);
    const spare = arrange({ a: slow(5_000), b: { script: 'From b.', target: { priority: 1 } } }, { hedge });
    expect(decisionsOf(await spare.ask())).toEqual(['a answer']);
    const back = arrange({ a: slow(5_000), b: [{ fail: 'server-error' }] }, { hedge: false });
    while (back.router.health().targets['b']!.breaker === 'closed')
      await back.fail({}, { targets: ['b'], retry: 0 });
    await back.runtime.advance(7_000);
    expect(back.router.plan(question).order).toHaveLength(2);
    expect(decisionsOf(await back.ask({}, { hedge }))).toEqual(['a answer']);
    const limited = { kind: 'rate-limit', message: 'slow', retryAfterMs: 2_000 } as const;
    const ramping = arrange({
      a: slow(5_000),
      b: [[{ fail: limited }], 'From b.', [{ fail: limited }], 'From b.'],
    });
    await ramping.ask({}, { targets: ['b'] });
    await ramping.fail({}, { targets: ['b'], retry: 0 });
    await ramping.runtime.advance(4_500);
    expect(ramping.router.plan(question).order).toHaveLength(2);
    expect(ramping.router.health().targets['b']!.ramp).toBeDefined();
    expect(decisionsOf(await ramping.ask({}, { hedge }))).toEqual(['a answer']);
  });

  it('works under unary, and where a stream is asked for without content', async () => {
    const stage = arrange({ a: slow(5_000), b: slow(100, 'From b.') }, { hedge, transport: 'unary' });
    expect(await stage.ask()).toMatchObject({ text: 'From b.', latencyMs: 600 });
    const empty = arrange({ a: slow(5_000), b: [{ waitMs: 10 }, { finish: 'length' }] }, { hedge });
    expect(await empty.ask()).toMatchObject({ text: '', finishReason: 'length', target: { id: 'b' } });
  });
});

describe('where one of the two fails', () => {
  it('the first one: the hedge is the failover, and no third attempt is made at once', async () => {
    const stage = arrange(
      { a: [{ waitMs: 800 }, { fail: 'server-error' }], b: slow(2_000, 'From b.'), c: 'C.' },
      { hedge },
    );
    const reply = await stage.ask();
    expect(decisionsOf(reply)).toEqual(['a next', 'b answer']);
    expect(reply.latencyMs).toBe(2_500);
    expect(stage.eventsOf('failover')).toMatchObject([{ from: 'a', to: 'b', kind: 'server-error' }]);
  });

  it('for its key: the answer of the other one does not wait for a new key', async () => {
    const wrap: Part['wrap'] = (provider) => ({ ...provider, refreshKey: () => new Promise(() => {}) });
    for (const refusedAfterMs of [50, 700]) {
      const a = { script: [{ waitMs: refusedAfterMs }, { fail: 'auth' as const }], wrap };
      const stage = arrange({ a, b: slow(1_000, 'From b.') }, { hedge });
      const reply = await stage.ask();
      expect(decisionsOf(reply)).toEqual(['a next', 'b answer']);
      expect(reply.latencyMs).toBe(1_500);
    }
  });

  it('the hedge: the first one goes on', async () => {
    const stage = arrange({ a: slow(2_000), b: [{ fail: 'server-error' }], c: 'C.' }, { hedge });
    const reply = await stage.ask();
    expect(decisionsOf(reply)).toEqual(['a answer', 'b next']);
    expect(stage.eventsOf('failover')).toEqual([]);
  });

  it('both: the call moves on from the last one', async () => {
    const stage = arrange(
      { a: [{ waitMs: 900 }, { fail: 'server-error' }], b: [{ fail: 'network' }], c: 'From c.' },
      { hedge },
    );
    expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b next', 'c answer']);
    const hedgeLast = arrange(
      {
        a: [{ waitMs: 600 }, { fail: 'server-error' }],
        b: [{ waitMs: 300 }, { fail: 'network' }],
        c: 'From c.',
      },
      { hedge },
    );
    expect(decisionsOf(await hedgeLast.ask())).toEqual(['a next', 'b next', 'c answer']);
    expect(hedgeLast.eventsOf('failover')).toMatchObject([
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
    ]);
  });

  it('a refusal of the first one that ends calls ends this one: a hedge gives no second opinion', async () => {
    const stage = arrange(
      { a: [{ waitMs: 800 }, { fail: 'content-policy' }], b: slow(5_000, 'From b.') },
      { hedge },
    );
    const error = await stage.fail();
    expect(error.code).toBe('content-policy');
    expect(decisionsOf(error)).toEqual(['a stop', 'b cut']);
    expect(stage.runtime.now()).toBe(1_000_800);
  });

  it('after it won: the one that was given up may be asked again', async () => {
    const stage = arrange(
      {
        a: [...[slow(5_000), slow(10, 'From a after all.')]],
        b: [...slow(10, 'From b'), { fail: 'network' }],
      },
      { hedge },
    );
    const reply = await stage.ask();
    expect(decisionsOf(reply)).toEqual(['a cut', 'b next', 'a answer']);
    expect(reply.text).toBe('From a after all.');
  });
});

describe('a stream', () => {
  it('shows the winner alone, and start names it', async () => {
    const stage = arrange(
      { a: slow(5_000), b: [{ waitMs: 100 }, { reasoning: 'Hm.' }, { waitMs: 900 }, { text: 'From b.' }] },
      { hedge },
    );
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(brief(events)).toEqual(['start:b', 'reasoning:Hm.', 'text:From b.', 'finish']);
  });

  it('is not disturbed by a hedge that fails, also where its first moments are held back', async () => {
    const stage = arrange(
      {
        a: [{ waitMs: 700 }, { text: 'One' }, { waitMs: 900 }, { text: ' two.' }],
        b: [{ waitMs: 50 }, { fail: 'network' }],
      },
      { hedge, stream: { holdMs: 300 } },
    );
    const stream = stage.stream();
    const seen = read(stream);
    await stage.runtime.advance(1_100);
    const { events } = await stage.runtime.run(seen);
    expect(brief(events)).toEqual(['start:a', 'text:One', 'text: two.', 'finish']);
    const early = arrange(
      {
        a: [{ waitMs: 700 }, { text: 'One' }, { waitMs: 900 }, { text: ' two.' }],
        b: [{ waitMs: 50 }, { fail: 'network' }],
      },
      { hedge, stream: { holdMs: 300 } },
    );
    const reader = early.stream()[Symbol.asyncIterator]();
    const first = reader.next();
    let shownAt = 0;
    void first.then(() => (shownAt = early.runtime.now()));
    await early.runtime.advance(1_050);
    expect(shownAt).toBe(1_001_000);
    await early.runtime.run(reader.return!());
  });

  it('is never hedged after text was shown', async () => {
    const stage = arrange(
      {
        a: [{ text: 'Some of it, long enough ' }, { fail: 'network' }],
        b: slow(3_000, 'All of it.'),
        c: 'From c.',
      },
      { hedge, stream: { recovery: 'restart' } },
    );
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(brief(events)).toEqual([
      'start:a',
      'text:Some of it, long enough ',
      'restart:b',
      'text:All of it.',
      'finish',
    ]);
    expect(stage.providers.c.calls).toEqual([]);
  });

  it('is recovered after the hedge that won breaks off', async () => {
    const stage = arrange(
      {
        a: slow(20_000),
        b: [{ waitMs: 10 }, { text: 'Some of it, long enough ' }, { fail: 'network' }],
        c: 'All of it.',
      },
      { hedge, stream: { recovery: 'restart' } },
    );
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(brief(events)).toEqual([
      'start:b',
      'text:Some of it, long enough ',
      'restart:c',
      'text:All of it.',
      'finish',
    ]);
  });

  it('that is left ends both at once', async () => {
    const stage = arrange({ a: slow(5_000), b: slow(5_000) }, { hedge });
    const stream = stage.stream();
    await stage.runtime.advance(1_000);
    stream.abort();
    const error = await errorOf(stream.completion);
    expect(decisionsOf(error)).toEqual(['a cut', 'b cut']);
    expect(stage.runtime.pending()).toBe(0);
  });
});

describe('what hedges cost', () => {
  const price = { input: 1_000_000, output: 1_000_000 };
  const usage = { inputTokens: 10, outputTokens: 5 };

  it('is counted: as the vendor counted it, as far as it had, or by an estimate', async () => {
    const stage = arrange(
      {
        a: {
          script: [{ event: { type: 'meta', usage: { inputTokens: 7 } } }, ...slow(5_000)],
          target: { price },
        },
        b: { script: [{ waitMs: 10 }, { text: 'From b.' }, { finish: { usage } }], target: { price } },
      },
      { hedge },
    );
    const reply = await stage.ask();
    expect(reply.attempts[0]).toMatchObject({
      usage: { inputTokens: 7 },
      usageIs: 'partial',
      costUsd: 7,
    });
    expect(reply.attempts[1]).not.toHaveProperty('usageIs');
    expect(reply.costUsd).toBe(7 + 15);
    const silent = arrange(
      {
        a: { script: slow(5_000), target: { price } },
        b: { script: [{ waitMs: 10 }, { text: 'From b.' }, { finish: { usage } }], target: { price } },
      },
      { hedge },
    );
    const other = await silent.ask();
    expect(other.attempts[0]).toMatchObject({
      usage: { inputTokens: 3, outputTokens: 0 },
      usageIs: 'estimated',
    });
    expect(other.costUsd).toBe(3 + 15);
    expect(other.usage).toMatchObject(usage);
  });

  it('is estimated for what was left', async () => {
    const left = arrange({
      a: { script: [{ text: '12345678' }, { hang: true }], target: { price } },
      b: { script: 'From b.' },
    });
    expect((await left.ask()).attempts[0]).toMatchObject({
      failure: { kind: 'timeout' },
      usageIs: 'estimated',
      usage: { inputTokens: 3, outputTokens: 2 },
      costUsd: 5,
    });
  });

  it('is bounded: a share of the calls, and ten more at most', async () => {
    const stage = arrange({ a: slow(5_000), b: slow(5_000) }, { hedge: { afterMs: 500 } });
    for (let count = 0; count < 40; count += 1) await stage.ask();
    const made = stage.eventsOf('hedge').filter(({ refused }) => refused === undefined);
    expect(made.length).toBeGreaterThanOrEqual(4);
    expect(made.length).toBeLessThanOrEqual(5);
    expect(stage.eventsOf('hedge').some(({ refused }) => refused === 'hedge budget spent')).toBe(true);
  });

  it('saves up ten at most', async () => {
    let ms = 1;
    const stage = arrange({ a: () => slow(ms), b: () => slow(ms) }, { hedge: { afterMs: 500 } });
    for (let count = 0; count < 300; count += 1) await stage.ask();
    ms = 5_000;
    for (let count = 0; count < 30; count += 1) await stage.ask();
    const made = stage.eventsOf('hedge').filter(({ refused }) => refused === undefined);
    expect(made.length).toBeGreaterThanOrEqual(10);
    expect(made.length).toBeLessThanOrEqual(13);
  });

  it('is charged to the retry budget of the target that is asked', async () => {
    const stage = arrange({ a: slow(5_000), b: slow(5_000) }, { hedge });
    const calls: Promise<unknown>[] = [];
    // In waves, since no more than ten hedges are saved up.
    for (let wave = 0; wave < 6; wave += 1) {
      for (let call = 0; call < 10; call += 1) calls.push(stage.router.complete(question));
      await stage.runtime.advance(510);
    }
    await stage.runtime.run(Promise.all(calls));
    const refused = stage.eventsOf('hedge').filter(({ refused: why }) => why === 'retry budget spent');
    expect(refused.length).toBeGreaterThan(0);
    await settleNow(stage);
  });
});
