import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds } from './holds.ts';
import { play, set, type Stage } from './play.ts';
import { worlds, type World } from './world.ts';

const longestMs = 60 * 60_000;

describe('a target that is healthy again', () => {
  it('is closed, free and has its whole share in the end, whatever happened before, if it is asked now and then', () =>
    holds(histories, async ({ world, everyMs }) => {
      const stage = set(world);
      await play(world, stage);
      stage.heal();
      for (const id of Object.keys(stage.router.health().targets)) await untilWell(id, everyMs, stage);
    }));
});

const histories = fc.record({
  world: worlds({ operations: fc.constant([]) }).map(withoutLimits),
  everyMs: fc.constantFrom(500, 5_000, 60_000),
});

/** Limits keep a target from being asked, and operators close a router: not what is looked at here. */
function withoutLimits(world: World): World {
  return { ...world, targets: world.targets.map((target) => ({ ...target, limits: undefined })) };
}

/** Asks that target alone until it is as if nothing had happened. */
async function untilWell(id: string, everyMs: number, { router, runtime }: Stage): Promise<void> {
  const until = runtime.now() + longestMs;
  const isWell = () => {
    const { breaker, blockedReason, share } = router.health().targets[id]!;
    return breaker === 'closed' && blockedReason === undefined && share === 1;
  };
  const request = { messages: [{ role: 'user', content: 'Call 0.' }] } as const;
  let answered = 0;
  while (!isWell() || answered < 3) {
    expect(runtime.now(), `${id} after an hour: ${JSON.stringify(router.health().targets[id])}`).toBeLessThan(
      until,
    );
    const call = router.complete(request, { targets: [id], retry: 0 });
    answered += await runtime.run(
      call.then(
        () => 1,
        () => 0,
      ),
    );
    await runtime.advance(everyMs);
  }
}
