import { describe, expect, it } from 'vitest';
import { createRefusals } from '../../src/health/refusals.ts';
import type { FailureKind } from '../../src/core/failure.ts';

/** Each letter is a request: `a` is let in, `r` refused, in this order; the weight of each refusal. */
function weights(story: string): number[] {
  const refusals = createRefusals();
  const found: number[] = [];
  [...story].forEach((outcome, at) => {
    const number = refusals.sent(at);
    if (outcome === 'a') return refusals.letIn(number);
    const tally = refusals.failed(number, 'overloaded', at);
    if (tally) found.push(refusals.weight(tally));
  });
  return found;
}

describe('how much refusals say against a target', () => {
  it('is all of it, one by one, where nobody is let in', () => {
    expect(weights('rrrr')).toEqual([1, 1, 1, 1]);
  });

  it('is nothing where others are let in between them', () => {
    expect(weights('ararrarr')).toEqual([0, 0, 0, 0, 0]);
  });

  it('is that of the whole row once it is three long, and then one for each', () => {
    expect(weights('arrrrr')).toEqual([0, 0, 3, 1, 1]);
  });

  it('is counted anew for each row', () => {
    expect(weights('arrrrarrrr')).toEqual([0, 0, 3, 1, 0, 0, 3, 1]);
  });

  it.each<[FailureKind, boolean]>([
    ['rate-limit', true],
    ['overloaded', true],
    ['server-error', false],
    ['timeout', false],
  ])('is asked of refusals for the number of requests: %s', (kind, isRefusal) => {
    const refusals = createRefusals();
    refusals.letIn(refusals.sent(0));
    const tally = refusals.failed(refusals.sent(1), kind, 2);
    expect(tally?.refused).toBe(isRefusal ? 1 : undefined);
  });

  it('looks past failures that were no refusals', () => {
    const refusals = createRefusals();
    refusals.letIn(refusals.sent(0));
    const numbers = [1, 2, 3].map((at) => refusals.sent(at)) as [number, number, number];
    expect(refusals.failed(numbers[1], 'server-error', 4)).toBeUndefined();
    refusals.failed(numbers[0], 'rate-limit', 5);
    expect(refusals.failed(numbers[2], 'rate-limit', 6)).toMatchObject({ accepted: 1, refused: 2, row: 2 });
  });
});
