import { expect, it } from 'vitest';
import { batchesOf, streamOf } from '../../src/providers/batches.ts';
import type { ProviderEvent } from '../../src/providers/provider.ts';

const text = (content: string): ProviderEvent => ({ type: 'text', text: content });

async function* twoBatches(onClose: () => void): AsyncGenerator<readonly ProviderEvent[]> {
  try {
    const batch = [text('a'), text('b')];
    yield batch;
    // A provider may use its array again.
    batch.length = 0;
    batch.push(text('c'));
    yield batch;
  } finally {
    onClose();
  }
}

it('a stream of batches reads event by event', async () => {
  const seen: ProviderEvent[] = [];
  for await (const event of streamOf(twoBatches(() => {}))) seen.push(event);
  expect(seen).toEqual([text('a'), text('b'), text('c')]);
});

it('leaving a stream in the middle of a batch closes what is behind it', async () => {
  let isClosed = false;
  for await (const event of streamOf(twoBatches(() => (isClosed = true)))) {
    expect(event).toEqual(text('a'));
    break;
  }
  expect(isClosed).toBe(true);
});

it('batches are found behind a stream of them and behind no other', () => {
  const batches = twoBatches(() => {});
  expect(batchesOf(streamOf(batches))).toBe(batches);
  expect(batchesOf({ async *[Symbol.asyncIterator]() {} })).toBeUndefined();
});
