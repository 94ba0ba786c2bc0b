import { describe, expect, it } from 'vitest';
import { createEventQueue } from '../../src/execution/event-queue.ts';

const event = (value: unknown) => ({ done: false, value });
const done = { done: true, value: undefined };

function queueOf(...events: number[]) {
  const queue = createEventQueue<number>();
  for (const one of events) queue.push(one);
  return queue;
}

describe('the queue between engine and reader', () => {
  it('hands events out in order, whoever is first, the reader or the event', async () => {
    const queue = queueOf(1, 2);
    expect(await queue.next()).toEqual(event(1));
    expect(await queue.next()).toEqual(event(2));
    const early = [queue.next(), queue.next()];
    queue.push(3);
    queue.push(4);
    queue.push(5);
    expect(await Promise.all(early)).toEqual([event(3), event(4)]);
    expect(await queue.next()).toEqual(event(5));
  });

  it('ends after what is waiting, also for readers who wait', async () => {
    const queue = queueOf(1);
    queue.end();
    queue.push(2);
    expect(await queue.next()).toEqual(event(1));
    expect(await queue.next()).toEqual(done);
    expect(await queue.next()).toEqual(done);
    const other = queueOf();
    const waiting = [other.next(), other.next()];
    other.end();
    expect(await Promise.all(waiting)).toEqual([done, done]);
  });

  it('fails once after what is waiting, and is done then', async () => {
    const queue = queueOf(1);
    queue.fail('broken');
    queue.fail('again');
    queue.end();
    expect(await queue.next()).toEqual(event(1));
    await expect(queue.next()).rejects.toBe('broken');
    expect(await queue.next()).toEqual(done);
  });

  it('fails for one reader who waits, and is done for the others', async () => {
    const queue = queueOf();
    const [first, second] = [queue.next(), queue.next()];
    queue.fail(undefined);
    await expect(first).rejects.toBeUndefined();
    expect(await second).toEqual(done);
  });

  it('drops what is waiting, and goes on with what comes after', async () => {
    const queue = queueOf(1, 2, 3);
    await queue.next();
    queue.clear();
    queue.push(4);
    expect(await queue.next()).toEqual(event(4));
  });

  it.each([
    ['the last that matches', [2, 3, 2, 5], 2, [5]],
    ['the first', [2, 3], 2, [3]],
    ['all', [3, 2], 2, []],
    ['nothing where none matches', [3, 5], 2, [3, 5]],
    ['nothing for one that has been read', [3, 5], 1, [3, 5]],
  ])('drops up to %s', async (_, waiting, wanted, left) => {
    const queue = queueOf(1, ...waiting);
    await queue.next();
    queue.dropThroughLast((one) => one === wanted);
    queue.end();
    for (const one of left) expect(await queue.next()).toEqual(event(one));
    expect(await queue.next()).toEqual(done);
  });

  it('drops the oldest alone where that is the one', async () => {
    const queue = queueOf(1, 2);
    queue.dropThroughLast((one) => one === 1);
    expect(await queue.next()).toEqual(event(2));
  });
});
