import { expect, it } from 'vitest';
import type { ProviderCall, ProviderEvent } from '../../src/providers/provider.ts';
import { eventsOf, feedOf, streamOf, type Ask } from '../../src/providers/sink.ts';

const text = (content: string): ProviderEvent => ({ type: 'text', text: content });
const call: ProviderCall = {
  model: 'm',
  request: { messages: [] },
  signal: new AbortController().signal,
  headers: {},
};

const threeTexts: Ask = async (_, sink) => {
  sink.push(text('a'));
  sink.push(text('b'));
  await Promise.resolve();
  sink.push(text('c'));
};

/** Says one word, and then nothing until it is aborted. */
function silentAfterOne(): { readonly ask: Ask; readonly reasons: unknown[] } {
  const reasons: unknown[] = [];
  const ask: Ask = async ({ signal }, sink) => {
    sink.push(text('a'));
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    reasons.push(signal.reason);
    throw signal.reason;
  };
  return { ask, reasons };
}

async function read(stream: AsyncIterable<ProviderEvent>): Promise<ProviderEvent[]> {
  const seen: ProviderEvent[] = [];
  for await (const event of stream) seen.push(event);
  return seen;
}

it('what is pushed can be pulled event by event', async () => {
  expect(await read(streamOf(call, threeTexts))).toEqual([text('a'), text('b'), text('c')]);
});

it('what is pushed can be had as a list', async () => {
  expect(await eventsOf(call, threeTexts)).toEqual([text('a'), text('b'), text('c')]);
});

it('a failure is thrown after the events before it', async () => {
  const seen: ProviderEvent[] = [];
  const reading = (async () => {
    for await (const event of streamOf(call, async (_, sink) => {
      sink.push(text('a'));
      throw new Error('broken');
    }))
      seen.push(event);
  })();
  await expect(reading).rejects.toThrow('broken');
  expect(seen).toEqual([text('a')]);
});

it('leaving a stream aborts what is behind it', async () => {
  const { ask, reasons } = silentAfterOne();
  for await (const event of streamOf(call, ask)) {
    expect(event).toEqual(text('a'));
    break;
  }
  await Promise.resolve();
  expect(reasons).toHaveLength(1);
});

it('the signal of the call aborts it too', async () => {
  const { ask } = silentAfterOne();
  const controller = new AbortController();
  const reading = read(streamOf({ ...call, signal: controller.signal }, ask));
  controller.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
});

it.each([
  ['a stream', (call: ProviderCall, ask: Ask) => read(streamOf(call, ask))],
  ['a list', eventsOf],
])('%s does not wait out an abort that nobody heeds', async (_, ask) => {
  const controller = new AbortController();
  const asked = ask({ ...call, signal: controller.signal }, () => new Promise(() => {}));
  controller.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
});

it('nothing is asked before somebody reads', async () => {
  let asked = 0;
  const stream = streamOf(call, async () => void (asked += 1));
  await Promise.resolve();
  expect(asked).toBe(0);
  await read(stream);
  expect(asked).toBe(1);
});

it('a feed is found behind a stream that has one and behind no other', async () => {
  const events: ProviderEvent[] = [];
  await feedOf(streamOf(call, threeTexts))?.(events);
  expect(events).toHaveLength(3);
  expect(feedOf({ async *[Symbol.asyncIterator]() {} })).toBeUndefined();
});
