import { describe, expect, it } from 'vitest';
import { createCommonCause } from '../../src/health/common-cause.ts';

/** Two of three models went down, the second one at 30 s. */
function together() {
  const cause = createCommonCause<string>();
  cause.opened('a', 1_000);
  cause.opened('b', 30_000);
  return cause;
}

describe('models of one provider that go down together', () => {
  it('make a failure of any of them count for three at first, and less and less for a minute', () => {
    const cause = together();
    expect(cause.strictness('c', 30_000)).toBe(3);
    expect(cause.strictness('c', 45_000)).toBe(2.5);
    expect(cause.strictness('c', 60_000)).toBe(2);
    expect(cause.strictness('c', 90_000)).toBe(1);
    expect(cause.strictness('c', 200_000)).toBe(1);
  });

  it('are two at least, within thirty seconds of each other, whichever clock', () => {
    const cause = createCommonCause<string>();
    cause.opened('a', 1_000);
    expect(cause.strictness('c', 1_000)).toBe(1);
    cause.opened('b', 31_001);
    expect(cause.strictness('c', 31_001)).toBe(1);
    cause.opened('a', 61_001);
    expect(cause.strictness('c', 61_001)).toBe(3);
    const setBack = createCommonCause<string>();
    setBack.opened('a', 31_000);
    setBack.opened('b', 1_000);
    expect(setBack.strictness('c', 1_000)).toBe(3);
  });

  it('are not one that went down twice', () => {
    const cause = createCommonCause<string>();
    cause.opened('a', 1_000);
    cause.opened('a', 2_000);
    expect(cause.strictness('b', 2_000)).toBe(1);
  });

  it('say nothing where the clock was set back', () => {
    expect(together().strictness('c', 29_999)).toBe(1);
  });

  it('say nothing of one that has answered ten times in a row since', () => {
    const cause = together();
    for (let answer = 0; answer < 9; answer += 1) cause.ended('c', 'success');
    expect(cause.strictness('c', 30_000)).toBe(3);
    cause.ended('c', 'undecided');
    cause.ended('c', 'success');
    expect(cause.strictness('c', 30_000)).toBe(1);
    expect(cause.strictness('b', 30_000)).toBe(3);
    // From then on what becomes of it says nothing of the others.
    cause.ended('c', 'failure');
    expect(cause.strictness('c', 30_000)).toBe(1);
  });

  it.each(['failure', 'slow'] as const)('count the answers anew after one that is none: %s', (how) => {
    const cause = together();
    for (let answer = 0; answer < 9; answer += 1) cause.ended('c', 'success');
    cause.ended('c', how);
    cause.ended('c', 'success');
    expect(cause.strictness('c', 30_000)).toBe(3);
  });

  it('count only answers since then, and anew when it happens again', () => {
    const cause = createCommonCause<string>();
    for (let answer = 0; answer < 20; answer += 1) cause.ended('c', 'success');
    cause.opened('a', 1_000);
    cause.opened('b', 1_000);
    expect(cause.strictness('c', 1_000)).toBe(3);
    for (let answer = 0; answer < 20; answer += 1) cause.ended('c', 'success');
    cause.opened('a', 2_000);
    expect(cause.strictness('c', 2_000)).toBe(3);
  });

  it('are forgotten one by one', () => {
    const cause = createCommonCause<string>();
    cause.opened('a', 1_000);
    cause.forget('a');
    cause.opened('b', 1_000);
    expect(cause.strictness('c', 1_000)).toBe(1);
    const other = together();
    for (let answer = 0; answer < 10; answer += 1) other.ended('c', 'success');
    other.forget('c');
    expect(other.strictness('c', 30_000)).toBe(3);
  });
});
