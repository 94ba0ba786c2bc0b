import { createCrowd, isEmpty, join, membersOf } from './core/crowd.ts';
import type { Call } from './execution/call.ts';

/** What is under way in one router: its calls, and its attempts by target. */
export interface InFlight {
  /** Returns how to unregister. */
  call(call: Call): () => void;
  attempt(targetId: string, cut: (reason: unknown) => void): () => void;
  /** Ends the attempts at one target; their calls move on. */
  cutTarget(targetId: string, reason: unknown): void;
  cancelCalls(reason: unknown): void;
  /** Resolves when no call is under way. */
  idle(): Promise<void>;
}

/** Kept without an order by target: to cut one is rare, and a target that is gone leaves nothing behind. */
interface AttemptUnderWay {
  readonly targetId: string;
  readonly cut: (reason: unknown) => void;
}

export function createInFlight(): InFlight {
  const calls = createCrowd<Call>();
  const attempts = createCrowd<AttemptUnderWay>();
  let waiting: (() => void)[] = [];

  return {
    call(call) {
      const leave = join(calls, call);
      return () => {
        leave();
        if (!isEmpty(calls)) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      };
    },
    attempt: (targetId, cut) => join(attempts, { targetId, cut }),
    cutTarget(targetId, reason) {
      for (const attempt of membersOf(attempts)) if (attempt.targetId === targetId) attempt.cut(reason);
    },
    cancelCalls(reason) {
      for (const call of membersOf(calls)) call.cancellation.cancel(reason);
    },
    idle: () => (isEmpty(calls) ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
