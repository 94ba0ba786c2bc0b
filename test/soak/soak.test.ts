import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createRouter } from 'failsoft';
import { manualRuntime } from 'failsoft/testing';
import { scriptedTarget } from './scripted.ts';
import { createTraffic } from './traffic.ts';

/** The short form of `npm run soak`: the same traffic, in virtual time. */
describe('half a minute of 100 calls a second through failing targets', () => {
  it('gives no wrong and no doubled answer, leaves no call open, and leaves nothing behind', async () => {
    const runtime = manualRuntime({ seed: 7 });
    const { random } = runtime;
    const router = createRouter({
      models: { chat: ['a', 'b', 'c', 'd'].map((id) => scriptedTarget(id, { runtime, random }, 0.05)) },
      timeouts: { firstTokenMs: 1_500, idleMs: 1_500 },
      runtime,
    });
    const sharedSignal = new AbortController().signal;
    const traffic = createTraffic({ router, runtime, random, sharedSignal }, 100);
    await runtime.run(traffic.flow(30_000));
    expect(await runtime.run(traffic.rest())).toBe(true);

    const { calls, outcomes, open } = traffic.tally();
    expect(open).toBe(0);
    expect([...outcomes.keys()].filter((seen) => seen.startsWith('WRONG'))).toEqual([]);
    // In half of the time a quarter of the requests fails, and callers leave. Of the seeds 1 to 20, 0.76 to 0.87 were measured.
    expect(outcomes.get('answered')! / calls).toBeGreaterThan(0.7);
    expect(getEventListeners(sharedSignal, 'abort')).toHaveLength(0);
    expect(runtime.pending()).toBe(0);
    for (const [id, { inFlight }] of Object.entries(router.health().targets)) expect(inFlight, id).toBe(0);
    await runtime.run(router.close());
    expect(runtime.pending()).toBe(0);
  });
});
