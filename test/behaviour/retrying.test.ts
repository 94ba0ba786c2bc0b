import { describe, expect, it } from 'vitest';
import { arrange, decisionsOf, failing, question, type Stage } from './arrange.ts';

/** The waits between the attempts of the last call. */
function waits<Id extends string>(stage: Stage<Id>): number[] {
  const attempts = stage.eventsOf('attempt').map(({ attempt }) => attempt);
  return attempts.slice(1).map((attempt, index) => {
    const before = attempts[index]!;
    return attempt.startedAt - (before.startedAt + before.durationMs);
  });
}

const limited = (retryAfterMs: number) => ({
  kind: 'rate-limit' as const,
  message: 'slow down',
  retryAfterMs,
});

describe('a retry at the same target', () => {
  it('is made twice by default', async () => {
    const stage = arrange({ a: [{ fail: 'network' }] });
    const error = await stage.fail();
    expect(decisionsOf(error)).toEqual(['a retry', 'a retry', 'a stop']);
  });

  it.each([0, 1, 4])('is made as often as retry says: %i', async (retry) => {
    const stage = arrange({ a: [{ fail: 'invalid-response' }] });
    expect((await stage.fail({}, { retry })).attempts).toHaveLength(retry + 1);
  });

  it('takes its settings field by field, the most specific first', async () => {
    const stage = arrange({ a: [{ fail: 'network' }] }, { retry: { limit: 1, baseDelayMs: 0 } });
    const start = stage.runtime.now();
    expect((await stage.fail({}, { retry: { limit: 3 } })).attempts).toHaveLength(4);
    expect(stage.runtime.now()).toBe(start);
  });

  it('waits a random part of 500 ms, then of twice as long each time, at most 20 s', async () => {
    const longest = [0, 0, 0, 0, 0, 0, 0];
    for (let seed = 1; seed <= 40; seed += 1) {
      const stage = arrange(
        { a: [{ fail: { kind: 'invalid-response', message: 'x', code: 'schema-mismatch' } }] },
        { seed },
      );
      await stage.fail({}, { retry: 7 });
      waits(stage).forEach((ms, index) => (longest[index] = Math.max(longest[index]!, ms)));
    }
    [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000].forEach((step, index) => {
      expect(longest[index]).toBeLessThanOrEqual(step);
      expect(longest[index]).toBeGreaterThan(step * 0.8);
    });
  });

  it('draws its jitter from the Runtime: the same seed gives the same trace', async () => {
    const trace = async (seed: number) => {
      const stage = arrange({ a: [{ fail: 'network' }] }, { seed });
      await stage.fail();
      return waits(stage);
    };
    expect(await trace(5)).toEqual(await trace(5));
    expect(await trace(5)).not.toEqual(await trace(6));
  });

  it('waits for as long as the vendor asks, and a little longer', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const stage = arrange({ a: failing(1, limited(7_000)) }, { seed });
      await stage.ask();
      const [wait] = waits(stage);
      expect(wait).toBeGreaterThanOrEqual(7_000);
      expect(wait).toBeLessThanOrEqual(7_700);
    }
  });

  it('spreads at most a second over a long hint', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const stage = arrange({ a: failing(1, limited(20_000)) }, { seed });
      await stage.ask();
      expect(waits(stage)[0]).toBeLessThanOrEqual(21_000);
      expect(waits(stage)[0]).toBeGreaterThanOrEqual(20_000);
    }
  });

  it('goes by the latest hint, not by the first', async () => {
    const stage = arrange({ a: [[{ fail: limited(1_000) }], [{ fail: limited(15_000) }], 'Better now.'] });
    await stage.ask();
    const [first, second] = waits(stage);
    expect(first).toBeGreaterThanOrEqual(1_000);
    expect(first).toBeLessThan(1_200);
    expect(second).toBeGreaterThanOrEqual(15_000);
  });

  it('honours a hint beside a 503 too', async () => {
    const stage = arrange({
      a: failing(1, { kind: 'overloaded', message: 'busy', status: 503, retryAfterMs: 6_000 }),
    });
    await stage.ask();
    expect(waits(stage)[0]).toBeGreaterThanOrEqual(6_000);
  });

  it('is not waited for longer than maxDelayMs: the call ends at once and says when to come back', async () => {
    const stage = arrange({ a: [{ fail: limited(62_291_000) }] });
    const start = stage.runtime.now();
    const error = await stage.fail();
    expect(stage.runtime.now()).toBe(start);
    expect(error.code).toBe('all-targets-failed');
    expect(error.retryAfterMs).toBe(62_291_000);
    expect(error.toPublic().retryAfterMs).toBe(62_291_000);
    expect(error.failure?.retryAfterMs).toBe(62_291_000);
    expect(decisionsOf(error)).toEqual(['a stop']);
  });

  it('is not waited for a little longer than maxDelayMs either, though the call had the time', async () => {
    const stage = arrange({ a: failing(1, limited(20_001)) });
    expect(await stage.fail()).toMatchObject({ code: 'all-targets-failed', retryAfterMs: 20_001 });
  });

  it('heeds a hint also beside failures that begin no cool-down', async () => {
    const stage = arrange({
      a: failing(1, { kind: 'timeout', message: 'gateway', status: 504, retryAfterMs: 9_000 }),
    });
    await stage.ask();
    expect(waits(stage)[0]).toBeGreaterThanOrEqual(9_000);
  });

  it('is waited for as long as maxDelayMs allows', async () => {
    const stage = arrange({ a: failing(1, limited(45_837)) });
    await stage.ask({}, { retry: { maxDelayMs: 60_000 } });
    expect(waits(stage)[0]).toBeGreaterThanOrEqual(45_837);
  });

  it('is not begun where its wait would outlast the deadline of the call', async () => {
    const stage = arrange({ a: [{ fail: limited(15_000) }] });
    const start = stage.runtime.now();
    const error = await stage.fail({}, { timeouts: { totalMs: 10_000 } });
    expect(stage.runtime.now()).toBe(start);
    expect(error).toMatchObject({ code: 'all-targets-failed', retryAfterMs: 15_000 });
  });

  it('is followed by no sleep once it was the last', async () => {
    const stage = arrange({ a: [{ fail: 'network' }] });
    const error = await stage.fail();
    const last = error.attempts.at(-1)!;
    expect(stage.runtime.now()).toBe(last.startedAt + last.durationMs);
  });

  it('is not what moving on is: a fallback costs no retry and no wait', async () => {
    const stage = arrange({ a: [{ fail: 'network' }], b: failing(1, 'invalid-response') }, { retry: 1 });
    expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b retry', 'b answer']);
  });

  it('waits out the pause of a breaker that has just opened for the first time, and no longer one', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }] });
    const error = await stage.fail({}, { retry: { limit: 20, baseDelayMs: 0 } });
    expect(error.attempts).toHaveLength(5);
    expect(error.attempts.at(-1)?.notRetried).toBe('circuit open');
    expect(error.message).toContain('not asked again: circuit open');
    expect(stage.runtime.now() - 1_000_000).toBeLessThanOrEqual(1_100);
  });

  it('does not wait for a cool-down that has grown without a word of the vendor', async () => {
    const stage = arrange({ a: [{ fail: 'rate-limit' }] });
    const error = await stage.fail();
    expect(decisionsOf(error)).toEqual(['a retry', 'a stop']);
    expect(error.attempts.at(-1)?.notRetried).toBe('cooling down (rate-limit)');
    expect(error.retryAfterMs).toBeGreaterThan(1_000);
    expect(stage.runtime.now() - 1_000_000).toBeLessThanOrEqual(1_100);
  });

  it('is paid from a budget: of many calls that fail at once, few try again, and they say why', async () => {
    const stage = arrange({
      a: [{ fail: { kind: 'invalid-response', message: 'x', code: 'schema-mismatch' } }],
    });
    const calls = 100;
    const errors = await Promise.all(Array.from({ length: calls }, () => stage.fail()));
    const extra = stage.providers.a.calls.length - calls;
    expect(extra).toBeGreaterThan(25);
    // Of its first attempts a fifth, 25 saved up, and five a second for as long as it took.
    expect(extra).toBeLessThanOrEqual(calls / 5 + 25 + ((stage.runtime.now() - 1_000_000) / 1_000) * 5);
    const refused = errors.filter(({ message }) => message.includes('not asked again: retry budget spent'));
    expect(refused.length).toBeGreaterThan(50);
    expect(refused[0]?.attempts.at(-1)).toMatchObject({
      decision: 'stop',
      notRetried: 'retry budget spent',
    });
  });

  it('is not charged where another request is sent: without what was refused', async () => {
    let hasLearnt = false;
    const mismatch = { kind: 'invalid-response', message: 'x', code: 'schema-mismatch' } as const;
    const refused = { kind: 'unsupported', message: 'x', feature: 'seed' } as const;
    const stage = arrange({
      a: (call) => {
        if (!hasLearnt) return [{ fail: mismatch }];
        return call.request.seed === undefined ? 'Better now.' : [{ fail: refused }];
      },
    });
    await Promise.all(Array.from({ length: 100 }, () => stage.fail()));
    hasLearnt = true;
    expect(decisionsOf(await stage.ask({ seed: 1 }))).toEqual(['a retry', 'a answer']);
  });

  it('never follows a call that has its answer', async () => {
    const stage = arrange({ a: failing(1, 'network') });
    await stage.ask();
    await stage.runtime.advance(60_000);
    expect(stage.providers.a.calls).toHaveLength(2);
  });
});

describe('what was paid for one attempt more that nobody made is given back:', () => {
  const later = { fail: { kind: 'content-policy', message: 'later', retryAfterMs: 3_000 } } as const;
  const failures = { 'content-policy': 'retry' } as const;

  /** How many of so many calls at once that fail at the target find its budget spent. */
  async function spentAt<Id extends string>(stage: Stage<Id>, id: Id, count: number): Promise<number> {
    const from = stage.events.length;
    const calls = Array.from({ length: count }, () =>
      stage.router.complete(question, { targets: [id], retry: 1 }).catch(() => {}),
    );
    await stage.runtime.run(Promise.all(calls));
    return stage.events
      .slice(from)
      .filter((event) => event.type === 'attempt' && event.attempt.notRetried === 'retry budget spent')
      .length;
  }

  it('a call goes to another target instead, before the time of its retry', async () => {
    const stage = arrange(
      {
        a: { script: [later] },
        b: { script: [{ waitMs: 300 }, { text: 'From b.' }], target: { limits: { concurrency: 40 } } },
      },
      { failures },
    );
    const busy = Array.from({ length: 40 }, () => stage.router.complete(question, { targets: ['b'] }));
    const moving = Array.from({ length: 40 }, () => stage.router.complete(question));
    const replies = await stage.runtime.run(Promise.all([...busy, ...moving]));
    expect(replies.every(({ target }) => target.id === 'b')).toBe(true);
    expect(await spentAt(stage, 'a', 20)).toBe(0);
  });

  it('a caller leaves while it waits', async () => {
    const stage = arrange({ a: { script: [later] } }, { failures });
    const controller = new AbortController();
    const leaving = Array.from({ length: 30 }, () =>
      stage.router.complete(question, { signal: controller.signal }).catch(() => {}),
    );
    await stage.runtime.advance(10);
    controller.abort();
    await Promise.all(leaving);
    expect(await spentAt(stage, 'a', 20)).toBe(0);
  });

  it('a hedge that its own budget forbids takes nothing from the target that it would have gone to', async () => {
    const stage = arrange(
      { a: [{ waitMs: 1_000 }, { text: 'From a.' }], b: { script: [later] } },
      { failures, hedge: { afterMs: 100, maxShare: 0.001 } },
    );
    const calls = Array.from({ length: 40 }, () => stage.router.complete(question));
    await stage.runtime.advance(150);
    expect(stage.eventsOf('hedge').filter(({ refused }) => refused === 'hedge budget spent')).toHaveLength(
      39,
    );
    expect(await spentAt(stage, 'b', 20)).toBe(0);
    await stage.runtime.run(Promise.all(calls));
  });
});
