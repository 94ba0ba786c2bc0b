import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualRuntime } from 'failsoft/testing';
import { createQueue, createWaitingList, longestQueue } from '../../src/execution/queue.ts';

/** Slots by name, and who is told when one is given back. */
function setUp(slots: Record<string, number> = { x: 0, y: 0 }) {
  const runtime = manualRuntime();
  const listeners = new Set<() => void>();
  const free = new Map(Object.entries(slots));
  const queue = createQueue({
    list: createWaitingList(runtime),
    watch(onChange) {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
  });
  const give = (name: string) => {
    free.set(name, (free.get(name) ?? 0) + 1);
    for (const tell of [...listeners]) tell();
  };
  const join = (wants: readonly string[], patienceMs = 1_000, size = 1) => {
    const until = runtime.now() + patienceMs;
    return queue.join<string>({
      isTimed: false,
      take(isClaimed) {
        const name = wants.find((one) => !isClaimed(one) && (free.get(one) ?? 0) >= size);
        if (name !== undefined) free.set(name, free.get(name)! - size);
        return name;
      },
      outlook: () => (runtime.now() < until ? { claims: wants, lookAgainAt: until } : undefined),
    });
  };
  return { runtime, listeners, free, queue, give, join };
}

describe('the queue of a model', () => {
  it('serves at once where there is something to be had, and listens to nobody then', async () => {
    const { queue, join, listeners, runtime } = setUp({ x: 1 });
    expect(await join(['x']).done).toBe('x');
    expect([queue.isEmpty(), listeners.size, runtime.pending()]).toEqual([true, 0, 0]);
  });

  it('has one alarm and one listener, however many wait, and none once they have left', async () => {
    const { queue, join, listeners, runtime } = setUp();
    const waiting = [1, 2, 3].map(() => join(['x']));
    expect([listeners.size, runtime.pending()]).toEqual([1, 1]);
    for (const { leave } of waiting) leave();
    await runtime.advance(0);
    expect([queue.isEmpty(), listeners.size, runtime.pending()]).toEqual([true, 0, 0]);
  });

  it('lets nobody wait for longer than it may, however many come meanwhile', async () => {
    const { join, runtime } = setUp();
    let gaveUpAt = 0;
    void join(['x'], 10).done.then(() => (gaveUpAt = runtime.now()));
    await runtime.advance(9.5);
    for (let comers = 0; comers < 10; comers += 1) {
      join(['x'], 1_000);
      await runtime.advance(0.3);
    }
    expect(gaveUpAt).toBe(10);
  });

  it('keeps what is free for one who needs more of it and came first, and gives the rest to others', async () => {
    const { join, give, runtime } = setUp();
    const served: string[] = [];
    const waits = (name: string, wants: string[], size: number) =>
      void join(wants, 1_000, size).done.then((got) => served.push(`${name} ${got}`));
    waits('large', ['x'], 2);
    waits('small', ['x'], 1);
    waits('other', ['x', 'y'], 1);
    give('x');
    give('y');
    await runtime.advance(0);
    expect(served).toEqual(['other y']);
    give('x');
    await runtime.advance(0);
    expect(served).toEqual(['other y', 'large x']);
    give('x');
    await runtime.advance(0);
    expect(served).toEqual(['other y', 'large x', 'small x']);
  });

  it('is full at some length', async () => {
    const { join, runtime } = setUp();
    for (let count = 0; count < longestQueue; count += 1) void join(['x']);
    expect(await join(['x']).done).toBeUndefined();
    await runtime.advance(1_000);
  });

  it('goes on where code of the host’s own throws for one who waits', async () => {
    const { queue, join, give } = setUp();
    const broken = queue.join({
      isTimed: false,
      take: () => {
        throw new Error('a clock that fails');
      },
      outlook: () => undefined,
    });
    await expect(broken.done).rejects.toThrow('a clock that fails');
    const next = join(['x']);
    give('x');
    expect(await next.done).toBe('x');
  });

  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('join' as const), wants: wishes(), patienceMs: fc.nat(2_000) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('give' as const), name: fc.constantFrom('x', 'y', 'z') }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), pick: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.nat(800) }) },
  );

  it('never hands out more than there is, lets nobody overtake at what both want, and leaves no slot unused that somebody could have', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const stage = setUp();
        const { runtime, free, queue } = stage;
        const waiting: { wants: readonly string[]; leave: () => void }[] = [];
        for (const next of steps) {
          if (next.do === 'join') {
            const { done, leave } = stage.join(next.wants, next.patienceMs);
            const entry = { wants: next.wants, leave };
            waiting.push(entry);
            void done.then((name) => {
              const earlier = waiting.slice(0, waiting.indexOf(entry));
              if (name !== undefined) expect(earlier.filter(({ wants }) => wants.includes(name))).toEqual([]);
              waiting.splice(waiting.indexOf(entry), 1);
            });
          }
          if (next.do === 'give') stage.give(next.name);
          if (next.do === 'leave') waiting[next.pick % (waiting.length || 1)]?.leave();
          await runtime.advance(next.do === 'tick' ? next.ms : 0);
          for (const [name, slots] of free) {
            expect(slots).toBeGreaterThanOrEqual(0);
            if (slots > 0) expect(waiting.filter(({ wants }) => wants.includes(name))).toEqual([]);
          }
          expect(queue.isEmpty()).toBe(waiting.length === 0);
        }
        await runtime.advance(2_000);
        expect([waiting.length, stage.listeners.size, runtime.pending()]).toEqual([0, 0, 0]);
      }),
      { numRuns: 1_000 },
    );
  });
});

function wishes() {
  return fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 3 });
}
