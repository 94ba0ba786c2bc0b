import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createRouter, isRouterError } from 'failsoft';
import { manualRuntime, scriptedProvider, type Script } from 'failsoft/testing';

vi.setConfig({ testTimeout: 120_000 });

/** What one of two targets does when it is asked: begins to answer, or fails, after so long; then it says the rest. */
interface Runner {
  readonly afterMs: number;
  readonly fails: boolean;
  readonly restMs: number;
}

interface Race {
  readonly first: Runner;
  readonly second: Runner;
  readonly hedgeAfterMs: number;
}

interface Result {
  /** Undefined: nobody answered. */
  readonly winner: string | undefined;
  readonly endedAt: number;
  /** When each was asked, and when its request was over. */
  readonly asked: Readonly<Record<string, { readonly from: number; readonly to: number }>>;
}

/** A race as it is meant: whoever begins to answer first goes on alone, and who fails is out. */
function resultOf({ first, second, hedgeAfterMs }: Race): Result {
  // Who has begun to answer by then, or failed, is not hedged; a failure moves the call on at once.
  const secondFrom = first.fails ? Math.min(first.afterMs, hedgeAfterMs) : hedgeAfterMs;
  if (!first.fails && first.afterMs < hedgeAfterMs) {
    const endedAt = first.afterMs + first.restMs;
    return { winner: 'a', endedAt, asked: { a: { from: 0, to: endedAt } } };
  }
  const secondSays = secondFrom + second.afterMs;
  const isFirstBest = !first.fails && (second.fails || first.afterMs < secondSays);
  const isSecondBest = !second.fails && !isFirstBest;
  const firstEnds = first.fails ? first.afterMs : first.afterMs + first.restMs;
  const secondEnds = second.fails ? secondSays : secondSays + second.restMs;
  return {
    winner: isFirstBest ? 'a' : isSecondBest ? 'b' : undefined,
    endedAt: isFirstBest ? firstEnds : isSecondBest ? secondEnds : Math.max(firstEnds, secondEnds),
    asked: {
      // The loser is cut in the very instant in which the other begins to answer.
      a: { from: 0, to: isSecondBest ? Math.min(firstEnds, secondSays) : firstEnds },
      b: { from: secondFrom, to: isFirstBest ? Math.min(secondEnds, first.afterMs) : secondEnds },
    },
  };
}

async function run({ first, second, hedgeAfterMs }: Race): Promise<Result> {
  const runtime = manualRuntime();
  const asked: Record<string, { from: number; to: number }> = {};
  const target = (id: string, runner: Runner) => {
    const inner = scriptedProvider(scriptOf(runner), { name: id, runtime, transport: 'stream' });
    const provider = {
      ...inner,
      async *stream(call: Parameters<NonNullable<typeof inner.stream>>[0]) {
        const request = { from: runtime.now(), to: NaN };
        asked[id] = request;
        try {
          yield* inner.stream!(call);
        } finally {
          request.to = runtime.now();
        }
      },
    };
    return { id, model: 'm', provider };
  };
  const router = createRouter({
    models: { chat: [target('a', first), target('b', second)] },
    hedge: { afterMs: hedgeAfterMs, maxShare: 1 },
    retry: 0,
    runtime,
  });
  const winner = await runtime.run(
    router.complete({ messages: [{ role: 'user', content: 'Hello?' }] }).then(
      (reply) => reply.target.id,
      (error: unknown) => {
        if (!isRouterError(error) || error.code !== 'all-targets-failed') throw error;
        return undefined;
      },
    ),
  );
  expect(runtime.pending()).toBe(0);
  return { winner, endedAt: runtime.now(), asked };
}

function scriptOf({ afterMs, fails, restMs }: Runner): Script {
  if (fails) return [{ waitMs: afterMs }, { fail: 'network' }];
  return [{ waitMs: afterMs }, { text: 'Hello' }, { waitMs: restMs }, { text: ' there.' }];
}

/** Never two things at one instant: which of them is first would be nobody's promise. */
const runner = (part: number) =>
  fc.record({
    afterMs: fc.nat(5_000).map((ms) => ms + part),
    fails: fc.oneof(
      { weight: 3, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    restMs: fc.integer({ min: 1, max: 3_000 }),
  });
const races: fc.Arbitrary<Race> = fc.record({
  first: runner(1 / 8),
  second: runner(1 / 64),
  hedgeAfterMs: fc.nat(4_000).map((ms) => ms + 1 / 2),
});

describe('a hedge', () => {
  it('is asked, answers and is cut at the instants of its reference', async () => {
    await fc.assert(
      fc.asyncProperty(races, async (race) => {
        expect(await run(race)).toEqual(resultOf(race));
      }),
      { numRuns: 1_000, seed: 20_260_101 },
    );
  });
});
