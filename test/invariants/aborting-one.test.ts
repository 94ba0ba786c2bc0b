import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRouterError } from 'failsoft';
import { holds } from './holds.ts';
import { play, type Outcome, type Played } from './play.ts';
import { answers, calls, targets, worlds, type World } from './world.ts';

/** Calls that share one upstream request come with single flight; until then this is what independence means. */
describe('a caller who aborts', () => {
  it('ends the requests of that call and of no other', () =>
    holds(worlds({ operations: fc.constant([]) }), async (world) => {
      const played = await play(world);
      for (const [index, outcome] of played.outcomes.entries()) {
        const isOwn = outcome.plan.abortAfterMs !== undefined || outcome.plan.leaveAfter !== undefined;
        if (isRouterError(outcome.error) && outcome.error.code === 'aborted') expect(isOwn).toBe(true);
        for (const { failure, decision } of attemptsOf(outcome)) {
          expect(failure?.kind === 'aborted' && !isOwn, `an attempt of call ${index}`).toBe(false);
          expect(decision === 'cut' && !isOwn, `an attempt of call ${index}`).toBe(false);
        }
      }
    }));

  it('changes nothing for the others: not the answer, not the time, not who gives it', () =>
    holds(independent, async ({ world, aborts, abortAfterMs }) => {
      const patient = await play(world);
      const index = aborts % world.calls.length;
      const left = await play({
        ...world,
        calls: world.calls.map((call, at) => (at === index ? { ...call, abortAfterMs } : call)),
      });
      expect(seenBy(left, index)).toEqual(seenBy(patient, index));
    }));
});

/** Providers that answer, each in its own time, and no limits: so that no place becomes free by an abort. */
const independent = fc.record({
  world: worlds({
    strategy: fc.constantFrom(undefined, 'in-order' as const, 'weighted' as const, 'cheapest' as const),
    targets: fc.array(
      targets(answers).map((target) => ({ ...target, limits: undefined })),
      { minLength: 1, maxLength: 4 },
    ),
    calls: fc.array(
      calls.map((call) => ({ ...call, abortAfterMs: undefined, timeouts: {}, totalMs: 600_000 })),
      { minLength: 2, maxLength: 6 },
    ),
    operations: fc.constant([]),
  }),
  aborts: fc.nat(5),
  abortAfterMs: fc.nat(10_000),
}) satisfies fc.Arbitrary<{ world: World; aborts: number; abortAfterMs: number }>;

function attemptsOf({ completion, error }: Outcome) {
  return completion?.attempts ?? (isRouterError(error) ? error.attempts : []);
}

/** What everybody else saw; the calls' own ids are counted by what happened before. */
function seenBy({ outcomes }: Played, except: number) {
  return outcomes
    .filter((_, index) => index !== except)
    .map(({ settledAt, completion, error, events, texts }) => ({
      settledAt,
      text: completion?.text,
      target: completion?.target.id,
      attempts: completion?.attempts.map(({ target, startedAt, durationMs }) => ({
        target,
        startedAt,
        durationMs,
      })),
      error: isRouterError(error) ? error.code : error,
      events: events.map((event) => (event.type === 'finish' ? 'finish' : event)),
      texts,
    }));
}
