import type { Failure } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { classifyError, invalidResponse } from '../providers/failure.ts';
import type { Provider, ProviderCall, ProviderEvent } from '../providers/provider.ts';
import { feedOf } from '../providers/sink.ts';
import { checkEvent, listOfEvents } from './check-event.ts';
import { watchSilence, type AttemptDeadlines } from './silence.ts';

/** A reply longer than this, in characters or in events, is no answer to a chat call. */
export const maxReplyCharacters = 32 * 1024 * 1024;
export const maxReplyEvents = 2_000_000;

/** How a guarded attempt ended. */
export type GuardOutcome = { readonly ok: true } | GuardFailure;

export interface GuardFailure {
  readonly ok: false;
  readonly failure: Failure;
  readonly cause?: unknown;
  /** The call's own deadline ended it, not one of the attempt's. */
  readonly callDeadline?: boolean;
  /** It says nothing of the target. */
  readonly blameless?: boolean;
}

export interface GuardInput {
  readonly provider: Provider;
  /** With a signal that the guard aborts through `abort`. */
  readonly call: ProviderCall;
  readonly abort: (reason: unknown) => void;
  readonly transport: 'stream' | 'unary';
  readonly deadlines: AttemptDeadlines;
  readonly runtime: Runtime;
  /** Called synchronously for each event until the attempt has ended. `setByMs`: by how much the clock was set so far. */
  readonly onEvent: (event: ProviderEvent, setByMs: () => number) => void;
  /** Called once, before the attempt's outcome is told. `setByMs`: as of `onEvent`. */
  readonly onEnd: (setByMs: number) => void;
  /** Registers how to end the attempt from outside; returns how to unregister. */
  readonly onCut: (cut: (failure: Failure, cause: unknown) => void) => () => void;
}

/**
 * Runs one attempt as a guarded stream. It ends exactly once: with the provider's `finish`, with what the provider threw,
 * with a deadline, or cut from outside; whatever the provider still says after that is not heard. Deadlines are moved by
 * content alone, so that keep-alives and silence are the same.
 */
export function guard(input: GuardInput): Promise<GuardOutcome> {
  return new Promise((resolve) => {
    const { provider, deadlines, runtime } = input;
    const count = replyCounter();
    let ended = false;
    let uncut = () => {};

    function end(outcome: GuardOutcome): void {
      if (ended) return;
      ended = true;
      uncut();
      input.onEnd(silence.setByMs());
      silence.stop();
      // A finished stream is left to run out, so that its connection can be used again; a failed one is closed at once.
      if (!outcome.ok) input.abort(outcome.cause ?? new Error(outcome.failure.message));
      resolve(outcome);
    }

    function accept(event: ProviderEvent): boolean {
      if (ended) return false;
      checkEvent(event);
      count(event);
      if (isContent(event) && input.transport === 'stream') silence.content();
      input.onEvent(event, silence.setByMs);
      if (event.type === 'finish') end({ ok: true });
      return !ended;
    }

    const silence = watchSilence(deadlines, input.transport, runtime, (overdue) =>
      end({ ok: false, ...overdue }),
    );
    uncut = input.onCut((failure, cause) => end({ ok: false, failure, cause }));
    if (ended) {
      // Cut before it began: nothing is sent.
      uncut();
      return;
    }
    const broke = (cause: unknown) => {
      if (!ended) end({ ok: false, failure: classifyError(provider, cause), cause });
    };
    pump(input, accept).then(() => {
      // An error costs as much as half a call: it is made only where it is told.
      if (!ended) broke(invalidResponse('the reply ended before it was complete', 'truncated'));
    }, broke);
  });
}

/** Feeds the events on until `accept` says that enough was heard. Resolves only where the reply ran out before that. */
async function pump(
  { provider, call, transport }: GuardInput,
  accept: (event: ProviderEvent) => boolean,
): Promise<void> {
  if (transport === 'unary' && provider.complete) {
    for (const event of listOfEvents(await provider.complete(call))) if (!accept(event)) return;
    return;
  }
  // A host's own may be an async function: unawaited, its rejection would be nobody's.
  const stream = await (provider.stream!(call) as
    AsyncIterable<ProviderEvent> | Promise<AsyncIterable<ProviderEvent>>);
  const feed = feedOf(stream);
  if (feed) return feed({ push: accept });
  for await (const event of stream) if (!accept(event)) return;
}

function isContent(event: ProviderEvent): boolean {
  switch (event.type) {
    case 'text':
    case 'reasoning':
      return event.text !== '';
    case 'meta':
      return false;
    default:
      return true;
  }
}

function replyCounter(): (event: ProviderEvent) => void {
  let characters = 0;
  let events = 0;
  return (event) => {
    events += 1;
    if (event.type === 'text' || event.type === 'reasoning') characters += event.text.length;
    else if (event.type === 'tool-call-delta') characters += event.delta.length;
    if (events <= maxReplyEvents && characters <= maxReplyCharacters) return;
    throw invalidResponse(
      `the reply is longer than ${maxReplyCharacters} characters or ${maxReplyEvents} events`,
      'too-long',
    );
  };
}
