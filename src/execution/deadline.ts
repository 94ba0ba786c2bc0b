import { createCrowd, join, membersOf } from '../core/crowd.ts';
import { setAlarm, type Runtime } from '../core/runtime.ts';

/**
 * When a call must have ended: by the time that has been slept since it began. The clock does not decide: it can be set, and an
 * hour forth or back is no hour.
 */
export interface Deadline {
  readonly isOver: boolean;
  /** How much is left as far as the clock can be believed, to judge what is worth while. */
  leftMs(now: number): number;
  /** Called once when it is over, soon where it is over already. Returns how to stop listening. */
  on(listener: () => void): () => void;
  /** The call begins; whoever only plans it never does. Returns how to call it off. */
  start(): () => void;
}

/** More than three weeks are no deadline: no timer of the platform lasts for longer. */
const longestMs = 2 ** 31 - 1;

export function createDeadline(runtime: Runtime, startedAt: number, totalMs: number): Deadline {
  const listeners = createCrowd<() => void>();
  const deadline = {
    isOver: false,
    leftMs(now: number) {
      if (deadline.isOver) return 0;
      const leftMs = startedAt + totalMs - now;
      // The alarm has not rung, or time has run backwards: the clock was set.
      return leftMs > 0 && leftMs <= totalMs ? leftMs : totalMs;
    },
    on(listener: () => void) {
      const tell = () => void (leave() && listener());
      const leave = join(listeners, tell);
      // Never within the call that listens.
      if (deadline.isOver) void Promise.resolve().then(tell);
      return leave;
    },
    start: () => (totalMs > longestMs ? () => {} : setAlarm(runtime, totalMs, ring)),
  };
  function ring(): void {
    deadline.isOver = true;
    for (const tell of membersOf(listeners)) tell();
  }
  return deadline;
}
