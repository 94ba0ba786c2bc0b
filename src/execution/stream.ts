import type { Completion, StreamEvent } from '../core/completion.ts';
import { isRouterError } from '../core/errors.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';
import type { Reader } from './show.ts';

/** How a stream is written to a browser. */
export interface ResponseOptions {
  /** `sse`: server-sent events, one for each stream event; `text`: the bare text. @default 'sse' */
  readonly format?: 'sse' | 'text' | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * One streamed answer. It has one reader: the events, `textStream` or `toResponse()`; a second is a `TypeError`. It runs
 * as fast as the provider sends, whether or not anybody reads.
 */
export interface CompletionStream<Output = unknown> extends AsyncIterable<StreamEvent<Output>> {
  [Symbol.asyncIterator](): AsyncIterator<StreamEvent<Output>, undefined>;
  /** The same answer as a whole. Settles whether or not anybody reads, and never as an unhandled rejection. */
  readonly completion: Promise<Completion<Output>>;
  /** The text alone, as strings. */
  readonly textStream: AsyncIterable<string>;
  /** Aborts upstream; `completion` rejects with `aborted` and the partial. */
  abort(reason?: unknown): void;
  /** For a browser. Errors inside it are public ones, and nothing in it names a provider. */
  toResponse(options?: ResponseOptions): Response;
}

/** `start` runs the call, showing it to the reader; `abort` ends it. */
export function createStream(
  start: (reader: Reader) => Promise<Completion>,
  abort: (reason: unknown) => void,
): CompletionStream {
  const queue = createEventQueue<StreamEvent>();
  let bareText = false;
  const reader: Reader = { push: (event) => queue.push(event), canTakeBack: () => !bareText };
  const completion = start(reader).then(
    (done) => {
      queue.push({ type: 'finish', completion: done });
      queue.end();
      return done;
    },
    (error: unknown) => {
      queue.fail(error);
      throw error;
    },
  );
  // Whoever only iterates sees the error there.
  completion.catch(() => {});
  let taken = false;
  let over = false;
  void completion.then(
    () => (over = true),
    () => (over = true),
  );

  function read(): AsyncIterator<StreamEvent, undefined> {
    if (taken)
      throw new TypeError('this stream already has a reader; read `completion` for the whole answer');
    taken = true;
    return {
      next: () => queue.next(),
      return() {
        leave(queue);
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** For a reader who cannot be told that something is void: nothing void is left for it to read, now or later. */
  function readText(): AsyncIterator<StreamEvent, undefined> {
    const events = read();
    bareText = true;
    queue.dropThroughLast((event) => event.type === 'restart');
    return events;
  }

  function leave(left: EventQueue<StreamEvent>): void {
    left.clear();
    left.end();
    if (!over) abort(new DOMException('the stream was left before its end', 'AbortError'));
  }

  return {
    [Symbol.asyncIterator]: read,
    completion,
    get textStream() {
      return { [Symbol.asyncIterator]: () => textOf(readText()) };
    },
    abort: (reason) => {
      if (!over) abort(reason ?? new DOMException('the stream was aborted', 'AbortError'));
    },
    toResponse: (options = {}) => responseOf(options.format === 'text' ? readText() : read(), options),
  };
}

function textOf(events: AsyncIterator<StreamEvent, undefined>): AsyncIterator<string, undefined> {
  return {
    async next() {
      for (;;) {
        const { done, value } = await events.next();
        if (done) return { done: true, value: undefined };
        if (value.type === 'text') return { done: false, value: value.text };
      }
    },
    async return() {
      await events.return?.();
      return { done: true, value: undefined };
    },
  };
}

function responseOf(
  events: AsyncIterator<StreamEvent, undefined>,
  { format = 'sse', headers }: ResponseOptions,
): Response {
  const encoder = new TextEncoder();
  const write = format === 'sse' ? sseOf : plainOf;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        for (;;) {
          const { done, value } = await events.next();
          if (done) return controller.close();
          const chunk = write(value);
          if (chunk !== '') return controller.enqueue(encoder.encode(chunk));
        }
      } catch (error) {
        if (format === 'text') return controller.error(new Error(publicOf(error).message));
        // Not named `error`: that is what an EventSource calls its own.
        controller.enqueue(encoder.encode(frame('failure', { type: 'error', error: publicOf(error) })));
        controller.close();
      }
    },
    async cancel() {
      await events.return?.();
    },
  });
  const type = format === 'sse' ? 'text/event-stream; charset=utf-8' : 'text/plain; charset=utf-8';
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-cache', ...headers } });
}

function publicOf(error: unknown): { message: string } {
  return isRouterError(error) ? error.toPublic() : { message: 'The answer broke off. Please try again.' };
}

function plainOf(event: StreamEvent): string {
  return event.type === 'text' ? event.text : '';
}

/** Who answers is the operator's business: targets are left out of what goes to a browser. */
function sseOf(event: StreamEvent): string {
  switch (event.type) {
    case 'start':
    case 'restart':
      return frame(event.type, { type: event.type });
    case 'finish': {
      const { id, finishReason, usage, degraded } = event.completion;
      return frame('finish', { type: 'finish', id, finishReason, usage, degraded });
    }
    default:
      return frame(event.type, event);
  }
}

function frame(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
