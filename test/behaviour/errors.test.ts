import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { isRouterError, RouterError, type RouterErrorCode } from 'failsoft';
import { arrange, errorOf, messages, settleNow } from './arrange.ts';

describe('the error of a failed call', () => {
  it('tells an operator what happened at each target', async () => {
    const stage = arrange({
      gpt: [
        { waitMs: 1_840 },
        { fail: { kind: 'overloaded', message: 'The engine is overloaded', status: 503 } },
      ],
      claude: [{ fail: { kind: 'quota', message: 'credit balance is too low', status: 400 } }],
      gemini: 'unused',
    });
    stage.router.disable('gemini', { reason: 'maintenance' });
    const error = await stage.fail();
    expect(error.message).toBe(
      "model 'chat': no target could answer [gpt: overloaded 503, The engine is overloaded | " +
        'claude: quota 400, credit balance is too low | gemini: not asked, disabled: maintenance]',
    );
    for (const text of [String(error), inspect(error), inspect({ deep: { error } }, { depth: 5 })]) {
      const lines = text.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));
      expect(lines.find((line) => line.startsWith('gpt'))).toBe(
        'gpt | overloaded | 503 | 1840 ms | The engine is overloaded',
      );
      expect(lines.find((line) => line.startsWith('claude'))).toBe(
        'claude | quota | 400 | 0 ms | credit balance is too low',
      );
      expect(lines.find((line) => line.startsWith('gemini'))).toBe(
        'gemini | not asked | disabled: maintenance',
      );
    }
  });

  it('names the first target’s failure too, not the last one’s alone', async () => {
    const stage = arrange({
      a: [{ fail: { kind: 'server-error', message: 'the first cause' } }],
      b: [{ fail: { kind: 'permission', message: 'the last straw' } }],
    });
    const error = await stage.fail();
    expect(error.failure?.message).toBe('the last straw');
    expect(error.attempts[0]?.failure?.message).toBe('the first cause');
    expect(error.message).toContain('the first cause');
  });

  it('is an Error with a stack, a name and the last cause, which no logger prints', async () => {
    const cause = Object.assign(new Error('socket hang up'), {
      headers: { authorization: 'Bearer canary-token' },
    });
    const stage = arrange({ a: [{ throw: cause }] });
    const error = await stage.fail({}, { retry: 0 });
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(RouterError);
    expect(error.name).toBe('RouterError');
    expect(error.cause).toBe(cause);
    expect(Object.keys(error)).not.toContain('cause');
    expect(inspect(error, { depth: 10 })).not.toContain('canary');
    expect(JSON.stringify(error)).not.toContain('canary');
  });

  it('carries the id of its call, the same as in the events', async () => {
    const stage = arrange({ a: [{ fail: 'bad-request' }] });
    const error = await stage.fail();
    expect(error.callId).toMatch(/^call_/);
    expect(stage.events.filter(({ callId }) => callId !== undefined).map(({ callId }) => callId)).toEqual([
      error.callId,
      error.callId,
    ]);
    expect(error.toPublic().callId).toBe(error.callId);
    expect(stage.eventsOf('call')[0]).toMatchObject({ outcome: 'bad-request', attempts: 1 });
  });

  it('can be logged as JSON', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { fail: 'network' }] });
    const error = await stage.fail({}, { retry: 0 });
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: 'RouterError',
      code: 'all-targets-failed',
      attempts: [{ target: 'a', decision: 'stop' }],
      partial: { text: 'Hel' },
    });
  });

  it('is one for each call: concurrent ones share nothing', async () => {
    const stage = arrange({ a: [{ fail: 'permission' }] });
    const [one, other] = await Promise.all([
      errorOf(stage.router.complete({ messages })),
      errorOf(stage.router.complete({ messages })),
    ]);
    expect(one).not.toBe(other);
    expect(one.callId).not.toBe(other.callId);
    expect(one.attempts).toHaveLength(1);
  });
});

describe('isRouterError', () => {
  it('knows the errors of another copy of the package', async () => {
    vi.resetModules();
    const copy = await import('failsoft');
    expect(copy.RouterError).not.toBe(RouterError);
    const foreign = new copy.RouterError({ code: 'timeout', message: 'too late' });
    expect(foreign).not.toBeInstanceOf(RouterError);
    expect(isRouterError(foreign)).toBe(true);
    expect(copy.isRouterError(new RouterError({ code: 'timeout', message: 'too late' }))).toBe(true);
  });

  it('takes nothing else for one', () => {
    for (const value of [
      undefined,
      null,
      'RouterError',
      new Error('x'),
      { name: 'RouterError', code: 'timeout' },
    ])
      expect(isRouterError(value)).toBe(false);
  });
});

describe('toPublic()', () => {
  const codes: readonly RouterErrorCode[] = [
    'bad-request',
    'context-length',
    'content-policy',
    'timeout',
    'aborted',
    'no-eligible-target',
    'stream-interrupted',
    'budget-exceeded',
    'conversation-conflict',
    'store-failed',
    'invalid-config',
    'closed',
    'all-targets-failed',
  ];

  it.each(codes)('of %s is plain JSON that an end user may read, whatever the message says', (code) => {
    const error = new RouterError({
      code,
      message: 'canary',
      callId: 'call_1',
      retryAfterMs: 7,
      rejected: [{ target: 'canary', reason: 'canary' }],
    });
    const shown = error.toPublic();
    expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
    expect(JSON.stringify(shown)).not.toContain('canary');
    expect(Object.keys(shown).toSorted()).toEqual([
      'callId',
      'code',
      'message',
      'retryAfterMs',
      'retryable',
      'status',
    ]);
    expect(shown.status).toBeGreaterThanOrEqual(400);
    expect(shown.message).toMatch(/^The .+\.$/);
  });

  it('leaves out what there is none of', () => {
    const error = new RouterError({ code: 'timeout', message: 'x' });
    expect(Object.keys(error.toPublic()).toSorted()).toEqual(['code', 'message', 'retryable', 'status']);
  });
});

describe('what only an operator can mend', () => {
  it.each(['auth', 'permission', 'model-not-found'] as const)(
    '(%s everywhere) is not to be tried again',
    async (kind) => {
      const stage = arrange({ a: [{ fail: 'auth' }], b: [{ fail: kind }] });
      for (let call = 0; call < 2; call += 1) {
        const error = await stage.fail();
        expect(error.code).toBe('all-targets-failed');
        expect(error.toPublic()).toEqual({
          code: 'all-targets-failed',
          message: 'The service is not set up correctly.',
          status: 500,
          retryable: false,
          callId: error.callId,
        });
      }
    },
  );

  it('is no reason to give up where another target may come back', async () => {
    const stage = arrange({ a: [{ fail: 'auth' }], b: [{ fail: 'overloaded' }] });
    expect((await stage.fail({}, { retry: 0 })).toPublic()).toMatchObject({ status: 503, retryable: true });
    const spared = arrange({
      a: [{ fail: 'auth' }],
      b: [{ fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 60_000 } }],
    });
    await spared.fail({}, { retry: 0 });
    expect((await spared.fail({}, { retry: 0 })).toPublic()).toMatchObject({ status: 503, retryable: true });
  });
});

describe('a closed router', () => {
  it('ends new calls with closed, and those in flight after the grace', async () => {
    const stage = arrange({
      a: [{ text: 'Hel' }, { waitMs: 8_000 }, { text: 'lo.' }, { waitMs: 8_000 }, { text: ' End.' }],
    });
    const quick = stage.router.complete({ messages });
    await stage.runtime.advance(7_000);
    const slow = errorOf(stage.router.complete({ messages }));
    const closed = stage.router.close();
    expect((await errorOf(stage.router.complete({ messages }))).code).toBe('closed');
    expect((await errorOf(stage.stream().completion)).code).toBe('closed');
    expect((await stage.runtime.run(quick)).text).toBe('Hello. End.');
    await stage.runtime.run(closed);
    expect(await slow).toMatchObject({ code: 'closed', partial: { text: 'Hello.' } });
    expect(stage.runtime.now()).toBe(1_017_000);
    await settleNow(stage);
  });
});
