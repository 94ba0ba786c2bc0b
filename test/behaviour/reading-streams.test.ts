import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Script, ScriptStep } from 'failsoft/testing';
import { arrange, errorOf, messages, read, settleNow } from './arrange.ts';

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});

afterEach(async () => {
  // Node tells of an unhandled rejection after the microtasks of a turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

const half: Script = [{ text: 'Hel' }, { hang: true }];

describe('a stream has one reader', () => {
  it('and a second is a TypeError, in whichever forms the two read', async () => {
    const stage = arrange({ a: 'Hello.' });
    const readers = [
      (stream: ReturnType<typeof stage.stream>) => stream[Symbol.asyncIterator](),
      (stream: ReturnType<typeof stage.stream>) => stream.textStream[Symbol.asyncIterator](),
      (stream: ReturnType<typeof stage.stream>) => stream.toResponse(),
    ];
    for (const first of readers) {
      for (const second of readers) {
        const stream = stage.stream();
        first(stream);
        expect(() => second(stream)).toThrow(TypeError);
        await stream.completion;
      }
    }
  });

  it('who can be beside whoever awaits completion', async () => {
    const stage = arrange({ a: 'Hello.' });
    const stream = stage.stream();
    const [seen, completion] = await stage.runtime.run(Promise.all([read(stream), stream.completion]));
    expect(seen.events.at(-1)).toEqual({ type: 'finish', completion });
  });
});

describe('a reader who leaves early', () => {
  it.each(['events', 'textStream'] as const)(
    'ends the provider’s work at once, and completion with aborted and the partial (%s)',
    async (form) => {
      const stage = arrange({ a: half, b: 'From b.' });
      const stream = stage.stream();
      for await (const piece of form === 'events' ? stream : stream.textStream) {
        if (piece === 'Hel' || (typeof piece === 'object' && piece.type === 'text')) break;
      }
      const error = await errorOf(stream.completion);
      expect(error).toMatchObject({ code: 'aborted', partial: { text: 'Hel', target: 'a' } });
      expect((error.cause as Error).name).toBe('AbortError');
      expect(stage.providers.a.calls[0]?.outcome).toBe('aborted');
      expect(stage.providers.b.calls).toEqual([]);
      expect(stage.router.health().targets['a']?.breaker).toBe('closed');
      stage.expectQuiet();
    },
  );

  it('by an error in the loop’s body does the same', async () => {
    const stage = arrange({ a: half });
    const stream = stage.stream();
    await expect(
      (async () => {
        for await (const _event of stream) throw new Error('the reader broke');
      })(),
    ).rejects.toThrow('the reader broke');
    expect((await errorOf(stream.completion)).code).toBe('aborted');
  });

  it('after the finish has the whole answer', async () => {
    const stage = arrange({ a: 'Hello.' });
    const stream = stage.stream();
    for await (const event of stream) if (event.type === 'finish') break;
    expect((await stream.completion).text).toBe('Hello.');
    stream.abort();
    expect((await stream.completion).text).toBe('Hello.');
  });

  it('gets nothing more', async () => {
    const stage = arrange({ a: [{ text: ['a', 'b', 'c'] }] });
    const events = stage.stream()[Symbol.asyncIterator]();
    await settleNow(stage);
    await events.next();
    await events.return?.();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('while it waits for the next piece gets an end, not a hang', async () => {
    const stage = arrange({ a: [{ hang: true }] });
    const stream = stage.stream();
    const events = stream[Symbol.asyncIterator]();
    const waiting = events.next();
    await events.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect((await errorOf(stream.completion)).code).toBe('aborted');
  });
});

describe('when nobody reads', () => {
  it('a failed stream is no unhandled rejection', async () => {
    const stage = arrange({ a: [{ fail: 'bad-request' }] });
    stage.stream();
    void stage.stream().textStream;
    stage.stream({ messages: [] });
    stage.router.stream(undefined as never);
    stage.router.stream({ messages }, null as never);
    await settleNow(stage);
  });

  it('but only completion is awaited, it is told there', async () => {
    const stage = arrange({ a: [{ fail: 'bad-request' }] });
    expect((await errorOf(stage.stream().completion)).code).toBe('bad-request');
  });

  it('but only the events, it is told there once, after what had come', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { fail: 'network' }] });
    const events = stage.stream()[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({ type: 'start' });
    expect((await events.next()).value).toMatchObject({ text: 'Hel' });
    expect((await errorOf(events.next())).code).toBe('stream-interrupted');
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('an abandoned stream runs to its end and keeps its answer', async () => {
    const stage = arrange({ a: 'Hello.' });
    const { completion } = stage.stream();
    await stage.runtime.advance(60_000);
    expect((await completion).text).toBe('Hello.');
  });
});

describe('a slow reader', () => {
  it('never looks like a stall: the stream is read as fast as the provider sends', async () => {
    const pieces = Array.from({ length: 50 }, (_, index) => `${index} `);
    const stage = arrange({ a: [{ text: pieces }] });
    const stream = stage.stream();
    const seen: string[] = [];
    await stage.runtime.run(
      (async () => {
        for await (const text of stream.textStream) {
          seen.push(text);
          await stage.runtime.sleep(15_000);
        }
      })(),
    );
    expect(seen).toEqual(pieces);
    expect(await stream.completion).toMatchObject({ latencyMs: 0, attempts: [{ decision: 'answer' }] });
  });

  it('gets everything that came before a failure, then the failure', async () => {
    const stage = arrange({ a: [{ text: ['a', 'b', 'c'] }, { fail: 'network' }] });
    const stream = stage.stream();
    await stage.runtime.advance(60_000);
    const seen: string[] = [];
    const error = await errorOf(
      (async () => {
        for await (const text of stream.textStream) seen.push(text);
      })(),
    );
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(error.code).toBe('stream-interrupted');
  });

  it('may ask for several pieces at once, and gets them in order', async () => {
    const stage = arrange({ a: [{ text: ['a', 'b'] }] });
    const events = stage.stream()[Symbol.asyncIterator]();
    const all = await stage.runtime.run(Promise.all(Array.from({ length: 5 }, () => events.next())));
    expect(all.map(({ value }) => value?.type)).toEqual(['start', 'text', 'text', 'finish', undefined]);
  });
});

describe('textStream', () => {
  it('is the text alone', async () => {
    const steps: ScriptStep[] = [
      { reasoning: 'Hm.' },
      { text: ['Hel', 'lo.'] },
      { toolCall: { name: 'f', arguments: {} } },
    ];
    const stage = arrange({ a: steps });
    const seen: string[] = [];
    await stage.runtime.run(
      (async () => {
        for await (const text of stage.stream().textStream) seen.push(text);
      })(),
    );
    expect(seen).toEqual(['Hel', 'lo.']);
  });

  it('cannot take text back, and has none to take back after live reasoning', async () => {
    const stage = arrange({ a: [{ reasoning: 'Hm.' }, { fail: 'network' }], b: 'From b.' });
    const seen: string[] = [];
    await stage.runtime.run(
      (async () => {
        for await (const text of stage.stream({}, { stream: { reasoning: 'live' } }).textStream)
          seen.push(text);
      })(),
    );
    expect(seen).toEqual(['From b.']);
  });
});
