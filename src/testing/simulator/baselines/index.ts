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

function consecutive(runtime: Runtime, limit: number, openMs: number): Memory {
  const states = new Map<SimulatedTarget, { failures: number; openUntil: number; probing: boolean }>();
  const stateOf = (target: SimulatedTarget) => {
    const state = states.get(target) ?? { failures: 0, openUntil: -Infinity, probing: false };
    states.set(target, state);
    return state;
  };
  return {
    mayAsk(target) {
      const { failures, openUntil, probing } = stateOf(target);
      return failures < limit || (runtime.now() >= openUntil && !probing);
    },
    asked(target) {
      const state = stateOf(target);
      if (state.failures >= limit) state.probing = true;
    },
    told(target, ok) {
      const state = stateOf(target);
      state.probing = false;
      state.failures = ok ? 0 : state.failures + 1;
      if (state.failures >= limit) state.openUntil = runtime.now() + openMs;
    },
  };
}

function coolDown(runtime: Runtime, forMs: number): Memory {
  const until = new Map<SimulatedTarget, number>();
  return {
    mayAsk: (target) => runtime.now() >= (until.get(target) ?? -Infinity),
    asked: () => {},
    told(target, ok) {
      if (!ok) until.set(target, runtime.now() + forMs);
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
