import { describe, expect, it, vi } from 'vitest';
import { readBody, readEvents, readJson, readText } from '../../src/providers/http.ts';
import { failureIn } from './failure-in.ts';

const mebibyte = 1024 * 1024;

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
  'a body in pieces': (response) => readBody(response, { take: () => false }),
  'a stream of events': (response) => readEvents(response, { take: () => false }),
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
    expect(await readText(response)).toHaveLength(32 * mebibyte);
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

  it('is closed where its reader throws', async () => {
    const { response, closed } = bodyOf('data: {}\n\n', Infinity);
    const reading = readEvents(response, {
      take() {
        throw new Error('none of ours');
      },
    });
    await expect(reading).rejects.toThrow('none of ours');
    expect(closed).toHaveBeenCalledTimes(1);
  });

  it('is let run out once the answer is whole, and nothing more of it is heard', async () => {
    const { response, closed, sent } = bodyOf('data: 1\n\ndata: 2\n\n', 3);
    const taken: string[] = [];
    await readEvents(response, { take: ({ data }) => taken.push(data) > 0 });
    await vi.waitFor(() => expect(sent()).toBe(3));
    expect(taken).toEqual(['1']);
    expect(closed).not.toHaveBeenCalled();
  });

  it('that does not end in time is closed, and taken as it is', async () => {
    const closed = vi.fn();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
      cancel: closed,
    });
    await readEvents(new Response(body), { take: () => false, patienceMs: () => 1 });
    expect(closed).toHaveBeenCalledTimes(1);
  });
});
