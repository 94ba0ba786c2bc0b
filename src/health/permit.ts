import type { Failure } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import type { BackendPass } from './backend-pass.ts';
import type { Latency } from './latency.ts';
import type { Taken } from './limits.ts';
import { patienceOf, shortestPatienceMs } from './patience.ts';
import type { AttemptResult, Permit, SilenceJudge } from './target-health.ts';
import type { TargetState } from './target-state.ts';
import type { TokenDemand, TokenEstimate } from './token-estimate.ts';
import { isEvidence } from './verdict.ts';
import type { Watched } from './waiting.ts';

/** The `firstTokenMs` of a call that states none. */
const waitForFailureMs = 10_000;
/** Of one that refuses for want of room: so many times what is usual for it. */
const waitsOfTheFull = 2;

/** What an attempt at a target adds to. */
export interface PermitState extends TargetState {
  readonly id: string;
  readonly runtime: Runtime;
  readonly estimate: TokenEstimate;
  /** Ends the latest view, wherever it is held. */
  outdate(): void;
}

/** An attempt that was let in. */
interface Admitted {
  readonly pass: BackendPass;
  readonly taken: Taken;
  readonly demand: TokenDemand | undefined;
}

/** One that ends. */
interface Ending {
  readonly admitted: Admitted;
  readonly watched: Watched | undefined;
  readonly now: number;
}

/** One attempt at a target: what it shows is remembered of the target's id, of its provider and model, and of its silence. */
export function createPermit(state: PermitState, admitted: Admitted): Permit {
  const { pass } = admitted;
  let watched: Watched | undefined;
  let hasContent = false;
  let hasEnded = false;
  state.awaitingContent += 1;
  return {
    probe: pass.probe,
    watch(silence) {
      watched = { silence, histories: state.histories };
      pass.watch(watched);
      return judgeOf(state, pass, watched);
    },
    firstContent(firstTokenMs) {
      if (hasContent || hasEnded) return;
      hasContent = true;
      state.awaitingContent -= 1;
      const now = state.runtime.now();
      const trusted = pass.standing(now) === 'usual';
      state.firstToken.record(firstTokenMs, now);
      state.firstTokenPeak.record(firstTokenMs, now);
      pass.firstContent(firstTokenMs, now);
      state.outdate();
      watched?.histories.firstToken.record(firstTokenMs, now, trusted);
    },
    told(limits) {
      if (!hasEnded) pass.told(limits, state.runtime.now());
    },
    end(result) {
      if (hasEnded) return;
      hasEnded = true;
      if (!hasContent) state.awaitingContent -= 1;
      const now = state.runtime.now();
      notePeak(state, result, { hasContent, now });
      endAttempt(state, { admitted, watched, now }, result);
    },
  };
}

/** Who fails at once must not look fast: a failure counts as the longest wait that a caller has by default. */
function notePeak(
  { firstToken, firstTokenPeak }: PermitState,
  { outcome, durationMs = 0, failure, evidence }: AttemptResult,
  { hasContent, now }: { readonly hasContent: boolean; readonly now: number },
): void {
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

function judgeOf({ backend: { breaker } }: PermitState, pass: BackendPass, watched: Watched): SilenceJudge {
  return {
    soonestMs: (now) => shortestPatienceMs(watched, now),
    patience(now) {
      const moment = { now, times: breaker.patience(), overdue: () => breaker.overdue(now) };
      return patienceOf(pass.standing(now), watched, moment);
    },
  };
}

/** As far as is known; undefined: what was reserved. */
function spentBy({ estimate }: PermitState, demand: TokenDemand | undefined, result: AttemptResult) {
  const { tokens, writtenTokens, usage } = result;
  if (tokens !== undefined || writtenTokens === undefined) return tokens;
  const inputTokens = usage?.inputTokens ?? (demand ? estimate.inputOf(demand) : 0);
  return inputTokens + Math.max(writtenTokens, usage?.outputTokens ?? 0);
}

function endAttempt(state: PermitState, { admitted, watched, now }: Ending, result: AttemptResult): void {
  const { pass, taken, demand } = admitted;
  // Before anything that others may hear of, so that nothing can keep the slot.
  taken.settle(spentBy(state, demand, result), now);
  if (demand && result.tokens !== undefined && result.usage) state.estimate.record(demand, result.usage);
  state.outdate();
  const trusted = pass.standing(now) === 'usual';
  if (result.outcome === 'success' && result.durationMs !== undefined)
    state.total.record(result.durationMs, now);
  if (result.outcome === 'success' && result.usage !== undefined) state.typical.record(result.usage);
  pass.end(result, now, state.id);
  if (watched) remember(watched, result, now, trusted);
}

function remember({ silence, histories }: Watched, result: AttemptResult, now: number, trusted: boolean) {
  if (result.outcome === 'success' && silence.longestGapMs > 0)
    histories.gap.record(silence.longestGapMs, now, trusted);
  // It would have taken longer still. Without it the slow ones would be missing, and health seem faster than it is.
  if (result.outcome === 'outpaced' && !silence.begun)
    histories.firstToken.record(now - silence.since, now, trusted);
}
