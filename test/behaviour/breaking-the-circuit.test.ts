import { describe, expect, it } from 'vitest';
import type { ScriptSource } from 'failsoft/testing';
import { arrange, decisionsOf, errorOf, question, type Stage } from './arrange.ts';

const refused = { kind: 'network' as const, message: 'connection refused', code: 'connection-refused' };
const breakerOf = (stage: Stage<string>, id = 'a') => stage.router.health().targets[id]!;

/** A dead primary beside a healthy target, its breaker open. */
async function tripped(script: ScriptSource = [{ fail: 'server-error' }]) {
  const stage = arrange({ a: script, b: 'From b.' });
  for (let call = 0; call < 20 && breakerOf(stage).breaker !== 'open'; call += 1) await stage.ask();
  expect(breakerOf(stage).breaker).toBe('open');
  return stage;
}

describe('a primary that is hard down', () => {
  it('is found out after a few calls, none of which fails', async () => {
    const stage = await tripped();
    expect(stage.providers.a.calls.length).toBeLessThanOrEqual(12);
    expect(stage.providers.b.calls).toHaveLength(stage.providers.a.calls.length);
    expect(decisionsOf(await stage.ask())).toEqual(['b answer']);
    expect(stage.eventsOf('breaker')).toEqual([
      expect.objectContaining({
        from: 'closed',
        to: 'open',
        targets: ['a'],
        openUntil: breakerOf(stage).openUntil,
      }),
    ]);
  });

  it('is found out sooner where nobody listens', async () => {
    const stage = arrange({ a: [{ fail: refused }], b: 'From b.' });
    for (let call = 0; call < 10; call += 1) await stage.ask();
    expect(stage.providers.a.calls.length).toBeLessThanOrEqual(3);
  });

  it('costs a minute of traffic a dozen attempts and no answer', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }], b: 'From b.' });
    for (let call = 0; call < 600; call += 1) {
      expect((await stage.ask()).target.id).toBe('b');
      await stage.runtime.advance(100);
    }
    expect(stage.providers.a.calls.length).toBeLessThanOrEqual(20);
  });

  it('is not tripped by one failure, whatever share of its calls that is', async () => {
    const stage = arrange({ a: [[{ fail: 'server-error' }], 'From a.'], b: 'From b.' });
    await stage.ask();
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('is neither tripped nor healed by idle time', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }], b: 'From b.' });
    await stage.ask();
    await stage.ask();
    await stage.runtime.advance(3_600_000);
    expect(breakerOf(stage).breaker).toBe('closed');
    const open = await tripped();
    await open.runtime.advance(3_600_000);
    expect(breakerOf(open).breaker).toBe('half-open');
    expect(open.runtime.pending()).toBe(0);
  });

  it('teaches all targets of the same provider object and model, and leaves other models alone', async () => {
    const stage = await tripped();
    const provider = stage.providers.a;
    stage.router.update({
      models: {
        chat: [{ id: 'a', provider, model: 'model-of-a' }],
        twin: [{ id: 'twin', provider, model: 'model-of-a' }],
        other: [{ id: 'other', provider, model: 'another' }],
      },
    });
    expect(breakerOf(stage, 'twin').breaker).toBe('open');
    expect(breakerOf(stage, 'other').breaker).toBe('closed');
  });
});

describe('a breaker that is half-open', () => {
  it('lets exactly one probe through, however many calls there are at once', async () => {
    const stage = await tripped();
    const asked = stage.providers.a.calls.length;
    stage.providers.a.script([{ waitMs: 500 }, { text: 'From a.' }]);
    await stage.runtime.advance(7_000);
    const replies = await stage.runtime.run(
      Promise.all(Array.from({ length: 25 }, () => stage.router.complete(question))),
    );
    expect(stage.providers.a.calls).toHaveLength(asked + 1);
    expect(replies.filter(({ target }) => target.id === 'a')).toHaveLength(1);
  });

  it('opens again when the probe fails, for longer each time, up to 20 s', async () => {
    const stage = await tripped();
    for (const longest of [7_000, 14_000, 20_000, 20_000]) {
      const { openUntil } = breakerOf(stage);
      const ms = openUntil! - stage.runtime.now();
      expect(ms).toBeLessThanOrEqual(longest);
      expect(ms).toBeGreaterThanOrEqual(longest * 0.75);
      await stage.runtime.advance(ms);
      expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b answer']);
    }
  });

  it('succeeds at the first content, not only at the end', async () => {
    const stage = await tripped();
    stage.providers.a.script([{ text: 'From' }, { waitMs: 5_000 }, { text: ' a.' }]);
    await stage.runtime.advance(7_000);
    const reply = stage.router.complete(question);
    await stage.runtime.advance(1);
    expect(breakerOf(stage).breaker).toBe('slow-start');
    expect((await stage.runtime.run(reply)).text).toBe('From a.');
  });

  it.each(['bad-request', 'content-policy', 'permission'] as const)(
    'is undecided by a probe that ends in %s: the next call probes again',
    async (kind) => {
      const stage = await tripped();
      stage.providers.a.script([[{ fail: kind }], 'From a.']);
      await stage.runtime.advance(7_000);
      await stage.ask().catch(() => {});
      expect(breakerOf(stage).breaker).toBe('half-open');
      expect((await stage.ask()).target.id).toBe('a');
    },
  );

  it('is closed by a rate limit, which begins a cool-down of its own', async () => {
    const stage = await tripped();
    stage.providers.a.script([{ fail: { kind: 'rate-limit', message: 'slow', retryAfterMs: 9_000 } }]);
    await stage.runtime.advance(7_000);
    await stage.ask();
    expect(breakerOf(stage)).toMatchObject({ breaker: 'closed', coolingUntil: stage.runtime.now() + 9_000 });
  });
});

describe('a target that has come back', () => {
  it('gets its share over ten seconds, not all at once', async () => {
    const stage = arrange({
      a: { script: [{ fail: refused }], target: { weight: 1 } },
      b: { script: 'From b.', target: { weight: 1 } },
    });
    while (breakerOf(stage).breaker !== 'open') await stage.ask();
    stage.providers.a.script('From a.');
    await stage.runtime.advance(7_000);
    while (breakerOf(stage).breaker !== 'slow-start') await stage.ask();
    const served: number[] = [];
    for (let second = 0; second < 12; second += 1) {
      let byA = 0;
      for (let call = 0; call < 50; call += 1) {
        if ((await stage.ask()).target.id === 'a') byA += 1;
        await stage.runtime.advance(20);
      }
      served.push(byA);
    }
    expect(served[0]).toBeLessThanOrEqual(10);
    expect(served[5]).toBeLessThan(22);
    expect(served[11]).toBe(25);
    expect(breakerOf(stage).breaker).toBe('closed');
  });

  it('loses its calls at once when it fails again, though it is not taken out within 5 seconds', async () => {
    const stage = await tripped();
    stage.providers.a.script(['From a.', [{ fail: 'server-error' }]]);
    await stage.runtime.advance(7_000);
    await stage.ask();
    let failures = 0;
    const askFor = async (ms: number) => {
      for (const until = stage.runtime.now() + ms; stage.runtime.now() < until;) {
        const { attempts } = await stage.ask();
        failures += attempts.filter(({ failure }) => failure).length;
        await stage.runtime.advance(100);
      }
    };
    await askFor(4_900);
    expect(breakerOf(stage).breaker).toBe('slow-start');
    expect(failures).toBeGreaterThan(1);
    expect(failures).toBeLessThanOrEqual(3);
    await askFor(5_000);
    expect(breakerOf(stage).breaker).toBe('open');
    expect(failures).toBeLessThanOrEqual(4);
  });
});

describe('a single target', () => {
  it('is protected too: callers fail at once, and are told when to come back, within 4 s', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }] }, { retry: 0 });
    while (breakerOf(stage).breaker !== 'open') await stage.fail();
    for (let round = 0; round < 8; round += 1) {
      const asked = stage.providers.a.calls.length;
      const error = await stage.fail();
      expect(error).toMatchObject({ code: 'all-targets-failed', attempts: [] });
      expect(error.retryAfterMs).toBeGreaterThan(0);
      expect(error.retryAfterMs).toBeLessThanOrEqual(4_000);
      expect(stage.providers.a.calls).toHaveLength(asked);
      await stage.runtime.advance(error.retryAfterMs!);
      expect((await stage.fail()).attempts).toHaveLength(1);
    }
    expect(breakerOf(stage).openUntil! - stage.runtime.now()).toBeGreaterThan(4_000);
  });

  it('is back within that time of its recovery', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }] }, { retry: 0 });
    for (let second = 0; second < 60; second += 1) {
      await stage.fail();
      await stage.runtime.advance(1_000);
    }
    stage.providers.a.script('Back.');
    const down = stage.runtime.now();
    for (;;) {
      const text = await stage.ask().then(
        (reply) => reply.text,
        () => undefined,
      );
      if (text === 'Back.') break;
      await stage.runtime.advance(100);
    }
    expect(stage.runtime.now() - down).toBeLessThanOrEqual(4_100);
  });

  it.each([
    ['ten seconds', {}, 10_000],
    ['its own deadline, where that is longer', { timeouts: { firstTokenMs: 30_000 } }, 30_000],
  ])('is kept from nobody by a probe that hangs, after %s', async (_what, options, longestMs) => {
    const stage = arrange({ a: [{ fail: 'server-error' }] }, { retry: 0, ...options });
    for (let call = 0; call < 8; call += 1) await stage.fail();
    stage.providers.a.script([{ hang: true }]);
    await stage.runtime.advance(10_000);
    // It is the last target left, so that its caller waits until totalMs.
    const hanging = errorOf(stage.router.complete(question, { timeouts: { totalMs: 120_000 } }));
    await stage.runtime.advance(1);
    stage.providers.a.script('Back.');
    await stage.runtime.advance(longestMs - 2);
    expect(await stage.fail()).toMatchObject({ code: 'all-targets-failed', attempts: [] });
    await stage.runtime.advance(1);
    expect(await stage.ask()).toMatchObject({ text: 'Back.' });
    expect(await stage.ask()).toMatchObject({ text: 'Back.' });
    expect(await stage.runtime.run(hanging)).toMatchObject({ code: 'timeout' });
    expect(breakerOf(stage).breaker).not.toBe('open');
  });

  it('is probed by one of many callers, and the others are told to come back', async () => {
    const stage = arrange({ a: [{ fail: refused }] }, { retry: 0 });
    while (breakerOf(stage).breaker !== 'open') await stage.fail();
    stage.providers.a.script([{ waitMs: 100 }, { text: 'Back.' }]);
    await stage.runtime.advance(4_000);
    const outcomes = await stage.runtime.run(
      Promise.all(
        Array.from({ length: 10 }, () =>
          stage.router.complete(question).then(
            ({ text }) => text,
            async (error: unknown) => (await errorOf(Promise.reject(error))).retryAfterMs,
          ),
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'Back.')).toHaveLength(1);
    expect(outcomes.filter((outcome) => typeof outcome === 'number')).toHaveLength(9);
  });
});

describe('while all are down', () => {
  it('each is probed in turn, and the first that answers serves', async () => {
    const stage = arrange({ a: [{ fail: 'server-error' }], b: [{ fail: 'server-error' }] }, { retry: 0 });
    while (breakerOf(stage, 'a').breaker !== 'open' || breakerOf(stage, 'b').breaker !== 'open')
      await stage.fail();
    expect(stage.router.health().models['chat']?.state).toBe('down');
    stage.providers.b.script('b is back.');
    await stage.runtime.advance(4_000);
    expect(await stage.ask()).toMatchObject({ text: 'b is back.' });
    expect(stage.router.health().models['chat']?.state).toBe('ok');
  });

  it('the degraded one that can serve is told as degraded', async () => {
    const stage = arrange({
      a: [{ fail: 'server-error' }],
      local: { script: 'Small.', target: { degraded: true, priority: 9 } },
    });
    while (breakerOf(stage).breaker !== 'open') await stage.ask();
    expect(stage.router.health().models['chat']?.state).toBe('degraded');
  });
});

describe('a target that limps beside others', () => {
  it('is asked by whoever has nobody else, also where another one could have served and failed', async () => {
    const stage = arrange(
      {
        a: (_, number) => (number % 3 === 0 ? 'From a.' : [{ fail: 'server-error' }]),
        b: [{ fail: 'server-error' }],
      },
      { retry: 0 },
    );
    const stateOfA = () => stage.router.health().targets.a?.breaker;
    while (stateOfA() !== 'open') await stage.ask({}, { targets: ['a'] }).catch(() => {});
    while (stage.providers.a.calls.length % 3 !== 2) await stage.ask({}, { targets: ['a'] }).catch(() => {});
    const reply = await stage.ask();
    expect(reply.attempts.map(({ target }) => target)).toEqual(['b', 'a']);
    expect(reply.text).toBe('From a.');
  });
});

describe('several targets that limp at the same time', () => {
  it.each([
    [0.25, 3, 0.995],
    [0.4, 3, 0.97],
    [0.6, 3, 0.88],
    [0.6, 2, 0.75],
  ])(
    'are asked one after the other as by a loop without breakers: with %s of the calls of each failing, %i of them answer more than %s',
    async (share, count, atLeast) => {
      const flaky = () => () =>
        stage.runtime.random() < share
          ? [{ waitMs: 50 }, { fail: 'server-error' as const }]
          : [{ waitMs: 50 }, { text: 'Hello.' }];
      const stage: Stage<string> = arrange(
        Object.fromEntries(['a', 'b', 'c'].slice(0, count).map((id) => [id, flaky()])),
      );
      let answered = 0;
      const calls: Promise<unknown>[] = [];
      for (let call = 0; call < 2_000; call += 1) {
        calls.push(
          stage.router.complete(question).then(
            () => (answered += 1),
            () => {},
          ),
        );
        await stage.runtime.advance(50);
      }
      await stage.runtime.run(Promise.all(calls));
      expect(answered / 2_000).toBeGreaterThan(atLeast);
    },
  );
});

describe('a single target that limps', () => {
  /** Calls at a steady rate, on the router's own clock; the share that was answered. */
  async function answeredShare(errorRate: number, callsPerSecond: number): Promise<number> {
    let failures = 0;
    // Evenly spread, with the golden ratio: no luck, and no long rows.
    const stage = arrange(
      {
        a: (_, number) =>
          (number * 0.618034) % 1 < errorRate
            ? [{ fail: 'server-error' }]
            : [{ waitMs: 50 }, { text: 'Hello.' }],
      },
      { retry: { limit: 2, baseDelayMs: 50, maxDelayMs: 1_000 } },
    );
    const calls: Promise<void>[] = [];
    const total = 60 * callsPerSecond;
    for (let call = 0; call < total; call += 1) {
      calls.push(
        stage.router.complete(question).then(
          () => {},
          () => {
            failures += 1;
          },
        ),
      );
      await stage.runtime.advance(1_000 / callsPerSecond);
    }
    await stage.runtime.run(Promise.all(calls));
    return 1 - failures / total;
  }

  it.each([
    [0.1, 20],
    [0.2, 20],
    [0.3, 10],
    [0.5, 5],
  ])(
    'is not kept from callers who have nobody else: with %s of its calls failing, at %s calls/s',
    async (rate, rps) => {
      expect(await answeredShare(rate, rps)).toBeGreaterThan(0.97);
    },
  );

  it('is degraded, not down, while its breaker is open', async () => {
    const scripts = [...Array.from({ length: 10 }, () => 'Hello.'), [{ fail: 'server-error' as const }]];
    const stage = arrange({ a: scripts }, { retry: 0 });
    for (let call = 0; call < 10; call += 1) await stage.ask();
    stage.providers.a.script([
      [{ fail: 'server-error' }],
      [{ fail: 'server-error' }],
      [{ fail: 'server-error' }],
      'Hello.',
      [{ fail: 'server-error' }],
    ]);
    while (breakerOf(stage).breaker !== 'open')
      await errorOf(stage.runtime.run(stage.router.complete(question))).catch(() => {});
    expect(stage.router.health().models['chat']!.state).toBe('degraded');
  });

  it('is down once it fails five times in a row, and is then asked by one probe at a time', async () => {
    const stage = arrange({ a: 'Hello.' }, { retry: 0 });
    for (let call = 0; call < 50; call += 1) await stage.ask();
    stage.providers.a.script([{ fail: 'server-error' }]);
    const asked = stage.providers.a.calls.length;
    for (let call = 0; call < 100; call += 1) {
      await stage.fail();
      await stage.runtime.advance(10);
    }
    expect(stage.providers.a.calls.length - asked).toBeLessThanOrEqual(9);
    expect(stage.router.health().models['chat']!.state).toBe('down');
  });

  it('is down also while long answers that it began in health still end well', async () => {
    const long = [{ text: 'It began' }, { waitMs: 8_000 }, { text: ' in health.' }];
    const stage = arrange({ a: long }, { retry: 0 });
    const begunInHealth = Array.from({ length: 8 }, (_, index) =>
      stage.runtime.sleep(index * 200).then(() => stage.router.complete(question)),
    );
    await stage.runtime.advance(2_000);
    stage.providers.a.script([{ fail: 'server-error' }]);
    const asked = stage.providers.a.calls.length;
    for (let call = 0; call < 80; call += 1) {
      await stage.fail();
      await stage.runtime.advance(100);
    }
    for (const reply of await Promise.all(begunInHealth)) expect(reply.text).toBe('It began in health.');
    expect(stage.providers.a.calls.length - asked).toBeLessThanOrEqual(9);
  });
});
