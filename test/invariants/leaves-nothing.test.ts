import { describe, expect, it } from 'vitest';
import { holds } from './holds.ts';
import { play } from './play.ts';
import { worlds } from './world.ts';

describe('a call that has settled', () => {
  it('leaves no timer, no listener, no request under way and no slot, neither of its losers nor of its own', () =>
    holds(worlds(), async (world) => {
      const { outcomes, runtime, router, asked } = await play(world);
      for (const { listeners, unfinished } of outcomes) {
        expect(listeners, 'listeners on the caller’s signal').toBe(0);
        expect(unfinished, 'requests that nobody ended').toBe(0);
      }
      expect(runtime.pending(), 'timers').toBe(0);
      for (const one of asked) expect(one.endedAt, `request to ${one.target}`).toBeDefined();
      for (const [id, { inFlight }] of Object.entries(router.health().targets))
        expect(inFlight, `slots at ${id}`).toBe(0);
    }));
});
