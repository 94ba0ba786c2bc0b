import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createRouter,
  type Completion,
  type Router,
  type RouterError,
  type Target,
  type Timeouts,
} from 'failsoft';
import { manualRuntime, scriptedProvider, type ScriptSource } from 'failsoft/testing';
import { question } from './arrange.ts';

const hourMs = 3_600_000;

interface End {
  readonly reply?: Completion;
  readonly error?: RouterError;
  readonly sleptMs: number;
}

/** Two clocks: one that tells the time and is set, one that is slept by. */
function setUp(scripts: Readonly<Record<string, ScriptSource>>, limits?: Target['limits']) {
  const runtime = manualRuntime({ startAt: 1_000_000_000 });
  let setByMs = 0;
  const clock = { ...runtime, now: () => runtime.now() + setByMs };
  const targets = Object.entries(scripts).map(([id, script]): Target => {
    const provider = scriptedProvider(script, { name: id, runtime });
    return { id, provider, model: 'm', limits };
  });
  const router: Router = createRouter({ models: { chat: targets }, runtime: clock });
  const set = (ms: number) => void (setByMs += ms);
  const ask = async (timeouts?: Timeouts): Promise<End> => {
    const startedAt = runtime.now();
    const end = await router.complete(question, { timeouts }).then(
      (reply) => ({ reply }),
      (error: RouterError) => ({ error }),
    );
    return { ...end, sleptMs: runtime.now() - startedAt };
  };
  return { runtime, router, set, ask };
}

describe.each([
  ['forth', hourMs],
  ['back', -hourMs],
])('a clock that is set %s by an hour', (_where, stepMs) => {
  it('changes nothing of totalMs', async () => {
    const { runtime, set, ask } = setUp({ a: [{ hang: true }] });
    const call = ask({ totalMs: 20_000 });
    await runtime.advance(5_000);
    set(stepMs);
    const { error, sleptMs } = await runtime.run(call);
    expect([error?.code, sleptMs]).toEqual(['timeout', 20_000]);
  });

  it('changes nothing of it between two attempts either', async () => {
    const { runtime, set, ask } = setUp({ a: [[{ waitMs: 6_000 }, { fail: 'network' }], [{ hang: true }]] });
    const call = ask({ totalMs: 20_000 });
    await runtime.advance(6_001);
    set(stepMs);
    const { error, sleptMs } = await runtime.run(call);
    expect([error?.code, error?.attempts.length, sleptMs]).toEqual(['timeout', 2, 20_000]);
  });

  it('ends no attempt that has not been silent for long', async () => {
    const pieces = [
      { waitMs: 3_000 },
      { text: 'a' },
      { waitMs: 3_000 },
      { text: 'b' },
      { waitMs: 3_000 },
    ] as const;
    for (const at of [1_000, 4_000, 8_000]) {
      const { runtime, set, ask } = setUp({ a: [...pieces], b: 'From b.' });
      const call = ask({ firstTokenMs: 5_000, idleMs: 5_000, attemptMs: 60_000 });
      await runtime.advance(at);
      set(stepMs);
      const { reply, sleptMs } = await runtime.run(call);
      expect([reply?.target.id, sleptMs]).toEqual(['a', 9_000]);
    }
  });

  it('is no part of how long an attempt took, but for the silence in which it was set', async () => {
    const pieces = [{ text: 'a' }, { waitMs: 3_000 }, { text: 'b' }, { waitMs: 3_000 }] as const;
    const { runtime, set, ask } = setUp({ a: [{ waitMs: 1_000 }, ...pieces] });
    const call = ask();
    await runtime.advance(2_000);
    set(stepMs);
    const { reply } = await runtime.run(call);
    const [attempt] = reply!.attempts;
    expect(attempt?.firstTokenMs).toBe(1_000);
    expect(attempt?.durationMs).toBeGreaterThanOrEqual(4_000);
    expect(attempt?.durationMs).toBeLessThanOrEqual(7_000);
  });

  it('makes no first content late', async () => {
    const { runtime, set, ask } = setUp({ a: [{ waitMs: 1_000 }, { text: 'a' }] });
    const call = ask();
    await runtime.advance(500);
    set(stepMs);
    const { reply } = await runtime.run(call);
    expect(reply!.attempts[0]?.firstTokenMs).toBeLessThanOrEqual(1_000);
    expect(reply!.attempts[0]?.durationMs).toBeLessThanOrEqual(1_000);
  });

  it('ends a silence when it has lasted for as long as it may', async () => {
    const { runtime, set, ask } = setUp({ a: [{ hang: true }], b: 'From b.' });
    const call = ask({ firstTokenMs: 5_000 });
    await runtime.advance(1_000);
    set(stepMs);
    const { reply, sleptMs } = await runtime.run(call);
    expect([reply?.target.id, sleptMs]).toEqual(['b', 5_000]);
  });

  it('sends nobody out of the queue before its time', async () => {
    const slow = [{ waitMs: 4_000 }, { text: 'Done.' }] as const;
    const { runtime, set, ask } = setUp({ a: [...slow] }, { concurrency: 1, queueMs: 6_000 });
    const calls = [ask(), ask()];
    await runtime.advance(1_000);
    set(stepMs);
    const ends = await runtime.run(Promise.all(calls));
    expect(ends.map(({ reply, sleptMs }) => [reply?.text, sleptMs])).toEqual([
      ['Done.', 4_000],
      ['Done.', 8_000],
    ]);
  });
});

type Step =
  | { readonly do: 'ask'; readonly totalMs: number }
  | { readonly do: 'set'; readonly ms: number }
  | { readonly do: 'pass'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('ask' as const), totalMs: fc.integer({ min: 500, max: 30_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('set' as const), ms: fc.constantFrom(hourMs, -hourMs) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(9_000) }) },
);
const script = fc.constantFrom<ScriptSource>(
  'Here.',
  [{ waitMs: 2_000 }, { text: 'Here.' }],
  [{ waitMs: 100 }, { fail: 'server-error' }],
  [[{ fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 3_000 } }], 'Here.'],
  [
    [{ waitMs: 500 }, { fail: 'overloaded' }],
    [{ waitMs: 500 }, { text: 'Here.' }],
  ],
  [{ hang: true }],
);
const limits = fc.constantFrom<Target['limits']>(
  undefined,
  { concurrency: 1 },
  { rpm: 2, queueMs: 5_000 },
  { concurrency: 1, queueMs: 20_000 },
);

it('whenever a clock is set, each call ends by its own time, and says whom it asked or why it asked nobody', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 25, size: 'max' }),
      fc.array(script, { minLength: 1, maxLength: 3 }),
      limits,
      async (steps, scripts, own) => {
        const { runtime, set, ask } = setUp(
          Object.fromEntries(scripts.map((one, index) => [`t${index}`, one])),
          own,
        );
        const calls: Promise<void>[] = [];
        for (const next of steps) {
          if (next.do === 'set') set(next.ms);
          else if (next.do === 'pass') await runtime.advance(next.ms);
          else
            calls.push(
              ask({ totalMs: next.totalMs }).then(({ reply, error, sleptMs }) => {
                expect(sleptMs).toBeLessThanOrEqual(next.totalMs);
                if (error?.code === 'timeout') expect(sleptMs).toBe(next.totalMs);
                const told = reply?.attempts ?? [...error!.attempts, ...error!.rejected];
                expect(told.length, error?.message).toBeGreaterThan(0);
              }),
            );
        }
        await runtime.run(Promise.all(calls));
        expect(runtime.pending()).toBe(0);
      },
    ),
    { numRuns: 1_000 },
  );
}, 120_000);
