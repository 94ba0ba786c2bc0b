import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Recording } from './recordings.ts';

/** Cuts a body into the pieces that a client receives one by one. */
export type Cutter = (body: Uint8Array) => Uint8Array[];

export const whole: Cutter = (body) => [body];

/** Pieces of equal size; 1 cuts everywhere: inside UTF-8 sequences, `\r\n` and field names. */
export function everyBytes(size: number): Cutter {
  return (body) => {
    const pieces: Uint8Array[] = [];
    for (let start = 0; start < body.length; start += size) pieces.push(body.subarray(start, start + size));
    return pieces;
  };
}

/** Pieces of 1 to `longest` bytes; the same seed cuts alike. */
export function randomPieces(seed: number, longest = 64): Cutter {
  return (body) => {
    const next = generator(seed);
    const pieces: Uint8Array[] = [];
    for (let start = 0; start < body.length;) {
      const end = start + 1 + Math.floor(next() * longest);
      pieces.push(body.subarray(start, end));
      start = end;
    }
    return pieces;
  };
}

/** Cuts only inside multi-byte characters and between `\r` and `\n`. */
export const insideCharacters: Cutter = (body) => {
  const pieces: Uint8Array[] = [];
  let start = 0;
  body.forEach((byte, index) => {
    const isContinuation = (byte & 0b1100_0000) === 0b1000_0000;
    const isLineFeedOfPair = byte === 0x0a && body[index - 1] === 0x0d;
    if (!isContinuation && !isLineFeedOfPair) return;
    pieces.push(body.subarray(start, index));
    start = index;
  });
  return [...pieces, body.subarray(start)];
};

/** Every way to cut that a reader of streams must not notice, by name. */
export const oddCutters: Readonly<Record<string, Cutter>> = {
  whole,
  'single bytes': everyBytes(1),
  'seven bytes': everyBytes(7),
  'random pieces': randomPieces(20_26),
  'inside characters': insideCharacters,
};

/** A request that the server answered. */
export interface ReceivedRequest {
  readonly recording: string;
  readonly method: string;
  /** Below the recording's base URL. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A loopback server that answers with recordings. */
export interface ReplayServer extends AsyncDisposable {
  /** `http://127.0.0.1:port`; a request there names its recording by the header `x-replay`. */
  readonly url: string;
  /** A base URL without a slash at its end, below which every path is answered with this recording, cut like this. */
  urlOf(recording: Recording, cutter?: Cutter): string;
  readonly received: readonly ReceivedRequest[];
  close(): Promise<void>;
}

/** Names the recording where a client can set headers. */
export const replayHeader = 'x-replay';

interface Serving {
  readonly recording: Recording;
  readonly cutter: Cutter;
}

/**
 * Starts the server. Each piece is sent in a turn of the event loop of its own, so that a client sees the cuts (single
 * bytes of a long body take a while: `replayFetch` is quicker).
 *
 * @example
 * await using server = await replayServer(loadRecordings('openai.chat'));
 * const client = new OpenAI({ apiKey: 'k', baseURL: server.urlOf(recording, everyBytes(7)) });
 */
export async function replayServer(recordings: readonly Recording[] = []): Promise<ReplayServer> {
  const servings = new Map<string, Serving>();
  const received: ReceivedRequest[] = [];
  for (const recording of recordings) servings.set(recording.id, { recording, cutter: whole });

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, key, rest] = /^\/r\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? [];
    const serving = servings.get(decodeURIComponent(key ?? String(request.headers[replayHeader] ?? '')));
    const body = await textOf(request);
    if (serving === undefined) {
      response.writeHead(501, { 'content-type': 'text/plain' }).end('no such recording');
      return;
    }
    const { method = 'GET', headers, url = '' } = request;
    received.push({ recording: serving.recording.id, method, path: rest ?? url, headers, body });
    await serve(serving, response);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url,
    received,
    urlOf(recording, cutter = whole) {
      const key = `${servings.size}-${recording.id}`;
      servings.set(key, { recording, cutter });
      return `${url}/r/${encodeURIComponent(key)}`;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** They describe the connection that was recorded, or an encoding that the recorded body no longer has. */
const headersOfTransport = new Set([
  'content-length',
  'transfer-encoding',
  'content-encoding',
  'connection',
  'keep-alive',
]);

async function serve({ recording, cutter }: Serving, response: ServerResponse): Promise<void> {
  const { status, headers, body } = recording.response;
  for (const [name, value] of Object.entries(headers)) {
    if (!headersOfTransport.has(name.toLowerCase())) response.setHeader(name, value);
  }
  response.writeHead(status);
  for (const piece of cutter(new TextEncoder().encode(body))) {
    if (piece.length === 0) continue;
    response.write(piece);
    // A client joins what arrives in one turn of the event loop; the next turn makes it a piece of its own.
    await nextTurn();
  }
  response.end();
}

/** For clients that take a `fetch`: the recording as a response whose body arrives in exactly these pieces, without a socket. */
export function replayFetch(recording: Recording, cutter: Cutter = whole): typeof fetch {
  return async () => {
    const { status, headers, body } = recording.response;
    const pieces = cutter(new TextEncoder().encode(body)).values();
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const { done, value } = pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
    const kept = Object.entries(headers).filter(([name]) => !headersOfTransport.has(name.toLowerCase()));
    return new Response(stream, { status, headers: kept });
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}

/** A small seeded generator of numbers in [0, 1): a 32-bit linear congruence, good enough to choose cuts. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
