import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface Arrived {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: any;
  /** Resolves when the client has closed the connection before the answer was whole. */
  readonly left: Promise<void>;
}

export interface WireServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly Arrived[];
  /** Resolves once that many have arrived. */
  arrived(count: number): Promise<Arrived>;
}

export type Handler = (response: ServerResponse, request: Arrived) => void;

/** A server on loopback that answers each request as the test says, byte for byte. */
export async function wireServer(handler: Handler): Promise<WireServer> {
  const requests: Arrived[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((incoming, response) => {
    const chunks: Uint8Array[] = [];
    incoming.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    incoming.on('end', () => {
      const left = once(response, 'close').then(() => {
        if (response.writableFinished) return new Promise<void>(() => {});
        return undefined;
      });
      const text = Buffer.concat(chunks).toString();
      const request: Arrived = {
        path: incoming.url!,
        headers: incoming.headers,
        body: text === '' ? undefined : JSON.parse(text),
        left,
      };
      requests.push(request);
      for (const wake of waiting) wake();
      handler(response, request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async arrived(count) {
      while (requests.length < count) {
        await new Promise<void>((resolve) => {
          const wake = () => (waiting.delete(wake), resolve());
          waiting.add(wake);
        });
      }
      return requests[count - 1]!;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const textEvent = (text: string, finishReason?: string): string =>
  eventOf({
    candidates: [
      { content: { role: 'model', parts: [{ text }] }, ...(finishReason ? { finishReason } : {}) },
    ],
    usageMetadata: {
      promptTokenCount: 3,
      candidatesTokenCount: 2,
      thoughtsTokenCount: 5,
      totalTokenCount: 10,
    },
    responseId: 'reply1',
  });

export const eventOf = (reply: unknown): string => `data: ${JSON.stringify(reply)}\r\n\r\n`;

/** Answers every request with these pieces of a stream, and ends. */
export function streaming(...pieces: readonly string[]): Handler {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) response.write(piece);
    response.end();
  };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Handler {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}
