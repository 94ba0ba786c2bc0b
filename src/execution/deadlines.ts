import type { ProviderRequest } from '../providers/provider.ts';
import type { Call, ExecutionTarget } from './call.ts';
import type { AttemptDeadlines, HistoryOfSilence } from './silence.ts';

/** The defaults that the docstrings of `Timeouts` state; a test holds them together. */
export const deadlineDefaults = {
  firstTokenMs: 10_000,
  slowFirstTokenMs: 120_000,
  idleMs: 10_000,
  reasoningIdleMs: 60_000,
  unaryAttemptMs: 120_000,
} as const;

/** What the deadlines of one attempt depend on, beside call and target. */
export interface Circumstances {
  readonly request: ProviderRequest;
  readonly transport: 'stream' | 'unary';
  /** Nobody else can serve after this target. */
  readonly last: boolean;
  /** Whether this target has ever answered. */
  readonly answered: boolean;
  readonly history: HistoryOfSilence | undefined;
}

/**
 * How long one attempt may be silent. The last target left has until the call's deadline to begin: giving up on a slow
 * start gains nothing when nobody else is there. A silence after the first content ends it all the same, as does an
 * `attemptMs` that was stated.
 */
export function deadlinesFor(
  call: Call,
  target: ExecutionTarget,
  circumstances: Circumstances,
): AttemptDeadlines {
  const { request, transport, last, answered, history } = circumstances;
  const reasons = thinks(request);
  const slow = reasons || (target.provider.slowStart === true && !answered);
  const fallback = {
    firstTokenMs: slow ? deadlineDefaults.slowFirstTokenMs : deadlineDefaults.firstTokenMs,
    idleMs: reasons ? deadlineDefaults.reasoningIdleMs : deadlineDefaults.idleMs,
    attemptMs: transport === 'unary' && !last ? deadlineDefaults.unaryAttemptMs : Infinity,
  };
  const pick = (key: keyof typeof fallback) => call.timeouts[key] ?? target.timeouts[key] ?? fallback[key];
  return {
    firstTokenMs: last ? Infinity : pick('firstTokenMs'),
    patienceMs:
      transport === 'stream'
        ? pick('firstTokenMs')
        : (call.timeouts.attemptMs ?? target.timeouts.attemptMs ?? deadlineDefaults.unaryAttemptMs),
    idleMs: pick('idleMs'),
    attemptMs: pick('attemptMs'),
    callDeadline: call.deadline,
    history,
  };
}

/** Whether the request asks for reasoning, which may be silent for long. */
export function thinks({ reasoning }: ProviderRequest): boolean {
  return reasoning !== undefined && !('effort' in reasoning && reasoning.effort === 'none');
}
