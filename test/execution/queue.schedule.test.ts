import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createRouter, isRouterError, type ProviderCall, type RouterEvent } from 'failsoft';
import { scriptedProvider } from 'failsoft/testing';
import { tiedRuntime, type TiedRuntime } from './tied-runtime.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Everything happens at whole ticks, so that much happens at one instant. */
const tickMs = 100;

interface Visit {
  readonly at: number;
  readonly takes: number;
  readonly abortsAfter: number | undefined;
  /** It comes, or aborts, sooner: so many microtasks after that request, while what it has freed is being handed on. */
  readonly comesOnEndOf: Moment | undefined;
  readonly abortsOnEndOf: Moment | undefined;
}

interface Moment {
  /** Counted from the first request on. */
  readonly request: number;
  readonly microtasks: number;
}

/** The operator takes a target out, with its attempts, and back. */
interface Cut {
  readonly at: number;
  readonly target: number;
  readonly ticks: number;
}

interface World {
  readonly visits: readonly Visit[];
  /** Slots of each target. */
  readonly slots: readonly number[];
  readonly queueTicks: number;
  readonly cuts: readonly Cut[];
}

/** One call, as the outside sees it. */
interface Guest {
  readonly arrivedAt: number;
  /** How often it was served, and by whom it is now. */
  served: number;
  at: string | undefined;
  end: string | undefined;
  endedAt: number;
  attempts: number;
  answers: number;
}

async function after(microtasks: number, act: () => void): Promise<void> {
  for (let count = 0; count < microtasks; count += 1) await Promise.resolve();
  act();
}

const textOf = ({ request }: Pick<ProviderCall, 'request'>) => request.messages[0]!.content as string;

function arrange({ slots, queueTicks }: World, runtime: TiedRuntime) {
  /** In the order in which they came. */
  const guests = new Map<number, Guest>();
  const events: RouterEvent[] = [];
  const asked: { target: string; ended: boolean }[] = [];
  const endings: { moment: Moment; act: () => void }[] = [];

  function tellEnd(request: number): void {
    for (const { moment, act } of endings) if (moment.request === request) void after(moment.microtasks, act);
  }
  const targets = slots.map((concurrency, index) => {
    const id = `t${index}`;

    const inner = scriptedProvider(
      ({ request }) => [{ waitMs: Number(textOf({ request }).split(' ')[1]) * tickMs }, { text: 'Done.' }],
      {
        name: id,
        runtime,
        transport: 'stream',
      },
    );
    const provider = {
      ...inner,
      async *stream(call: Parameters<NonNullable<typeof inner.stream>>[0]) {
        const one = { target: id, ended: false };
        const under = () => asked.filter(({ target, ended }) => target === id && !ended).length;
        call.signal.addEventListener('abort', () => (one.ended = true));
        asked.push(one);
        expect(under()).toBeLessThanOrEqual(concurrency);
        seat(Number(textOf(call).split(' ')[0]), id);
        try {
          yield* inner.stream!(call);
        } finally {
          one.ended = true;
          tellEnd(asked.indexOf(one));
        }
      },
    };
    return { id, model: 'm', provider, limits: { concurrency, queueMs: queueTicks * tickMs } };
  });

  /** Who came first is served first: nobody who came before is still waiting for a first slot. */
  function seat(index: number, id: string): void {
    const guest = guests.get(index);
    if (!guest) return;
    for (const [other, { served, end }] of guests) {
      if (other === index || guest.served > 0) break;
      expect({ index, waits: served === 0 && end === undefined ? other : undefined }).toEqual({
        index,
        waits: undefined,
      });
    }
    guest.served += 1;
    guest.at = id;
  }

  const router = createRouter({
    models: { chat: targets },
    retry: 0,
    observers: [(event) => void events.push(event)],
    runtime,
  });
  return { router, guests, events, asked, endings };
}

type Place = ReturnType<typeof arrange>;

async function visit(
  { at, takes, abortsAfter, comesOnEndOf, abortsOnEndOf }: Visit,
  index: number,
  place: Place,
  runtime: TiedRuntime,
) {
  const { router, guests, endings } = place;
  const comes = new AbortController();
  if (comesOnEndOf) endings.push({ moment: comesOnEndOf, act: () => comes.abort() });
  await runtime.sleep(at * tickMs, comes.signal).catch(() => {});
  const controller = new AbortController();
  const timer = new AbortController();
  const guest: Guest = {
    arrivedAt: runtime.now(),
    served: 0,
    at: undefined,
    end: undefined,
    endedAt: NaN,
    attempts: 0,
    answers: 0,
  };
  guests.set(index, guest);
  // From here on it is no longer served.
  const abort = () => {
    guest.end ??= 'aborted';
    controller.abort();
  };
  if (abortsAfter !== undefined) runtime.sleep(abortsAfter * tickMs, timer.signal).then(abort, () => {});
  if (abortsOnEndOf) endings.push({ moment: abortsOnEndOf, act: abort });
  const request = { messages: [{ role: 'user', content: `${index} ${takes}` }] } as const;
  const [code, attempts] = await router.complete(request, { signal: controller.signal }).then(
    (reply) => ['answer', reply.attempts] as const,
    (error: unknown) => {
      if (!isRouterError(error)) throw error;
      return [error.code, error.attempts] as const;
    },
  );
  timer.abort();
  guest.end = code;
  guest.endedAt = runtime.now();
  guest.attempts = attempts.length;
  guest.answers = attempts.filter(({ decision }) => decision === 'answer').length;
}

async function operate({ at, target, ticks }: Cut, { router }: Place, runtime: TiedRuntime): Promise<void> {
  await runtime.sleep(at * tickMs);
  router.disable(`t${target}`, { reason: 'staged', cut: true });
  await runtime.sleep(ticks * tickMs);
  router.enable(`t${target}`);
}

/**
 * Where no operator interferes, nobody waits beside a free slot, and nobody longer than the queue allows: each who joins when its
 * alarm is due puts that off by a millisecond.
 */
function checkUndisturbed({ slots, queueTicks }: World, { guests, asked }: Place, now: number): void {
  const all = [...guests.values()];
  const waiting = all.filter(({ served, end }) => served === 0 && end === undefined);
  const running = asked.filter(({ ended }) => !ended).length;
  const free = slots.reduce((sum, one) => sum + one, 0) - running;
  if (waiting.length > 0) expect(free).toBe(0);
  for (const { arrivedAt } of waiting) expect(now - arrivedAt).toBeLessThan(queueTicks * tickMs + all.length);
}

const moment = fc.record({ request: fc.nat(4), microtasks: fc.nat(40) });

const cuts = fc.array(
  fc.record({ at: fc.nat(6), target: fc.nat(1), ticks: fc.integer({ min: 1, max: 3 }) }),
  {
    maxLength: 2,
  },
);

const worlds: fc.Arbitrary<World> = fc
  .record({
    visits: fc.array(
      fc.record({
        at: fc.nat(5),
        takes: fc.integer({ min: 1, max: 4 }),
        abortsAfter: fc.option(fc.nat(5), { nil: undefined, freq: 3 }),
        comesOnEndOf: fc.option(moment, { nil: undefined, freq: 2 }),
        abortsOnEndOf: fc.option(moment, { nil: undefined, freq: 2 }),
      }),
      { minLength: 2, maxLength: 9 },
    ),
    slots: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 1, maxLength: 2 }),
    queueTicks: fc.constantFrom(2, 4, 100),
    cuts: fc.oneof(fc.constant<Cut[]>([]), cuts),
  })
  .map((world) => ({ ...world, cuts: world.cuts.filter(({ target }) => target < world.slots.length) }));

describe('the queue for a slot', () => {
  it('serves in order, settles each call once and loses no slot, in whatever order one instant happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        worlds,
        fc.scheduler(),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
        async (world, scheduler, pauses) => {
          const runtime = tiedRuntime(scheduler, pauses);
          const place = arrange(world, runtime);
          const { router, guests, events, asked } = place;
          const settled = () => world.cuts.length > 0 || checkUndisturbed(world, place, runtime.now());
          const visits = world.visits.map((one, index) => visit(one, index, place, runtime));
          const operators = world.cuts.map((one) => operate(one, place, runtime));
          await runtime.run(Promise.all([...visits, ...operators]), settled);
          await turn();

          const all = [...guests.values()];
          const of = (type: RouterEvent['type']) => events.filter((event) => event.type === type);
          expect(of('call')).toHaveLength(world.visits.length);
          expect(all.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(of('attempt').length);
          // Who leaves at the last moment has not asked.
          expect(asked.length).toBeLessThanOrEqual(of('attempt').length);
          for (const { end, answers, served, arrivedAt, endedAt } of all) {
            expect(['answer', 'aborted', 'all-targets-failed', 'no-eligible-target']).toContain(end);
            expect(answers).toBe(end === 'answer' ? 1 : 0);
            if (world.cuts.length > 0) continue;
            expect(served).toBeLessThanOrEqual(1);
            if (end !== 'all-targets-failed') continue;
            expect(endedAt - arrivedAt).toBeGreaterThanOrEqual(world.queueTicks * tickMs);
            expect(endedAt - arrivedAt).toBeLessThan(world.queueTicks * tickMs + all.length);
          }
          expect(runtime.pending()).toBe(0);
          for (const { inFlight } of Object.values(router.health().targets)) expect(inFlight).toBe(0);

          // Every slot is there again, for whoever comes now.
          const slots = world.slots.reduce((sum, one) => sum + one, 0);
          const startedAt = runtime.now();
          const last = Array.from({ length: slots }, (_, index) =>
            router.complete({ messages: [{ role: 'user', content: `${100 + index} 1` }] }),
          );
          for (const { latencyMs } of await runtime.run(Promise.all(last))) expect(latencyMs).toBe(tickMs);
          expect(runtime.now()).toBe(startedAt + tickMs);
        },
      ),
      { numRuns: 1_000, seed: 20_260_101 },
    );
  });
});
