import { call, totalMs, type Callers, type Seen } from './callers.ts';

/** What came of the calls so far. */
export interface Tally {
  readonly calls: number;
  readonly outcomes: ReadonlyMap<Seen, number>;
  /** Calls that have not settled. */
  readonly open: number;
}

/** Calls that come by chance, whether or not earlier ones were answered. */
export interface Traffic {
  /** Lets calls come for so long. */
  flow(ms: number): Promise<void>;
  /** Waits until every call has settled; whether all did within the longest time that a call may take. */
  rest(): Promise<boolean>;
  tally(): Tally;
}

const graceMs = 2_000;

export function createTraffic(callers: Callers, callsPerSecond: number): Traffic {
  const { runtime, random } = callers;
  const outcomes = new Map<Seen, number>();
  const open = new Set<Promise<void>>();
  let calls = 0;

  function begin(): void {
    calls += 1;
    const done = call(calls, callers).then((seen) => {
      outcomes.set(seen, (outcomes.get(seen) ?? 0) + 1);
      open.delete(done);
    });
    open.add(done);
  }

  return {
    async flow(ms) {
      const until = runtime.now() + ms;
      let next = runtime.now();
      for (;;) {
        next += (-Math.log(1 - random()) / callsPerSecond) * 1000;
        if (next > until) break;
        // A timer that fires late is made up for: the rate does not depend on how busy the machine is.
        if (next > runtime.now()) await runtime.sleep(next - runtime.now());
        begin();
      }
    },
    async rest() {
      const timer = new AbortController();
      const late = runtime.sleep(totalMs + graceMs, timer.signal).then(
        () => false,
        () => true,
      );
      const settled = Promise.all(open).then(() => true);
      const isAtRest = await Promise.race([settled, late]);
      timer.abort();
      return isAtRest;
    },
    tally: () => ({ calls, outcomes, open: open.size }),
  };
}
