import type { Attempt } from '../core/completion.ts';
import type { Failure } from '../core/failure.ts';
import { costOf } from '../core/price.ts';
import { elapsedMs } from '../core/runtime.ts';
import { stated } from '../core/stated.ts';
import { scrub } from '../core/scrub.ts';
import type { Provider } from '../providers/provider.ts';
import type { AttemptResult, Permit } from '../health/target-health.ts';
import { estimateInputTokens } from '../routing/demand.ts';
import type { Call, ExecutionTarget } from './call.ts';
import type { Collected } from './collect.ts';

/** Fills in what an attempt took, however it ended. */
export function recordFacts(
  attempt: Attempt,
  collected: Collected,
  target: ExecutionTarget,
  now: number,
): void {
  attempt.durationMs = elapsedMs(attempt.startedAt, now);
  attempt.ignored = [...new Set([...attempt.ignored, ...collected.ignored])];
  if (collected.requestId !== undefined) attempt.requestId = collected.requestId;
  if (collected.usage !== undefined) attempt.usage = collected.usage;
  const costUsd = costOf(collected.usage, target.price);
  if (costUsd !== undefined) attempt.costUsd = costUsd;
}

const charactersPerToken = 4;

function writtenTokens({ text, reasoning }: Collected): number {
  return Math.ceil((text.length + reasoning.length) / charactersPerToken);
}

/**
 * Vendors bill what they read and wrote until they notice that nobody listens any longer, and tell nobody: where failsoft left an
 * attempt, what was not counted by then is estimated. What broke off by itself and was not counted stays unknown.
 */
export function estimateUsage(attempt: Attempt, failure: Failure, from: Estimated): void {
  const { collected, target, call } = from;
  const isLeft = failure.kind === 'aborted' || failure.kind === 'timeout';
  if (collected.finish !== undefined || !(isLeft || attempt.usage !== undefined)) return;
  const guess = {
    inputTokens: estimateInputTokens(call.read.request),
    outputTokens: writtenTokens(collected),
  };
  attempt.usageIs = attempt.usage ? 'partial' : 'estimated';
  attempt.costUsd = costOf({ ...guess, ...attempt.usage }, target.price);
  attempt.usage ??= guess;
}

interface Estimated {
  readonly collected: Collected;
  readonly target: ExecutionTarget;
  readonly call: Call;
}

interface Ended extends Pick<AttemptResult, 'outcome' | 'failure'> {
  readonly collected: Collected;
}

/** Tells the target's health how an attempt ended. */
export function recordEnd(
  permit: Permit,
  { durationMs, usage, usageIs }: Attempt,
  { outcome, failure, collected }: Ended,
): void {
  const counted = usageIs === 'estimated' ? undefined : usage;
  const tokens = counted?.totalTokens ?? (counted?.inputTokens ?? 0) + (counted?.outputTokens ?? 0);
  permit.end({
    outcome,
    failure,
    durationMs,
    tokens: tokens > 0 && usageIs === undefined ? tokens : undefined,
    // An answer whose vendor counts nothing may have thought unseen: for it all that was reserved is taken.
    writtenTokens: outcome === 'success' ? undefined : writtenTokens(collected),
    usage: counted,
  });
}

/** Keys, and whatever the vendor quotes of the prompt, must not leave with the message. */
export function scrubbed(failure: Failure, call: Call, target: ExecutionTarget): Failure {
  const { provider, standsInFor } = target;
  const keys = [...secretsOf(provider), ...secretsOf(standsInFor), ...Object.values(call.headers)];
  const prompts = promptsOf(call);
  // A code is a word, and a prompt may well ask what it means; but some servers put a sentence there.
  const word = (text: string | undefined) =>
    text && scrub(text, { keys, prompts: /^[\w.:-]*$/.test(text) ? [] : prompts });
  return stated({
    ...failure,
    message: scrub(failure.message, { keys, prompts }),
    code: word(failure.code),
    requestId: word(failure.requestId),
  });
}

function secretsOf(provider: Provider | undefined): readonly string[] {
  try {
    return provider?.secrets?.().filter((secret) => typeof secret === 'string') ?? [];
  } catch {
    // What a key looks like is taken out all the same.
    return [];
  }
}

function promptsOf({ read }: Call): string[] {
  const prompts = read.system === undefined ? [] : [read.system];
  for (const { content } of read.messages) {
    if (typeof content === 'string') prompts.push(content);
    else for (const part of content) prompts.push(...textsOf(part));
  }
  return prompts;
}

function textsOf(part: object): string[] {
  const {
    text,
    content,
    arguments: input,
  } = part as { text?: unknown; content?: unknown; arguments?: unknown };
  const texts = [text, content].filter((value) => typeof value === 'string');
  if (Array.isArray(content)) for (const inner of content) texts.push(...textsOf(inner as object));
  if (input !== undefined) texts.push(JSON.stringify(input));
  return texts;
}
