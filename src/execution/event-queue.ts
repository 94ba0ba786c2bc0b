/** Events between the engine, which never waits, and one reader, who may be slow. */
export interface EventQueue<T> {
  push(event: T): void;
  /** No more events come. */
  end(): void;
  /** The reader gets what is waiting, then this error. */
  fail(error: unknown): void;
  next(): Promise<IteratorResult<T, undefined>>;
  /** Drops what is waiting. */
  clear(): void;
  /** Drops what is waiting up to the last one that matches, and that one. */
  dropThroughLast(matches: (event: T) => boolean): void;
}

interface Reader<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

export function createEventQueue<T>(): EventQueue<T> {
  let waiting: T[] = [];
  /** Where the oldest waiting event stands: shifting a long array would cost its length each time. */
  let head = 0;
  let readers: Reader<T>[] = [];
  let ended: { readonly error?: unknown } | undefined;

  function finish(state: { error?: unknown }): void {
    if (ended) return;
    ended = state;
    for (const reader of readers) {
      if ('error' in ended) reader.reject(takeError(ended));
      else reader.resolve({ done: true, value: undefined });
    }
    readers = [];
  }

  /** An iterator throws once, and is done after that. */
  function takeError({ error }: { readonly error?: unknown }): unknown {
    ended = {};
    return error;
  }

  function take(): T {
    const event = waiting[head] as T;
    head += 1;
    if (head === waiting.length) {
      waiting = [];
      head = 0;
    }
    return event;
  }

  return {
    push(event) {
      if (ended) return;
      const reader = readers.shift();
      if (reader) reader.resolve({ done: false, value: event });
      else waiting.push(event);
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    next() {
      if (head < waiting.length) return Promise.resolve({ done: false, value: take() });
      if (!ended) return new Promise((resolve, reject) => readers.push({ resolve, reject }));
      if (!('error' in ended)) return Promise.resolve({ done: true, value: undefined });
      return Promise.reject(takeError(ended));
    },
    clear() {
      waiting = [];
      head = 0;
    },
    dropThroughLast(matches) {
      const last = waiting.findLastIndex((event, index) => index >= head && matches(event));
      if (last >= 0) head = last + 1;
    },
  };
}
