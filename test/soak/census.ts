import { getEventListeners } from 'node:events';
import type { Router } from 'failsoft';

/** What the process holds while no call is under way. */
export interface Census {
  readonly atMs: number;
  readonly heapBytes: number;
  /** What keeps an event loop alive, by its kind: sockets, timers. */
  readonly resources: Readonly<Record<string, number>>;
  /** On the signal that most calls share. */
  readonly listeners: number;
  readonly inFlight: number;
}

export async function takeCensus(router: Router, sharedSignal: AbortSignal): Promise<Census> {
  if (!globalThis.gc) throw new Error('run node with --expose-gc');
  await closeTransport();
  globalThis.gc();
  globalThis.gc();
  const health = Object.values(router.health().targets);
  return {
    atMs: performance.now(),
    heapBytes: process.memoryUsage().heapUsed,
    resources: resources(),
    listeners: getEventListeners(sharedSignal, 'abort').length,
    inFlight: health.reduce((sum, { inFlight }) => sum + inFlight, 0),
  };
}

/** Where Node's `fetch` keeps its connections, and what a new one replaces. */
const transportKey = Symbol.for('undici.globalDispatcher.1');

interface Transport {
  readonly constructor: new () => Transport;
  close(): Promise<void>;
}

/**
 * Node keeps an object for each connection that was ever open at once, some kilobytes each, for as long as the process runs: every
 * peak of a soak would look like a leak.
 */
async function closeTransport(): Promise<void> {
  const held = globalThis as { [transportKey]?: Transport };
  const transport = held[transportKey];
  if (!transport) return;
  held[transportKey] = new transport.constructor();
  await transport.close();
}

export function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The slope of the heap by least squares, in bytes a minute; NaN for fewer than three. */
export function heapSlope(censuses: readonly Census[]): number {
  const count = censuses.length;
  if (count < 3) return NaN;
  const mean = (of: (census: Census) => number) =>
    censuses.reduce((sum, census) => sum + of(census), 0) / count;
  const minutes = ({ atMs }: Census) => atMs / 60_000;
  const meanMinutes = mean(minutes);
  const meanBytes = mean(({ heapBytes }) => heapBytes);
  const spread = mean((census) => (minutes(census) - meanMinutes) ** 2);
  const common = mean((census) => (minutes(census) - meanMinutes) * (census.heapBytes - meanBytes));
  return common / spread;
}
