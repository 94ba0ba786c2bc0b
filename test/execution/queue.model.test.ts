import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createRouter, isRouterError, type Router } from 'failsoft';
import { manualRuntime, scriptedProvider, type ManualRuntime } from 'failsoft/testing';

vi.setConfig({ testTimeout: 120_000 });

interface Visit {
  readonly at: number;
  readonly takesMs: number;
  /** From its beginning. */
  readonly abortsAfterMs: number;
}

interface Place {
  /** Slots of each target, in the order in which they are taken. */
  readonly slots: readonly number[];
  readonly queueMs: number;
}

/** What became of a visit: who served it and from when, and its end. */
interface Fate {
  target?: string;
  startedAt?: number;
  endedAt: number;
  ends: 'answer' | 'aborted' | 'all-targets-failed';
}

/**
 * First come, first served, told once more: a list of who waits, and one step for each thing that happens. Undefined where
 * two things happen at one instant: which of them is first would be nobody's promise.
 */
function fatesOf(visits: readonly Visit[], { slots, queueMs }: Place): Fate[] | undefined {
  const fates: Fate[] = visits.map(() => ({ endedAt: NaN, ends: 'answer' }));
  const taken = slots.map(() => 0);
  const waiting: number[] = [];
  const running = new Set<number>();
  const agenda = visits.map(({ at }, index) => ({ at, does: () => arrive(index) }));

  const instants: number[] = [];

  function start(index: number, now: number): boolean {
    const target = taken.findIndex((count, at) => count < slots[at]!);
    if (target < 0) return false;
    taken[target]! += 1;
    running.add(index);
    Object.assign(fates[index]!, { target: `t${target}`, startedAt: now });
    agenda.push({ at: now + visits[index]!.takesMs, does: () => leave(index, 'answer') });
    return true;
  }
  function arrive(index: number): void {
    const { at, abortsAfterMs } = visits[index]!;
    instants.push(at);
    agenda.push({ at: at + abortsAfterMs, does: () => leave(index, 'aborted') });
    if (waiting.length === 0 && start(index, at)) return;
    if (queueMs === 0) return void Object.assign(fates[index]!, { ends: 'all-targets-failed', endedAt: at });
    waiting.push(index);
    agenda.push({
      at: at + queueMs,
      does: () => waiting.includes(index) && leave(index, 'all-targets-failed'),
    });
  }
  function leave(index: number, ends: Fate['ends']): void {
    if (!running.has(index) && !waiting.includes(index)) return;
    instants.push(now);
    Object.assign(fates[index]!, { ends, endedAt: now });
    if (waiting.includes(index)) return void waiting.splice(waiting.indexOf(index), 1);
    running.delete(index);
    taken[Number(fates[index]!.target!.slice(1))]! -= 1;
    if (waiting.length > 0 && start(waiting[0]!, now)) waiting.shift();
  }

  let now = 0;
  while (agenda.length > 0) {
    agenda.sort((one, other) => one.at - other.at);
    const next = agenda.shift()!;
    now = next.at;
    next.does();
  }
  return new Set(instants).size === instants.length ? fates : undefined;
}

async function visit(
  { at, takesMs, abortsAfterMs }: Visit,
  router: Router,
  runtime: ManualRuntime,
): Promise<Fate> {
  await runtime.sleep(at);
  const controller = new AbortController();
  const timer = new AbortController();
  runtime.sleep(abortsAfterMs, timer.signal).then(
    () => controller.abort(),
    () => {},
  );
  const request = { messages: [{ role: 'user', content: String(takesMs) }] } as const;
  const end = await router.complete(request, { signal: controller.signal, retry: 0 }).then(
    ({ attempts }) => ({ ends: 'answer' as const, attempts }),
    (error: unknown) => {
      if (!isRouterError(error)) throw error;
      return { ends: error.code as Fate['ends'], attempts: error.attempts };
    },
  );
  timer.abort();
  const [attempt] = end.attempts;
  return {
    ...(attempt && { target: attempt.target, startedAt: attempt.startedAt }),
    endedAt: runtime.now(),
    ends: end.ends,
  };
}

function routerOf({ slots, queueMs }: Place, runtime: ManualRuntime): Router {
  const targets = slots.map((concurrency, index) => ({
    id: `t${index}`,
    model: 'm',
    limits: { concurrency, queueMs },
    provider: scriptedProvider(
      ({ request }) => [{ waitMs: Number(request.messages[0]!.content) }, { text: 'Done.' }],
      { name: `p${index}`, runtime },
    ),
  }));
  return createRouter({ models: { chat: targets }, runtime });
}

const visits = fc.array(
  fc.record({
    at: fc.nat(4_000),
    takesMs: fc.integer({ min: 1, max: 1_500 }),
    abortsAfterMs: fc.oneof(
      { weight: 3, arbitrary: fc.constant(60_000) },
      { weight: 1, arbitrary: fc.nat(2_000) },
    ),
  }),
  { minLength: 1, maxLength: 14, size: 'max' },
);

const places: fc.Arbitrary<Place> = fc.record({
  slots: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 2 }),
  queueMs: fc.constantFrom(0, 700, 1_000, 30_000),
});

describe('the queue for a slot', () => {
  it('serves whom its reference serves, at the same instant, whoever leaves it meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(visits, places, async (given, place) => {
        const fates = fatesOf(given, place);
        fc.pre(fates !== undefined);
        const runtime = manualRuntime();
        const router = routerOf(place, runtime);
        const seen = await runtime.run(Promise.all(given.map((one) => visit(one, router, runtime))));
        expect(seen).toEqual(fates);
        expect(runtime.pending()).toBe(0);
      }),
      { numRuns: 1_000, seed: 20_260_101 },
    );
  });
});
