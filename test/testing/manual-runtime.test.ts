import { describe, expect, it } from 'vitest';
import { manualRuntime } from '../../src/testing/manual-runtime.ts';

describe('manualRuntime', () => {
  it('stands still until it is told to move', async () => {
    const runtime = manualRuntime({ startAt: 500 });
    let woke = false;
    void runtime.sleep(10).then(() => (woke = true));
    await runtime.advance(9);
    expect([runtime.now(), woke, runtime.pending()]).toEqual([509, false, 1]);
    await runtime.advance(1);
    expect([runtime.now(), woke, runtime.pending()]).toEqual([510, true, 0]);
  });

  it('ends sleeps in the order of their instants, and at those instants', async () => {
    const runtime = manualRuntime();
    const seen: [string, number][] = [];
    const note = (name: string) => () => void seen.push([name, runtime.now()]);
    void runtime.sleep(30).then(note('c'));
    void runtime.sleep(10).then(note('a'));
    void runtime.sleep(20).then(note('b1'));
    void runtime.sleep(20).then(note('b2'));
    await runtime.advance(100);
    expect(seen).toEqual([
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
      ['c', 30],
    ]);
    expect(runtime.now()).toBe(100);
  });

  it('ends a sleep that began while the clock moved, within the same move', async () => {
    const runtime = manualRuntime();
    const seen: number[] = [];
    const loop = async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await runtime.sleep(10);
        seen.push(runtime.now());
      }
    };
    const done = loop();
    await runtime.advance(25);
    expect(seen).toEqual([10, 20]);
    await runtime.advance(5);
    await done;
    expect(seen).toEqual([10, 20, 30]);
  });

  it('lets every promise settle between two sleeps, however many are due', async () => {
    const runtime = manualRuntime();
    const seen: number[] = [];
    const late = async (ms: number) => {
      await runtime.sleep(ms);
      // A long way of promises, all of it at the instant at which the sleep ended.
      for (let step = 0; step < 50; step += 1) await Promise.resolve();
      seen.push(runtime.now());
    };
    const all = Array.from({ length: 500 }, (_, index) => late(index + 1));
    await runtime.advance(250);
    expect(seen).toHaveLength(250);
    await runtime.run(Promise.all(all));
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });

  it('rejects an aborted sleep with the reason and forgets it', async () => {
    const runtime = manualRuntime();
    const controller = new AbortController();
    const slept = runtime.sleep(10, controller.signal);
    const other = runtime.sleep(10);
    controller.abort('enough');
    await expect(slept).rejects.toBe('enough');
    expect(runtime.pending()).toBe(1);
    await runtime.advance(10);
    await other;
    await expect(runtime.sleep(1, controller.signal)).rejects.toBe('enough');
    expect(runtime.pending()).toBe(0);
  });

  it('leaves no listener on a signal whose sleep has ended', async () => {
    const runtime = manualRuntime();
    let listeners = 0;
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => ((listeners += 1), add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => ((listeners -= 1), remove(...args));
    const slept = runtime.sleep(5, signal);
    await runtime.advance(5);
    await slept;
    expect(listeners).toBe(0);
  });

  it('runs work to its end without waiting, whatever it sleeps', async () => {
    const runtime = manualRuntime();
    const work = async () => {
      await runtime.sleep(60_000);
      await runtime.sleep(3_600_000);
      return 'done';
    };
    await expect(runtime.run(work)).resolves.toBe('done');
    expect(runtime.now()).toBe(3_660_000);
  });

  it('moves the clock no further than the work needs', async () => {
    const runtime = manualRuntime();
    const later = runtime.sleep(5_000);
    await runtime.run(runtime.sleep(10));
    expect([runtime.now(), runtime.pending()]).toEqual([10, 1]);
    await runtime.advance(5_000);
    await later;
  });

  it('passes on what the work rejects with', async () => {
    const runtime = manualRuntime();
    const failing = async () => {
      await runtime.sleep(1);
      throw new Error('no luck');
    };
    await expect(runtime.run(failing)).rejects.toThrow('no luck');
  });

  it('says so when nothing is left to wait for', async () => {
    await expect(manualRuntime().run(new Promise(() => {}))).rejects.toThrow('no sleep is left');
  });

  it('says so when time alone never ends the work', async () => {
    const runtime = manualRuntime();
    const forever = async () => {
      for (;;) await runtime.sleep(60_000);
    };
    await expect(runtime.run(forever, { limitMs: 600_000 })).rejects.toThrow('600000 ms of virtual time');
  });

  it('draws the same numbers from the same seed', () => {
    const draw = (seed: number) => {
      const { random } = manualRuntime({ seed });
      return Array.from({ length: 1_000 }, random);
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    const numbers = draw(1);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    expect(numbers.reduce((sum, number) => sum + number, 0) / 1_000).toBeCloseTo(0.5, 1);
  });
});
