import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createRouter, type RouterOptions } from 'failsoft';
import { manualRuntime, scriptedProvider, type ScriptSource } from 'failsoft/testing';
import { arrange } from './arrange.ts';

const hourMs = 3_600_000;

/** Closed at the end of the test, since a router with probes has a timer. */
async function during(stage: ReturnType<typeof arrange>, test: () => Promise<void>): Promise<void> {
  try {
    await test();
  } finally {
    await stage.runtime.run(stage.router.close());
  }
}

describe('active probes', () => {
  it('are off, and no timer runs, unless they are asked for', async () => {
    const stage = arrange({ a: 'x', b: 'x' });
    expect(stage.runtime.pending()).toBe(0);
    await stage.runtime.advance(hourMs);
    expect(stage.providers.a.calls).toHaveLength(0);
    expect(stage.eventsOf('probe')).toEqual([]);
  });

  it('ask who has been left alone, with one short request, and nobody whom callers ask', async () => {
    const stage = arrange({ a: 'x', b: 'x' }, { probes: { everyMs: 60_000 } });
    await during(stage, async () => {
      for (let call = 0; call < 12; call += 1) {
        await stage.ask();
        await stage.runtime.advance(50_000);
      }
      expect(stage.providers.a.calls).toHaveLength(12);
      expect(stage.providers.b.calls).toHaveLength(10);
      expect(stage.providers.b.calls[0]?.request).toMatchObject({ maxTokens: 16 });
      expect(stage.eventsOf('probe')[0]).toMatchObject({
        target: 'b',
        by: 'schedule',
        ok: true,
        attempt: { target: 'b', decision: 'answer' },
      });
    });
  });

  it('are no more than maxPerHour in any hour, and take turns', async () => {
    const stage = arrange({ a: 'x', b: 'x', c: 'x' }, { probes: { everyMs: 10_000, maxPerHour: 30 } });
    await during(stage, async () => {
      await stage.runtime.advance(4 * hourMs);
      const at = stage.eventsOf('probe').map((event) => event.at);
      for (const from of at)
        expect(at.filter((one) => one >= from && one < from + hourMs).length).toBeLessThanOrEqual(30);
      expect(at.length).toBeGreaterThan(100);
      for (const { calls } of Object.values(stage.providers)) expect(calls.length).toBeGreaterThan(30);
    });
  });

  it('spread their bound over the hour: six quiet targets are asked in turn, one each minute', async () => {
    const parts = { a: 'x', b: 'x', c: 'x', d: 'x', e: 'x', f: 'x' };
    const stage = arrange(parts, { probes: {} });
    await during(stage, async () => {
      const startedAt = stage.runtime.now();
      await stage.runtime.advance(2 * hourMs);
      const probes = stage.eventsOf('probe');
      expect(probes.map(({ at }) => (at - startedAt) / 60_000)).toEqual(
        Array.from({ length: 120 }, (_, minute) => minute + 1),
      );
      expect(probes.map(({ target }) => target).join('')).toBe('abcdef'.repeat(20));
    });
  });

  it('pass the bound in no hour and come in no burst, whatever the options and targets', async () => {
    const cases = fc.asyncProperty(
      fc.record({
        everyMs: fc.integer({ min: 1_000, max: 600_000 }),
        maxPerHour: fc.integer({ min: 1, max: 400 }),
        sick: fc.subarray(['a', 'b', 'c', 'd', 'e']),
      }),
      async ({ sick, ...probes }) => {
        const scriptOf = (id: string): ScriptSource => (sick.includes(id) ? [{ fail: 'server-error' }] : 'x');
        const ids = ['a', 'b', 'c', 'd', 'e'];
        const stage = arrange(Object.fromEntries(ids.map((id) => [id, scriptOf(id)])), { probes });
        await during(stage, async () => {
          await stage.runtime.advance(2 * hourMs);
          const at = stage.eventsOf('probe').map((event) => event.at);
          expect(at.length).toBeGreaterThan(0);
          for (const [index, from] of at.slice(1).entries())
            expect(from - at[index]!).toBeGreaterThanOrEqual(hourMs / probes.maxPerHour);
        });
      },
    );
    await fc.assert(cases, { numRuns: 20 });
  });

  it('ask first who waits to come back', async () => {
    const stage = arrange(
      { a: 'x', b: 'x', c: 'x', d: [{ fail: 'auth' }] },
      { probes: { everyMs: 60_000, maxPerHour: 30 } },
    );
    await during(stage, async () => {
      await stage.ask({}, { targets: ['d'] }).catch(() => {});
      await stage.runtime.advance(60_000);
      expect(stage.eventsOf('probe')).toMatchObject([{ target: 'd', ok: false }]);
    });
  });

  it('go on where the clock is set back by a day', async () => {
    const runtime = manualRuntime({ startAt: 30 * 24 * hourMs });
    let stepMs = 0;
    const provider = scriptedProvider('x', { runtime });
    const router = createRouter({
      models: { chat: [{ id: 'a', provider, model: 'm' }] },
      probes: { everyMs: 60_000, maxPerHour: 5 },
      runtime: { ...runtime, now: () => runtime.now() + stepMs },
    });
    await runtime.advance(hourMs);
    expect(provider.calls).toHaveLength(5);
    stepMs = -24 * hourMs;
    await runtime.advance(hourMs);
    expect(provider.calls).toHaveLength(10);
    await runtime.run(router.close());
  });

  it('find a target that died while nobody asked it, and bring it back before a caller has to try', async () => {
    const stage = arrange(
      { a: 'From a.', b: [{ fail: 'server-error' }] },
      { probes: { everyMs: 5_000, maxPerHour: 1_000 } },
    );
    await during(stage, async () => {
      await stage.runtime.advance(120_000);
      expect(stage.router.health().targets['b']?.breaker).not.toBe('closed');
      stage.providers.b.script('From b.');
      await stage.runtime.advance(60_000);
      expect(stage.router.health().targets['b']?.breaker).toBe('closed');
      expect(stage.eventsOf('call')).toEqual([]);
    });
  });

  it('leave alone who is disabled, cools down or is at its limit', async () => {
    const stage = arrange(
      {
        off: 'x',
        limited: { script: 'x', target: { limits: { rpm: 1 } } },
        cooling: [{ fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 600_000 } }],
      },
      { probes: { everyMs: 10_000, maxPerHour: 1_000 } },
    );
    await during(stage, async () => {
      stage.router.disable('off');
      await stage.runtime.advance(300_000);
      expect(stage.providers.off.calls).toHaveLength(0);
      expect(stage.providers.cooling.calls).toHaveLength(1);
      expect(stage.providers.limited.calls.length).toBeLessThanOrEqual(6);
    });
  });

  it('ask the same provider and model once, whatever targets it has', async () => {
    const shared = scriptedProvider('x', { name: 'shared' });
    const stage = arrange({ a: 'x' }, { probes: { everyMs: 60_000 } });
    await during(stage, async () => {
      const targets = ['one', 'two'].map((id) => ({ id, provider: shared, model: 'm' }));
      stage.router.update({ models: { chat: targets }, probes: { everyMs: 60_000 } });
      await stage.runtime.advance(60_000);
      expect(shared.calls).toHaveLength(1);
    });
  });

  it('follow update(), and end with close(): also the one that is under way', async () => {
    const stage = arrange({ a: [{ hang: true }] }, { probes: { everyMs: 5_000 } });
    await stage.runtime.advance(5_000);
    expect(stage.providers.a.calls).toHaveLength(1);
    const { a: provider } = stage.providers;
    const models: RouterOptions['models'] = { chat: [{ id: 'a', provider, model: 'model-of-a' }] };
    stage.router.update({ models });
    await stage.runtime.advance(60_000);
    expect(provider.calls).toHaveLength(1);
    stage.router.update({ models, probes: { everyMs: 5_000 } });
    await stage.runtime.advance(5_000);
    expect(provider.calls).toHaveLength(2);
    const before = stage.runtime.now();
    await stage.runtime.run(stage.router.close());
    expect(stage.runtime.now()).toBe(before);
    expect(stage.runtime.pending()).toBe(0);
    expect(provider.calls[1]?.outcome).toBe('aborted');
    stage.router.update({ models, probes: { everyMs: 5_000 } });
    expect(stage.runtime.pending()).toBe(0);
  });

  it('keep no process alive', async () => {
    const unref = vi.fn();
    const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation((() => ({ unref })) as never);
    const router = createRouter({
      models: { chat: [{ provider: scriptedProvider('x'), model: 'm' }] },
      probes: {},
    });
    expect(unref).toHaveBeenCalledTimes(1);
    spy.mockRestore();
    await router.close({ graceMs: 0 });
  });

  it('must have sensible settings', () => {
    const models = { chat: [{ provider: scriptedProvider('x'), model: 'm' }] };
    expect(() => createRouter({ models, probes: { everyMs: 10 } })).toThrow(
      /probes\.everyMs: expected a number ≥ 1000/,
    );
    expect(() => createRouter({ models, probes: { everyMinutes: 1 } as object })).toThrow(
      /probes\.everyMinutes/,
    );
  });
});

describe('probe() and rotate()', () => {
  it('tell an observer of each request that they send', async () => {
    const stage = arrange({ a: 'x', b: [{ fail: 'overloaded' }] });
    await stage.runtime.run(stage.router.probe());
    const byTarget = (one: { target: string }, other: { target: string }) =>
      one.target.localeCompare(other.target);
    expect(stage.eventsOf('probe').sort(byTarget)).toMatchObject([
      { target: 'a', by: 'probe', ok: true, attempt: { decision: 'answer' } },
      { target: 'b', by: 'probe', ok: false, attempt: { decision: 'stop', failure: { kind: 'overloaded' } } },
    ]);
    expect(stage.eventsOf('attempt')).toEqual([]);
  });
});
