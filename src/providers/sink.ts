import { abortDetached } from '../core/abort.ts';
import type { ProviderCall, ProviderEvent } from './provider.ts';

/** Where the events of one reply go as they come; a list is one too. */
export interface Sink {
  push(event: ProviderEvent): unknown;
}

/** Makes one request and pushes what its reply says. Resolves at the end of the answer; what is pushed after `finish` is not heard. */
export type Ask = (call: ProviderCall, sink: Sink) => Promise<void>;

// Registered, since each entry point may bring a copy of this module.
const feedOfStream = Symbol.for('failsoft.feed');

interface FedStream extends AsyncIterable<ProviderEvent> {
  readonly [feedOfStream]: (sink: Sink) => Promise<void>;
}

/**
 * A stream for whoever pulls events one by one, which can also be pushed into a sink: to hand an event through iterators
 * takes longer than to parse it. The request is made when either begins.
 */
export function streamOf(call: ProviderCall, ask: Ask): AsyncIterable<ProviderEvent> {
  const stream: FedStream = {
    [feedOfStream]: (sink) => ask(call, sink),
    [Symbol.asyncIterator]: () => pull(call, ask),
  };
  return stream;
}

/** How to have a stream pushed into a sink; undefined where it can only be pulled. */
export function feedOf(stream: AsyncIterable<ProviderEvent>): ((sink: Sink) => Promise<void>) | undefined {
  return (stream as Partial<FedStream>)[feedOfStream];
}

/** All events of one reply. An abort is not waited out, whatever it takes the vendor's client to heed it. */
export function eventsOf(call: ProviderCall, ask: Ask): Promise<ProviderEvent[]> {
  const events: ProviderEvent[] = [];
  return new Promise((resolve, reject) => {
    const forget = onAbort(call.signal, reject);
    ask(call, events)
      .then(() => resolve(events), reject)
      .finally(forget);
  });
}

async function* pull(call: ProviderCall, ask: Ask): AsyncGenerator<ProviderEvent, void> {
  const events: ProviderEvent[] = [];
  let wake = () => {};
  let end: { readonly error?: unknown } | undefined;
  const endWith = (one: { readonly error?: unknown }) => {
    end ??= one;
    wake();
  };
  // A signal of our own: leaving early must close the connection, and the call's may never abort.
  const line = new AbortController();
  const forget = onAbort(call.signal, (error) => {
    abortDetached(line);
    endWith({ error });
  });
  const push = (event: ProviderEvent) => {
    events.push(event);
    wake();
  };
  ask({ ...call, signal: line.signal }, { push }).then(
    () => endWith({}),
    (error: unknown) => endWith({ error }),
  );
  try {
    while (!end || events.length > 0) {
      yield* events.splice(0);
      if (!end && events.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    }
    if ('error' in end) throw end.error;
  } finally {
    forget();
    if (!end || 'error' in end) abortDetached(line);
  }
}

/** Calls once the signal aborts, or at once where it has. Returns how to forget it. */
function onAbort(signal: AbortSignal, call: (reason: unknown) => void): () => void {
  const abort = (): void => call(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}
