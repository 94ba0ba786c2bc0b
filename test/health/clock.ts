import type { RouterEvent } from '../../src/core/events.ts';
import type { Runtime } from '../../src/core/runtime.ts';

/** A clock that tests set, and chance that they choose; whoever sleeps here breaks a promise of this room. */
export interface Clock extends Runtime {
  tick(ms: number): void;
  set(now: number): void;
}

export function createClock(random: () => number = () => 0, startAt = 1_000_000): Clock {
  let now = startAt;
  return {
    now: () => now,
    random,
    sleep: () => Promise.reject(new Error('health sets no timer')),
    tick(ms) {
      now += ms;
    },
    set(instant) {
      now = instant;
    },
  };
}

/** Events of one type, in order. */
export function eventsOf<Type extends RouterEvent['type']>(
  events: readonly RouterEvent[],
  type: Type,
): Extract<RouterEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<RouterEvent, { type: Type }> => event.type === type);
}
