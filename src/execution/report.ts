import type { Completion, Usage } from '../core/completion.ts';
import { RouterError, type PartialCompletion, type RouterErrorCode } from '../core/errors.ts';
import type { FailureKind } from '../core/failure.ts';
import type { Rejection } from '../core/events.ts';
import { elapsedMs } from '../core/runtime.ts';
import type { Plan } from '../routing/plan.ts';
import type { Answer, AttemptEnd } from './attempt.ts';
import type { Call } from './call.ts';
import type { Outcome } from './carry.ts';
import { joinParts, joinSegments } from './continuation.ts';

/** The whole answer, as the caller gets it. */
export function completionOf(
  call: Call,
  { target, collected, continued, finishReason, object }: Answer,
  now: number,
): Completion {
  const completion: Completion = {
    id: call.id,
    text: (continued?.before ?? '') + collected.text,
    reasoning: (continued?.reasoning ?? '') + collected.reasoning,
    message: {
      role: 'assistant',
      content: continued ? joinParts(continued, collected.parts) : collected.parts,
    },
    toolCalls: collected.toolCalls,
    object,
    finishReason,
    usage: usageOf(collected.usage),
    target: target.info,
    segments: joinSegments(continued, { target: target.id, text: collected.text }),
    degraded: target.degraded,
    cache: 'off',
    attempts: call.attempts,
    warnings: collected.warnings,
    latencyMs: elapsedMs(call.startedAt, now),
  };
  const costUsd = totalCost(call);
  if (costUsd !== undefined) completion.costUsd = costUsd;
  if (collected.finish?.raw !== undefined) completion.raw = collected.finish.raw;
  return completion;
}

function usageOf(usage: Usage | undefined): Usage {
  if (!usage) return {};
  const { inputTokens, outputTokens } = usage;
  const known = usage.totalTokens !== undefined || inputTokens === undefined || outputTokens === undefined;
  return known ? usage : { ...usage, totalTokens: inputTokens + outputTokens };
}

/**
 * What all attempts cost. An attempt that failed before its vendor wrote or counted anything costs nothing; one that wrote
 * or was counted, and whose cost is not known, makes the whole unknown.
 */
function totalCost({ attempts }: Call): number | undefined {
  let sumUsd = 0;
  for (const { costUsd, usage, firstTokenMs, decision } of attempts) {
    if (costUsd !== undefined) sumUsd += costUsd;
    else if (usage !== undefined || firstTokenMs !== undefined || decision === 'answer') return undefined;
  }
  return sumUsd;
}

type Failed = Extract<Outcome, { ok: false }>;

/** The reason that `close()` ends a call with. */
export const closing = Symbol('closing');

/** The one clear error of a call that has no answer. */
export function errorOf(call: Call, outcome: Failed): RouterError {
  const { last, shown, plan, passedOver } = outcome;
  const code = codeOf(call, outcome);
  const retryAfterMs =
    code === 'all-targets-failed' && plan.order.length === 0 ? plan.retryAfterMs : undefined;
  const rejected = [...plan.rejected, ...passedOver, ...notAskedInTime(call, plan)].filter(
    ({ target }) => !call.attempts.some((attempt) => attempt.target === target),
  );
  return new RouterError({
    code,
    message: headlineOf(call, code, retryAfterMs) + hindrances(call, code),
    callId: call.id,
    attempts: call.attempts,
    rejected,
    failure: last?.failure,
    cause: outcome.reason === 'cancelled' ? call.cancellation.reason : last?.cause,
    retryAfterMs,
    partial: partialOf(shown, outcome.reason),
  });
}

/** Who could be asked when a call ended that had asked nobody, such as one that was cancelled: it too must be told why not. */
function notAskedInTime({ attempts }: Call, { order }: Plan): Rejection[] {
  if (attempts.length > 0) return [];
  return order.toArray().map(({ id }) => ({ target: id, reason: 'may be asked, but the call has ended' }));
}

function codeOf(call: Call, { reason, last, plan }: Failed): RouterErrorCode {
  if (call.cancellation.cancelled) return call.cancellation.reason === closing ? 'closed' : 'aborted';
  if (reason === 'deadline') return 'timeout';
  if (reason === 'interrupted') return 'stream-interrupted';
  if (last?.failure?.code === 'sdk-missing') return 'invalid-config';
  const verdict = verdictKind(call, reason, last);
  if (verdict) return verdict;
  const waitingHelps = plan.retryAfterMs !== undefined || plan.order.length > 0;
  return call.attempts.length === 0 && !waitingHelps ? 'no-eligible-target' : 'all-targets-failed';
}

const verdictKinds: readonly FailureKind[] = ['bad-request', 'context-length', 'content-policy'];

/** A failure about the request itself: where it stopped the call, or was every target's answer. */
function verdictKind(
  call: Call,
  reason: Failed['reason'],
  last: AttemptEnd | undefined,
): RouterErrorCode | undefined {
  const kind = last?.failure?.kind;
  if (kind === undefined || !verdictKinds.includes(kind)) return undefined;
  const unanimous = call.attempts.every((attempt) => attempt.failure?.kind === kind);
  return reason === 'stopped' || unanimous ? (kind as RouterErrorCode) : undefined;
}

/** An interrupted stream has one in any case: pieces of a tool call are no part of an answer, but they were shown. */
function partialOf(last: AttemptEnd | undefined, reason: Failed['reason']): PartialCompletion | undefined {
  if (!last) return undefined;
  const { reasoning, toolCalls, usage } = last.collected;
  const text = (last.continued?.before ?? '') + last.collected.text;
  const isEmpty = text === '' && reasoning === '' && toolCalls.length === 0;
  if (isEmpty && reason !== 'interrupted') return undefined;
  return { text, reasoning, toolCalls, usage: usage ?? {}, target: last.target.id };
}

const headlines: Readonly<Partial<Record<RouterErrorCode, string>>> = {
  'bad-request': 'the provider refused the request as invalid',
  'context-length': 'the request is longer than any target that was asked can take',
  'content-policy': "the request was refused by the provider's content policy",
  timeout: 'no answer before the deadline of the call (timeouts.totalMs)',
  aborted: 'the call was aborted',
  closed: 'the router was closed',
  'stream-interrupted': 'the stream broke off after part of the answer was shown',
  'no-eligible-target': 'no target may serve this request',
  'all-targets-failed': 'no target could answer',
  'invalid-config': 'a vendor SDK is missing',
};

/** Why it did not try for longer. */
function hindrances({ attempts, waitedMs }: Call, code: RouterErrorCode): string {
  if (code !== 'all-targets-failed') return '';
  const waited = waitedMs === 0 ? '' : `; waited ${Math.round(waitedMs)} ms for a target`;
  const notRetried = attempts.at(-1)?.notRetried;
  return waited + (notRetried === undefined ? '' : `; not asked again: ${notRetried}`);
}

function headlineOf({ model }: Call, code: RouterErrorCode, retryAfterMs: number | undefined): string {
  const wait = retryAfterMs === undefined ? '' : `; try again in ${Math.ceil(retryAfterMs)} ms`;
  return `model '${model}': ${headlines[code] ?? code}${wait}`;
}
