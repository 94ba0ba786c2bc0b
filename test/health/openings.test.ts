import { describe, expect, it } from 'vitest';
import { manualRuntime } from '../../src/testing/index.ts';
import { createOpenings } from '../../src/health/openings.ts';

/** Without jitter: the longest that each time can be. */
const runtime = { ...manualRuntime(), random: () => 0 };
const openings = () => createOpenings(runtime);
const lastsMs = ({ since, until }: { since: number; until: number }) => until - since;

describe('how long a breaker stays open', () => {
  it('is seven seconds, then twice as long each time, twenty at most', () => {
    const these = openings();
    these.tripped(1, 1_000_000);
    const lasted = [0, 1, 2, 3].map((index) => lastsMs(these.open(1_000_000 + index)));
    expect(lasted).toEqual([7_000, 14_000, 20_000, 20_000]);
  });

  it('is up to a quarter shorter, by chance', () => {
    const these = createOpenings({ ...manualRuntime(), random: () => 1 });
    these.tripped(1, 0);
    expect(these.open(5)).toEqual({ since: 5, until: 5 + 5_250 });
  });

  it('is three seconds for one that was only slow, for the first time of late', () => {
    const these = openings();
    these.tripped(0.99, 1_000_000);
    expect(lastsMs(these.open(1_000_000))).toBe(3_000);
    expect(these.slowStartMs()).toBe(5_000);
    these.recovered(1_003_000);
    these.tripped(0.99, 1_004_000);
    expect(lastsMs(these.open(1_004_000))).toBe(14_000);
    expect(these.slowStartMs()).toBe(20_000);
  });

  it('is no shorter than the gap between two calls, and up to ten of them where calls are rare, ten minutes at most', () => {
    const rare = (gapMs: number) => {
      const these = openings();
      [0, 1, 2].forEach((index) => these.called(index * gapMs));
      these.tripped(1, 0);
      return Array.from({ length: 8 }, () => lastsMs(these.open(0)));
    };
    expect(rare(1_000).at(-1)).toBe(20_000);
    expect(rare(10_000)).toEqual([10_000, 20_000, 40_000, 80_000, 100_000, 100_000, 100_000, 100_000]);
    expect(rare(100_000).slice(0, 4)).toEqual([100_000, 200_000, 400_000, 600_000]);
    expect(rare(3_000_000)[0]).toBe(600_000);
  });

  it('does not take the time while it is open for a gap between calls', () => {
    const these = openings();
    [0, 1_000].forEach((at) => these.called(at));
    these.tripped(1, 1_000);
    these.open(1_000);
    these.called(500_000);
    expect(lastsMs(these.open(500_000))).toBe(14_000);
  });

  it('begins at the shortest again after a healthy minute, and not before', () => {
    const again = (healthyMs: number) => {
      const these = openings();
      these.tripped(1, 0);
      these.open(0);
      these.recovered(7_000);
      these.tripped(1, 7_000 + healthyMs);
      return [these.hasRelapsed(), lastsMs(these.open(7_000 + healthyMs)), these.slowStartMs()];
    };
    expect(again(60_000)).toEqual([false, 7_000, 10_000]);
    expect(again(59_999)).toEqual([true, 14_000, 20_000]);
  });
});

describe('how a target comes back', () => {
  it('is more slowly each time that it failed soon after, three times as slowly at most', () => {
    const these = openings();
    these.tripped(1, 0);
    const slowly = [10_000, 20_000, 30_000, 40_000].map((at) => {
      these.recovered(at);
      these.tripped(1, at + 1);
      return these.slowStartMs();
    });
    expect(slowly).toEqual([20_000, 30_000, 30_000, 30_000]);
  });

  it('is on probation for five seconds', () => {
    const these = openings();
    expect(these.isOnProbation(0)).toBe(false);
    these.recovered(1_000);
    expect([999, 1_000, 5_999, 6_000].map((at) => these.isOnProbation(at))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('is in doubt until what probes say adds up to a failure, each time anew', () => {
    const these = openings();
    expect([0.5, 0.4, 0.1].map((weight) => these.doubt(weight))).toEqual([false, false, true]);
    these.open(0);
    expect(these.doubt(0.9)).toBe(false);
    these.recovered(1);
    expect([0.9, 0.1].map((weight) => these.doubt(weight))).toEqual([false, true]);
  });

  it('is waited for ever longer from the fifth opening on that nothing came of', () => {
    const these = openings();
    these.tripped(1, 0);
    const patience = Array.from({ length: 6 }, () => {
      these.open(0);
      return these.patience();
    });
    expect(patience).toEqual([1, 1, 1, 1, 2, 4]);
  });
});
