import { describe, expect, it } from 'vitest';
import { isRouterError } from 'failsoft';
import { holds } from './holds.ts';
import { play, type Outcome } from './play.ts';
import { worlds } from './world.ts';

describe('every call', () => {
  it('settles exactly once, by its deadline, with an answer or a RouterError, whatever happens', () =>
    holds(worlds(), async (world) => {
      const { outcomes, events } = await play(world);
      for (const outcome of outcomes) check(outcome, closes(world.operations));
      // Observers are told of each end, and once.
      expect(events.filter(({ type }) => type === 'call')).toHaveLength(world.calls.length);
    }));
});

const closes = (operations: readonly { readonly does: string }[]): boolean =>
  operations.some(({ does }) => does === 'close');

function check(outcome: Outcome, closed: boolean): void {
  const { plan, completion, error, startedAt, settledAt } = outcome;
  expect(outcome.settled).toBe(1);
  expect(settledAt - startedAt).toBeLessThanOrEqual(plan.totalMs);
  if (completion) {
    expect(completion.attempts.filter(({ decision }) => decision === 'answer')).toHaveLength(1);
    expect(completion.latencyMs).toBe(settledAt - startedAt);
  } else {
    if (!isRouterError(error)) throw new Error('expected a RouterError', { cause: error });
    expect(error.attempts.filter(({ decision }) => decision === 'answer')).toHaveLength(0);
    if (error.code === 'timeout') expect(settledAt - startedAt).toBe(plan.totalMs);
    if (error.code === 'closed') expect(closed).toBe(true);
    if (error.code === 'aborted')
      expect(plan.abortAfterMs ?? plan.leaveAfter ?? (closed || undefined)).toBeDefined();
  }
  checkReading(outcome);
}

/** The reader and `completion` tell the same, and `finish` comes once and last. */
function checkReading({ reading, events, completion, error, plan }: Outcome): void {
  if (!reading) return;
  const finishes = events.filter(({ type }) => type === 'finish');
  expect(finishes.length).toBeLessThanOrEqual(1);
  if (finishes.length === 1) expect(events.at(-1)?.type).toBe('finish');
  if (reading.left) return;
  expect(reading.error).toBe(error);
  if (plan.reader === 'events') expect(finishes).toHaveLength(completion ? 1 : 0);
}
