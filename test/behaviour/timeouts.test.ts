import { describe, expect, it } from 'vitest';
import { createRouter, type Router } from 'failsoft';
import { manualRuntime, scriptedProvider, type ScriptSource, type ScriptStep } from 'failsoft/testing';
import { arrange, brief, decisionsOf, question, read } from './arrange.ts';

const silent: ScriptStep[] = [{ hang: true }];
const thinking = { reasoning: { effort: 'high' } } as const;

function every(ms: number, times: number, step: ScriptStep): ScriptStep[] {
  return Array.from({ length: times }, () => [{ waitMs: ms }, step]).flat();
}

/** The first attempt's end, with someone else there to answer. */
async function firstAttempt(
  script: ScriptStep[],
  ...[request, options]: Parameters<ReturnType<typeof arrange>['ask']>
) {
  const stage = arrange({ a: script, b: 'From b.' });
  const reply = await stage.ask(request, options);
  return reply.attempts[0]!;
}

describe('silence before the first content', () => {
  it('is a failure after 10 s, and the call moves on', async () => {
    const stage = arrange({ a: silent, b: 'From b.' });
    const reply = await stage.ask();
    expect(reply.text).toBe('From b.');
    expect(reply.latencyMs).toBe(10_000);
    expect(reply.attempts[0]).toMatchObject({
      durationMs: 10_000,
      failure: { kind: 'timeout', code: 'first-token' },
      decision: 'next',
    });
    expect(stage.providers.a.calls[0]?.outcome).toBe('aborted');
  });

  it('may last 120 s where the call or the target asks for reasoning, but not where it asks for none', async () => {
    expect((await firstAttempt(silent, thinking)).durationMs).toBe(120_000);
    expect((await firstAttempt(silent, { reasoning: { budgetTokens: 1_000 } })).durationMs).toBe(120_000);
    expect((await firstAttempt(silent, { reasoning: { effort: 'none' } })).durationMs).toBe(10_000);
    const stage = arrange({ a: { script: silent, target: { defaults: thinking } }, b: 'From b.' });
    expect((await stage.ask()).latencyMs).toBe(120_000);
  });

  it('may last 120 s where a model is loaded first, until it has answered once', async () => {
    const stage = arrange({
      a: { script: [silent, 'Loaded.', silent], provider: { slowStart: true } },
      b: 'From b.',
    });
    expect((await stage.ask()).latencyMs).toBe(120_000);
    expect((await stage.ask()).target.id).toBe('a');
    expect((await stage.ask()).latencyMs).toBe(10_000);
  });

  it('is as long as the most specific setting says: call, target, model, router', async () => {
    const stage = arrange(
      {
        a: { script: silent, target: { timeouts: { firstTokenMs: 300 } } },
        b: silent,
        c: 'From c.',
      },
      { timeouts: { firstTokenMs: 900 } },
    );
    expect((await stage.ask()).attempts.map(({ durationMs }) => durationMs)).toEqual([300, 900, 0]);
    const byCall = await stage.ask({}, { timeouts: { firstTokenMs: 50 } });
    expect(byCall.attempts.map(({ durationMs }) => durationMs)).toEqual([50, 50, 0]);
    stage.router.update({
      timeouts: { firstTokenMs: 900 },
      models: {
        chat: {
          timeouts: { firstTokenMs: 400 },
          targets: Object.entries(stage.providers).map(([id, provider]) => ({ id, provider, model: 'm' })),
        },
      },
    });
    expect((await stage.ask()).attempts.map(({ durationMs }) => durationMs)).toEqual([400, 400, 0]);
  });

  it('is not broken by keep-alives, facts or empty pieces: only content counts', async () => {
    for (const step of [
      { event: { type: 'meta', requestId: 'req_1' } },
      { text: '' },
      { reasoning: '' },
    ] as ScriptStep[]) {
      const attempt = await firstAttempt(every(2_000, 20, step));
      expect(attempt.durationMs).toBe(10_000);
      expect(attempt.firstTokenMs).toBeUndefined();
    }
  });

  it('is broken by a vendor’s word that reasoning or a tool call is under way', async () => {
    for (const step of [
      { event: { type: 'activity' } },
      { event: { type: 'tool-call-delta', id: 'c1', name: 'look', delta: '{' } },
      { reasoning: 'hm' },
    ] as ScriptStep[]) {
      const stage = arrange({ a: [...every(9_000, 10, step), { text: 'At last.' }], b: 'From b.' });
      expect((await stage.ask()).target.id).toBe('a');
      expect(stage.runtime.now()).toBe(1_090_000);
    }
  });
});

describe('silence after the first content', () => {
  it('is a failure after 10 s, for complete() too, and the call moves on', async () => {
    const attempt = await firstAttempt([{ waitMs: 3_000 }, { text: 'Hel' }, { hang: true }]);
    expect(attempt).toMatchObject({
      durationMs: 13_000,
      firstTokenMs: 3_000,
      failure: { kind: 'timeout', code: 'idle' },
    });
  });

  it('may last 60 s with reasoning', async () => {
    expect((await firstAttempt([{ text: 'Hel' }, { hang: true }], thinking)).durationMs).toBe(60_000);
  });

  it('is as long as idleMs says, from one content to the next, however long all of it takes', async () => {
    const options = { timeouts: { idleMs: 1_000, firstTokenMs: 5_000 } };
    const stage = arrange({ a: every(999, 50, { text: 'x' }), b: 'From b.' });
    expect((await stage.ask({}, options)).text).toBe('x'.repeat(50));
    const attempt = await firstAttempt([...every(999, 5, { text: 'x' }), { hang: true }], {}, options);
    expect(attempt.durationMs).toBe(5 * 999 + 1_000);
  });

  it('is not broken by keep-alives', async () => {
    const attempt = await firstAttempt([{ text: 'Hel' }, ...every(1_000, 30, { event: { type: 'meta' } })]);
    expect(attempt.durationMs).toBe(10_000);
  });

  it('can be longer than the time that is allowed before the first', async () => {
    const stage = arrange({ a: [{ text: 'a' }, { waitMs: 4_000 }, { text: 'b' }], b: 'From b.' });
    const reply = await stage.ask({}, { timeouts: { firstTokenMs: 500, idleMs: 5_000 } });
    expect(reply.text).toBe('ab');
  });
});

describe('one attempt', () => {
  it('may take as long as it likes by default, while content comes', async () => {
    const stage = arrange({ a: every(9_000, 60, { text: 'x' }), b: 'From b.' });
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('ends after attemptMs, content or not', async () => {
    const attempt = await firstAttempt(
      every(4_000, 60, { text: 'x' }),
      {},
      { timeouts: { attemptMs: 15_000 } },
    );
    expect(attempt).toMatchObject({ durationMs: 15_000, failure: { kind: 'timeout', code: 'attempt' } });
  });

  it('gets what remains of the whole call’s time', async () => {
    const stage = arrange({ a: silent, b: silent });
    const error = await stage.fail({}, { timeouts: { totalMs: 12_000 } });
    expect(error.attempts.map(({ durationMs }) => durationMs)).toEqual([10_000, 2_000]);
    expect(error.code).toBe('timeout');
  });
});

describe('the last target left', () => {
  it('may begin as late as the call’s deadline allows: a slow answer is better than none', async () => {
    const stage = arrange({ a: [{ fail: 'network' }], b: [{ waitMs: 500_000 }, { text: 'Slow.' }] });
    expect((await stage.ask()).text).toBe('Slow.');
    expect((await stage.ask({}, { timeouts: { firstTokenMs: 100 }, targets: ['b'] })).text).toBe('Slow.');
  });

  it('ends all the same by a silence in mid-answer, and is asked again', async () => {
    const stage = arrange({ a: [[{ waitMs: 50_000 }, { text: 'Hel' }, { hang: true }], 'Hello.'] });
    const reply = await stage.ask();
    expect(reply.attempts[0]).toMatchObject({
      durationMs: 60_000,
      failure: { code: 'idle' },
      decision: 'retry',
    });
  });

  it('ends by an attemptMs that was stated', async () => {
    const stage = arrange({ a: silent });
    const error = await stage.fail({}, { timeouts: { attemptMs: 5_000 }, retry: 0 });
    expect(error.attempts[0]).toMatchObject({ durationMs: 5_000, failure: { code: 'attempt' } });
    expect(error.code).toBe('all-targets-failed');
  });

  it('is the one left while all others cool down', async () => {
    const stage = arrange({ a: [{ waitMs: 200_000 }, { text: 'Slow.' }], b: 'From b.' });
    stage.router.disable('b');
    expect((await stage.ask()).text).toBe('Slow.');
  });
});

describe('the whole call', () => {
  it('ends after 600 s by default', async () => {
    const stage = arrange({ a: silent });
    const error = await stage.fail();
    expect(stage.runtime.now()).toBe(1_600_000);
    expect(error.code).toBe('timeout');
    expect(error.failure).toMatchObject({ kind: 'timeout', code: 'total' });
    expect(error.toPublic()).toMatchObject({ code: 'timeout', status: 504, retryable: true });
  });

  it('ends at totalMs across retries, waits and failovers', async () => {
    const stage = arrange({
      a: [{ waitMs: 4_000 }, { fail: 'server-error' }],
      b: [
        [{ waitMs: 4_000 }, { fail: 'server-error' }],
        [{ text: 'Hel' }, { hang: true }],
      ],
    });
    const error = await stage.fail({}, { timeouts: { totalMs: 11_000 } });
    expect(stage.runtime.now()).toBe(1_011_000);
    expect(error.code).toBe('timeout');
    expect(decisionsOf(error)).toEqual(['a next', 'b retry', 'b stop']);
    expect(error.partial).toMatchObject({ text: 'Hel', target: 'b' });
  });

  it('is all that is called a timeout: attempts that ran out of time are failed targets', async () => {
    const stage = arrange({ a: [{ text: 'x' }, { hang: true }] });
    const error = await stage.fail({}, { retry: 0 });
    expect(error.code).toBe('all-targets-failed');
    expect(error.failure?.kind).toBe('timeout');
  });

  it('counts against a target only where that was silent for too long: a hurried caller says nothing of it', async () => {
    const stage = arrange({ a: silent });
    for (let call = 0; call < 20; call += 1) await stage.fail({}, { timeouts: { totalMs: 9_000 } });
    expect(stage.providers.a.calls).toHaveLength(20);
    expect(stage.eventsOf('breaker')).toEqual([]);
    for (let call = 0; call < 20; call += 1) await stage.fail({}, { timeouts: { totalMs: 11_000 } });
    expect(stage.providers.a.calls.length).toBeLessThan(30);
  });

  it('does not blame the second target for what the first took of the time', async () => {
    const stage = arrange({ a: silent, b: silent });
    for (let call = 0; call < 5; call += 1) await stage.fail({}, { timeouts: { totalMs: 11_000 } });
    expect(stage.router.health().targets['b']?.breaker).toBe('closed');
    expect(stage.router.health().targets['a']?.breaker).not.toBe('closed');
  });

  it('ends a stream too, with the partial', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, ...every(1_000, 60, { text: '.' })] });
    const { events, error } = await stage.runtime.run(
      read(stage.stream({}, { timeouts: { totalMs: 2_500 } })),
    );
    expect(brief(events)).toEqual(['start:a', 'text:Hel', 'text:.', 'text:.']);
    expect(error).toMatchObject({ code: 'timeout', partial: { text: 'Hel..' } });
  });
});

describe('under unary transport', () => {
  it('only attemptMs applies, which is 120 s', async () => {
    const attempt = await firstAttempt([{ waitMs: 500_000 }], {}, { transport: 'unary' });
    expect(attempt).toMatchObject({
      durationMs: 120_000,
      transport: 'unary',
      failure: { kind: 'timeout', code: 'attempt' },
    });
    const stage = arrange({ a: [{ waitMs: 119_000 }, { text: 'Whole.' }], b: 'From b.' });
    const reply = await stage.ask({}, { transport: 'unary', timeouts: { firstTokenMs: 10, idleMs: 10 } });
    expect(reply.text).toBe('Whole.');
  });

  it('the last target left has until the call’s deadline, unless attemptMs was stated', async () => {
    const stage = arrange({ a: [{ waitMs: 500_000 }, { text: 'Whole.' }] });
    expect((await stage.ask({}, { transport: 'unary' })).text).toBe('Whole.');
    const error = await stage.fail({}, { transport: 'unary', timeouts: { attemptMs: 1_000 }, retry: 0 });
    expect(error.attempts[0]?.durationMs).toBe(1_000);
  });
});

it('a clock that is set back by an hour lets nobody be silent for an hour', async () => {
  const runtime = manualRuntime({ startAt: 1_000_000_000 });
  let stepMs = 0;
  const clock = { ...runtime, now: () => runtime.now() + stepMs };
  const targetOf = (id: string, script: ScriptSource) => ({
    id,
    model: 'm',
    provider: scriptedProvider(script, { name: id, runtime }),
  });
  const router: Router = createRouter({
    models: { chat: [targetOf('a', silent), targetOf('b', 'From b.')] },
    runtime: clock,
  });
  const call = router.complete(question);
  await runtime.advance(3_000);
  stepMs = -3_600_000;
  expect((await runtime.run(call)).target.id).toBe('b');
  expect(runtime.now() - 1_000_000_000).toBeLessThanOrEqual(20_000);
});

describe('a provider that does not listen', () => {
  it('is left behind at its deadline, though it goes on', async () => {
    const stage = arrange({
      a: {
        script: 'unused',
        wrap: (provider) => ({
          ...provider,
          async *stream() {
            yield { type: 'text', text: 'Hel' };
            await new Promise(() => {});
          },
        }),
      },
      b: 'From b.',
    });
    expect((await stage.ask()).target.id).toBe('b');
  });
});
