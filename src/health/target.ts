import type { RouterEvent } from '../core/events.ts';
import type { Failure } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Backend, BackendPass } from './backend.ts';
import { createHistory } from './history.ts';
import { createLatency, type Latency } from './latency.ts';
import { createOwnLimits, type LimitBlock, type Taken } from './limits.ts';
import { patienceOf, shortestPatienceMs } from './patience.ts';
import { createPeakEwma } from './peak-ewma.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';
import type {
  AdmitOptions,
  AttemptResult,
  DatedView,
  DisableOptions,
  Permit,
  SilenceJudge,
  TargetHealth,
  TargetLimits,
  TargetRef,
} from './target-health.ts';
import { createTokenEstimate, type TokenDemand, type TokenEstimate } from './token-estimate.ts';
import { createTypicalUsage } from './typical-usage.ts';
import { isEvidence } from './verdict.ts';
import { disabledAt, snapshotOf, viewOf, type TargetState } from './view.ts';
import type { Watched } from './waiting.ts';

/** The `firstTokenMs` of a call that states none. */
const waitForFailureMs = 10_000;
/** Of one that refuses for want of room: so many times what is usual for it. */
const waitsOfTheFull = 2;

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

interface Memory extends TargetState, TargetOptions {
  readonly id: string;
  readonly retryBudget: RetryBudget;
  readonly estimate: TokenEstimate;
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
  const { seen } = memory;
  if (seen !== undefined && now < seen.until && now >= seen.from) return seen;
  return (memory.seen = viewOf(memory, now, expectedOf(memory, demand)));
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
  endDisabling(memory, now);
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

function createPermit(memory: Memory, admitted: Admitted): Permit {
  const { pass } = admitted;
  let watched: Watched | undefined;
  let hasContent = false;
  let hasEnded = false;
  memory.awaitingContent += 1;
  return {
    probe: pass.probe,
    watch(silence) {
      watched = { silence, histories: memory.histories };
      pass.watch(watched);
      return judgeOf(memory, pass, watched);
    },
    firstContent(firstTokenMs) {
      if (hasContent || hasEnded) return;
      hasContent = true;
      memory.awaitingContent -= 1;
      const now = memory.runtime.now();
      const trusted = pass.standing(now) === 'usual';
      memory.firstToken.record(firstTokenMs, now);
      memory.firstTokenPeak.record(firstTokenMs, now);
      pass.firstContent(firstTokenMs, now);
      outdate(memory);
      watched?.histories.firstToken.record(firstTokenMs, now, trusted);
    },
    told(limits) {
      if (!hasEnded) pass.told(limits, memory.runtime.now());
    },
    end(result) {
      if (hasEnded) return;
      hasEnded = true;
      if (!hasContent) memory.awaitingContent -= 1;
      notePeak(memory, result, hasContent);
      endAttempt(memory, { ...admitted, watched }, result);
    },
  };
}

/** Who fails at once must not look fast: a failure counts as the longest wait that a caller has by default. */
function notePeak(
  { firstToken, firstTokenPeak, runtime }: Memory,
  { outcome, durationMs = 0, failure, evidence }: AttemptResult,
  hasContent: boolean,
): void {
  const now = runtime.now();
  if (outcome === 'failure') {
    if (evidence ?? (failure === undefined || isEvidence(failure)))
      firstTokenPeak.record(Math.max(durationMs, waitOf(failure, hasContent, firstToken)), now);
    // Given up before it answered: it would have taken at least as long.
  } else if (outcome !== 'success' && !hasContent && firstTokenPeak.peak() !== undefined)
    firstTokenPeak.record(durationMs, now);
}

/**
 * Who has no room for one more is no slower for those whom it lets in, and says so at once: as a wait it counts for twice
 * what 95 of 100 of its answers take, so that others are asked first for a moment.
 */
function waitOf(failure: Failure | undefined, hasContent: boolean, firstToken: Latency): number {
  const usualMs = firstToken.percentiles()?.p95Ms;
  const isFull = failure?.kind === 'overloaded' && !hasContent && usualMs !== undefined;
  return isFull ? Math.min(waitForFailureMs, waitsOfTheFull * usualMs) : waitForFailureMs;
}

function judgeOf({ backend: { breaker } }: Memory, pass: BackendPass, watched: Watched): SilenceJudge {
  return {
    soonestMs: (now) => shortestPatienceMs(watched, now),
    patience(now) {
      const moment = { now, times: breaker.patience(), overdue: () => breaker.overdue(now) };
      return patienceOf(pass.standing(now), watched, moment);
    },
  };
}

interface Admitted {
  readonly pass: BackendPass;
  readonly taken: Taken;
  readonly demand: TokenDemand | undefined;
}

interface Attempt extends Admitted {
  readonly watched: Watched | undefined;
}

/** As far as is known; undefined: what was reserved. */
function spentBy({ estimate }: Memory, demand: TokenDemand | undefined, result: AttemptResult) {
  const { tokens, writtenTokens, usage } = result;
  if (tokens !== undefined || writtenTokens === undefined) return tokens;
  const inputTokens = usage?.inputTokens ?? (demand ? estimate.inputOf(demand) : 0);
  return inputTokens + Math.max(writtenTokens, usage?.outputTokens ?? 0);
}

function endAttempt(memory: Memory, attempt: Attempt, result: AttemptResult): void {
  const { pass, taken, demand, watched } = attempt;
  const now = memory.runtime.now();
  // First of all, so that nothing that follows can keep the slot.
  taken.settle(spentBy(memory, demand, result));
  if (demand && result.tokens !== undefined && result.usage) memory.estimate.record(demand, result.usage);
  outdate(memory);
  const trusted = pass.standing(now) === 'usual';
  if (result.outcome === 'success' && result.durationMs !== undefined)
    memory.total.record(result.durationMs, now);
  if (result.outcome === 'success' && result.usage !== undefined) memory.typical.record(result.usage);
  pass.end(result, now, memory.id);
  if (watched) remember(watched, result, now, trusted);
}

function remember({ silence, histories }: Watched, result: AttemptResult, now: number, trusted: boolean) {
  if (result.outcome === 'success' && silence.longestGapMs > 0)
    histories.gap.record(silence.longestGapMs, now, trusted);
  // It would have taken longer still. Without it the slow ones would be missing, and health seem faster than it is.
  if (result.outcome === 'outpaced' && !silence.begun)
    histories.firstToken.record(now - silence.since, now, trusted);
}
