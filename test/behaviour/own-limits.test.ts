import { describe, expect, it } from 'vitest';
import { createRouter, type Router, type Strategy, type Target } from 'failsoft';
import { manualRuntime, scriptedProvider, type ScriptStep } from 'failsoft/testing';
import { arrange, errorOf, question } from './arrange.ts';

it('a limit for a minute is spread over it: the target keeps its share all the time, and others take the rest', async () => {
  const stage = arrange({ a: { script: ['From a.'], target: { limits: { rpm: 300 } } }, b: 'From b.' });
  const ofA: number[] = [];
  for (let second = 0; second < 120; second += 1) {
    const before = stage.providers.a.calls.length;
    for (let call = 0; call < 10; call += 1) {
      await stage.ask();
      await stage.runtime.advance(100);
    }
    ofA.push(stage.providers.a.calls.length - before);
  }
  expect(Math.max(...ofA.slice(1))).toBeLessThanOrEqual(6);
  expect(Math.min(...ofA.slice(1))).toBeGreaterThanOrEqual(4);
});

it('spreading keeps no single target from a burst of ten calls, and the limit itself is never passed', async () => {
  const stage = arrange(
    { a: { script: ['From a.'], target: { limits: { rpm: 10, queueMs: 0 } } } },
    { retry: 0 },
  );
  for (let call = 0; call < 10; call += 1) expect((await stage.ask()).target.id).toBe('a');
  const { retryAfterMs, rejected } = await stage.fail();
  expect(rejected[0]?.reason).toContain('own limit of 10 requests a minute reached');
  await stage.runtime.advance(retryAfterMs! - 1);
  await stage.fail();
  await stage.runtime.advance(1);
  expect((await stage.ask()).target.id).toBe('a');
});

describe('a limit of tokens, where callers allow 8,192 tokens and need 200 or so', () => {
  const tpm = 60_000;
  const outputs = [100, 300, 200, 150, 250];
  const inputTokens = 50;
  const usual = (number: number) => outputs[number % outputs.length] as number;

  /** Ten calls a second; what they came to at the limited target, each when it began. */
  async function load(minutes: number, outputTokens = usual) {
    const script = Array.from({ length: minutes * 600 }, (_, number): ScriptStep[] => [
      { waitMs: 2_000 },
      { text: 'From a.' },
      { finish: { usage: { inputTokens, outputTokens: outputTokens(number) } } },
    ]);
    const stage = arrange({ a: { script, target: { limits: { tpm } } }, b: 'From b.' });
    const request = { ...question, maxTokens: 8_192 };
    const answers: Promise<unknown>[] = [];
    for (let call = 0; call < minutes * 600; call += 1) {
      answers.push(stage.router.complete(request));
      await stage.runtime.advance(100);
    }
    await stage.runtime.run(Promise.all(answers));
    const taken = stage
      .eventsOf('attempt')
      .filter(({ attempt }) => attempt.target === 'a')
      .map(({ attempt: { startedAt: at, usage } }) => ({
        at,
        tokens: inputTokens + (usage?.outputTokens ?? 0),
      }));
    const usedIn = (fromMs: number, untilMs: number) =>
      taken.filter(({ at }) => at >= fromMs && at < untilMs).reduce((sum, { tokens }) => sum + tokens, 0);
    return { taken, usedIn };
  }

  it('is used nearly to the full once it is known what answers take, and never passed', async () => {
    const { taken, usedIn } = await load(5);
    const learntAt = 1_000_000 + 60_000;
    expect(usedIn(learntAt, learntAt + 240_000) / 4).toBeGreaterThan(0.9 * tpm);
    for (const { at } of taken) expect(usedIn(at, at + 60_000)).toBeLessThanOrEqual(tpm);
  });

  it('is passed where answers become ten times as long by no more than what those under way take beyond the estimate', async () => {
    const changesAt = 500;
    const { taken, usedIn } = await load(4, (number) => usual(number) * (number < changesAt ? 1 : 10));
    const underWay = taken.map(
      ({ at }) => taken.filter((other) => other.at > at - 2_000 && other.at <= at).length,
    );
    const most = tpm + Math.max(...underWay) * 10 * Math.max(...outputs);
    const used = taken.map(({ at }) => usedIn(at, at + 60_000));
    expect(taken.length).toBeGreaterThan(changesAt);
    expect(Math.max(...used)).toBeLessThanOrEqual(most);
    // What was too much is paid for: on the whole the limit holds.
    const from = taken[changesAt]!.at;
    expect(usedIn(from, from + 120_000) / 2).toBeLessThan(1.2 * tpm);
  });
});

it('a refusal gives back what was reserved for the answer: the next call has room', async () => {
  const stage = arrange(
    {
      a: {
        script: [[{ fail: 'permission' }], 'From a.'],
        target: { limits: { tpm: 10_000, queueMs: 0 } },
      },
    },
    { retry: 0 },
  );
  await stage.fail({ maxTokens: 9_000 });
  expect(stage.router.health().targets['a']?.limits?.tokens?.used).toBe(3);
  expect((await stage.ask({ maxTokens: 9_000 })).text).toBe('From a.');
});

it('a caller who leaves in the very moment in which the queue lets it in holds nothing of what was reserved', async () => {
  const controller = new AbortController();
  let leaves = false;
  const strategy: Strategy = (candidates) => {
    if (leaves) queueMicrotask(() => controller.abort());
    return candidates;
  };
  const stage = arrange(
    {
      a: {
        script: [{ waitMs: 500 }, { text: 'From a.' }],
        target: { limits: { tpm: 100_000, concurrency: 1 } },
      },
    },
    { strategy },
  );
  const first = stage.router.complete({ ...question, maxTokens: 100 });
  const options = { signal: controller.signal };
  const left = errorOf(stage.router.complete({ ...question, maxTokens: 5_000 }, options));
  await stage.runtime.advance(400);
  leaves = true;
  await stage.runtime.run(Promise.all([first, left]));
  expect(await left).toMatchObject({ code: 'aborted', attempts: [] });
  expect(stage.router.health().targets['a']?.limits?.tokens?.used).toBeLessThan(200);
});

describe('limits belong to the id, in whatever models it stands', () => {
  function twice(one: Target['limits'], other: Target['limits']) {
    const runtime = manualRuntime({ startAt: 1_000_000 });
    const provider = scriptedProvider([{ waitMs: 100 }, { text: 'Done.' }], { runtime });
    const place = (limits: Target['limits']): Target => ({ id: 'a', provider, model: 'm', limits });
    const models = { chat: [place(one)], cheap: { targets: [place(other)] } };
    const router: Router = createRouter({ models, runtime, retry: 0 });
    const ask = (model: string, maxTokens?: number) =>
      runtime.run(router.complete({ ...question, model, maxTokens }));
    return { runtime, router, ask };
  }

  it.each([
    ['the first', { rpm: 1, queueMs: 0 }, undefined],
    ['the last', undefined, { rpm: 1, queueMs: 0 }],
    ['one field each', { rpm: 1 }, { queueMs: 0 }],
    ['both alike', { rpm: 1, queueMs: 0 }, { rpm: 1, queueMs: undefined }],
  ])('where %s of two places states them', async (_where, one, other) => {
    for (const model of ['chat', 'cheap']) {
      const { ask } = twice(one, other);
      await ask('chat');
      expect(await errorOf(ask(model))).toMatchObject({
        rejected: [{ target: 'a', reason: expect.stringContaining('own limit of 1 requests') as string }],
      });
    }
  });

  it('a limit of tokens counts the calls of a model that does not state it by their estimate', async () => {
    const { ask } = twice({ tpm: 1_000, queueMs: 0 }, undefined);
    await ask('cheap', 900);
    expect((await errorOf(ask('cheap', 200))).rejected[0]?.reason).toContain('tokens a minute');
  });

  it('two words for one of them are refused, with both places', () => {
    const error = thrownBy(() => twice({ rpm: 60, concurrency: 2 }, { rpm: 30, concurrency: 2 }));
    expect(error).toMatchObject({
      code: 'invalid-config',
      problems: [
        {
          path: 'models.cheap.targets[0].limits.rpm',
          message: "is 30, and 60 at models.chat[0].limits.rpm; 'a' is one target with one set of limits",
        },
      ],
    });
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
