import {
  boolean,
  describeProblems,
  name,
  nearest,
  object,
  problemsOf,
  string,
  type Rule,
} from './core/check.ts';
import { zeroOrMore } from './core/check-parts.ts';
import { closedError, operatorError } from './core/errors.ts';
import type { RouterEvent } from './core/events.ts';
import type { Runtime } from './core/runtime.ts';
import type { ExecutionTarget } from './execution/call.ts';
import type { Tracker } from './health/target-health.ts';
import type { InFlight } from './in-flight.ts';
import type { Lineup } from './lineup.ts';
import type { RouterOptions } from './options.ts';
import { probeTarget, type ProbeResult } from './probe.ts';
import type { Provider } from './providers/provider.ts';
import { rotateKey, type Rotations } from './rotate.ts';
import { settle, type Settings } from './settings.ts';

interface DisableOptions {
  readonly forMs?: number | undefined;
  readonly reason?: string | undefined;
  readonly cut?: boolean | undefined;
}

/** What an operator can do with a running router. */
export interface Operations<Model extends string = string> {
  /**
   * Takes a target out of every model, at once. Attempts in flight finish, unless `cut`: then their calls move on.
   *
   * @param options `forMs`: how long, in milliseconds (default: until `enable`) · `reason`: for operators
   * @throws RouterError `bad-request` for an id that no target has
   */
  disable(id: string, options?: DisableOptions): void;
  /**
   * Takes a target back, and forgets why it was held: lockouts and cool-downs end. What holds all models of its provider is
   * tried with this one at once. @throws as `disable`
   */
  enable(id: string): void;
  /** Sends one tiny request to one target, or to each, whatever their state. Costs tokens. @throws as `disable`, `closed` */
  probe(id?: string): Promise<Record<string, ProbeResult>>;
  /**
   * Replaces a provider's key for attempts to come; those in flight finish on the old one.
   *
   * @param provider the provider object, or its name where no other provider object of the router has the same
   * @param options `verify`: ask the provider's first target with the new key first, while all calls still go out with
   *   the old one, and keep the old one where the new one is refused
   * @throws RouterError `bad-request` where there is no such provider, or several of that name, or it was made from a
   *   client that keeps its own key, or has no `withKey` to verify another one; where a later `rotate` was quicker; where a
   *   provider of your own throws; the failure of the new key in `failure` where `verify` refused it
   */
  rotate(provider: Provider | string, key: string, options?: { verify?: boolean | undefined }): Promise<void>;
  /**
   * Takes new options in place of all the old ones; targets that stay keep their health. What is left out is as in
   * `createRouter`, except that `observers` stay until others are named (`[]`: none), and the runtime for good.
   *
   * @throws RouterError `invalid-config`, and nothing changes
   */
  update(options: RouterOptions<Model>): void;
}

export interface OperationParts {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
  readonly inFlight: InFlight;
  readonly tracker: Tracker;
  readonly lineup: () => Lineup;
  readonly replace: (settings: Settings) => void;
  readonly isClosed: () => boolean;
}

const disableRule = object({ forMs: zeroOrMore, reason: string, cut: boolean });
const rotateRule = object({ verify: boolean });
const closeRule = object({ graceMs: zeroOrMore });

/** A mistyped time must not leave a target in service that somebody wanted out of it. */
function check(rule: Rule, value: unknown, path: string): void {
  const problems = problemsOf(rule, value, path);
  if (problems.length > 0) throw operatorError(describeProblems(problems));
}

/** @throws RouterError `bad-request` */
export function checkClose(options: unknown): void {
  check(closeRule, options, 'close');
}

export function createOperations(parts: OperationParts): Operations {
  const { runtime, inFlight, tracker } = parts;
  const rotations: Rotations = { begun: 0, applied: new WeakMap() };

  function find(id: string): ExecutionTarget {
    const { targets } = parts.lineup();
    const target = targets.get(id);
    if (target) return target;
    const hint = nearest(String(id), [...targets.keys()]);
    throw operatorError(`no target has the id '${id}'${hint ? `; did you mean '${hint}'?` : ''}`);
  }

  async function probe(id?: string): Promise<Record<string, ProbeResult>> {
    if (parts.isClosed()) throw closedError();
    const targets = id === undefined ? [...parts.lineup().targets.values()] : [find(id)];
    const results = await Promise.all(targets.map((target) => probeTarget(target, 'probe', parts)));
    return Object.fromEntries(targets.map((target, index) => [target.id, results[index] as ProbeResult]));
  }

  return {
    disable(id, options = {}) {
      const target = find(id);
      check(disableRule, options, 'disable');
      const { forMs, reason, cut = false } = options;
      const until = forMs === undefined ? undefined : runtime.now() + forMs;
      target.health.disable({ until, reason });
      if (cut) inFlight.cutTarget(id, new Error(reason ?? 'disabled'));
    },
    enable: (id) => find(id).health.enable(),
    probe,
    async rotate(provider, key, options = {}) {
      check(name, key, 'rotate.key');
      check(rotateRule, options, 'rotate');
      const { verify = false } = options;
      rotations.begun += 1;
      await rotateKey({ provider, key, verify }, { ...rotations }, parts);
    },
    update(options) {
      const settings = settle(options);
      const kept = parts.lineup().targets;
      parts.replace(settings);
      for (const id of kept.keys()) if (!parts.lineup().targets.has(id)) tracker.forget(id);
    },
  };
}
