import type { ProviderEvent } from './provider.ts';

/** Events in the batches in which they arrived. A batch holds only until the next one is asked for. */
export type Batches = AsyncIterable<readonly ProviderEvent[]>;

// Registered, since each entry point may bring a copy of this module.
const batchesOfStream = Symbol.for('failsoft.batches');

interface BatchedStream extends AsyncIterable<ProviderEvent> {
  readonly [batchesOfStream]: Batches;
}

/**
 * A stream of single events for whoever reads one, out of batches for whoever knows of them: to hand an event through a
 * generator takes longer than to parse it, and most pieces of the network hold several.
 */
export function streamOf(batches: Batches): AsyncIterable<ProviderEvent> {
  const stream: BatchedStream = {
    [batchesOfStream]: batches,
    async *[Symbol.asyncIterator]() {
      for await (const batch of batches) for (const event of batch) yield event;
    },
  };
  return stream;
}

/** The batches behind a stream; undefined where it gives single events only. */
export function batchesOf(stream: AsyncIterable<ProviderEvent>): Batches | undefined {
  return (stream as Partial<BatchedStream>)[batchesOfStream];
}
