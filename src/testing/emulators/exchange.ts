import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Frame, WholeAnswer } from './dialect.ts';

/** How an exchange ended: answered to its end, cut by the emulator, or left by the client. */
export type Ending = 'answered' | 'cut' | 'aborted';

/** One request's way back: writes, waits and silence that all end at once when the client has gone. */
export interface Exchange {
  readonly ended: Promise<Ending>;
  readonly isOver: boolean;
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** Resolves to false once nobody listens any more. */
  write(frame: Frame): Promise<boolean>;
  end(): void;
  /** Ends the connection in the middle, after everything written has gone out. */
  cut(): Promise<void>;
  /** Ends the connection at once, as a crash would. */
  reset(): void;
  whole(answer: WholeAnswer): void;
  /** Resolves to false once nobody listens any more. */
  wait(ms: number): Promise<boolean>;
  /** Nothing more, until the client goes. */
  silence(): Promise<void>;
}

/** Starts something that will call `wake`, and returns how to stop it. */
type Alarm = (wake: () => void) => () => void;

export function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  let isOver = false;
  let isCut = false;
  const wakers = new Set<() => void>();
  const ended = new Promise<Ending>((resolve) => {
    response.once('close', () => {
      isOver = true;
      resolve(isCut ? 'cut' : response.writableFinished ? 'answered' : 'aborted');
      for (const wake of [...wakers]) wake();
    });
  });
  // A client that resets the connection is no fault of ours, and must not become an uncaught error.
  response.on('error', () => {});
  request.on('error', () => {});

  const until = (alarm: Alarm): Promise<boolean> =>
    new Promise((resolve) => {
      if (isOver) return resolve(false);
      const wake = () => {
        wakers.delete(wake);
        stop();
        resolve(!isOver);
      };
      wakers.add(wake);
      const stop = alarm(wake);
    });

  return {
    ended,
    get isOver() {
      return isOver;
    },
    head(status, headers) {
      response.writeHead(status, headers);
      response.flushHeaders();
    },
    async write(frame) {
      if (isOver) return false;
      return response.write(frame) || until(drainOf(response));
    },
    end: () => void response.end(),
    async cut() {
      // Node holds the first write back until the end of the tick: destroyed now, it would never leave.
      do await new Promise((resolve) => setImmediate(resolve));
      while (!isOver && (response.socket?.writableLength ?? 0) > 0);
      isCut = true;
      response.destroy();
    },
    reset() {
      isCut = true;
      response.socket?.resetAndDestroy();
    },
    whole: (answer) => sendWhole(response, answer),
    wait: async (ms) => (ms > 0 ? until(timerOf(ms)) : !isOver),
    silence: async () => void (await ended),
  };
}

function drainOf(response: ServerResponse): Alarm {
  return (wake) => {
    response.once('drain', wake);
    return () => response.off('drain', wake);
  };
}

function timerOf(ms: number): Alarm {
  return (wake) => {
    const timer = setTimeout(wake, ms);
    timer.unref();
    return () => clearTimeout(timer);
  };
}

function sendWhole(response: ServerResponse, { status, headers, body }: WholeAnswer): void {
  const isText = typeof body === 'string' || body instanceof Uint8Array;
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(isText ? body : JSON.stringify(body));
}
