import { setImmediate as queueTurn } from 'node:timers';
import type { Runtime } from '../core/runtime.ts';

/** Where a manual clock starts, and its seed. */
export interface ManualRuntimeOptions {
  /** The first instant, in epoch milliseconds. @default 0 */
  startAt?: number | undefined;
  /** The same seed gives the same numbers. @default 1 */
  seed?: number | undefined;
}

/** How far `run` may move the clock. */
export interface RunOptions {
  /** How much virtual time may pass before `run` gives up, in milliseconds. @default 86_400_000 (a day) */
  limitMs?: number | undefined;
}

/** A Runtime whose clock a test moves. */
export interface ManualRuntime extends Runtime {
  /**
   * Moves the clock on by `ms` milliseconds and ends the sleeps that fall due, in order of their instants (those of one
   * instant in the order in which they began). Promises settle between any two of them, so that a sleep which begins
   * within that time also ends within it.
   */
  advance(ms: number): Promise<void>;
  /**
   * Moves the clock from sleep to sleep until the promise settles, and settles like it. Rejects when no sleep is left
   * that could bring it to an end. For code that waits on nothing but its Runtime: a socket is slower than this clock.
   */
  run<T>(work: PromiseLike<T> | (() => PromiseLike<T> | T), options?: RunOptions): Promise<T>;
  /** Sleeps that have neither ended nor been aborted. */
  pending(): number;
}

/** Turns of the event loop in which nothing happens, before it is taken that nothing will. */
const idleTurns = 3;
const dayMs = 86_400_000;

/**
 * A clock that stands still until it is told to move, sleeps on that clock, and random numbers from a seed
 * (mulberry32, which is enough for shares and jitter and of no use for secrets).
 *
 * @example
 * const runtime = manualRuntime({ seed: 7 });
 * const router = createRouter({ models, runtime });
 * const reply = await runtime.run(() => router.complete(request));   // no real waiting, whatever the timeouts are
 */
export function manualRuntime({ startAt = 0, seed = 1 }: ManualRuntimeOptions = {}): ManualRuntime {
  const sleeps = sleepQueue();
  let now = startAt;

  /** Ends the first sleep that is due by then; whether there was one. */
  const endNext = (until: number): boolean => {
    const next = sleeps.takeDue(until);
    if (!next) return false;
    now = Math.max(now, next.at);
    next.end();
    return true;
  };

  const advance = async (ms: number): Promise<void> => {
    if (!(ms >= 0)) throw new RangeError(`advance: expected milliseconds ≥ 0, got ${ms}`);
    const until = now + ms;
    await eachTurn(() => (endNext(until) ? 'busy' : 'done'));
    now = Math.max(now, until);
  };

  const run = async <T>(
    work: PromiseLike<T> | (() => PromiseLike<T> | T),
    { limitMs = dayMs }: RunOptions = {},
  ): Promise<T> => {
    const promise = Promise.resolve(typeof work === 'function' ? work() : work);
    let isSettled = false;
    const settle = () => void (isSettled = true);
    promise.then(settle, settle);
    const until = now + limitMs;
    let idle = 0;
    await eachTurn(() => {
      if (isSettled) return 'done';
      if (endNext(until)) {
        idle = 0;
        return 'busy';
      }
      idle += 1;
      return idle > idleTurns ? 'done' : 'idle';
    });
    if (!isSettled) throw new Error(whyStuck(sleeps.size(), limitMs));
    return promise;
  };

  return {
    now: () => now,
    sleep: (ms, signal) => sleeps.add(now + Math.max(ms, 0), signal),
    random: seededRandom(seed),
    advance,
    run,
    pending: () => sleeps.size(),
  };
}

/** So many turns are queued at once. */
const mostTurnsAtOnce = 64;

/**
 * Takes one step in each turn until one says `done`; all promises settle between any two. Turns are queued in ever
 * larger batches, because one queued by itself costs a whole round of the event loop, ten times as much; while nothing
 * happens they are queued one by one, so that whatever else the process does has its round.
 */
function eachTurn(step: () => 'busy' | 'idle' | 'done'): Promise<void> {
  return new Promise((resolve) => {
    let batch: object | undefined;
    const queue = (size: number): void => {
      const own = {};
      batch = own;
      let left = size;
      const turn = () => {
        if (batch !== own) return;
        const outcome = step();
        left -= 1;
        if (outcome === 'done') {
          batch = undefined;
          resolve();
        } else if (outcome === 'idle') queue(1);
        else if (left === 0) queue(Math.min(size * 2, mostTurnsAtOnce));
      };
      for (let count = 0; count < size; count += 1) queueTurn(turn);
    };
    queue(1);
  });
}

function whyStuck(pending: number, limitMs: number): string {
  if (pending === 0)
    return 'run: the promise has not settled, and no sleep is left that it could be waiting for';
  return `run: the promise has not settled after ${limitMs} ms of virtual time (${pending} sleeps pending)`;
}

interface Sleep {
  readonly at: number;
  readonly order: number;
  readonly end: () => void;
}

/** Sleeps in order of their instants. */
function sleepQueue() {
  const queue: Sleep[] = [];
  let order = 0;
  const placeOf = (sleep: Pick<Sleep, 'at' | 'order'>): number => {
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = queue[middle] as Sleep;
      if (other.at < sleep.at || (other.at === sleep.at && other.order < sleep.order)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    size: () => queue.length,
    /** Takes the first sleep out if it is due by then. */
    takeDue: (until: number): Sleep | undefined => {
      const first = queue[0];
      return first && first.at <= until ? queue.shift() : undefined;
    },
    add: (at: number, signal: AbortSignal | undefined): Promise<void> =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          queue.splice(placeOf(sleep), 1);
          reject(signal?.reason);
        };
        const end = () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const sleep: Sleep = { at, order: order++, end };
        queue.splice(placeOf(sleep), 0, sleep);
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };
}

/** mulberry32: small, quick, and the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
