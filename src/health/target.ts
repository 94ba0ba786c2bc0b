import type { RouterEvent } from '../core/events.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Backend } from './backend.ts';
import { createHistory } from './history.ts';
import { createLatency } from './latency.ts';
import { createOwnLimits, type LimitBlock } from './limits.ts';
import { createPermit, type PermitState } from './permit.ts';
import { createPeakEwma } from './peak-ewma.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import { snapshotOf } from './snapshot.ts';
import type {
  AdmitOptions,
  DatedView,
  DisableOptions,
  Permit,
  TargetHealth,
  TargetLimits,
  TargetRef,
} from './target-health.ts';
import { disabledAt } from './target-state.ts';
import { createTokenEstimate, type TokenDemand } from './token-estimate.ts';
import { createTypicalUsage } from './typical-usage.ts';
import { viewOf } from './view.ts';

export interface Target {
  readonly health: TargetHealth;
  setLimits(limits: TargetLimits | undefined): void;
  /** Lets go of the backend. */
  leave(): void;
}

export interface TargetOptions {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
  readonly backend: Backend;
}

interface Memory extends PermitState, TargetOptions {
  readonly retryBudget: RetryBudget;
  /** Who waits for the target to come free. */
  readonly waiting: Set<() => void>;
  /** The latest view, used again while nothing has changed: most calls see most targets as the call before did. */
  seen: DatedView | undefined;
}

/** One target: what belongs to its id, on top of what it shares with others. */
export function createTarget({ id, limits }: TargetRef, options: TargetOptions): Target {
  const memory: Memory = {
    ...options,
    id,
    limits: createOwnLimits(),
    retryBudget: createRetryBudget(),
    estimate: createTokenEstimate(),
    waiting: new Set(),
    firstToken: createLatency(),
    firstTokenPeak: createPeakEwma(),
    total: createLatency(),
    typical: createTypicalUsage(),
    histories: { firstToken: createHistory(), gap: createHistory() },
    disabled: undefined,
    awaitingContent: 0,
    seen: undefined,
    outdate: () => outdate(memory),
  };
  const { backend, runtime } = options;
  const watcher = () => outdate(memory);
  backend.watchers.add(watcher);
  function setLimits(next: TargetLimits | undefined): void {
    memory.limits.set(next);
    outdate(memory);
  }
  setLimits(limits);
  return {
    setLimits,
    leave: () => void backend.watchers.delete(watcher),
    health: {
      id,
      view: (now, demand) => view(memory, now, demand),
      admit: (admitOptions) => admit(memory, admitOptions),
      refused: (now) => backend.learnt.at(now),
      hasAnswered: () => !memory.firstToken.isEmpty(),
      payExtra: (now) => memory.retryBudget.pay(now),
      giveBackExtra: (paidAt, now) => memory.retryBudget.giveBack(paidAt, now),
      watch(onChange) {
        memory.waiting.add(onChange);
        return () => void memory.waiting.delete(onChange);
      },
      disable: (disableOptions) => disable(memory, disableOptions ?? {}),
      enable: () => enable(memory),
      clearLockout: () => backend.clearLockout(),
      learn: (feature) => backend.learn(feature, runtime.now()),
      firstTokenMsAt: (share) => memory.histories.firstToken.at(share),
      askedAt: () => backend.askedAt(),
      needsProbe: (now) => backend.needsProbe(now),
      snapshot: (now) => snapshotOf(memory, now),
    },
  };
}

function view(memory: Memory, now: number, demand: TokenDemand | undefined): DatedView {
  const { seen, backend } = memory;
  const tokens = expectedOf(memory, demand);
  const holds = seen !== undefined && now < seen.until && now >= seen.from;
  if (holds && !backend.vendor.block(now, tokens)) return seen;
  return (memory.seen = viewOf(memory, now, tokens));
}

/** Ends the latest view, wherever it is held. */
function outdate({ seen, waiting }: Memory): void {
  if (waiting.size > 0) for (const tell of [...waiting]) tell();
  if (seen === undefined) return;
  seen.until = -Infinity;
  seen.isLasting = false;
}

function disable(memory: Memory, { until, reason }: DisableOptions): void {
  memory.disabled = { until: until ?? Infinity, reason };
  tell(memory, 'disabled', { reason, until });
}

function enable(memory: Memory): void {
  memory.disabled = undefined;
  outdate(memory);
  memory.backend.invite(memory.runtime.now());
  tell(memory, 'enabled', {});
}

/** The time of a `disable` is over: told by the next attempt, because no timer runs. */
function endDisabling(memory: Memory, now: number): void {
  if (memory.disabled === undefined || disabledAt(memory, now)) return;
  memory.disabled = undefined;
  tell(memory, 'enabled', { reason: 'its time is over' });
}

function tell(memory: Memory, action: 'disabled' | 'enabled', more: DisableOptions): void {
  outdate(memory);
  memory.emit({ type: 'target', at: memory.runtime.now(), target: memory.id, action, ...more });
}

/** How many tokens it is expected to take; 0: nobody has asked. */
function expectedOf({ estimate }: Memory, demand: TokenDemand | undefined): number {
  return demand === undefined ? 0 : estimate.of(demand);
}

function admit(memory: Memory, { lastResort, demand, extra }: AdmitOptions): Permit | undefined {
  const now = memory.runtime.now();
  const tokens = expectedOf(memory, demand);
  // What is told now comes before the limits are looked at: an observer may make a call at once.
  endDisabling(memory, now);
  memory.backend.breaker.catchUp(now);
  const { limits, retryBudget } = memory;
  if (memory.disabled || isKeptAway(limits.block(now, tokens), now, lastResort)) return undefined;
  const pass = memory.backend.enter(now, { lastResort, tokens });
  if (pass === undefined) return undefined;
  if (!extra) retryBudget.earn(now);
  outdate(memory);
  return createPermit(memory, { pass, taken: limits.take(now, tokens), demand });
}

function isKeptAway(block: LimitBlock | undefined, now: number, lastResort: boolean): boolean {
  return block !== undefined && !(lastResort && (block.lastResortAt ?? Infinity) <= now);
}
