import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RouterEvent } from 'failsoft';
import { holds } from './holds.ts';
import { play, type Asked, type Played } from './play.ts';
import { acts, calls, targets, worlds, type Act, type World } from './world.ts';

describe('a breaker that is not closed', () => {
  it('lets nobody through while it is open, and one at a time after that, as long as anybody else can serve', () =>
    holds(worldsWithSpare, async (world) => {
      const played = await play(world);
      for (const spell of spellsOf('t0', played)) {
        expect(spell.asked.filter(({ startedAt }) => startedAt < spell.openUntil)).toEqual([]);
        expect(mostAtOnce(spell.asked)).toBeLessThanOrEqual(1);
      }
    }));

  it('lets one at a time through also where nobody else can serve, unless the target answers some of its calls', () =>
    holds(worldsOfTheDead, async (world) => {
      const played = await play(world);
      for (const [index] of world.targets.entries())
        for (const spell of spellsOf(`t${index}`, played))
          expect(mostAtOnce(spell.asked)).toBeLessThanOrEqual(1);
    }));
});

const failing: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    act: fc.constant('fail' as const),
    words: fc.constant(0),
    kind: fc.constantFrom('server-error', 'overloaded', 'network', 'timeout'),
  }),
  fc.record({ act: fc.constant('cut' as const), words: fc.constant(0) }),
);

const manyCalls = fc.array(
  fc.tuple(calls, fc.nat(15_000)).map(([call, afterMs]) => ({ ...call, afterMs })),
  { minLength: 4, maxLength: 10, size: 'max' },
);

/** One that mostly fails, and one behind it that always answers. */
const worldsWithSpare: fc.Arbitrary<World> = fc
  .tuple(
    worlds({ calls: manyCalls, operations: fc.constant([]) }),
    targets(fc.oneof({ weight: 3, arbitrary: failing }, { weight: 1, arbitrary: acts })),
    targets(),
  )
  .map(([world, ill, spare]) => ({
    ...world,
    strategy: undefined,
    targets: [
      { ...ill, weight: undefined, priority: 0, limits: undefined },
      {
        ...spare,
        weight: undefined,
        priority: 1,
        limits: undefined,
        acts: [{ act: 'answer', words: 1, eachMs: 0 }],
      },
    ],
  }));

/** Nobody ever answers. */
const worldsOfTheDead: fc.Arbitrary<World> = worlds({
  targets: fc.array(targets(failing), { minLength: 1, maxLength: 3 }),
  calls: manyCalls,
  operations: fc.constant([]),
});

/** From when a breaker opened until an attempt let it recover. */
interface Spell {
  readonly openUntil: number;
  /** What was sent meanwhile. */
  readonly asked: readonly Asked[];
}

function spellsOf(target: string, { events, asked }: Played): Spell[] {
  const changes = events.filter(
    (event): event is Extract<RouterEvent, { type: 'breaker' }> =>
      event.type === 'breaker' && event.targets.includes(target),
  );
  return changes.flatMap((change, index) => {
    if (change.to !== 'open') return [];
    const next = changes.slice(index + 1);
    const end = next.find(({ to }) => to !== 'half-open')?.at ?? Infinity;
    const halfOpen = next[0]?.to === 'half-open' ? next[0].at : end;
    const during = asked.filter(
      (one) => one.target === target && one.startedAt > change.at && one.startedAt < end,
    );
    return [{ openUntil: Math.min(change.openUntil ?? Infinity, halfOpen), asked: during }];
  });
}

function mostAtOnce(asked: readonly Asked[]): number {
  const at = (instant: number) =>
    asked.filter(({ startedAt, endedAt = Infinity }) => startedAt <= instant && endedAt > instant).length;
  return Math.max(0, ...asked.map(({ startedAt }) => at(startedAt)));
}
