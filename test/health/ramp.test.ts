import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAdmissions } from '../../src/health/admissions.ts';
import { createRamp } from '../../src/health/ramp.ts';

const tally = { accepted: 10, open: 0, refused: 1, row: 1, mixed: true, spanMs: 1000, latest: 10 };
const refusal = { number: 10, tally, now: 0, resumeAt: 0 };

/** A vendor with a bucket, and clients that want more than it has: the loop is closed, in steps of a millisecond. */
function closedLoop(perSecond: (second: number) => number, demand: number, seconds: number) {
  const ramp = createRamp();
  const admissions = createAdmissions();
  let level = 0;
  let wanted = 0;
  const refusals: { number: number; at: number }[] = [];
  const accepted: number[] = [];
  const refused: number[] = [];
  const limit: number[] = [];
  for (let now = 0; now < seconds * 1000; now += 1) {
    const second = Math.floor(now / 1000);
    level = Math.min(perSecond(second), level + perSecond(second) / 1000);
    while (refusals[0] && refusals[0].at <= now) {
      const { number } = refusals.shift() as { number: number };
      admissions.settle(number, 'refused');
      ramp.refused({ number, tally: admissions.tally(number, now), now, resumeAt: now });
    }
    wanted += demand / 1000;
    if (wanted < 1) continue;
    wanted -= 1;
    if (ramp.nextAt(now) !== undefined) continue;
    ramp.took(now);
    const number = admissions.sent(now);
    if (level < 1) refusals.push({ number, at: now + 50 });
    else level -= 1;
    const outcomes = level < 0 || refusals.at(-1)?.number === number ? refused : accepted;
    outcomes[second] = (outcomes[second] ?? 0) + 1;
    limit[second] = perSecond(second);
  }
  const between = (of: number[], from: number, to: number) =>
    of.slice(from, to).reduce((sum, count) => sum + (count ?? 0), 0) / (to - from);
  return {
    acceptedPerSecond: (from: number, to: number) => between(accepted, from, to),
    refusedPerSecond: (from: number, to: number) => between(refused, from, to),
  };
}

describe('a ramp', () => {
  it.each([2, 5, 20, 50])(
    'comes to what a vendor takes (%i a second) and stays there, with few refusals',
    (capacity) => {
      const loop = closedLoop(() => capacity, 100, 120);
      expect(loop.acceptedPerSecond(10, 120) / capacity).toBeGreaterThan(0.85);
      // One refusal for each look whether there is more: at two a second that is one in nine.
      expect(loop.refusedPerSecond(10, 120) / capacity).toBeLessThan(0.12);
      for (let second = 10; second < 115; second += 5) {
        expect(loop.acceptedPerSecond(second, second + 5) / capacity).toBeGreaterThan(0.5);
        expect(loop.acceptedPerSecond(second, second + 5) / capacity).toBeLessThan(1.5);
      }
    },
  );

  it('follows a vendor that takes more and then less', () => {
    const loop = closedLoop((second) => (second >= 40 && second < 80 ? 40 : 10), 100, 120);
    expect(loop.acceptedPerSecond(20, 40) / 10).toBeGreaterThan(0.8);
    expect(loop.acceptedPerSecond(50, 80) / 40).toBeGreaterThan(0.8);
    expect(loop.refusedPerSecond(90, 120) / 10).toBeLessThan(0.15);
  });

  it('begins below what was let in of late, and is over when nothing is refused for eight seconds', () => {
    const ramp = createRamp();
    expect(ramp.perSecond(0)).toBeUndefined();
    ramp.refused(refusal);
    expect(ramp.perSecond(0)).toBeCloseTo(7);
    expect(ramp.until()).toBe(8000);
    expect(ramp.perSecond(7999)).toBeGreaterThan(100);
    expect(ramp.perSecond(8000)).toBeUndefined();
  });

  it('is cut once for all requests that were sent before the cut', () => {
    const ramp = createRamp();
    ramp.refused(refusal);
    expect(ramp.refused({ ...refusal, number: 9, now: 1 })).toBe(false);
    expect(ramp.perSecond(1)).toBeCloseTo(7, 1);
    expect(ramp.refused({ ...refusal, number: 11, now: 1 })).toBe(true);
    expect(ramp.perSecond(1)).toBeCloseTo(4.9, 1);
  });

  it('takes a rare refusal among many requests as no word on the rate', () => {
    const ramp = createRamp();
    expect(ramp.refused({ ...refusal, tally: { ...tally, accepted: 50 } })).toBe(false);
    expect(ramp.refused({ ...refusal, tally: { ...tally, accepted: 50, refused: 2 } })).toBe(true);
  });

  it('grows more slowly where a refusal costs a pause, and only from its end on', () => {
    const ramp = createRamp();
    ramp.refused({ ...refusal, resumeAt: 20_000 });
    expect(ramp.perSecond(20_000)).toBeCloseTo(7);
    expect(ramp.until()).toBe(60_000);
  });

  it('never lets less than one in two seconds through', () => {
    const ramp = createRamp();
    for (let number = 11; number < 40; number += 1)
      ramp.refused({ ...refusal, number, tally: { ...tally, latest: number - 1 }, now: number });
    expect(ramp.perSecond(40)).toBeCloseTo(0.5, 1);
  });

  it('ends at once and for good when the clock is set back, and when it is cleared', () => {
    const ramp = createRamp();
    const refused = { ...refusal, now: 3_600_000, resumeAt: 3_600_000 };
    ramp.refused(refused);
    expect(ramp.nextAt(3_600_000)).toBeDefined();
    expect(ramp.nextAt(0)).toBeUndefined();
    expect(ramp.nextAt(3_600_000)).toBeUndefined();
    ramp.refused({ ...refused, number: 11 });
    expect(ramp.nextAt(3_600_000)).toBeDefined();
    ramp.clear();
    expect(ramp.nextAt(3_600_000)).toBeUndefined();
  });

  it('lets through in any span what its rate comes to, and at most two more', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(400), refused: fc.boolean() }), {
      maxLength: 120,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, (sequence) => {
        const ramp = createRamp();
        ramp.refused(refusal);
        let now = 0;
        /** What may have gone since the ramp began, by the rate of each millisecond. */
        let allowed = 0;
        let gone = 0;
        sequence.forEach(({ afterMs, refused }, index) => {
          for (const end = now + afterMs; now < end; now += 1) allowed += (ramp.perSecond(now) ?? 0) / 1000;
          if (ramp.perSecond(now) === undefined) return;
          if (ramp.nextAt(now) === undefined) {
            ramp.took(now);
            gone += 1;
          }
          expect(gone).toBeLessThanOrEqual(allowed + 2);
          const later = { ...tally, latest: 11 + index };
          if (refused) ramp.refused({ number: 11 + index, tally: later, now, resumeAt: now });
          expect(ramp.nextAt(now) ?? now).toBeLessThanOrEqual(now + 4000);
        });
      }),
      { numRuns: 1000 },
    );
  });
});
