import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createRouter, logTo, type Observer, type Router, type RouterEvent } from 'failsoft';
import { manualRuntime, scriptedProvider } from 'failsoft/testing';
import { arrange, question } from './arrange.ts';

describe('observers', () => {
  it('that throw change no route and no health, and the others are told', async () => {
    const trace = async (observers: Observer[]) => {
      const stage = arrange({ a: [{ fail: 'server-error' }], b: 'From b.' }, { observers });
      const replies: string[] = [];
      for (let call = 0; call < 20; call += 1) {
        const { attempts } = await stage.ask();
        replies.push(attempts.map(({ target }) => target).join());
        await stage.runtime.advance(100);
      }
      return { replies, health: stage.router.health(), events: stage.events };
    };
    const broken: Observer = () => {
      throw new Error('the metrics backend is down');
    };
    const quiet = await trace([]);
    const noisy = await trace([broken, broken]);
    expect(noisy.replies).toEqual(quiet.replies);
    expect(noisy.health).toEqual(quiet.health);
    expect(noisy.events.filter(({ type }) => type !== 'observer')).toEqual(quiet.events);
    expect(noisy.events).toContainEqual({
      type: 'observer',
      at: 1_000_000,
      message: 'the metrics backend is down',
    });
  });

  it('are called in order, synchronously, before the caller has the answer', async () => {
    const order: string[] = [];
    const stage = arrange(
      { a: 'From a.' },
      { observers: [({ type }) => void order.push(`1 ${type}`), ({ type }) => void order.push(`2 ${type}`)] },
    );
    await stage.runtime.run(stage.router.complete(question).then(() => void order.push('answer')));
    expect(order).toEqual(['1 attempt', '2 attempt', '1 call', '2 call', 'answer']);
  });

  it('may ask the router for its health, and see what they are told of', async () => {
    const seen: unknown[] = [];
    const look: Observer = (event) => {
      if (event.type === 'limit') seen.push(stage.router.health().targets['a']?.coolingUntil === event.until);
    };
    const stage = arrange({ a: [{ fail: 'rate-limit' }], b: 'From b.' }, { observers: [look] });
    await stage.ask();
    expect(seen).toEqual([true]);
  });

  it('may make a call at once: it is no second probe beside the one that they are told of', async () => {
    const again: Observer = (event) => {
      if (event.type === 'breaker' && event.to === 'half-open')
        void stage.router.complete(question).catch(() => {});
    };
    const down = [{ waitMs: 10 }, { fail: 'server-error' }] as const;
    const stage = arrange({ a: down }, { observers: [again], retry: 0 });
    for (let call = 0; call < 10; call += 1) await stage.fail();
    await stage.runtime.advance(2_000);
    const asked = stage.providers.a.calls.length;
    await stage.fail();
    expect(stage.eventsOf('breaker').at(-2)?.to).toBe('half-open');
    expect(stage.providers.a.calls.length - asked).toBe(1);
  });

  it('may make a call at once: it takes no slot that an attempt is about to take', async () => {
    let inFlight = 0;
    const again: Observer = (event) => {
      if (event.type === 'breaker' && event.to === 'closed')
        void stage.router.complete(question).catch(() => {});
    };
    const stage = arrange(
      { a: { script: [{ fail: 'server-error' }], target: { limits: { concurrency: 1 } } } },
      { observers: [again], retry: 0 },
    );
    for (let call = 0; call < 10; call += 1) await stage.fail();
    await stage.runtime.advance(20_000);
    stage.providers.a.script((_, number) => {
      inFlight = Math.max(inFlight, stage.router.health().targets['a']!.inFlight);
      return [{ text: `Answer ${number}.` }];
    });
    for (let call = 0; call < 40; call += 1) {
      await stage.ask();
      await stage.runtime.advance(1_000);
    }
    expect(stage.eventsOf('breaker').at(-1)?.to).toBe('closed');
    expect(inFlight).toBe(1);
  });

  it('get events that no later change of the call reaches', async () => {
    const kept: { event: RouterEvent; copy: string }[] = [];
    const stage = arrange(
      { a: [[{ fail: 'network' }], 'From a.'] },
      { observers: [(event) => void kept.push({ event, copy: JSON.stringify(event) })] },
    );
    await stage.ask();
    for (const { event, copy } of kept) expect(JSON.stringify(event)).toBe(copy);
  });

  it('logTo says in milliseconds after what silence was hedged', () => {
    const info: string[] = [];
    const sink = { info: (line: string) => void info.push(line), warn: () => {}, error: () => {} };
    logTo(sink)({ type: 'hedge', at: 0, model: 'chat', from: 'a', to: 'b', waitedMs: 34.6 });
    expect(info).toEqual(['failsoft hedge a → b after 35 ms of silence']);
  });

  it('logTo prints one line for each decision', async () => {
    const lines: string[] = [];
    const write = (level: string) => (line: string) =>
      void lines.push(`${level} ${line.replace(/call_\w+ /, '')}`);
    const stage = arrange(
      { a: [{ fail: { kind: 'overloaded', message: 'busy', status: 529 } }], b: 'From b.' },
      { observers: [logTo({ info: write('info'), warn: write('warn'), error: write('error') })] },
    );
    await stage.ask();
    expect(lines).toEqual([
      'warn failsoft attempt 1 a next after 0 ms: overloaded 529, busy',
      'warn failsoft failover a → b (overloaded)',
      'info failsoft attempt 2 b answer after 0 ms',
      'info failsoft call chat answer by b in 0 ms, 2 attempts',
    ]);
  });
});

describe('two routers in one process', () => {
  it('know nothing of each other, though they share a provider', async () => {
    const runtime = manualRuntime();
    const provider = scriptedProvider([{ fail: 'server-error' }], { runtime });
    const models = { chat: [{ id: 'a', provider, model: 'm' }] };
    const one = createRouter<string>({ models, runtime });
    const other = createRouter<string>({ models, runtime });
    for (let call = 0; call < 5; call += 1) await runtime.run(one.complete(question).catch(() => {}));
    expect(one.health().targets['a']?.breaker).not.toBe('closed');
    expect(other.health().targets['a']?.breaker).toBe('closed');
  });

  it('a thousand of them leave nothing behind', async () => {
    const runtime = manualRuntime();
    const provider = scriptedProvider('From a.', { runtime });
    const listenersBefore = process.eventNames().map((name) => process.listenerCount(name));
    const kept: WeakRef<object>[] = [];
    for (let count = 0; count < 1_000; count += 1) {
      const router: Router = createRouter<string>({ models: { chat: [{ provider, model: 'm' }] }, runtime });
      await router.complete(question);
      await router.close();
      kept.push(new WeakRef(router));
    }
    expect(runtime.pending()).toBe(0);
    expect(process.eventNames().map((name) => process.listenerCount(name))).toEqual(listenersBefore);
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(kept.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(5);
  });
});
