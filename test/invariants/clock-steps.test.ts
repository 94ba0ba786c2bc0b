import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Runtime } from 'failsoft';
import type { ManualRuntime } from 'failsoft/testing';
import { holds } from './holds.ts';
import { play, set, type Stage } from './play.ts';
import { operations, worlds } from './world.ts';

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;
/** The longest that anything keeps a target away for, where nobody says for how long. */
const longestHoldMs = 600_000;

describe('a clock that is set, and alarms that ring late', () => {
  it('settle every call once, within its deadline and what they took, with durations that can be', () =>
    holds(cases, async (given) => {
      const { world, lateMs } = given;
      const stage = unsteady(given);
      const { outcomes, events, router } = await play(world, stage);
      for (const { settled, startedAt, settledAt, plan, completion, error } of outcomes) {
        expect(settled).toBe(1);
        expect(settledAt - startedAt).toBeLessThanOrEqual(plan.totalMs + backOf(given) + Math.max(...lateMs));
        checkNumbers(completion ?? error, 'the outcome');
      }
      checkNumbers(events, 'events');
      checkNumbers(router.health(), 'health()');
    }));

  it('keep no target away for longer than it would be and the step, nor twice as long for each step back', () =>
    holds(cases, async (given) => {
      const stage = unsteady(given);
      await play(given.world, stage);
      const { runtime, router, heal, events } = stage;
      heal();
      const openMs = events.map((event) =>
        event.type === 'breaker' ? (event.openUntil ?? 0) - event.at : 0,
      );
      await watch(stage, longestOf(Math.max(0, ...openMs), given));
      for (const [id, { breaker }] of targetsOf(stage)) expect(breaker, id).not.toBe('open');
      await watch(stage, longestOf(longestHoldMs, given));
      for (const [id, { blockedReason, disabled }] of targetsOf(stage)) {
        if (disabled) router.enable(id);
        else expect(blockedReason, id).toBeUndefined();
        await runtime.run(router.complete(question, { targets: [id] }));
      }
    }));
});

const cases = fc.record({
  // Nobody heals the providers of an update, and a closed router asks nobody.
  world: worlds({
    operations: operations.filter((list) => !list.some(({ does }) => does === 'close' || does === 'update')),
  }),
  steps: fc.array(
    fc.record({
      /** Of the time that truly passes. */
      afterMs: fc.nat(30_000),
      byMs: fc.oneof(fc.integer({ min: -hourMs, max: hourMs }), fc.integer({ min: -5_000, max: 5_000 })),
    }),
    { maxLength: 4 },
  ),
  /** For one alarm after the other, round and round. */
  lateMs: fc.array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(2_000), fc.nat(180_000)), {
    minLength: 1,
    maxLength: 5,
  }),
});

type Case = typeof cases extends fc.Arbitrary<infer Given> ? Given : never;

const question = { messages: [{ role: 'user', content: 'Call 0.' }] } as const;

const stepsBack = ({ steps }: Case) => steps.filter(({ byMs }) => byMs < 0).map(({ byMs }) => -byMs);
const backOf = (given: Case) => stepsBack(given).reduce((sum, ms) => sum + ms, 0);

/** A clock that is set to before a hold began ends it; one that is set back by less lets it last so much longer. */
const longestOf = (ms: number, given: Case) =>
  Math.min(ms + backOf(given), ms * (1 + stepsBack(given).length));

const targetsOf = ({ router }: Stage) => Object.entries(router.health().targets);

/** The router sees that clock; providers and callers live in the time that truly passes. */
function unsteady({ world, steps, lateMs }: Case): Stage {
  return set(world, {}, (inner: ManualRuntime): Runtime => {
    const startAt = inner.now();
    let alarms = 0;
    return {
      now() {
        const passedMs = inner.now() - startAt;
        const done = steps.filter(({ afterMs }) => afterMs <= passedMs);
        // A year after the epoch, before which no clock is set.
        return yearMs + inner.now() + done.reduce((sum, { byMs }) => sum + byMs, 0);
      },
      sleep: (ms, signal) => inner.sleep(ms + lateMs[alarms++ % lateMs.length]!, signal),
      random: inner.random,
    };
  });
}

/** Lets time pass, with looks at the health often enough to see where the clock is. */
async function watch({ runtime, router }: Stage, ms: number): Promise<void> {
  for (const until = runtime.now() + ms; runtime.now() < until;) {
    router.health();
    await runtime.advance(Math.min(10_000, until - runtime.now()));
  }
}

/** Every number is one, and no duration is below zero. */
function checkNumbers(value: unknown, path: string): void {
  if (typeof value === 'number') {
    expect(Number.isFinite(value), path).toBe(true);
    if (path.endsWith('Ms')) expect(value, path).toBeGreaterThanOrEqual(0);
  } else if (typeof value === 'object' && value !== null)
    for (const [key, part] of Object.entries(value)) checkNumbers(part, `${path}.${key}`);
}
