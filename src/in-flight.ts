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
  const calls = new Set<Call>();
  const attempts = new Set<AttemptUnderWay>();
  let waiting: (() => void)[] = [];

  return {
    call(call) {
      calls.add(call);
      return () => {
        calls.delete(call);
        if (calls.size > 0) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      };
    },
    attempt(targetId, cut) {
      const attempt = { targetId, cut };
      attempts.add(attempt);
      return () => void attempts.delete(attempt);
    },
    cutTarget(targetId, reason) {
      for (const attempt of [...attempts]) if (attempt.targetId === targetId) attempt.cut(reason);
    },
    cancelCalls(reason) {
      for (const call of [...calls]) call.cancellation.cancel(reason);
    },
    idle: () => (calls.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
