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

export function createInFlight(): InFlight {
  const calls = new Set<Call>();
  const attempts = new Map<string, Set<(reason: unknown) => void>>();
  let waiting: (() => void)[] = [];

  function attemptsAt(targetId: string): Set<(reason: unknown) => void> {
    let cuts = attempts.get(targetId);
    if (!cuts) attempts.set(targetId, (cuts = new Set()));
    return cuts;
  }

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
      const cuts = attemptsAt(targetId);
      cuts.add(cut);
      return () => void cuts.delete(cut);
    },
    cutTarget(targetId, reason) {
      for (const cut of [...attemptsAt(targetId)]) cut(reason);
    },
    cancelCalls(reason) {
      for (const call of [...calls]) call.cancellation.cancel(reason);
    },
    idle: () => (calls.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
