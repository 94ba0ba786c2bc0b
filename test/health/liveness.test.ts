import { describe, expect, it } from 'vitest';
import { createLiveness, type Liveness } from '../../src/health/liveness.ts';
import { createRow } from '../../src/health/row.ts';

const failure = (weight = 1) => ({ kind: 'failure' as const, weight, reason: 'server-error' });

/** One attempt after the other: `a` is answered, `f` fails, `u` says nothing, `l` asks for a pause. */
function after(story: string, liveness: Liveness = createLiveness(), from = 0): Liveness {
  [...story].forEach((outcome, index) => {
    const at = from + index;
    if (outcome === 'a') liveness.answered(at, at);
    if (outcome === 'f') liveness.ended(failure(), at);
    if (outcome === 'u') liveness.ended({ kind: 'undecided' }, at);
    if (outcome === 'l') liveness.ended({ kind: 'alive', reason: 'rate-limit' }, at);
  });
  return liveness;
}

describe('whether a target limps', () => {
  it('is denied to one that has never answered', () => {
    expect(after('').limps()).toBe(false);
    expect(after('f').limps()).toBe(false);
  });

  it('is over with the fifth failure in a row', () => {
    expect(after('affff').limps()).toBe(true);
    expect(after('afffff').limps()).toBe(false);
    expect(after('afffffa').limps()).toBe(true);
    expect(after('affffl').limps()).toBe(true);
    expect(after('afffflffff').limps()).toBe(true);
    expect(after('affffuf').limps()).toBe(false);
  });

  it('counts failures by their weight', () => {
    const liveness = after('a');
    liveness.ended(failure(3.5), 1);
    expect(liveness.limps()).toBe(true);
    liveness.ended(failure(3.5), 2);
    expect(liveness.limps()).toBe(false);
  });

  it('grants longer rows to one that failed as often before: one in 100,000 of them begins by chance', () => {
    // Half of them fail: 17 in a row are one time in 131,072, 16 one in 65,536.
    const often = after('fa'.repeat(200));
    expect(after('f'.repeat(16), often, 1_000).limps()).toBe(true);
    expect(after('f', often, 2_000).limps()).toBe(false);
    // Three of four fail, and it is granted no more.
    const mostly = after('fffa'.repeat(200));
    expect(after('f'.repeat(16), mostly, 1_000).limps()).toBe(true);
    expect(after('f', mostly, 2_000).limps()).toBe(false);
    // One of ten fails: a row of five.
    const seldom = after('faaaaaaaaa'.repeat(50));
    expect(after('ffff', seldom, 1_000).limps()).toBe(true);
    expect(after('ff', seldom, 2_000).limps()).toBe(false);
  });

  it('counts no failure of an attempt that began before one that has been answered', () => {
    const liveness = after('a', createLiveness(), 10);
    liveness.ended(failure(10), 9);
    expect(liveness.limps()).toBe(true);
    for (let count = 0; count < 5; count += 1) liveness.ended(failure(), 10);
    expect(liveness.limps()).toBe(false);
    liveness.answered(9, 20);
    expect(liveness.limps()).toBe(false);
    liveness.answered(10, 20);
    expect(liveness.limps()).toBe(true);
  });

  it('hears no end of an attempt that began before the row', () => {
    const liveness = after('a');
    for (let count = 0; count < 5; count += 1) liveness.ended(failure(), 10);
    liveness.ended({ kind: 'success' }, 9);
    expect(liveness.limps()).toBe(false);
    liveness.ended({ kind: 'success' }, 10);
    expect(liveness.limps()).toBe(true);
  });
});

describe('whether a target is answering', () => {
  it('holds for a second after the last answer has begun', () => {
    const liveness = createLiveness();
    expect(liveness.isAnswering(0)).toBe(false);
    liveness.answered(0, 5_000);
    expect(liveness.isAnswering(5_999)).toBe(true);
    expect(liveness.isAnswering(6_000)).toBe(false);
  });
});

describe('a row of failures', () => {
  const rowOf = (begun: number, failures: readonly number[], weight = 1) => {
    const row = createRow();
    for (let count = 0; count < begun; count += 1) row.begin();
    for (const place of failures) row.failed(place, weight);
    return row;
  };

  it('is five long, and more than half of those that have begun since', () => {
    expect(rowOf(4, [1, 2, 3, 4]).isDown()).toBe(false);
    expect(rowOf(5, [1, 2, 3, 4, 5]).isDown()).toBe(true);
    expect(rowOf(10, [1, 2, 3, 4, 5]).isDown()).toBe(true);
    expect(rowOf(11, [1, 2, 3, 4, 5]).isDown()).toBe(false);
    expect(rowOf(20, [11, 12, 13, 14, 15]).isDown()).toBe(true);
    expect(rowOf(21, [11, 12, 13, 14, 15]).isDown()).toBe(false);
    expect(rowOf(2, [1, 2], 2.5).isDown()).toBe(true);
  });

  it('is ended by an answer of what began with it or later, and by word', () => {
    const row = rowOf(10, [5, 6, 7, 8, 9]);
    row.answered(4);
    expect(row.isDown()).toBe(true);
    row.answered(5);
    expect(row.isDown()).toBe(false);
    const other = rowOf(10, [5, 6, 7, 8, 9]);
    other.end();
    expect(other.isDown()).toBe(false);
    other.failed(10, 5);
    expect(other.isDown()).toBe(true);
  });

  it('numbers attempts in the order in which they begin', () => {
    const row = createRow();
    expect([row.begin(), row.begin()]).toEqual([1, 2]);
  });
});
