import { describe, expect, it } from 'vitest';
import { createPace } from '../../src/health/pace.ts';

const paceOf = (...at: number[]) => {
  const pace = createPace();
  for (const now of at) pace.beat(now);
  return pace;
};

describe('how far apart calls come', () => {
  it('is unknown before the second one', () => {
    expect(paceOf().gapMs()).toBe(0);
    expect(paceOf(1_000).gapMs()).toBe(0);
    expect(paceOf(1_000, 3_000).gapMs()).toBe(2_000);
  });

  it('is the mean, of about a hundred', () => {
    expect(paceOf(0, 1_000, 4_000).gapMs()).toBe(2_000);
    const steady = Array.from({ length: 201 }, (_, index) => index * 1_000);
    expect(paceOf(...steady, 202_000).gapMs()).toBeCloseTo(1_010, 6);
  });

  it('counts a night for ten minutes, and a clock that was set back for nothing', () => {
    expect(paceOf(0, 36_000_000).gapMs()).toBe(600_000);
    expect(paceOf(10_000, 0).gapMs()).toBe(0);
  });

  it('leaves out the gap in which nobody could come', () => {
    const pace = paceOf(0, 1_000);
    pace.pause();
    pace.beat(500_000);
    pace.beat(501_000);
    expect(pace.gapMs()).toBe(1_000);
  });
});
