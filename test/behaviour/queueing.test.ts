import { describe, expect, it } from 'vitest';
import { createRouter, type CallOptions, type Router, type RouterOptions, type Target } from 'failsoft';
import { manualRuntime, scriptedProvider, type ScriptSource } from 'failsoft/testing';
import { arrange, decisionsOf, errorOf, failing, question, settleNow } from './arrange.ts';

const answersIn = (ms: number) => [{ waitMs: ms }, { text: 'Done.' }] as const;
const alone = { limits: { concurrency: 1 } };

describe('while nobody is free', () => {
  it('calls wait for a slot, and get it in the order in which they came', async () => {
    const { runtime, router, providers } = arrange({ a: { script: answersIn(200), target: alone } });
    const done: number[] = [];
    const call = (number: number) =>
      router.complete({ messages: [{ role: 'user', content: `${number}` }] }).then(() => done.push(number));
    await runtime.run(Promise.all([1, 2, 3, 4].map(call)));
    expect(done).toEqual([1, 2, 3, 4]);
    expect(runtime.now()).toBe(1_000_000 + 800);
    expect(providers.a.calls).toHaveLength(4);
  });

  it('one that comes in the very tick in which a slot frees stands behind those who wait', async () => {
    const stage = arrange({ a: { script: answersIn(200), target: alone } });
    const done: string[] = [];
    const call = (name: string) => stage.router.complete(question).then(() => done.push(name));
    const first = call('first').then(() => call('late'));
    await stage.runtime.run(Promise.all([first, call('second'), call('third')]));
    expect(done).toEqual(['first', 'second', 'third', 'late']);
  });

  it('they wait no longer than limits.queueMs, and say how long they did', async () => {
    const stage = arrange({ a: { script: answersIn(5_000), target: alone } });
    const first = stage.router.complete(question);
    const waiting = errorOf(stage.router.complete(question));
    const error = await stage.runtime.run(waiting);
    expect(stage.runtime.now()).toBe(1_000_000 + 1_000);
    expect(error).toMatchObject({ code: 'all-targets-failed', attempts: [] });
    expect(error.message).toContain('waited 1000 ms for a target');
    expect(error.rejected).toEqual([{ target: 'a', reason: 'own limit of 1 attempts at once reached' }]);
    expect(stage.eventsOf('call')[0]).toMatchObject({ outcome: 'all-targets-failed', waitedMs: 1_000 });
    await stage.runtime.run(first);
  });

  it('limits.queueMs lets them wait for longer, or not at all', async () => {
    const patient = arrange({
      a: { script: answersIn(30_000), target: { limits: { concurrency: 1, queueMs: 60_000 } } },
    });
    await patient.runtime.run(Promise.all([1, 2].map(() => patient.router.complete(question))));
    expect(patient.runtime.now()).toBe(1_000_000 + 60_000);
    const hurried = arrange({
      a: { script: answersIn(50), target: { limits: { concurrency: 1, queueMs: 0 } } },
    });
    const first = hurried.router.complete(question);
    expect((await errorOf(hurried.router.complete(question))).attempts).toEqual([]);
    expect(hurried.runtime.now()).toBe(1_000_000);
    await hurried.runtime.run(first);
  });

  it('a caller who leaves is gone at once, and the next one moves up', async () => {
    const stage = arrange({ a: { script: answersIn(500), target: alone } });
    const first = stage.router.complete(question);
    const controller = new AbortController();
    const leaving = errorOf(stage.router.complete(question, { signal: controller.signal }));
    const third = stage.router.complete(question);
    await stage.runtime.advance(100);
    controller.abort();
    expect(await leaving).toMatchObject({ code: 'aborted', attempts: [] });
    expect(stage.runtime.now()).toBe(1_000_100);
    await stage.runtime.run(Promise.all([first, third]));
    expect(stage.runtime.now()).toBe(1_001_000);
  });

  it('nobody waits beyond the deadline of the call', async () => {
    const stage = arrange({ a: { script: answersIn(5_000), target: alone } });
    const first = stage.router.complete(question);
    const error = await stage.runtime.run(
      errorOf(stage.router.complete(question, { timeouts: { totalMs: 300 } })),
    );
    expect(stage.runtime.now()).toBe(1_000_300);
    expect(error.attempts).toEqual([]);
    await stage.runtime.run(first);
  });

  it('nobody waits for a limit that is known to last for longer', async () => {
    const stage = arrange({ a: { script: 'Done.', target: { limits: { rpm: 1 } } } });
    await stage.ask();
    const start = stage.runtime.now();
    expect(await stage.fail()).toMatchObject({ code: 'all-targets-failed', attempts: [] });
    expect(stage.runtime.now()).toBe(start);
  });

  it('nobody waits for an open breaker or for a target that is disabled', async () => {
    const stage = arrange({ a: { script: [{ fail: 'server-error' }], target: alone } });
    while (stage.router.health().targets['a']!.breaker !== 'open') await stage.fail({}, { retry: 0 });
    const start = stage.runtime.now();
    await stage.fail();
    stage.router.disable('a');
    await stage.fail();
    expect(stage.runtime.now()).toBe(start);
  });

  it('they wait also where the breaker of the only target opens, as long as it limps and asks who has nobody else', async () => {
    const stage = arrange(
      {
        a: {
          script: (_, number) =>
            number % 4 === 1 ? answersIn(300) : [{ waitMs: 300 }, { fail: 'server-error' }],
          target: { limits: { concurrency: 1, queueMs: 60_000 } },
        },
      },
      { retry: 0 },
    );
    await stage.ask();
    const calls = Array.from({ length: 20 }, () =>
      stage.router.complete(question).then(
        () => 1,
        ({ attempts }: { attempts: unknown[] }) => attempts.length,
      ),
    );
    expect(await stage.runtime.run(Promise.all(calls))).toEqual(Array.from({ length: 20 }, () => 1));
    expect(stage.eventsOf('breaker')[0]?.to).toBe('open');
  });

  it('another target that comes back meanwhile takes the call', async () => {
    const stage = arrange({ a: { script: answersIn(5_000), target: alone }, b: 'From b.' });
    stage.router.disable('b');
    const first = stage.router.complete(question);
    const second = stage.router.complete(question);
    await stage.runtime.advance(400);
    stage.router.enable('b');
    expect((await stage.runtime.run(second)).target.id).toBe('b');
    expect(stage.runtime.now()).toBe(1_000_400);
    await stage.runtime.run(first);
  });

  it('a call that cannot use what an earlier one waits for does not stand in its way', async () => {
    const stage = arrange({
      a: { script: answersIn(800), target: alone },
      b: { script: answersIn(100), target: { ...alone, tags: ['eu'] } },
    });
    const calls = [
      stage.router.complete(question, { targets: ['a'] }),
      stage.router.complete(question, { targets: ['b'] }),
      stage.router.complete(question, { targets: ['a'] }).then(() => 'waited for a'),
      stage.router.complete(question, { targets: ['b'] }).then(() => 'waited for b'),
    ];
    expect(await stage.runtime.run(Promise.race(calls.slice(2)))).toBe('waited for b');
    expect(stage.runtime.now()).toBe(1_000_200);
    await stage.runtime.run(Promise.all(calls));
  });

  it('only so many wait: the next one is told at once', async () => {
    const stage = arrange({ a: { script: [{ hang: true }], target: alone } });
    const controller = new AbortController();
    const { signal } = controller;
    const first = errorOf(stage.router.complete(question, { signal }));
    const waiting = Array.from({ length: 100 }, () => errorOf(stage.router.complete(question, { signal })));
    expect(await errorOf(stage.router.complete(question))).toMatchObject({ code: 'all-targets-failed' });
    expect(stage.runtime.now()).toBe(1_000_000);
    controller.abort();
    await Promise.all([first, ...waiting]);
  });

  it('plan() names those that a call would wait for, and nobody where somebody is free', async () => {
    const stage = arrange({ a: { script: answersIn(300), target: alone }, b: 'From b.' });
    stage.router.disable('b');
    expect(stage.router.plan(question)).not.toHaveProperty('waitsFor');
    const first = stage.router.complete(question);
    expect(stage.router.plan(question)).toMatchObject({ order: [], waitsFor: ['a'] });
    stage.router.enable('b');
    expect(stage.router.plan(question)).not.toHaveProperty('waitsFor');
    await stage.runtime.run(first);
  });

  it('a limit that is lifted by update() serves those who wait', async () => {
    const stage = arrange({ a: { script: answersIn(900), target: alone } });
    const calls = [stage.router.complete(question), stage.router.complete(question)];
    await stage.runtime.advance(100);
    const provider = stage.providers.a;
    const target = { id: 'a', model: 'model-of-a', provider, limits: { concurrency: 2 } };
    stage.router.update({ models: { chat: [target] } });
    await settleNow(stage);
    expect(provider.calls).toHaveLength(2);
    await stage.runtime.run(Promise.all(calls));
  });

  it('one who cools down stays away after update(), and nobody asks for it without end', async () => {
    const limited = { fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 600_000 } } as const;
    const stage = arrange({ a: [[limited]], b: { script: answersIn(200), target: alone } });
    const first = stage.router.complete(question);
    await settleNow(stage);
    const targetOf = (id: 'a' | 'b') => ({ id, model: `model-of-${id}`, provider: stage.providers[id] });
    stage.router.update({ models: { chat: [targetOf('a'), { ...targetOf('b'), ...alone }] } });
    expect(stage.router.plan(question)).toMatchObject({ order: [], waitsFor: ['b'] });
    const replies = await stage.runtime.run(Promise.all([stage.ask(), stage.ask(), first]));
    expect(replies.map(({ target }) => target.id)).toEqual(['b', 'b', 'b']);
    expect(stage.providers.a.calls).toHaveLength(1);
  });

  it('a stream waits as complete() does', async () => {
    const stage = arrange({ a: { script: answersIn(400), target: alone } });
    const first = stage.router.complete(question);
    expect((await stage.runtime.run(stage.stream().completion)).text).toBe('Done.');
    await first;
  });
});

describe('while others wait', () => {
  it('for a retry, a call that comes is answered at once', async () => {
    const stage = arrange({ a: failing(1, 'server-error') });
    const first = stage.router.complete(question);
    await settleNow(stage);
    const { attempts, latencyMs } = await stage.ask();
    expect([attempts.length, latencyMs]).toEqual([1, 0]);
    expect(decisionsOf(await stage.runtime.run(first))).toEqual(['a retry', 'a answer']);
  });

  it('for one target, a call is answered by another one that nobody waits for, however many wait', async () => {
    const stage = arrange({ a: { script: answersIn(900), target: alone }, b: 'From b.' });
    const waiting = Array.from({ length: 110 }, () =>
      stage.router.complete(question, { targets: ['a'] }).catch(() => {}),
    );
    expect(await stage.ask()).toMatchObject({ text: 'From b.', latencyMs: 0 });
    expect(await stage.ask(undefined, { targets: ['b'] })).toMatchObject({ latencyMs: 0 });
    await stage.runtime.run(Promise.all(waiting));
  });

  it('a call that fails moves on to a target that nobody waits for', async () => {
    const stage = arrange({
      a: { script: answersIn(900), target: alone },
      b: [{ fail: 'server-error' }],
      c: 'From c.',
    });
    const waiting = [1, 2].map(() => stage.router.complete(question, { targets: ['a'] }));
    expect(await stage.ask(undefined, { targets: ['b', 'c'] })).toMatchObject({
      text: 'From c.',
      latencyMs: 0,
    });
    await stage.runtime.run(Promise.all(waiting));
  });

  it('for their retries, there is still room in the queue', async () => {
    const later = { fail: { kind: 'content-policy', message: 'later', retryAfterMs: 3_000 } } as const;
    const stage = arrange(
      {
        a: ({ scope }) => (scope === 'retries' ? [later] : 'From a.'),
        b: { script: answersIn(300), target: alone },
      },
      { failures: { 'content-policy': 'retry' } },
    );
    // What first attempts earn pays for so many retries.
    const answered = Array.from({ length: 600 }, () => stage.router.complete(question, { targets: ['a'] }));
    await stage.runtime.run(Promise.all(answered));
    const retrying = Array.from({ length: 120 }, () =>
      stage.router.complete({ ...question, scope: 'retries' }, { targets: ['a'], retry: 1 }).catch(() => {}),
    );
    const busy = stage.router.complete(question, { targets: ['b'] });
    await settleNow(stage);
    expect(await stage.ask(undefined, { targets: ['b'] })).toMatchObject({ latencyMs: 600 });
    await stage.runtime.run(Promise.all([...retrying, busy]));
    expect(stage.providers.a.calls.length - 600).toBeGreaterThan(210);
  });
});

describe('two models that share a target', () => {
  /** Models by name, each with its targets; every target takes one call at a time, for 100 ms. */
  function sharing(
    models: Readonly<Record<string, readonly string[]>>,
    limits: Target['limits'] = { concurrency: 1, queueMs: 60_000 },
  ) {
    const runtime = manualRuntime({ startAt: 1_000_000 });
    const ids = [...new Set(Object.values(models).flat())];
    const targets = new Map(
      ids.map((id): [string, Target] => {
        const provider = scriptedProvider(answersIn(100), { name: id, runtime });
        return [id, { id, provider, model: 'm', limits }];
      }),
    );
    const lists = Object.entries(models).map(([name, list]) => [name, list.map((id) => targets.get(id)!)]);
    const options = { models: Object.fromEntries(lists) as RouterOptions['models'], runtime };
    const router: Router = createRouter(options);
    const done: string[] = [];
    const call = (model: string, name = model, options: CallOptions = {}) =>
      router.complete({ ...question, model }, options).then(
        () => done.push(name),
        () => done.push(`${name}: told at once`),
      );
    return { runtime, router, options, done, call };
  }

  it('share one queue: who came first is served first, whatever model it asked', async () => {
    const { runtime, done, call } = sharing({ chat: ['a'], cheap: ['a'] });
    const models = ['chat', 'chat', 'cheap', 'chat', 'cheap', 'cheap', 'chat'];
    await runtime.run(Promise.all(models.map((model, number) => call(model, `${model} ${number}`))));
    expect(done).toEqual(models.map((model, number) => `${model} ${number}`));
  });

  it('share it also where a third joins two that had none in common', async () => {
    const { runtime, done, call } = sharing({ one: ['a'], two: ['b', 'c'], three: ['c'], both: ['a', 'b'] });
    const models = ['two', 'three', 'two', 'three', 'two', 'three', 'two'];
    const calls = models.map((model, number) => call(model, `${model} ${number}`, { targets: ['c'] }));
    await runtime.run(Promise.all(calls));
    expect(done).toEqual(models.map((model, number) => `${model} ${number}`));
  });

  it('keep nobody of one out of the queue because the other is full', async () => {
    const { runtime, done, call } = sharing({ chat: ['a'], cheap: ['a'] });
    const calls = Array.from({ length: 102 }, () => call('chat'));
    calls.push(call('cheap'));
    await runtime.run(Promise.all(calls));
    expect(done.filter((name) => name === 'chat: told at once')).toHaveLength(1);
    expect(done.at(-1)).toBe('cheap');
  });

  it('do so after update() too: who waited before stands before who comes in the moment that frees a target', async () => {
    const limits = { rpm: 1, queueMs: 120_000 };
    const { runtime, router, options, done, call } = sharing({ chat: ['a'], cheap: ['a'] }, limits);
    const late = runtime.sleep(61_000).then(() => call('cheap', 'late'));
    const calls = [call('chat', 'first'), call('chat', 'second'), late];
    await runtime.advance(500);
    router.update(options);
    await runtime.run(Promise.all(calls));
    expect(done).toEqual(['first', 'second', 'late']);
  });
});

/** A router whose clock is set, beside the one that is slept by. */
function stepping(script: ScriptSource, limits?: Target['limits']) {
  const runtime = manualRuntime({ startAt: 1_000_000_000 });
  let stepMs = 0;
  const clock = { ...runtime, now: () => runtime.now() + stepMs };
  const provider = scriptedProvider(script, { runtime });
  const router: Router = createRouter({
    models: { chat: [{ id: 'a', provider, model: 'm', limits }] },
    runtime: clock,
  });
  return { runtime, router, setBack: (hours = 1) => void (stepMs -= hours * 3_600_000) };
}

it('nobody waits twice where the process was held up and a call comes before the alarm', async () => {
  const { runtime, router, setBack } = stepping([{ waitMs: 30_000 }, { text: 'Done.' }], {
    concurrency: 1,
  });
  const first = router.complete(question);
  const waiting = errorOf(router.complete(question));
  // Its alarm is late by half a second, and has not rung yet.
  setBack(-1_500 / 3_600_000);
  const late = errorOf(router.complete(question));
  await runtime.run(waiting);
  expect(runtime.now() - 1_000_000_000).toBeLessThan(10);
  await runtime.run(Promise.all([first, late]));
});

describe('a clock that is set back by an hour', () => {
  it('while a call waits for its retry lets it wait no longer than was meant from then on', async () => {
    const { runtime, router, setBack } = stepping(failing(1, 'server-error'));
    const call = router.complete(question, { retry: { baseDelayMs: 1_000 } });
    await runtime.advance(100);
    setBack();
    expect(decisionsOf(await runtime.run(call))).toEqual(['a retry', 'a answer']);
    expect(runtime.now() - 1_000_000_000).toBeLessThan(2_000);
  });

  it('and then set right again makes nobody ask a target without end', async () => {
    const { runtime, router, setBack } = stepping('Done.', { rpm: 1 });
    await runtime.run(router.complete(question));
    await runtime.advance(100);
    setBack();
    expect(router.plan(question).order).toHaveLength(1);
    setBack(-1);
    const { retryAfterMs } = await runtime.run(errorOf(router.complete(question)));
    expect(retryAfterMs).toBeGreaterThan(55_000);
  });

  it('and then set right again does not bring back the pause that it ended', async () => {
    const limited = { fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 5_000 } } as const;
    const { runtime, router, setBack } = stepping([[limited], 'Done.']);
    const first = router.complete(question);
    await runtime.advance(100);
    setBack();
    expect(router.plan(question).order).toHaveLength(1);
    setBack(-1);
    expect((await runtime.run(router.complete(question))).text).toBe('Done.');
    expect((await runtime.run(first)).text).toBe('Done.');
  });

  it('while a call waits for a slot lets it wait no longer than queueMs from then on', async () => {
    const { runtime, router, setBack } = stepping(answersIn(30_000), { concurrency: 1 });
    const busy = router.complete(question);
    const waiting = errorOf(router.complete(question));
    await runtime.advance(500);
    setBack();
    await runtime.run(waiting);
    expect(runtime.now() - 1_000_000_000).toBeLessThan(2_100);
    await runtime.run(busy.catch(() => {}));
  });
});

describe('a call that moves on while everybody else is full', () => {
  it('waits for the one that comes free, where its failure permits no retry', async () => {
    const stage = arrange({
      a: { script: [{ fail: 'quota' }] },
      b: { script: answersIn(300), target: alone },
    });
    const busy = stage.router.complete(question, { targets: ['b'] });
    expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b answer']);
    await busy;
  });

  it('goes to whoever comes free before the time of its retry', async () => {
    const stage = arrange({
      a: { script: [{ fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 5_000 } }] },
      b: { script: answersIn(300), target: alone },
    });
    const busy = stage.router.complete(question, { targets: ['b'] });
    expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b answer']);
    expect(stage.runtime.now()).toBe(1_000_600);
    expect(stage.eventsOf('failover')).toMatchObject([{ from: 'a', to: 'b' }]);
    await busy;
  });
});

describe('a queue on the clock of the platform', () => {
  it('hands the slot on', async () => {
    const provider = scriptedProvider([{ waitMs: 5 }, { text: 'Done.' }], { name: 'p' });
    const router: Router = createRouter({
      models: { chat: [{ id: 'a', provider, model: 'm', limits: { concurrency: 1 } }] },
    });
    const replies = await Promise.all([1, 2, 3].map(() => router.complete(question)));
    expect(replies.map(({ text }) => text)).toEqual(['Done.', 'Done.', 'Done.']);
  });
});
