import { setImmediate as turn } from 'node:timers/promises';
import type fc from 'fast-check';
import type { Runtime } from 'failsoft';

interface Sleep {
  readonly at: number;
  readonly end: () => void;
  isScheduled: boolean;
}

export interface TiedRuntime extends Runtime {
  /** Moves the clock from sleep to sleep until the work is done; `settled` is called before the clock moves on. */
  run<T>(work: Promise<T>, settled?: () => void): Promise<T>;
  pending(): number;
}

/**
 * A clock on which what falls due at one instant ends in an order made by chance (a scheduler of fast-check picks), and at times
 * before what the one before it has set off is over.
 */
export function tiedRuntime(scheduler: fc.Scheduler, pauses: readonly boolean[]): TiedRuntime {
  const sleeps = new Set<Sleep>();
  let now = 0;
  let picked = 0;

  function scheduleDue(): void {
    for (const sleep of sleeps) {
      if (sleep.at > now || sleep.isScheduled) continue;
      sleep.isScheduled = true;
      void scheduler.schedule(Promise.resolve(), 'alarm').then(sleep.end);
    }
  }

  function moveOn(): void {
    const next = Math.min(...[...sleeps].map(({ at }) => at));
    if (next === Infinity)
      throw new Error('the work is not done, and nothing is left that it could wait for');
    now = Math.max(now, next);
  }

  return {
    now: () => now,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const over = () => {
          sleeps.delete(sleep);
          signal?.removeEventListener('abort', onAbort);
        };
        const onAbort = () => (over(), reject(signal?.reason as Error));
        const end = () => sleeps.has(sleep) && (over(), resolve());
        const sleep: Sleep = { at: now + Math.max(0, ms), end, isScheduled: false };
        sleeps.add(sleep);
        signal?.addEventListener('abort', onAbort);
      }),
    pending: () => sleeps.size,
    async run(work, settled = () => {}) {
      let isDone = false;
      const done = () => void (isDone = true);
      work.then(done, done);
      while (!isDone) {
        scheduleDue();
        if (scheduler.count() === 0) {
          await turn();
          scheduleDue();
        }
        if (isDone) break;
        if (scheduler.count() === 0) {
          settled();
          moveOn();
          scheduleDue();
        }
        await scheduler.waitNext(1);
        picked += 1;
        if (pauses[picked % pauses.length]) await turn();
      }
      return work;
    },
  };
}
