import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRouterError } from 'failsoft';
import { holds } from './holds.ts';
import { play, type Asked, type Outcome } from './play.ts';
import { acts, answers, calls, targets, worlds, type World } from './world.ts';

const minuteMs = 60_000;

describe('the bounds that a host sets', () => {
  it('hold for every call: all of its attempts, and those at one target', () =>
    holds(worlds(), async (world) => {
      const { outcomes, asked } = await play(world);
      for (const [index, outcome] of outcomes.entries()) {
        const requests = asked.filter(({ call }) => call === index);
        const { maxAttempts, retry } = outcome.plan;
        expect(requests.length).toBeLessThanOrEqual(maxAttempts);
        expect(attemptsOf(outcome)).toBe(requests.length);
        for (const target of new Set(requests.map((one) => one.target)))
          expect(requests.filter((one) => one.target === target).length).toBeLessThanOrEqual(
            retry + 1 + lostAt(target, outcome),
          );
      }
    }));

  it('hold for every target: requests in any minute, and requests at once', () =>
    holds(busyWorlds, async (world) => {
      const { asked } = await play(world);
      for (const [index, { limits }] of world.targets.entries()) {
        const requests = asked.filter(({ target }) => target === `t${index}`);
        for (const { startedAt } of requests) {
          const after = (ms: number) =>
            requests.filter((one) => one.startedAt >= startedAt && one.startedAt < startedAt + ms);
          expect(after(minuteMs).length).toBeLessThanOrEqual(limits?.rpm ?? Infinity);
          expect(atOnce(requests, startedAt)).toBeLessThanOrEqual(limits?.concurrency ?? Infinity);
        }
      }
    }));
});

/** Many calls within some minutes, limits at every target; an operator’s probe goes past them. */
const busyWorlds: fc.Arbitrary<World> = worlds({
  targets: fc.array(
    fc
      .tuple(
        targets(fc.oneof(answers, acts)),
        fc.record(
          {
            rpm: fc.integer({ min: 1, max: 12 }),
            concurrency: fc.integer({ min: 1, max: 3 }),
            queueMs: fc.constantFrom(0, 1_000, 20_000),
          },
          { requiredKeys: [] },
        ),
      )
      .map(([target, limits]) => ({ ...target, limits })),
    { minLength: 1, maxLength: 3 },
  ),
  calls: fc.array(
    fc.tuple(calls, fc.nat(150_000)).map(([call, afterMs]) => ({ ...call, afterMs })),
    { minLength: 5, maxLength: 30, size: 'max' },
  ),
  operations: fc.constant([]),
});

/** One that was given up for a quicker one is not over with: the call may come back to it. */
function lostAt(target: string, { completion, error }: Outcome): number {
  const attempts = completion?.attempts ?? (isRouterError(error) ? error.attempts : []);
  const hasLost = attempts.filter(({ failure }) => failure?.message === 'another target was quicker');
  return hasLost.filter((attempt) => attempt.target === target).length;
}

function attemptsOf({ completion, error }: Outcome): number {
  return completion?.attempts.length ?? (isRouterError(error) ? error.attempts.length : NaN);
}

/** Those that had begun by then and went on after it. */
function atOnce(requests: readonly Asked[], at: number): number {
  return requests.filter(({ startedAt, endedAt = Infinity }) => startedAt <= at && endedAt > at).length;
}
