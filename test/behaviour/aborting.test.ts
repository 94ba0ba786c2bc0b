import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { ScriptSource } from 'failsoft/testing';
import { arrange, brief, decisionsOf, errorOf, failing, question, read, settleNow } from './arrange.ts';

const reason = new Error('the user went away');

/** Begins a call, lets time pass, aborts, and gives the error with what it took. */
async function abortAfter(script: ScriptSource, ms: number, mode: 'complete' | 'stream' = 'complete') {
  const stage = arrange({ a: script, b: 'From b.' });
  const controller = new AbortController();
  const options = { signal: controller.signal, targets: ['a'] };
  const call =
    mode === 'complete' ? stage.router.complete(question, options) : stage.stream({}, options).completion;
  const failed = errorOf(call);
  await stage.runtime.advance(ms);
  const before = stage.runtime.now();
  controller.abort(reason);
  // Nothing moves the clock here: whoever waited for a timer would never settle.
  const error = await failed;
  expect(stage.runtime.now()).toBe(before);
  stage.expectQuiet();
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  return { stage, error };
}

describe.each(['complete', 'stream'] as const)('the caller’s abort of %s()', (mode) => {
  it.each([
    ['while it waits for the first token', [{ hang: true }], 5_000],
    ['in mid-answer', [{ text: 'Hel' }, { hang: true }], 5_000],
    ['in a wait of the provider', [{ text: 'Hel' }, { waitMs: 60_000 }], 1],
  ] as [string, ScriptSource, number][])('ends it at once %s, upstream too', async (_when, script, ms) => {
    const { stage, error } = await abortAfter(script, ms, mode);
    expect(error.code).toBe('aborted');
    expect(error.cause).toBe(reason);
    expect(decisionsOf(error)).toEqual(['a cut']);
    expect(error.failure?.kind).toBe('aborted');
    expect(stage.providers.a.calls.map(({ outcome }) => outcome)).toEqual(['aborted']);
    expect(stage.providers.a.calls[0]?.signal.aborted).toBe(true);
  });

  it('ends it at once in backoff, and nobody is asked again', async () => {
    const { stage, error } = await abortAfter(
      failing(1, { kind: 'overloaded', message: 'busy', retryAfterMs: 10_000 }),
      5_000,
      mode,
    );
    expect(error).toMatchObject({ code: 'aborted', cause: reason });
    expect(decisionsOf(error)).toEqual(['a retry']);
    await stage.runtime.advance(60_000);
    expect(stage.providers.a.calls).toHaveLength(1);
  });

  it('keeps what had come', async () => {
    const { error } = await abortAfter(
      [
        { reasoning: 'Hm.' },
        { text: 'Hel' },
        { event: { type: 'meta', usage: { inputTokens: 7 } } },
        { hang: true },
      ],
      1,
      mode,
    );
    expect(error.partial).toEqual({
      text: 'Hel',
      reasoning: 'Hm.',
      toolCalls: [],
      usage: { inputTokens: 7 },
      target: 'a',
    });
  });

  it('before it began sends nothing', async () => {
    const stage = arrange({ a: 'x' });
    const options = { signal: AbortSignal.abort(reason) };
    const call =
      mode === 'complete' ? stage.router.complete(question, options) : stage.stream({}, options).completion;
    const error = await errorOf(call);
    expect(error).toMatchObject({ code: 'aborted', cause: reason, attempts: [] });
    expect(stage.providers.a.calls).toEqual([]);
    expect(error.toPublic()).toMatchObject({ code: 'aborted', status: 499, retryable: false });
  });

  it('is never retried, also where the provider was about to fail', async () => {
    const { stage } = await abortAfter([{ waitMs: 1_000 }, { fail: 'network' }], 999, mode);
    await stage.runtime.advance(60_000);
    expect(stage.providers.a.calls).toHaveLength(1);
    expect(stage.providers.b.calls).toHaveLength(0);
    expect(stage.eventsOf('failover')).toEqual([]);
  });

  it('after its end changes nothing, and no listener is left on the signal', async () => {
    const stage = arrange({ a: ['Hello.', [{ fail: 'bad-request' }]] });
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const call = () =>
      mode === 'complete' ? stage.router.complete(question, options) : stage.stream({}, options).completion;
    expect((await stage.runtime.run(call())).text).toBe('Hello.');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await errorOf(call());
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    controller.abort();
    await settleNow(stage);
  });
});

describe('an abort', () => {
  it('counts against nobody', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { hang: true }] });
    for (let call = 0; call < 50; call += 1) {
      const controller = new AbortController();
      const failed = errorOf(stage.router.complete(question, { signal: controller.signal }));
      await settleNow(stage);
      controller.abort();
      expect((await failed).code).toBe('aborted');
    }
    expect(stage.eventsOf('breaker')).toEqual([]);
    expect(stage.router.health().targets['a']).toMatchObject({ breaker: 'closed', inFlight: 0, share: 1 });
  });

  it('frees the slot that its attempt held', async () => {
    const stage = arrange({
      a: { script: [[{ hang: true }], 'Hello.'], target: { limits: { concurrency: 1 } } },
    });
    const controller = new AbortController();
    const failed = errorOf(stage.router.complete(question, { signal: controller.signal }));
    await settleNow(stage);
    expect((await stage.fail()).code).toBe('all-targets-failed');
    controller.abort();
    await failed;
    expect((await stage.ask()).text).toBe('Hello.');
  });

  it('of a probe leaves the breaker half-open: the next call probes again', async () => {
    const stage = arrange({
      a: [{ fail: { kind: 'network', message: 'refused', code: 'connection-refused' } }],
    });
    for (let call = 0; call < 4; call += 1) await stage.fail({}, { retry: 0 });
    expect(stage.router.health().targets['a']?.breaker).toBe('open');
    await stage.runtime.advance(7_000);
    stage.providers.a.script([[{ hang: true }], 'Back.']);
    const controller = new AbortController();
    const failed = errorOf(stage.router.complete(question, { signal: controller.signal }));
    await settleNow(stage);
    expect(stage.router.health().targets['a']?.breaker).toBe('half-open');
    controller.abort();
    await failed;
    expect((await stage.ask()).text).toBe('Back.');
    expect(stage.router.health().targets['a']?.breaker).toBe('slow-start');
  });

  it('ends the call though the provider goes on', async () => {
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
    });
    const controller = new AbortController();
    const failed = errorOf(stage.router.complete(question, { signal: controller.signal }));
    await settleNow(stage);
    controller.abort('enough');
    expect(await failed).toMatchObject({ code: 'aborted', cause: 'enough', partial: { text: 'Hel' } });
  });

  it('by any signal is aborted, also by one that has timed out', async () => {
    const stage = arrange({ a: [{ hang: true }] });
    const controller = new AbortController();
    const failed = errorOf(stage.router.complete(question, { signal: controller.signal }));
    await settleNow(stage);
    const timeout = new DOMException('The operation timed out.', 'TimeoutError');
    controller.abort(timeout);
    expect(await failed).toMatchObject({ code: 'aborted', cause: timeout });
  });

  it('of one call leaves others on the same signalless target alone', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { waitMs: 1_000 }, { text: 'lo.' }] });
    const controller = new AbortController();
    const failed = errorOf(stage.router.complete(question, { signal: controller.signal }));
    const other = stage.router.complete(question);
    await settleNow(stage);
    controller.abort();
    await failed;
    expect((await stage.runtime.run(other)).text).toBe('Hello.');
  });

  it('of a technical kind is none of the caller’s: it is a broken connection, and the call moves on', async () => {
    const technical = Object.assign(new Error('This operation was aborted'), { name: 'AbortError' });
    const stage = arrange({ a: [{ throw: technical }], b: 'From b.' });
    const reply = await stage.ask();
    expect(reply.attempts[0]?.failure?.kind).toBe('network');
    expect(reply.target.id).toBe('b');
  });

  it('by stream.abort() ends the reader with the same error as completion', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { hang: true }] });
    const stream = stage.stream();
    const seen = read(stream);
    await settleNow(stage);
    stream.abort(reason);
    const { events, error } = await seen;
    expect(brief(events)).toEqual(['start:a', 'text:Hel']);
    expect(error).toMatchObject({ code: 'aborted', cause: reason, partial: { text: 'Hel' } });
    expect(await errorOf(stream.completion)).toBe(error);
    expect(stage.providers.a.calls[0]?.outcome).toBe('aborted');
  });

  it('while a fresh key is fetched ends the call at once', async () => {
    const stage = arrange({
      a: {
        script: [{ fail: 'auth' }],
        wrap: (provider) => ({ ...provider, refreshKey: () => new Promise(() => {}) }),
      },
      b: 'From b.',
    });
    const controller = new AbortController();
    const failed = errorOf(stage.router.complete(question, { signal: controller.signal }));
    await settleNow(stage);
    controller.abort(reason);
    expect(await failed).toMatchObject({ code: 'aborted', cause: reason });
    expect(stage.providers.b.calls).toEqual([]);
  });

  it('while a schema checks the reply ends the call at once', async () => {
    const stage = arrange({ a: '{"ok":true}' });
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'slow',
        validate: () => new Promise(() => {}),
        jsonSchema: { input: () => ({}) },
      },
    } as const;
    const controller = new AbortController();
    const failed = errorOf(stage.router.complete({ ...question, schema }, { signal: controller.signal }));
    await settleNow(stage);
    controller.abort(reason);
    expect(await failed).toMatchObject({ code: 'aborted', cause: reason });
  });
});

it('what a provider that heeds no abort says after its attempt was given up is heard by nobody', async () => {
  const stage = arrange(
    {
      a: {
        script: [],
        wrap: (provider, runtime) => ({
          ...provider,
          async *stream() {
            await runtime.sleep(1_500);
            yield { type: 'text', text: 'Too late. ' };
            yield { type: 'finish', finishReason: 'stop' };
          },
        }),
      },
      b: [{ waitMs: 900 }, { text: 'In ' }, { waitMs: 900 }, { text: 'time.' }],
    },
    { timeouts: { firstTokenMs: 1_000 } },
  );
  const { events } = await stage.runtime.run(read(stage.stream()));
  expect(brief(events)).toEqual(['start:b', 'text:In ', 'text:time.', 'finish']);
});
