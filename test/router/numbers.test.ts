import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter, isRouterError, type RouterOptions } from 'failsoft';
import { manualRuntime, scriptedProvider } from 'failsoft/testing';
import { membersOf } from '../docs/source.ts';

/** What an option takes beside finite numbers that are not negative. */
interface Taken {
  readonly infinite?: true;
  readonly negative?: true;
}

const plain: Taken = {};
const endless: Taken = { infinite: true };
const signed: Taken = { negative: true };

/** Every option that is a number, by the interface that names it. */
const numbers: Readonly<Record<string, readonly [file: string, Readonly<Record<string, Taken>>]>> = {
  Timeouts: [
    'src/options.ts',
    { firstTokenMs: endless, idleMs: endless, attemptMs: endless, totalMs: endless },
  ],
  RetryOptions: ['src/options.ts', { limit: plain, baseDelayMs: plain, maxDelayMs: endless }],
  StreamOptions: ['src/options.ts', { holdMs: plain, holdTokens: plain }],
  HedgeOptions: ['src/options.ts', { percentile: plain, afterMs: endless, maxShare: plain }],
  SharedOptions: ['src/options.ts', { retry: plain, maxAttempts: plain }],
  ProbeOptions: ['src/options.ts', { everyMs: plain, maxPerHour: plain }],
  TargetLimits: ['src/options.ts', { rpm: plain, tpm: plain, concurrency: plain, queueMs: endless }],
  Target: [
    'src/options.ts',
    { priority: signed, weight: plain, contextWindow: plain, maxOutputTokens: plain },
  ],
  Price: [
    'src/core/price.ts',
    { input: plain, output: plain, cachedInput: plain, cacheWrite: plain, perRequest: plain },
  ],
  RequestSettings: [
    'src/core/request.ts',
    { maxTokens: plain, temperature: plain, topP: plain, seed: signed },
  ],
};

/** Where the options of an interface stand: one or more objects that may hold them, by path. */
const places: Readonly<Record<string, readonly string[]>> = {
  Timeouts: ['timeouts', 'models.chat.timeouts'],
  RetryOptions: ['retry', 'models.chat.retry'],
  StreamOptions: ['stream', 'models.chat.stream'],
  HedgeOptions: ['hedge', 'models.chat.hedge'],
  SharedOptions: ['', 'models.chat'],
  ProbeOptions: ['probes'],
  TargetLimits: ['models.chat.targets[0].limits'],
  Target: ['models.chat.targets[0]'],
  Price: ['models.chat.targets[0].price', 'prices.m'],
  RequestSettings: ['models.chat.targets[0].defaults', 'models.chat.targets[0].overrides'],
};

type Tree = Record<string, unknown>;

/** Options that are good but for one number. */
function optionsWith(path: string, value: number): RouterOptions {
  const provider = scriptedProvider('Hello.');
  const options = { models: { chat: { targets: [{ provider, model: 'm' }] } } } as unknown as Tree;
  const keys = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  let place = options;
  for (const key of keys.slice(0, -1)) place = (place[key] ??= {}) as Tree;
  if (/[pP]rices?\./.test(path)) Object.assign(place, { input: 1, output: 1 });
  place[keys.at(-1) as string] = value;
  return options as unknown as RouterOptions;
}

function problemsWith(path: string, value: number): readonly { path: string; message: string }[] {
  try {
    createRouter(optionsWith(path, value));
    return [];
  } catch (error) {
    if (!isRouterError(error) || error.code !== 'invalid-config') throw error;
    return error.problems;
  }
}

const all = Object.entries(numbers).flatMap(([name, [, fields]]) =>
  (places[name] as string[]).flatMap((place) =>
    Object.entries(fields).map(([field, taken]) => ({
      path: place === '' ? field : `${place}.${field}`,
      taken,
    })),
  ),
);

describe('the options that are numbers', () => {
  it('are all known to this test', () => {
    for (const [name, [file, fields]] of Object.entries(numbers)) {
      const found = membersOf(file, name).filter(({ isNumber }) => isNumber);
      expect(Object.keys(fields).sort(), name).toEqual(found.map((member) => member.name).sort());
    }
  });

  it('are refused, with where and what came, where they are no number that could be meant', () => {
    const negative = fc.double({ max: -Number.MIN_VALUE, noNaN: true });
    const bad = fc
      .constantFrom(...all)
      .chain(({ path, taken }) =>
        fc
          .oneof(
            fc.constant(Number.NaN),
            fc.constant(taken.infinite ? Number.NaN : Infinity),
            fc.constant(-Infinity),
            taken.negative ? fc.constant(Number.NaN) : negative,
          )
          .map((value) => ({ path, value })),
      );
    fc.assert(
      fc.property(bad, ({ path, value }) => {
        const [problem, ...more] = problemsWith(path, value);
        expect(more).toEqual([]);
        expect(problem?.path).toBe(path);
        expect(problem?.message).toContain(`got ${String(value)}`);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(all.filter(({ taken }) => taken.infinite).map(({ path }) => path))(
    '%s may be without an end, and calls are answered',
    async (path) => {
      const runtime = manualRuntime();
      const provider = scriptedProvider([{ waitMs: 10 }, { text: 'Hello.' }], { runtime });
      const options = optionsWith(path, Infinity) as unknown as { models: { chat: { targets: Tree[] } } };
      Object.assign(options.models.chat.targets[0] as Tree, { provider });
      const router = createRouter({ ...(options as unknown as RouterOptions), runtime });
      const reply = await runtime.run(router.complete({ messages: [{ role: 'user', content: 'Hi' }] }));
      expect(reply.text).toBe('Hello.');
    },
  );

  it('a call without an end waits for a slot without an end', async () => {
    const runtime = manualRuntime();
    const provider = scriptedProvider([{ waitMs: 90_000 }, { text: 'Hello.' }], { runtime });
    const limits = { concurrency: 1, queueMs: Infinity };
    const timeouts = { firstTokenMs: Infinity, totalMs: Infinity };
    const router = createRouter({ models: { chat: [{ provider, model: 'm', limits }] }, timeouts, runtime });
    const ask = () => router.complete({ messages: [{ role: 'user', content: 'Hi' }] });
    const replies = await runtime.run(Promise.all([ask(), ask()]));
    expect(replies.map(({ text }) => text)).toEqual(['Hello.', 'Hello.']);
  });
});
