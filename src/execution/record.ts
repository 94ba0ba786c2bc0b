import type { Attempt } from '../core/completion.ts';
import type { Failure } from '../core/failure.ts';
import { costOf } from '../core/price.ts';
import { elapsedMs } from '../core/runtime.ts';
import { stated } from '../core/stated.ts';
import { scrub } from '../core/scrub.ts';
import type { Provider, ProviderRequest } from '../providers/provider.ts';
import type { AttemptResult, Permit } from '../health/target-health.ts';
import { estimateInputTokens } from '../routing/demand.ts';
import type { Call, ExecutionTarget } from './call.ts';
import type { Collected } from './collect.ts';
import type { Written } from './written.ts';

/** Fills in what an attempt took, however it ended. */
export function recordFacts(
  attempt: Attempt,
  collected: Collected,
  target: ExecutionTarget,
  now: number,
): void {
  attempt.durationMs = elapsedMs(attempt.startedAt, now);
  if (collected.ignored.length > 0)
    attempt.ignored = [...new Set([...attempt.ignored, ...collected.ignored])];
  if (collected.requestId !== undefined) attempt.requestId = collected.requestId;
  if (collected.usage !== undefined) attempt.usage = collected.usage;
  const costUsd = costOf(collected.usage, target.price);
  if (costUsd !== undefined) attempt.costUsd = costUsd;
}

/**
 * Vendors bill what they read, and what they wrote until the answer broke off or they noticed that nobody listens any longer. What
 * they had not counted by then is estimated, from the request as it was sent and from all that came: wherever failsoft left an attempt,
 * and wherever an answer had begun. One that was refused costs nothing.
 */
export function estimateUsage(
  attempt: Attempt,
  { kind }: Failure,
  { collected, written, request, target }: Estimated,
): void {
  const isLeft = kind === 'aborted' || kind === 'timeout';
  const isBilled = isLeft || attempt.usage !== undefined || written.hasBegun();
  if (collected.finish !== undefined || !isBilled) return;
  const guess = { inputTokens: estimateInputTokens(request), outputTokens: written.tokens() };
  // Some vendors count the input and the first word of an answer at its beginning, and the rest at its end.
  const outputTokens = Math.max(guess.outputTokens, attempt.usage?.outputTokens ?? 0);
  attempt.usageIs = attempt.usage ? 'partial' : 'estimated';
  attempt.costUsd = costOf({ ...guess, ...attempt.usage, outputTokens }, target.price);
  attempt.usage ??= guess;
}

interface Estimated {
  readonly collected: Collected;
  readonly written: Written;
  readonly request: ProviderRequest;
  readonly target: ExecutionTarget;
}

interface Ended extends Pick<AttemptResult, 'outcome' | 'failure'> {
  readonly written: Written;
}

/** Tells the target's health how an attempt ended. */
export function recordEnd(
  permit: Permit,
  { durationMs, usage, usageIs }: Attempt,
  { outcome, failure, written }: Ended,
): void {
  const counted = usageIs === 'estimated' ? undefined : usage;
  const tokens = counted?.totalTokens ?? (counted?.inputTokens ?? 0) + (counted?.outputTokens ?? 0);
  permit.end({
    outcome,
    failure,
    durationMs,
    tokens: tokens > 0 && usageIs === undefined ? tokens : undefined,
    // An answer whose vendor counts nothing may have thought unseen: for it all that was reserved is taken.
    writtenTokens: outcome === 'success' ? undefined : written.tokens(),
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

export function promptsOf({ read }: Call): string[] {
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
