import { describe, expect, it } from 'vitest';
import { holds } from './holds.ts';
import { play, type Outcome } from './play.ts';
import { worlds, type World } from './world.ts';

describe('the same seed', () => {
  it('gives the same trace: requests, events, answers and errors, to the millisecond', () =>
    holds(worlds(), async (world) => {
      expect(await traceOf(world)).toEqual(await traceOf(world));
    }));
});

async function traceOf(world: World): Promise<unknown> {
  const { asked, events, outcomes, router } = await play(world);
  const requests = asked.map(({ target, call, startedAt, endedAt, text }) => ({
    target,
    call,
    startedAt,
    endedAt,
    text,
  }));
  return plain({ requests, events, outcomes: outcomes.map(seen), health: router.health() });
}

const seen = ({ settledAt, completion, error, events, texts }: Outcome) => ({
  settledAt,
  completion,
  error,
  events,
  texts,
});

/** As it would be logged. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
