import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createRouter, isRouterError, type Completion, type RouterError, type RouterEvent } from 'failsoft';
import { scriptedProvider, type Script } from 'failsoft/testing';
import { tiedRuntime, type TiedRuntime } from './tied-runtime.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Everything happens at whole ticks, so that much happens at one instant. */
const tickMs = 100;

interface Act {
  readonly after: number;
  readonly ends: 'answers' | 'fails' | 'hangs';
  readonly rest: number;
}

interface Visit {
  readonly at: number;
  readonly abortsAfter: number | undefined;
}

/** The operator takes a target out, with its attempts, and back. */
interface Cut {
  readonly at: number;
  readonly target: string;
  readonly ticks: number;
}

interface World {
  readonly acts: Readonly<Record<string, readonly Act[]>>;
  readonly visits: readonly Visit[];
  readonly cuts: readonly Cut[];
  readonly hedgeAfter: number;
  readonly maxShare: number;
}

/** One request to a provider. */
interface Asked {
  readonly call: number;
  readonly target: string;
  readonly says: string;
  readonly from: number;
  firstAt: number | undefined;
  over: number;
}

type End = { reply: Completion; error?: undefined } | { reply?: undefined; error: RouterError };

function scriptOf({ after, ends, rest }: Act, says: string): Script {
  const first = { waitMs: after * tickMs };
  if (ends === 'fails') return [first, { fail: 'server-error' }];
  if (ends === 'hangs') return [first, { hang: true }];
  return [first, { text: 'From ' }, { waitMs: rest * tickMs }, { text: says }];
}

function targetOf(
  id: string,
  acts: readonly Act[],
  { runtime, asked }: { runtime: TiedRuntime; asked: Asked[] },
) {
  const says = (number: number) => `${id}${number}.`;
  const inner = scriptedProvider((_, number) => scriptOf(acts[(number - 1) % acts.length]!, says(number)), {
    name: id,
    runtime,
    transport: 'stream',
  });
  const provider = {
    ...inner,
    async *stream(call: Parameters<NonNullable<typeof inner.stream>>[0]) {
      const request: Asked = {
        call: Number(call.request.messages[0]!.content),
        target: id,
        says: says(inner.calls.length + 1),
        from: runtime.now(),
        firstAt: undefined,
        over: NaN,
      };
      asked.push(request);
      try {
        for await (const event of inner.stream!(call)) {
          request.firstAt ??= runtime.now();
          yield event;
        }
      } finally {
        request.over = runtime.now();
      }
    },
  };
  return { id, model: 'm', provider };
}

/** For what is left of the budget: one that never answers, and one that always does. */
const silent: Act = { after: 1, ends: 'hangs', rest: 1 };
const quick: Act = { after: 0, ends: 'answers', rest: 0 };

function arrange(world: World, runtime: TiedRuntime) {
  const asked: Asked[] = [];
  const events: RouterEvent[] = [];
  const acts = { ...world.acts, silent: [silent], quick: [quick] };
  const router = createRouter({
    models: { chat: Object.entries(acts).map(([id, own]) => targetOf(id, own, { runtime, asked })) },
    hedge: { afterMs: world.hedgeAfter * tickMs, maxShare: world.maxShare },
    timeouts: { firstTokenMs: 5 * tickMs, totalMs: 30 * tickMs },
    retry: 0,
    observers: [(event) => void events.push(event)],
    runtime,
  });
  return { router, asked, events, targets: Object.keys(world.acts) };
}

type Place = ReturnType<typeof arrange>;

async function visit(
  { at, abortsAfter }: Visit,
  index: number,
  { router, targets }: Place,
  runtime: TiedRuntime,
) {
  await runtime.sleep(at * tickMs);
  const controller = new AbortController();
  const timer = new AbortController();
  if (abortsAfter !== undefined)
    runtime.sleep(abortsAfter * tickMs, timer.signal).then(
      () => controller.abort(),
      () => {},
    );
  const request = { messages: [{ role: 'user', content: String(index) }] } as const;
  const end = await router.complete(request, { signal: controller.signal, targets }).then(
    (reply): End => ({ reply }),
    (error: unknown): End => {
      if (!isRouterError(error)) throw error;
      return { error };
    },
  );
  timer.abort();
  return end;
}

async function operate({ at, target, ticks }: Cut, { router }: Place, runtime: TiedRuntime): Promise<void> {
  await runtime.sleep(at * tickMs);
  router.disable(target, { reason: 'staged', cut: true });
  await runtime.sleep(ticks * tickMs);
  router.enable(target);
}

/** What holds of one call, whoever was quicker. */
function check(end: End, { abortsAfter }: Visit, asked: readonly Asked[]): void {
  const { attempts } = end.reply ?? end.error;
  expect(attempts.map(({ target }) => target).sort()).toEqual(asked.map(({ target }) => target).sort());
  expect(attempts.filter(({ decision }) => decision === 'answer')).toHaveLength(end.reply ? 1 : 0);
  if (end.reply) {
    const { text, target } = end.reply;
    expect(asked.filter((one) => text === `From ${one.says}` && one.target === target.id)).toHaveLength(1);
  } else if (end.error.code === 'aborted') expect(abortsAfter).toBeDefined();
  // Whoever is left last may be silent until the end of the whole.
  else expect(['all-targets-failed', 'timeout']).toContain(end.error.code);
  for (const one of asked) {
    expect(one.over).not.toBeNaN();
    const beside = asked.filter((other) => other !== one && other.from < one.over && one.from < other.over);
    expect(beside.length).toBeLessThanOrEqual(2);
    // Whoever begins to answer goes on alone, from the same tick on.
    if (one.firstAt === undefined || one.over === one.firstAt) continue;
    for (const other of beside) expect(other.over <= one.firstAt || other.from >= one.over).toBe(true);
  }
}

/** How many hedges are left, by making them. */
async function drain({ router, events }: Place): Promise<number> {
  const before = events.length;
  const targets = ['silent', 'quick'];
  const refused = () => events.slice(before).some((event) => event.type === 'hedge' && event.refused);
  const request = { messages: [{ role: 'user', content: '-1' }] } as const;
  while (!refused())
    await router.complete(request, {
      targets,
      hedge: { afterMs: tickMs, maxShare: 1e-9 },
      timeouts: { firstTokenMs: 2 * tickMs },
    });
  return hedgesIn(events.slice(before));
}

const hedgesIn = (events: readonly RouterEvent[]) =>
  events.filter((event) => event.type === 'hedge' && !event.refused).length;

const act: fc.Arbitrary<Act> = fc.record({
  after: fc.nat(5),
  ends: fc.constantFrom('answers', 'answers', 'answers', 'fails', 'hangs'),
  rest: fc.integer({ min: 1, max: 3 }),
});
const acts = fc.array(act, { minLength: 1, maxLength: 3 });
const worlds: fc.Arbitrary<World> = fc.record({
  acts: fc.record({ a: acts, b: acts, c: acts }),
  visits: fc.array(
    fc.record({ at: fc.nat(4), abortsAfter: fc.option(fc.nat(6), { nil: undefined, freq: 2 }) }),
    { minLength: 1, maxLength: 4 },
  ),
  cuts: fc.array(
    fc.record({
      at: fc.nat(6),
      target: fc.constantFrom('a', 'b', 'c'),
      ticks: fc.integer({ min: 1, max: 4 }),
    }),
    { maxLength: 2 },
  ),
  hedgeAfter: fc.integer({ min: 1, max: 3 }),
  maxShare: fc.constantFrom(0.25, 0.5, 1),
});

describe('attempts beside each other', () => {
  it('settle once, one alone wins, and nothing is left of the others, in whatever order one instant happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        worlds,
        fc.scheduler(),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
        async (world, scheduler, pauses) => {
          const runtime = tiedRuntime(scheduler, pauses);
          const place = arrange(world, runtime);
          const { router, asked, events } = place;
          const visits = world.visits.map((one, index) => visit(one, index, place, runtime));
          const operators = world.cuts.map((one) => operate(one, place, runtime));
          const [ends] = await runtime.run(Promise.all([Promise.all(visits), Promise.all(operators)]));
          await turn();
          for (const [index, end] of ends.entries())
            check(
              end,
              world.visits[index]!,
              asked.filter(({ call }) => call === index),
            );
          const of = (type: RouterEvent['type']) => events.filter((event) => event.type === type);
          expect(of('call')).toHaveLength(world.visits.length);
          expect(of('attempt')).toHaveLength(asked.length);
          expect(runtime.pending()).toBe(0);
          for (const { inFlight } of Object.values(router.health().targets)) expect(inFlight).toBe(0);
          const attempts = ends.flatMap(({ reply, error }) => (reply ?? error).attempts);
          expect(attempts.filter(({ hedge }) => hedge)).toHaveLength(hedgesIn(events));
          const left = Math.floor(1 + world.maxShare * world.visits.length - hedgesIn(events) + 1e-9);
          expect(await runtime.run(drain(place))).toBe(left);
        },
      ),
      { numRuns: 1_000, seed: 20_260_101 },
    );
  });
});
