import type { Failure } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { classifyError, invalidResponse } from '../providers/failure.ts';
import type { Provider, ProviderCall, ProviderEvent } from '../providers/provider.ts';

/** How long each silence of one attempt may last. */
export interface AttemptDeadlines {
  readonly firstTokenMs: number;
  readonly idleMs: number;
  readonly attemptMs: number;
  /** When the whole call must have ended, in epoch milliseconds. */
  readonly callDeadline: number;
}

/** A reply longer than this, in characters or in events, is no answer to a chat call. */
export const maxReplyCharacters = 32 * 1024 * 1024;
export const maxReplyEvents = 2_000_000;

/** How a guarded attempt ended. */
export type GuardOutcome =
  | { readonly ok: true }
  /** The call's own deadline ended it, not one of the attempt's. */
  | {
      readonly ok: false;
      readonly failure: Failure;
      readonly cause: unknown;
      readonly callDeadline: boolean;
    };

export interface GuardInput {
  readonly provider: Provider;
  /** With a signal that the guard aborts through `abort`. */
  readonly call: ProviderCall;
  readonly abort: (reason: unknown) => void;
  readonly transport: 'stream' | 'unary';
  readonly deadlines: AttemptDeadlines;
  readonly runtime: Runtime;
  /** Called synchronously for each event until the attempt has ended. */
  readonly onEvent: (event: ProviderEvent) => void;
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
    const { runtime, deadlines, provider, abort } = input;
    const startedAt = runtime.now();
    const watch = new AbortController();
    let quietSince = startedAt;
    let quietMs = input.transport === 'stream' ? deadlines.firstTokenMs : Infinity;
    let ended = false;

    const uncut = input.onCut((failure, cause) => fail(failure, cause, false));

    function end(outcome: GuardOutcome): void {
      if (ended) return;
      ended = true;
      uncut();
      watch.abort();
      // A finished stream is left to run out, so that its connection can be used again; a failed one is closed at once.
      if (!outcome.ok) abort(outcome.cause ?? new Error(outcome.failure.message));
      resolve(outcome);
    }

    function fail(failure: Failure, cause: unknown, callDeadline: boolean): void {
      end({ ok: false, failure, cause, callDeadline });
    }

    function dueAt(): number {
      return Math.min(quietSince + quietMs, startedAt + deadlines.attemptMs, deadlines.callDeadline);
    }

    function onDue(): void {
      const callDeadline = runtime.now() >= deadlines.callDeadline;
      const waited = Math.round(runtime.now() - quietSince);
      const inFirst = quietSince === startedAt;
      const message = callDeadline
        ? 'the deadline of the whole call has passed'
        : runtime.now() >= startedAt + deadlines.attemptMs
          ? `no whole answer within ${deadlines.attemptMs} ms`
          : `${inFirst ? 'no first content' : 'no further content'} within ${waited} ms`;
      const code = callDeadline ? 'total' : inFirst ? 'first-token' : 'idle';
      fail({ kind: 'timeout', message, code }, undefined, callDeadline);
    }

    function content(): void {
      if (input.transport !== 'stream') return;
      quietSince = runtime.now();
      quietMs = deadlines.idleMs;
    }

    const count = replyCounter();
    function accept(event: ProviderEvent): boolean {
      if (ended) return false;
      count(event);
      if (isContent(event)) content();
      input.onEvent(event);
      if (event.type === 'finish') end({ ok: true });
      return !ended;
    }

    void watchUntil(dueAt, onDue, runtime, watch.signal);
    void pump(input, accept)
      .then(() => {
        throw invalidResponse('the reply ended before it was complete', 'truncated');
      })
      .catch((error: unknown) => {
        if (!ended) fail(classifyError(provider, error), error, false);
      });
  });
}

/** Feeds the events on until `accept` says that enough was heard. Resolves only where the reply ran out before that. */
async function pump(
  { provider, call, transport }: GuardInput,
  accept: (event: ProviderEvent) => boolean,
): Promise<void> {
  if (transport === 'unary' && provider.complete) {
    for (const event of await provider.complete(call)) if (!accept(event)) return;
    return;
  }
  for await (const event of provider.stream!(call)) if (!accept(event)) return;
}

async function watchUntil(
  dueAt: () => number,
  onDue: () => void,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let waitMs = dueAt() - runtime.now(); waitMs > 0; waitMs = dueAt() - runtime.now()) {
      await runtime.sleep(waitMs, signal);
    }
    onDue();
  } catch {
    // The attempt has ended.
  }
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
