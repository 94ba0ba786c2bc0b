import { describe, expect, it } from 'vitest';
import type { FailureKind } from 'failsoft';
import { arrange, brief, decisionsOf, errorOf, question, read, settleNow } from './arrange.ts';

describe('a call', () => {
  it('never waits while another target can answer now, whatever hint came with the failure', async () => {
    const stage = arrange({
      a: [{ fail: { kind: 'rate-limit', message: 'slow down', retryAfterMs: 3_600_000 } }],
      b: [{ fail: { kind: 'overloaded', message: 'busy', retryAfterMs: 30_000 } }],
      c: 'From c.',
    });
    const start = stage.runtime.now();
    const reply = await stage.ask();
    expect(decisionsOf(reply)).toEqual(['a next', 'b next', 'c answer']);
    expect(reply.latencyMs).toBe(0);
    expect(stage.runtime.now()).toBe(start);
  });

  it('asks each target once, and one again only as a retry when nobody else is left', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }], b: [{ fail: 'server-error' }] }, { retry: 2 });
    const error = await stage.fail();
    expect(decisionsOf(error)).toEqual(['a next', 'b retry', 'b retry', 'b stop']);
    expect(error.code).toBe('all-targets-failed');
  });

  it('keeps one flat list of attempts under one cap, not a retry cycle inside each fallback', async () => {
    const parts = Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map((id) => [id, [{ fail: 'network' as const }]]),
    );
    const stage = arrange(parts);
    const error = await stage.fail();
    expect(error.attempts.map(({ target }) => target)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    expect(error.attempts.at(-1)?.decision).toBe('stop');
  });

  it.each([1, 2, 3])(
    'makes no more than maxAttempts attempts, retries among them (%i)',
    async (maxAttempts) => {
      const stage = arrange({ a: [{ fail: 'network' }], b: [{ fail: 'network' }] }, { retry: 10 });
      const error = await stage.fail({}, { maxAttempts });
      expect(error.attempts).toHaveLength(maxAttempts);
      expect(error.attempts.at(-1)?.decision).toBe('stop');
    },
  );

  it('counts an attempt that disable() cut like any other', async () => {
    const stage = arrange({ a: [{ hang: true }], b: 'From b.' });
    const failed = errorOf(stage.router.complete(question, { maxAttempts: 1 }));
    await settleNow(stage);
    stage.router.disable('a', { cut: true });
    expect(await stage.runtime.run(failed)).toMatchObject({
      code: 'all-targets-failed',
      attempts: [{ decision: 'cut' }],
    });
    expect(stage.providers.b.calls).toHaveLength(0);
  });

  it('finds a third target when the second dies too, in mid-stream', async () => {
    const stage = arrange({
      a: [{ text: 'Hel' }, { fail: 'network' }],
      b: [{ text: 'Hello wor' }, { cut: true }],
      c: 'Hello world.',
    });
    const reply = await stage.ask();
    expect(reply.text).toBe('Hello world.');
    expect(reply.segments).toEqual([{ target: 'c', text: 'Hello world.' }]);
    expect(reply.attempts.map(({ failure }) => failure?.kind)).toEqual([
      'network',
      'invalid-response',
      undefined,
    ]);
  });

  it('asks a higher number only when no lower one can serve, and never goes back to who has failed', async () => {
    const stage = arrange({
      spare: { script: 'From spare.', target: { priority: 2 } },
      a: { script: [{ fail: 'server-error' }], target: { priority: 1 } },
      b: { script: [{ fail: 'model-not-found' }], target: { priority: 1 } },
    });
    const reply = await stage.ask();
    expect(decisionsOf(reply)).toEqual(['a next', 'b next', 'spare answer']);
    stage.providers.a.script('a again.');
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('ends with the failures of the first tier when nobody of the second may serve', async () => {
    const stage = arrange({
      a: [{ fail: 'permission' }],
      spare: { script: 'x', target: { priority: 1, supports: { tools: false } } },
    });
    const error = await stage.fail({ tools: [{ name: 'look', parameters: { type: 'object' } }] });
    expect(decisionsOf(error)).toEqual(['a stop']);
    expect(error.rejected).toEqual([{ target: 'spare', reason: 'takes no tools' }]);
  });

  it('of concurrent ones, each finds the healthy target by itself', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }], b: 'From b.' });
    const replies = await stage.runtime.run(
      Promise.all(
        Array.from({ length: 20 }, () =>
          stage.router.complete({ messages: [{ role: 'user', content: 'x' }] }),
        ),
      ),
    );
    expect(replies.map(({ text }) => text)).toEqual(Array<string>(20).fill('From b.'));
  });

  it('tells the next one of a change of health at once', async () => {
    const stage = arrange({
      a: [{ fail: { kind: 'rate-limit', message: 'slow down', retryAfterMs: 5_000 } }],
      b: 'From b.',
    });
    await stage.ask();
    const next = await stage.ask();
    expect(decisionsOf(next)).toEqual(['b answer']);
    await stage.runtime.advance(5_000);
    stage.providers.a.script('a is back.');
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('looks again when its plan is used up: who was cooling down may be free by then', async () => {
    const stage = arrange({
      a: [[{ fail: { kind: 'rate-limit', message: 'slow down', retryAfterMs: 2_000 } }], 'a is back.'],
      b: [{ waitMs: 3_000 }, { fail: 'permission' }],
    });
    await stage.ask({}, { targets: ['a'] });
    stage.providers.a.script([
      [{ fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 2_000 } }],
      'a is back.',
    ]);
    await stage.fail({}, { targets: ['a'], retry: 0 });
    const reply = await stage.ask();
    expect(decisionsOf(reply)).toEqual(['b next', 'a answer']);
  });

  it('tells the observers of each way it went', async () => {
    const stage = arrange({ a: [{ fail: 'overloaded' }], b: 'From b.' });
    const reply = await stage.ask();
    expect(
      stage.eventsOf('attempt').map(({ number, attempt }) => [number, attempt.target, attempt.decision]),
    ).toEqual([
      [1, 'a', 'next'],
      [2, 'b', 'answer'],
    ]);
    expect(stage.eventsOf('failover')).toEqual([
      {
        type: 'failover',
        at: 1_000_000,
        callId: reply.id,
        model: 'chat',
        from: 'a',
        to: 'b',
        kind: 'overloaded',
      },
    ]);
    expect(stage.eventsOf('call')).toEqual([
      expect.objectContaining({
        outcome: 'answer',
        target: 'b',
        attempts: 2,
        stream: false,
        callId: reply.id,
      }),
    ]);
  });

  it('marks what a degraded target answered', async () => {
    const stage = arrange({
      a: [{ fail: 'network' }],
      local: { script: 'Small.', target: { degraded: true } },
    });
    expect((await stage.ask()).degraded).toBe(true);
    stage.providers.a.script('Large.');
    expect((await stage.ask()).degraded).toBe(false);
  });
});

describe('a conversation that is too long', () => {
  const tooLong = [{ fail: 'context-length' as const }];

  it('goes only to a larger or an unknown window', async () => {
    const stage = arrange({
      small: { script: tooLong, target: { contextWindow: 8_000 } },
      same: { script: 'x', target: { contextWindow: 8_000 } },
      smaller: { script: 'x', target: { contextWindow: 4_000 } },
      large: { script: tooLong, target: { contextWindow: 32_000 } },
      medium: { script: 'x', target: { contextWindow: 16_000 } },
      unknown: 'From unknown.',
    });
    const reply = await stage.ask();
    expect(decisionsOf(reply)).toEqual(['small next', 'large next', 'unknown answer']);
  });

  it('ends with context-length when every target says so, and names those that were not worth asking', async () => {
    const stage = arrange({
      large: { script: tooLong, target: { contextWindow: 32_000 } },
      small: { script: 'x', target: { contextWindow: 8_000 } },
    });
    const error = await stage.fail();
    expect(error.code).toBe('context-length');
    expect(decisionsOf(error)).toEqual(['large stop']);
    expect(error.rejected).toEqual([{ target: 'small', reason: expect.stringContaining('8,000') as string }]);
    expect(error.toPublic()).toMatchObject({ code: 'context-length', status: 413, retryable: false });
  });

  it('may go anywhere after a target whose window is unknown', async () => {
    const stage = arrange({ a: tooLong, b: { script: 'From b.', target: { contextWindow: 8_000 } } });
    expect((await stage.ask()).target.id).toBe('b');
  });

  it('is never retried at the same target', async () => {
    const stage = arrange({ a: tooLong });
    await stage.fail();
    expect(stage.providers.a.calls).toHaveLength(1);
  });
});

describe('what every target answered alike', () => {
  it.each(['bad-request', 'context-length', 'content-policy'] as FailureKind[])(
    'is the code of the error: %s',
    async (kind) => {
      const stage = arrange({ a: [{ fail: kind }], b: [{ fail: kind }] }, { failures: { [kind]: 'next' } });
      const error = await stage.fail();
      expect(error.attempts).toHaveLength(2);
      expect(error.code).toBe(kind);
    },
  );

  it('is no such code where one of them answered otherwise', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }], b: [{ fail: 'context-length' }] });
    expect((await stage.fail()).code).toBe('all-targets-failed');
  });

  it('is no such code where the same target had failed otherwise before', async () => {
    const stage = arrange(
      { a: [[{ fail: 'network' }], [{ fail: 'content-policy' }]] },
      { failures: { 'content-policy': 'next' } },
    );
    expect((await stage.fail()).code).toBe('all-targets-failed');
  });

  it('is the code also of the one failure that stopped the call after others', async () => {
    const stage = arrange({ a: [{ fail: 'network' }], b: [{ fail: 'content-policy' }], c: 'x' });
    const error = await stage.fail();
    expect(error.code).toBe('content-policy');
    expect(decisionsOf(error)).toEqual(['a next', 'b stop']);
  });
});

describe('a refusal by content policy', () => {
  it('is put to the next target where that was opted in', async () => {
    const stage = arrange(
      { a: [{ fail: 'content-policy' }], b: 'From b.' },
      { failures: { 'content-policy': 'next' } },
    );
    expect((await stage.ask()).target.id).toBe('b');
  });

  it('is no failure where the provider ended an answer with it', async () => {
    const stage = arrange({ a: [{ text: 'I may' }, { finish: 'content-filter' }], b: 'From b.' });
    const reply = await stage.ask();
    expect(reply).toMatchObject({ text: 'I may', finishReason: 'content-filter', target: { id: 'a' } });
  });
});

describe('a feature that a target refuses', () => {
  const refusal = (feature?: 'tools' | 'temperature') => [
    { fail: { kind: 'unsupported' as const, message: 'not here', ...(feature && { feature }) } },
  ];
  const tools = [{ name: 'look', parameters: { type: 'object' } }];

  it('is remembered: such calls go elsewhere from then on, and other calls still go there', async () => {
    const stage = arrange({ a: [refusal('tools'), 'From a.'], b: 'From b.' });
    expect(decisionsOf(await stage.ask({ tools }))).toEqual(['a next', 'b answer']);
    expect(decisionsOf(await stage.ask({ tools }))).toEqual(['b answer']);
    expect(decisionsOf(await stage.ask())).toEqual(['a answer']);
    expect(stage.router.plan({ ...{ messages: [{ role: 'user', content: 'x' }] }, tools }).rejected).toEqual([
      { target: 'a', reason: 'learnt: refuses tools' },
    ]);
    expect(stage.eventsOf('learned')).toHaveLength(1);
  });

  it('is left out and named in ignored where it is only a wish', async () => {
    const stage = arrange({ a: [refusal('temperature'), 'From a.'], b: 'From b.' });
    await stage.ask({ temperature: 1 });
    const reply = await stage.ask({ temperature: 1 });
    expect(reply.target.id).toBe('a');
    expect(reply.attempts[0]?.ignored).toEqual(['temperature']);
    expect(stage.providers.a.calls[1]?.request).not.toHaveProperty('temperature');
  });

  it('is left out at once, at the same target, where nobody else is left', async () => {
    const stage = arrange({ a: [refusal('temperature'), 'From a.'] });
    const start = stage.runtime.now();
    const reply = await stage.ask({ temperature: 1 });
    expect(decisionsOf(reply)).toEqual(['a retry', 'a answer']);
    expect(reply.attempts[1]?.ignored).toEqual(['temperature']);
    expect(stage.runtime.now()).toBe(start);
  });

  it('ends the call where it was a condition and nobody else is left', async () => {
    const stage = arrange({ a: [refusal('tools'), 'x'] });
    const error = await stage.fail({ tools });
    expect(decisionsOf(error)).toEqual(['a stop']);
    expect((await stage.fail({ tools })).code).toBe('no-eligible-target');
  });

  it('is asked for again where the provider has learnt to ask otherwise', async () => {
    const adapted = { kind: 'unsupported' as const, message: 'use another name', code: 'adapted' };
    const stage = arrange({ a: [[{ fail: adapted }], 'From a.'] });
    expect(decisionsOf(await stage.ask())).toEqual(['a retry', 'a answer']);
  });

  it('is forgotten after a day: vendors add what they lacked', async () => {
    const stage = arrange({ a: [refusal('tools'), 'From a.'], b: 'From b.' });
    await stage.ask({ tools });
    await stage.runtime.advance(24 * 3_600_000 + 1);
    expect((await stage.ask({ tools })).target.id).toBe('a');
  });
});

describe('failures whose words mislead', () => {
  it('are read by their status: a 400 that quotes "429 rate limit" stays a bad request', async () => {
    const echo = Object.assign(new Error('400 invalid: "429 rate_limit_exceeded overloaded timeout"'), {
      status: 400,
    });
    const stage = arrange({ a: [{ throw: echo }], b: 'From b.' });
    const error = await stage.fail();
    expect(error.code).toBe('bad-request');
    expect(error.failure).toMatchObject({ kind: 'bad-request', status: 400 });
  });

  it('fall over even where a provider throws what is no error at all', async () => {
    for (const thrown of [undefined, null, 'a string', 42, {}, { status: 503 }, Symbol('odd')]) {
      const stage = arrange({ a: [{ throw: thrown }], b: 'From b.' });
      expect((await stage.ask()).target.id).toBe('b');
    }
  });

  it('are unknown ones where a provider made up a kind of its own', async () => {
    const strange = { kind: 'on-fire' as FailureKind, message: undefined as unknown as string };
    const stage = arrange({ a: [{ fail: strange }], b: 'From b.' });
    const reply = await stage.ask();
    expect(reply.target.id).toBe('b');
    expect(reply.attempts[0]?.failure?.kind).toBe('unknown');
  });

  it('come in-band after a good beginning as often as at once, and both move on', async () => {
    const stage = arrange({
      a: [{ event: { type: 'meta', requestId: 'req_1' } }, { fail: 'overloaded' }],
      b: 'From b.',
    });
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(brief(events)).toEqual(['start:b', 'text:From b.', 'finish']);
  });
});
