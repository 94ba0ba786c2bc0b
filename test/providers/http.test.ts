import { describe, expect, it, vi } from 'vitest';
import { chunksOf, eventBatches, readJson } from '../../src/providers/http.ts';
import { failureIn } from './failure-in.ts';

const mebibyte = 1024 * 1024;

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A body of so many pieces, and whether its connection was closed by us. */
function bodyOf(piece: string, count: number) {
  const closed = vi.fn();
  const bytes = new TextEncoder().encode(piece);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === count) return controller.close();
      sent += 1;
      controller.enqueue(bytes);
    },
    cancel: closed,
  });
  return { response: new Response(body), closed, sent: () => sent };
}

const readers: Record<string, (response: Response) => Promise<unknown>> = {
  'a whole body': (response) => readJson(response),
  'a body in pieces': (response) => allOf(chunksOf(response)),
  'a stream of events': (response) => allOf(eventBatches(response)),
};

describe.each(Object.entries(readers))('%s', (_, read) => {
  it.each(['x', '\n', ': keep-alive\n'])(
    'without an end is read to 32 MiB, then closed: %j',
    async (piece) => {
      const endless = bodyOf(piece.repeat(mebibyte / piece.length + 1), Infinity);
      const failure = await failureIn(read(endless.response));
      expect(failure).toMatchObject({ kind: 'invalid-response', code: 'too-long' });
      expect(failure?.message).not.toContain('xxx');
      expect(endless.closed).toHaveBeenCalledTimes(1);
      expect(endless.sent()).toBeLessThan(36);
    },
  );
});

describe('a body', () => {
  it('of just 32 MiB is read whole', async () => {
    const { response } = bodyOf(' '.repeat(mebibyte - 1) + '1', 32);
    const pieces = await allOf(chunksOf(response));
    expect(pieces.join('')).toHaveLength(32 * mebibyte);
  });

  it.each([
    ['a page', '<!doctype html><p>secret', 'an HTML page'],
    ['half an object', '{"a":"secret', 'do not parse'],
    ['nothing', '', 'an empty body'],
    ['a string', '"secret"', 'expected a JSON object'],
    ['a list', '["secret"]', 'expected a JSON object'],
    ['null', 'null', 'expected a JSON object'],
  ])('that is %s is no answer, and is not quoted', async (_, text, told) => {
    const failure = await failureIn(readJson(new Response(text)));
    expect(failure?.kind).toBe('invalid-response');
    expect(failure?.message).toContain(told);
    expect(failure?.message).not.toContain('secret');
  });

  it('is closed where its reader leaves', async () => {
    const { response, closed } = bodyOf('data: {}\n\n', Infinity);
    for await (const batch of eventBatches(response)) if (batch.length > 0) break;
    expect(closed).toHaveBeenCalledTimes(1);
  });
});
