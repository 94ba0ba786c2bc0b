import { describe, expect, it } from 'vitest';
import { cusum } from '../../src/health/evidence.ts';
import { createTrackRecord, type TrackRecord, type Verdict } from '../../src/health/track-record.ts';

const success: Verdict = { kind: 'success' };
const failure = (weight = 1): Verdict => ({ kind: 'failure', weight, reason: 'server-error' });
const slow = (weight = 1): Verdict => ({ kind: 'slow', weight, reason: 'slow' });

/** Each attempt begins and ends before the next one. */
function after(verdicts: readonly Verdict[], { strictness = 1 } = {}): TrackRecord {
  const record = createTrackRecord(cusum()());
  for (const verdict of verdicts) record.add(verdict, 0, { strictness, place: record.begin() });
  return record;
}

/** The steps of docs/health.md: 10 % against 2 % of failures. */
const failed = Math.log(5);
const succeeded = Math.log(0.9 / 0.98);
const shareOf = (sum: number) => Math.exp(2 - sum);

describe('what speaks for and against a target', () => {
  it('is bad from the fifth failure in a row on, and down', () => {
    expect(after(Array<Verdict>(4).fill(failure())).isBad(0, 1)).toBe(false);
    expect(after(Array<Verdict>(4).fill(failure())).isDown()).toBe(false);
    expect(after(Array<Verdict>(5).fill(failure())).isBad(0, 1)).toBe(true);
    expect(after(Array<Verdict>(5).fill(failure())).isDown()).toBe(true);
  });

  it('is bad sooner where one counts for several, but no sooner down', () => {
    const twice = after(Array<Verdict>(3).fill(failure()), { strictness: 2 });
    expect(twice.isBad(0, 2)).toBe(true);
    expect(twice.isDown()).toBe(false);
  });

  it('is not down where it answers slowly, or answers between', () => {
    expect(after(Array<Verdict>(9).fill(slow())).isDown()).toBe(false);
    expect(after([...Array<Verdict>(4).fill(failure()), slow(), failure()]).isDown()).toBe(false);
    expect(after([...Array<Verdict>(4).fill(failure()), success, failure()]).isDown()).toBe(false);
    const record = after(Array<Verdict>(4).fill(failure()));
    record.answered(record.begin());
    record.add(failure(), 0, { strictness: 1, place: record.begin() });
    expect(record.isDown()).toBe(false);
  });

  it('says nothing by what is undecided or merely alive', () => {
    const record = after([
      ...Array<Verdict>(4).fill(failure()),
      { kind: 'undecided' },
      { kind: 'alive', reason: '' },
      failure(),
    ]);
    expect(record.isDown()).toBe(true);
  });

  it('costs share for failures that do not follow one another: those in a row are the breaker’s', () => {
    const share = (...verdicts: Verdict[]) => after(verdicts).share(0);
    expect(share(failure(), failure(), failure())).toBe(1);
    expect(share(failure(), success, failure())).toBeCloseTo(shareOf(2 * failed + succeeded), 10);
    expect(share(failure(), { kind: 'undecided' }, failure())).toBe(1);
    expect(share(slow(), slow())).toBeCloseTo(shareOf(2 * failed), 10);
    expect(share(slow(0.5), slow(), success)).toBeCloseTo(shareOf(1.5 * failed + succeeded), 10);
    expect(share(failure(3.5), success, failure(3.5))).toBeCloseTo(shareOf(2 * failed + succeeded), 10);
  });

  it('costs share for each failure where one counts for several', () => {
    expect(after([failure(), failure()], { strictness: 2 }).share(0)).toBeCloseTo(shareOf(2 * failed), 10);
  });

  it('is forgotten, but for a part of the share where it has relapsed', () => {
    const verdicts = [failure(), success, failure(), success, failure(), failure(), failure(), failure()];
    const record = after(verdicts);
    expect(record.isBad(0, 1)).toBe(true);
    record.reset(false);
    expect([record.isBad(0, 1), record.isDown(), record.share(0)]).toEqual([false, false, 1]);
    const relapsed = after([failure(), success, failure(), success, failure(), success, failure()]);
    relapsed.reset(true);
    expect(relapsed.share(0)).toBeCloseTo(shareOf(3), 10);
    relapsed.add(failure(), 0, { strictness: 1, place: relapsed.begin() });
    expect(relapsed.share(0)).toBeCloseTo(shareOf(3 + failed), 10);
  });
});
