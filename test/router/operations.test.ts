import { queryObjects } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { createRouter, type Router, type RouterEvent, type RouterOptions, type Target } from 'failsoft';
import { manualRuntime, scriptedProvider, type ManualRuntime, type ScriptSource } from 'failsoft/testing';

const request = { messages: [{ role: 'user', content: 'Hello there' }] } as const;

function setUp() {
  const runtime = manualRuntime();
  const one = scriptedProvider('from one', { name: 'one', runtime });
  const two = scriptedProvider('from two', { name: 'two', runtime });
  const events: RouterEvent[] = [];
  const router = createRouter({
    models: {
      chat: [
        { id: 'one', provider: one, model: 'a' },
        { id: 'two', provider: two, model: 'b' },
      ],
      other: [{ id: 'one', provider: one, model: 'a' }],
    },
    observers: [(event) => void events.push(event)],
    runtime,
  });
  const answeredBy = async (model: 'chat' | 'other' = 'chat') =>
    (await runtime.run(router.complete({ ...request, model }))).target.id;
  return { runtime, one, two, router, events, answeredBy };
}

describe('disable', () => {
  it('takes a target out of every model at once, and enable brings it back', async () => {
    const { router, answeredBy } = setUp();
    router.disable('one', { reason: 'maintenance' });
    expect(await answeredBy()).toBe('two');
    expect(router.health().models).toMatchObject({ chat: { state: 'ok' }, other: { state: 'down' } });
    expect(router.plan({ ...request, model: 'other' }).rejected).toEqual([
      { target: 'one', reason: expect.stringContaining('maintenance') as string },
    ]);
    router.enable('one');
    expect(await answeredBy('other')).toBe('one');
  });

  it('ends by itself after forMs', async () => {
    const { runtime, router, answeredBy } = setUp();
    router.disable('one', { forMs: 5_000 });
    await runtime.advance(4_999);
    expect(await answeredBy()).toBe('two');
    await runtime.advance(1);
    expect(await answeredBy()).toBe('one');
  });

  it('lets attempts in flight finish', async () => {
    const { runtime, one, router } = setUp();
    one.script([{ text: 'slow' }, { waitMs: 1_000 }, { text: ' answer' }]);
    const reply = router.complete({ ...request, model: 'chat' });
    await runtime.advance(500);
    router.disable('one');
    expect((await runtime.run(reply)).text).toBe('slow answer');
  });

  it('with cut ends them, and their calls move on', async () => {
    const { runtime, one, router } = setUp();
    one.script([{ text: 'never' }, { hang: true }]);
    const reply = router.complete({ ...request, model: 'chat' });
    await runtime.advance(500);
    router.disable('one', { cut: true });
    const { text, attempts } = await runtime.run(reply);
    expect(text).toBe('from two');
    expect(attempts.map(({ decision }) => decision)).toEqual(['cut', 'answer']);
    expect(one.calls[0]!.outcome).toBe('aborted');
    expect(runtime.pending()).toBe(0);
  });

  it('throws for an id that no target has, and names the nearest', () => {
    const { router } = setUp();
    expect(() => router.disable('oen')).toThrow("did you mean 'one'?");
    expect(() => router.enable('nobody')).toThrow('no target has the id');
  });

  it.each([
    { forMs: Number.NaN },
    { forMs: -1 },
    { forMs: '5000' },
    { forMS: 5_000 },
    { reason: {} },
    { cut: 1 },
    null,
  ])('throws for options that are none, and changes nothing: %o', (options) => {
    const { router } = setUp();
    expect(() => router.disable('one', options as object)).toThrow(
      expect.objectContaining({ code: 'bad-request' }) as Error,
    );
    expect(router.health().targets['one']?.disabled).toBeUndefined();
  });

  it('is told to observers, as is enable', () => {
    const { router, events } = setUp();
    router.disable('one', { reason: 'maintenance', forMs: 1_000 });
    router.enable('one');
    expect(events).toMatchObject([
      { type: 'target', target: 'one', action: 'disabled', reason: 'maintenance' },
      { type: 'target', target: 'one', action: 'enabled' },
    ]);
  });
});

describe('probe', () => {
  it('asks one target, or each, and says how it went', async () => {
    const { runtime, two, router } = setUp();
    two.script([{ fail: 'auth' }]);
    expect(await runtime.run(router.probe())).toMatchObject({
      one: { ok: true, latencyMs: 0 },
      two: { ok: false, failure: { kind: 'auth' } },
    });
    expect(await runtime.run(router.probe('one'))).toEqual({ one: { ok: true, latencyMs: 0 } });
    await expect(router.probe('tow')).rejects.toThrow("did you mean 'two'?");
  });

  it('asks also a target that admits nobody, and a good answer ends its lockout', async () => {
    const { runtime, one, router, answeredBy } = setUp();
    one.script([[{ fail: 'auth' }], 'back again']);
    expect(await answeredBy()).toBe('two');
    expect(router.health().targets['one']!.lockedOut).toBe(true);
    expect(await runtime.run(router.probe('one'))).toMatchObject({ one: { ok: true } });
    expect(await answeredBy()).toBe('one');
  });
});

describe('update', () => {
  describe('takes nothing from what stays:', () => {
    /** The same options again before each call. */
    function updating(targets: Target[], runtime: ManualRuntime, more: Partial<RouterOptions> = {}) {
      const options: RouterOptions = { ...more, models: { chat: targets }, runtime };
      const router: Router = createRouter(options);
      return () => {
        router.update(options);
        return runtime.run(router.complete({ messages: [{ role: 'user', content: 'Hi' }] }));
      };
    }
    const targetOf = (
      id: string,
      runtime: ManualRuntime,
      script: ScriptSource,
      more: Partial<Target> = {},
    ) => ({
      ...more,
      id,
      model: 'm',
      provider: scriptedProvider(script, { name: id, runtime }),
    });

    it('the turn of each target under weights', async () => {
      const runtime = manualRuntime();
      const targets = [3, 2, 1].map((weight, index) => targetOf(`t${index}`, runtime, 'Hi', { weight }));
      const ask = updating(targets, runtime);
      const served: Record<string, number> = {};
      for (let call = 0; call < 60; call += 1) {
        const { id } = (await ask()).target;
        served[id] = (served[id] ?? 0) + 1;
      }
      expect(served).toEqual({ t0: 30, t1: 20, t2: 10 });
    });

    it('the budget of hedges', async () => {
      const runtime = manualRuntime();
      const slow = [{ waitMs: 1_000 }, { text: 'Late.' }] as const;
      const targets = [targetOf('a', runtime, slow), targetOf('b', runtime, 'Hi')];
      const ask = updating(targets, runtime, { hedge: { afterMs: 100, maxShare: 0.1 } });
      let hedged = 0;
      for (let call = 0; call < 30; call += 1) if ((await ask()).attempts.length > 1) hedged += 1;
      expect(hedged).toBe(4);
    });
  });

  it('takes new options, and targets that stay keep their health', async () => {
    const { runtime, one, two, router, answeredBy } = setUp();
    one.script([{ fail: 'auth' }]);
    await answeredBy();
    const three = scriptedProvider('from three', { name: 'three', runtime });
    router.update({
      models: {
        chat: [
          { id: 'one', provider: one, model: 'a' },
          { id: 'three', provider: three, model: 'c' },
        ],
        other: [{ id: 'two', provider: two, model: 'b' }],
      },
    });
    expect(router.health().targets['one']!.lockedOut).toBe(true);
    expect(await answeredBy()).toBe('three');
    expect(await answeredBy('other')).toBe('two');
  });

  it('keeps the observers where none are named, and takes others, or none, where they are', () => {
    const provider = scriptedProvider('x');
    const models = { chat: [{ id: 'x', provider, model: 'm' }] };
    const [first, second] = [[] as string[], [] as string[]];
    const router = createRouter({ models, observers: [({ type }) => void first.push(type)] });
    const toggle = () => {
      router.disable('x');
      router.enable('x');
    };
    router.update({ models });
    toggle();
    expect(first).toEqual(['target', 'target']);
    router.update({ models, observers: [({ type }) => void second.push(type)] });
    toggle();
    router.update({ models, observers: undefined });
    toggle();
    expect([first.length, second.length]).toEqual([2, 4]);
    router.update({ models, observers: [] });
    toggle();
    expect([first.length, second.length]).toEqual([2, 4]);
  });

  it('leaves nothing behind of targets that are gone', async () => {
    const runtime = manualRuntime();
    const provider = scriptedProvider('Hello.', { runtime });
    const optionsOf = (round: number): RouterOptions => ({
      models: { chat: [{ id: `target ${round}`, provider, model: `m${round}` }] },
      runtime,
    });
    const router = createRouter(optionsOf(0));
    const serve = async (from: number, to: number) => {
      for (let round = from; round < to; round += 1) {
        router.update(optionsOf(round));
        await runtime.run(router.complete(request));
      }
      return queryObjects(Set, { format: 'count' }) + queryObjects(Map, { format: 'count' });
    };
    const before = await serve(1, 20);
    expect(await serve(20, 220)).toBeLessThan(before + 100);
  });

  it('that is refused changes nothing', async () => {
    const { router, answeredBy } = setUp();
    expect(() => router.update({ models: { chat: [], other: [] } })).toThrow('at least one target');
    expect(await answeredBy()).toBe('one');
  });
});

describe('close', () => {
  it.each([{ graceMs: Number.NaN }, { graceMs: -1 }, { graceMs: '5' }, { grace: 5 }, null])(
    'rejects for options that are none, and closes nothing: %o',
    async (options) => {
      const { router, answeredBy } = setUp();
      await expect(router.close(options as object)).rejects.toMatchObject({ code: 'bad-request' });
      expect(await answeredBy()).toBe('one');
    },
  );

  it('lets calls in flight finish, and ends new ones with closed', async () => {
    const { runtime, one, router } = setUp();
    one.script([{ waitMs: 3_000 }, { text: 'late' }]);
    const reply = router.complete({ ...request, model: 'chat' });
    await runtime.advance(1);
    const closed = router.close();
    await expect(router.complete({ ...request, model: 'chat' })).rejects.toMatchObject({ code: 'closed' });
    expect((await runtime.run(reply)).text).toBe('late');
    await runtime.run(closed);
    expect(runtime.pending()).toBe(0);
  });

  it('aborts what is left after the grace, with closed', async () => {
    const { runtime, one, router } = setUp();
    one.script([{ hang: true }]);
    const reply = router.complete({ ...request, model: 'chat' });
    const failed = expect(reply).rejects.toMatchObject({ code: 'closed' });
    await runtime.advance(1);
    await runtime.run(router.close({ graceMs: 200 }));
    await failed;
    expect(one.calls[0]!.outcome).toBe('aborted');
    expect(runtime.pending()).toBe(0);
  });

  it('ends probes too, and refuses new ones', async () => {
    const { runtime, one, router } = setUp();
    one.script([{ hang: true }]);
    const probed = router.probe('one');
    await runtime.advance(1);
    await runtime.run(router.close({ graceMs: 200 }));
    expect(await probed).toMatchObject({ one: { ok: false, failure: { kind: 'aborted' } } });
    expect(runtime.pending()).toBe(0);
    await expect(router.probe()).rejects.toMatchObject({ code: 'closed' });
  });

  it('is what await using does', async () => {
    const { one, two } = setUp();
    {
      await using router = createRouter({
        models: {
          chat: [
            { provider: one, model: 'a' },
            { provider: two, model: 'b' },
          ],
        },
      });
      await router.complete(request);
    }
    expect(one.calls).toHaveLength(1);
  });
});

describe('observers', () => {
  it('are told every decision as plain JSON, without prompts or answers', async () => {
    const { one, events, answeredBy } = setUp();
    one.script([[{ text: 'CANARY answer' }, { fail: 'server-error' }]]);
    await answeredBy();
    expect(events.map(({ type }) => type)).toEqual(['attempt', 'failover', 'attempt', 'call']);
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
    expect(JSON.stringify(events)).not.toMatch(/CANARY|Hello there|from two/);
  });

  it('that throw, or change the event, do not reach the call or each other', async () => {
    const provider = scriptedProvider('hello');
    const seen: RouterEvent[] = [];
    const broken = () => {
      throw new Error('no room');
    };
    const meddling = (event: RouterEvent) => {
      if (event.type !== 'attempt') return;
      event.attempt.target = 'changed';
      event.attempt.ignored.push('changed');
    };
    const router = createRouter({
      models: { chat: [{ provider, model: 'a' }] },
      observers: [broken, meddling, (event) => void seen.push(event)],
    });
    const reply = await router.complete(request);
    expect(reply).toMatchObject({ text: 'hello', attempts: [{ target: 'scripted/a', ignored: [] }] });
    expect(seen.filter(({ type }) => type === 'observer')).toHaveLength(2);
    expect(seen.some(({ type }) => type === 'call')).toBe(true);
  });
});

describe('rotate', () => {
  it.each([
    [null, 'new-key', {}],
    ['one', '', {}],
    ['one', undefined, {}],
    ['one', 'new-key', { verifi: true }],
  ] as [never, never, object][])(
    'rejects for what is no provider, key or option: %o',
    async (provider, key, options) => {
      const { router } = setUp();
      const rotated = router.rotate(provider, key, options);
      await expect(rotated).rejects.toMatchObject({ code: 'bad-request' });
    },
  );
});

describe('two routers', () => {
  it('in one process know nothing of each other', async () => {
    const runtime = manualRuntime();
    const provider = scriptedProvider([[{ fail: 'auth' }], 'hello'], { runtime });
    const models = { chat: [{ id: 'x', provider, model: 'a' }] };
    const first = createRouter({ models, runtime });
    const second = createRouter({ models, runtime });
    await expect(runtime.run(first.complete(request))).rejects.toMatchObject({ code: 'all-targets-failed' });
    expect(first.health().models['chat']!.state).toBe('down');
    expect(second.health().models['chat']!.state).toBe('ok');
    expect((await runtime.run(second.complete(request))).text).toBe('hello');
  });
});
