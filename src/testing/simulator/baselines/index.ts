import type { Runtime } from '../../../core/runtime.ts';
import type { SimulatedParts, SimulatedRouter, SimulatedTarget } from '../simulate.ts';
import { forgetful, loopOver, type Memory } from './loop.ts';

/** What `simulate` takes as its router. */
export type MakeSimulatedRouter = (parts: SimulatedParts) => SimulatedRouter;

const sdkRetries = 2;
const firstTokenMs = 10_000;

/** One provider by its SDK, nothing else; the SDK's own two retries. */
function bare(parts: SimulatedParts): SimulatedRouter {
  return loopOver(parts, 1, { runtime: parts.runtime, retries: sdkRetries }, forgetful);
}

/** The loop that most people write: try one SDK call after the other, each with the SDK's own two retries and no timer. */
function fallbackLoop(parts: SimulatedParts): SimulatedRouter {
  return loopOver(
    parts,
    parts.models.chat.length,
    { runtime: parts.runtime, retries: sdkRetries },
    forgetful,
  );
}

/**
 * A loop with a breaker for each target that opens for 30 s after 5 failures in a row, and then lets one call try; SDK
 * retries off, 10 s until the first token. When all are open, an error at once.
 */
function consecutiveBreaker(parts: SimulatedParts): SimulatedRouter {
  const settings = { runtime: parts.runtime, retries: 0, firstTokenMs };
  return loopOver(parts, parts.models.chat.length, settings, consecutive(parts.runtime, 5, 30_000));
}

/** A loop that leaves a target out for 5 s after each failure, and then takes it back in full; otherwise the same. */
function fixedCoolDown(parts: SimulatedParts): SimulatedRouter {
  const settings = { runtime: parts.runtime, retries: 0, firstTokenMs };
  return loopOver(parts, parts.models.chat.length, settings, coolDown(parts.runtime, 5_000));
}

/** As the usual libraries have it: while it is open, what was under way before changes nothing. */
function consecutive(runtime: Runtime, limit: number, openMs: number): Memory {
  const states = new Map<SimulatedTarget, { failures: number; openUntil?: number; probing: boolean }>();
  return {
    ask(target) {
      const state = states.get(target) ?? { failures: 0, probing: false };
      states.set(target, state);
      const isProbe = state.openUntil !== undefined;
      if (isProbe && (state.probing || runtime.now() < (state.openUntil ?? 0))) return undefined;
      state.probing = isProbe;
      return (ok) => {
        if (state.openUntil !== undefined && !isProbe) return;
        state.failures = ok ? 0 : state.failures + 1;
        state.probing = false;
        state.openUntil = state.failures >= limit ? runtime.now() + openMs : undefined;
      };
    },
  };
}

function coolDown(runtime: Runtime, forMs: number): Memory {
  const until = new Map<SimulatedTarget, number>();
  return {
    ask(target) {
      if (runtime.now() < (until.get(target) ?? -Infinity)) return undefined;
      return (ok) => void (ok || until.set(target, runtime.now() + forMs));
    },
  };
}

/** What people do without failsoft, to be put under the same test: `simulate({ scenario, router: baselines.bare })`. */
export const baselines = {
  bare,
  fallbackLoop,
  consecutiveBreaker,
  fixedCoolDown,
} as const satisfies Record<string, MakeSimulatedRouter>;
