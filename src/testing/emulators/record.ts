import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { JsonObject, WireRequest } from './dialect.ts';
import type { Ending, Exchange } from './exchange.ts';
import type { PlayedFault } from './faults.ts';

/** A request that an emulator has received, and what became of it. */
export interface RecordedRequest extends WireRequest {
  /** Whether the client left before the answer was whole. */
  readonly aborted: boolean;
  /** The status that was answered; undefined while nothing was. */
  readonly status: number | undefined;
  /** What the schedule made of it. */
  readonly fault: PlayedFault | undefined;
  /** Settles when the exchange is over: answered, cut by the emulator, or aborted by the client. */
  readonly ended: Promise<Ending>;
}

export interface Entry {
  readonly recorded: RecordedRequest;
  readonly update: (change: Partial<RecordedRequest>) => void;
}

export async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch {
    // The client left while it was still sending: the exchange knows, and nobody is there to be answered.
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function record(incoming: IncomingMessage, text: string, number: number, exchange: Exchange): Entry {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const recorded: RecordedRequest = {
    number,
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: joined(incoming.headers),
    body: parsed(text),
    text,
    at: Date.now(),
    aborted: false,
    status: undefined,
    fault: undefined,
    ended: exchange.ended,
  };
  return { recorded, update: (change) => void Object.assign(recorded, change) };
}

function joined(headers: IncomingHttpHeaders): WireRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value?.toString()]));
}

function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}
