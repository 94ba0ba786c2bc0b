import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter, type Router, type RouterEvent } from 'failsoft';
import { manualRuntime, scriptedProvider, type ManualRuntime, type Script } from 'failsoft/testing';
import { holds } from './holds.ts';
import { play } from './play.ts';
import { operations, worlds } from './world.ts';

describe('what is held against a target', () => {
  it('opens its breaker no later where one of its answers was a failure instead', () =>
    holds(histories, async ({ steps, worse }) => {
      const as = (given: readonly Step[]) =>
        opensAt(
          given.map(({ ok }) => ok),
          steps,
        );
      const base = await as(steps);
      const spoilt = await as(
        steps.map((step, index) => (index === worse % steps.length ? { ...step, ok: false } : step)),
      );
      expect(spoilt).toBeLessThanOrEqual(base);
    }));

  it('never grows by the passing of time alone, nor by looking', () =>
    holds(
      fc.record({
        world: worlds({
          operations: operations.filter((list) => !list.some(({ does }) => does === 'close')),
        }),
        idle: fc.array(fc.nat(120_000), { minLength: 1, maxLength: 5 }),
      }),
      async ({ world, idle }) => {
        const { router, runtime, events } = await play(world);
        const told = events.length;
        let before = standing(router);
        for (const ms of idle) {
          await runtime.advance(ms);
          const now = standing(router);
          for (const [id, stands] of now) checkIdle(id, before.get(id)!, stands);
          before = now;
        }
        expect(events.slice(told), 'events while nothing happened').toEqual([]);
      },
    ));
});

/** What time alone makes of a breaker: it opens none and closes none, since nobody has been asked. */
const byTimeAlone: Record<string, readonly string[]> = {
  closed: ['closed'],
  open: ['open', 'half-open'],
  'half-open': ['half-open'],
  'slow-start': ['slow-start', 'closed'],
};

function checkIdle(id: string, earlier: Stands, now: Stands): void {
  expect(byTimeAlone[earlier.breaker], `${id} was ${earlier.breaker}`).toContain(now.breaker);
  expect(now.until, `${id} is kept away for longer`).toBeLessThanOrEqual(earlier.until);
  expect(now.share, `the share of ${id}`).toBeGreaterThanOrEqual(earlier.share);
  // What ends with time is over for good: cool-downs, holds, minutes.
  expect(earlier.isEligible && !now.isEligible, `${id} may no longer serve`).toBe(false);
  expect(earlier.isFree && !now.isFree, `${id} is no longer free`).toBe(false);
  expect(now.measured, `percentiles of ${id}`).toEqual(earlier.measured);
}

interface Step {
  readonly afterMs: number;
  readonly ok: boolean;
}

const histories = fc.record({
  steps: fc.array(
    fc.record({
      afterMs: fc.oneof(fc.nat(200), fc.nat(5_000), fc.nat(90_000)),
      ok: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, { weight: 3, arbitrary: fc.constant(false) }),
    }),
    { minLength: 1, maxLength: 25, size: 'max' },
  ),
  worse: fc.nat(24),
});

/** The number of the call that opened the breaker; Infinity: none did. */
async function opensAt(outcomes: readonly boolean[], steps: readonly Step[]): Promise<number> {
  const runtime = manualRuntime();
  let opened = false;
  const watch = (event: RouterEvent) => {
    if (event.type === 'breaker' && event.to === 'open') opened = true;
  };
  const scripts = outcomes.map((ok): Script => (ok ? 'Hello.' : [{ fail: 'server-error' }]));
  const provider = scriptedProvider(scripts, { runtime });
  const router = createRouter({
    models: { chat: [{ id: 'a', provider, model: 'm' }] },
    runtime,
    retry: 0,
    observers: [watch],
  });
  for (const [index, { afterMs }] of steps.entries()) {
    await runtime.advance(afterMs);
    await ask(router, runtime);
    if (opened) return index;
  }
  return Infinity;
}

async function ask(router: Router, runtime: ManualRuntime): Promise<void> {
  await runtime.run(
    router.complete({ messages: [{ role: 'user', content: 'Hello?' }] }).then(
      () => {},
      () => {},
    ),
  );
}

interface Stands {
  readonly breaker: string;
  readonly until: number;
  readonly share: number;
  readonly isEligible: boolean;
  readonly isFree: boolean;
  readonly measured: unknown;
}

/** How each target stands, as `health()` and `plan()` tell it. */
function standing(router: Router): Map<string, Stands> {
  const { order } = router.plan({ messages: [{ role: 'user', content: 'Hello?' }] });
  const eligible = new Set(order.map(({ id }) => id));
  return new Map(
    Object.entries(router.health().targets).map(([id, target]) => [
      id,
      {
        breaker: target.breaker,
        until: Math.max(target.openUntil ?? 0, target.coolingUntil ?? 0, target.ramp?.until ?? 0),
        share: target.share,
        isEligible: eligible.has(id),
        isFree: target.blockedReason === undefined,
        measured: [target.firstToken, target.total],
      },
    ]),
  );
}
