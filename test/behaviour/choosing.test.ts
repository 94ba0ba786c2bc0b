import { describe, expect, it, vi } from 'vitest';
import { logTo, type Strategy } from 'failsoft';
import type { Script } from 'failsoft/testing';
import { arrange, failing } from './arrange.ts';

/** Answers after so long. */
const after = (waitMs: number): Script => [{ waitMs }, { text: 'Here.' }];

async function served(stage: ReturnType<typeof arrange>, calls: number, gapMs = 1_000) {
  const counts: Record<string, number> = {};
  for (let call = 0; call < calls; call += 1) {
    const { target } = await stage.ask();
    counts[target.id] = (counts[target.id] ?? 0) + 1;
    await stage.runtime.advance(gapMs);
  }
  return counts;
}

describe('fastest', () => {
  it('goes to whoever answers soonest, and still asks the other now and then', async () => {
    const stage = arrange({ slow: after(2_000), quick: after(300) }, { strategy: 'fastest' });
    const counts = await served(stage, 200);
    expect(counts['quick']).toBeGreaterThan(180);
    expect(counts['slow']).toBeGreaterThan(1);
  });

  it('leaves a target that becomes slow after one call, and comes back when it is quick again', async () => {
    const stage = arrange({ a: after(300), b: after(600) }, { strategy: 'fastest' });
    await served(stage, 50);
    stage.providers.a.script(after(4_000));
    expect((await served(stage, 20))['a']).toBeLessThanOrEqual(2);
    stage.providers.a.script(after(300));
    await stage.runtime.advance(600_000);
    expect((await served(stage, 50))['a']).toBeGreaterThan(40);
  });

  it('does not take quick failures for speed', async () => {
    const stage = arrange({ a: failing(1, 'server-error'), b: after(900) }, { strategy: 'fastest', seed: 3 });
    await served(stage, 10);
    const failures = stage.eventsOf('attempt').filter(({ attempt }) => attempt.failure);
    expect(failures).toHaveLength(1);
    const [failure] = failures;
    const following = stage.eventsOf('attempt').filter(({ at }) => at > failure!.at);
    expect(following.slice(1, 6).map(({ attempt }) => attempt.target)).toEqual(['b', 'b', 'b', 'b', 'b']);
  });

  it('asks others for a moment after a target had no room, and does not take it for slow', async () => {
    const overloaded = [{ fail: 'overloaded' }] as const;
    const every = (count: number) =>
      Array.from({ length: 400 }, (_, call) => (call % count === count - 1 ? overloaded : after(300)));
    const far = arrange({ a: [...every(25)], b: after(900) }, { strategy: 'fastest' });
    const counts = await served(far, 300);
    expect(far.eventsOf('breaker')).toEqual([]);
    expect(counts['a']).toBeGreaterThan(260);
    const near = arrange({ a: [...every(25)], b: after(400) }, { strategy: 'fastest' });
    await served(near, 100);
    const targets = near.eventsOf('attempt').map(({ attempt }) => attempt.target);
    const refusedAt = near.eventsOf('attempt').findLastIndex(({ attempt }) => attempt.failure);
    expect(targets.slice(refusedAt + 1, refusedAt + 4)).toEqual(['b', 'b', 'b']);
  });

  it('shares out a burst instead of sending everybody to the fastest', async () => {
    const stage = arrange({ a: after(300), b: after(400) }, { strategy: 'fastest' });
    await served(stage, 10);
    const burst = Array.from({ length: 40 }, () =>
      stage.router.complete({ messages: [{ role: 'user', content: 'Hi' }] }),
    );
    const replies = await stage.runtime.run(Promise.all(burst));
    const ofB = replies.filter(({ target }) => target.id === 'b').length;
    expect(ofB).toBeGreaterThan(12);
    expect(ofB).toBeLessThan(28);
  });
});

describe('cheapest', () => {
  const price = { input: 1, output: 10 };

  it('learns how long the answers of each target are', async () => {
    const wordy = { usage: { inputTokens: 10, outputTokens: 3_000 } };
    const terse = { usage: { inputTokens: 10, outputTokens: 100 } };
    const stage = arrange(
      {
        wordy: { script: 'x', target: { price }, provider: wordy },
        terse: { script: 'x', target: { price: { input: 1, output: 12 } }, provider: terse },
      },
      { strategy: 'cheapest' },
    );
    expect(await served(stage, 20)).toEqual({ wordy: 1, terse: 19 });
  });

  it('never crosses priorities: a free target of a higher number waits its turn', async () => {
    const stage = arrange(
      {
        spare: { script: 'x', target: { price: { input: 0, output: 0 }, priority: 9, degraded: true } },
        dear: { script: 'x', target: { price } },
      },
      { strategy: 'cheapest' },
    );
    expect(await served(stage, 5)).toEqual({ dear: 5 });
    stage.router.disable('dear');
    expect((await stage.ask()).degraded).toBe(true);
  });
});

describe('a weight of 0', () => {
  it.each(['in-order', 'fastest', 'cheapest', 'least-busy'] as const)(
    'comes last under %s',
    async (strategy) => {
      const target = { price: { input: 1, output: 1 } };
      const stage = arrange(
        {
          spare: { script: 'x', target: { weight: 0, price: { input: 0, output: 0 } } },
          a: { script: after(100), target },
        },
        { strategy },
      );
      expect(await served(stage, 20)).toEqual({ a: 20 });
    },
  );
});

describe('fastest, where a target falls silent', () => {
  it('turns calls away before any timeout has ended', async () => {
    const stage = arrange({ a: after(300), b: after(900) }, { strategy: 'fastest' });
    await served(stage, 30);
    stage.providers.a.script([{ hang: true }]);
    const before = stage.providers.a.calls.length;
    const calls = [];
    for (let call = 0; call < 9; call += 1) {
      calls.push(stage.router.complete({ messages: [{ role: 'user', content: 'Hi' }] }));
      await stage.runtime.advance(1_000);
    }
    expect(stage.eventsOf('breaker')).toEqual([]);
    expect(stage.providers.a.calls.length - before).toBeLessThanOrEqual(6);
    await stage.runtime.run(Promise.all(calls));
  });
});

describe('a strategy of the host that is broken', () => {
  it('is told of once for each model, and again when something else is the matter', async () => {
    let strategy: Strategy = ([first]) => {
      throw new Error(`no latency known of ${first!.id}`);
    };
    const stage = arrange({ a: 'From a.', b: 'x' }, { strategy: (all, context) => strategy(all, context) });
    for (let call = 0; call < 3; call += 1) expect((await stage.ask()).target.id).toBe('a');
    const { events } = stage;
    expect(stage.eventsOf('strategy')).toMatchObject([
      { model: 'chat', message: 'strategy: threw no latency known of a; the listed order holds' },
    ]);
    expect(events.slice(0, 3).map(({ type }) => type)).toEqual(['attempt', 'strategy', 'call']);
    strategy = () => undefined as never;
    for (let call = 0; call < 3; call += 1) await stage.ask();
    strategy = (all) => all;
    await stage.ask();
    expect(stage.eventsOf('strategy')).toMatchObject([
      {},
      { message: expect.stringContaining('got undefined') as string },
    ]);
  });

  it('is not told with what the caller asked', async () => {
    const strategy: Strategy = (_, { request }) => {
      throw new Error(`cannot read ${JSON.stringify(request.messages)}`);
    };
    const sink = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const stage = arrange({ a: 'x', b: 'x' }, { strategy, observers: [logTo(sink)] });
    const messages = [{ role: 'user', content: 'My password is swordfish.' }] as const;
    await stage.ask({ messages });
    expect(stage.eventsOf('strategy')).toHaveLength(1);
    expect(JSON.stringify(stage.events)).not.toContain('swordfish');
    expect(sink.error).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining(' model chat, strategy: threw cannot read'),
    );
  });

  it('is told of nobody by plan()', () => {
    const stage = arrange({ a: 'x', b: 'x' }, { strategy: () => undefined as never });
    stage.router.plan({ messages: [{ role: 'user', content: 'Hi' }] });
    expect(stage.events).toEqual([]);
  });
});
