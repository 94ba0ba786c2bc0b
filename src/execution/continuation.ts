import type { Segment } from '../core/completion.ts';
import type { AssistantPart, Message } from '../core/request.ts';
import type { TokenDemand } from '../health/target-health.ts';
import type { ProviderEvent } from '../providers/provider.ts';
import { estimateInputTokens, type Demand } from '../routing/demand.ts';
import type { AttemptEnd } from './attempt.ts';
import type { Call, ExecutionTarget } from './call.ts';
import { continuationPrompt, createSeam, type SeamResult } from './seam.ts';

/** An answer that broke off, to be taken up: what the reader has of it, and who wrote which part. */
export interface Continuation {
  readonly before: string;
  readonly reasoning: string;
  readonly segments: readonly Segment[];
  /** What to take it up adds to the request, in tokens: an estimate. */
  readonly inputTokens: number;
}

/** Fewer characters than this are not taken up where the reader can be told that they are void. */
const leastBefore = 12;

/**
 * What an attempt left that another target can take up. Undefined where going on would not be honest: a tool call has
 * begun, an object is asked for, or the answer holds reasoning that only its maker can vouch for.
 */
export function continuationAfter(
  call: Call,
  { collected, target, continued }: AttemptEnd,
): Continuation | undefined {
  const { text, reasoning, toolBegun, parts } = collected;
  const isSigned = parts.some(({ providerState }) => providerState !== undefined);
  if (call.read.schema || toolBegun || isSigned) return undefined;
  const before = (continued?.before ?? '') + text;
  const { length } = before.trim();
  // So little can hardly be recognised again, and is told anew as quickly.
  if (length === 0 || (length < leastBefore && call.show?.canTakeBack)) return undefined;
  const segments = joinSegments(continued, { target: target.id, text });
  const inputTokens = estimateInputTokens({
    messages: asInstruction(before, continuationPrompt(before).instruction),
  });
  return { before, reasoning: (continued?.reasoning ?? '') + reasoning, segments, inputTokens };
}

/** Who wrote which part, with the newest one added. */
export function joinSegments(continued: Continuation | undefined, segment: Segment): Segment[] {
  const written = continued?.segments ?? [];
  const last = written.at(-1);
  if (segment.text === '' && last) return [...written];
  if (last?.target !== segment.target) return [...written, segment];
  return [...written.slice(0, -1), { target: last.target, text: last.text + segment.text }];
}

/** The parts of the whole message: what was written before belongs to its first text. */
export function joinParts(continued: Continuation, parts: readonly AssistantPart[]): AssistantPart[] {
  const [first, ...rest] = parts;
  return first?.type === 'text'
    ? [{ ...first, text: continued.before + first.text }, ...rest]
    : [{ type: 'text', text: continued.before }, ...parts];
}

/**
 * What is asked of the target that goes on: by its provider's own way, by prefill where its model takes one, else by an
 * instruction behind the answer so far. The caller's system prompt stays as it is.
 */
export function askToGoOn({ before }: Continuation, target: ExecutionTarget): readonly Message[] {
  const { instruction } = continuationPrompt(before);
  if (target.provider.continuation) return target.provider.continuation({ before, instruction });
  if (takesPrefill(target)) return [{ role: 'assistant', content: before.trimEnd() }];
  return asInstruction(before, instruction);
}

function asInstruction(before: string, instruction: string): readonly Message[] {
  return [
    { role: 'assistant', content: before },
    { role: 'user', content: instruction },
  ];
}

/** What the next attempt may take: as the call began, or with what it takes to go on. */
export function tokensOf({ tokens, continuation }: Call): TokenDemand | undefined {
  if (!tokens || !continuation) return tokens;
  return { ...tokens, inputTokens: tokens.inputTokens + continuation.inputTokens };
}

/** What the next attempt needs of a target: windows and prices go by the longer conversation too. */
export function withContinuation(demand: Demand, { continuation }: Call): Demand {
  if (!continuation) return demand;
  const { before, inputTokens } = continuation;
  const { request } = demand;
  const added = asInstruction(before, continuationPrompt(before).instruction);
  return {
    ...demand,
    request: { ...request, messages: [...request.messages, ...added] },
    inputTokens: () => demand.inputTokens() + inputTokens,
  };
}

function takesPrefill({ provider, supports }: ExecutionTarget): boolean {
  return supports.prefill === true && !provider.continuation;
}

/** Passes the events of a target that goes on: its text joined to what was there, or as an answer of its own. */
export interface Join {
  /** The continuation in force; undefined once the target has turned out to answer anew. */
  readonly continued: Continuation | undefined;
  /** Whether an end without a word says that there was nothing to add: it was asked for the last words, and has said them. */
  readonly maySayNothing: boolean;
  pass(event: ProviderEvent): readonly ProviderEvent[];
}

/** `onAnew` is told once, before the new answer is passed; what it throws ends the attempt. */
export function createJoin(continuation: Continuation, target: ExecutionTarget, onAnew: () => void): Join {
  if (takesPrefill(target)) return joinExactly(continuation);
  const seam = createSeam(continuation.before);
  let continued: Continuation | undefined = continuation;
  let isOpen = true;
  let hasSpoken = false;

  function textOf(result: SeamResult): ProviderEvent[] {
    if ('restart' in result && continued) {
      onAnew();
      continued = undefined;
    }
    const text = 'restart' in result ? result.restart : result.text;
    return text === '' ? [] : [{ type: 'text', text }];
  }

  return {
    get continued() {
      return continued;
    },
    get maySayNothing() {
      return hasSpoken;
    },
    pass(event) {
      if (event.type === 'text') hasSpoken ||= event.text.trim() !== '';
      if (!isOpen || event.type === 'meta' || event.type === 'activity' || event.type === 'reasoning')
        return [event];
      // The state beside a text vouches for the whole of it, which the joined text is not.
      if (event.type === 'text') return textOf(seam.add(event.text));
      isOpen = false;
      return [...textOf(seam.end()), event];
    },
  };
}

/** A model that was given the beginning of its own message goes on exactly there: nothing is to be recognised. */
function joinExactly(continuation: Continuation): Join {
  // Vendors refuse a prefill that ends in white space: what the reader has of it already may come again.
  let dropsSpace = /\s$/.test(continuation.before);
  return {
    continued: continuation,
    maySayNothing: true,
    pass(event) {
      if (!dropsSpace || event.type !== 'text') return [event];
      const text = event.text.trimStart();
      dropsSpace = text === '';
      return text === '' ? [] : [{ type: 'text', text }];
    },
  };
}
