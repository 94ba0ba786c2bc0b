import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPeakEwma, fadedPeak } from '../../src/health/peak-ewma.ts';

const second = 1_000;

/** One measurement after another, each `gapMs` later; the instant of the last one. */
function record(measured: readonly number[], gapMs: number, peak = createPeakEwma(), from = 0) {
  let now = from - gapMs;
  for (const ms of measured) peak.record(ms, (now += gapMs));
  return { peak, now };
}

describe('peak EWMA', () => {
  it('is unknown until something was measured, and never by a measurement that is none', () => {
    const peak = createPeakEwma();
    peak.record(NaN, 0);
    peak.record(-1, 0);
    expect(peak.peak()).toBeUndefined();
    expect(fadedPeak(undefined, 0)).toBeUndefined();
  });

  it('rises at once, and falls by 1/e in 10 s where calls are many', () => {
    const { peak, now } = record([500, 500, 9_000, 500], 100);
    expect(fadedPeak(peak.peak(), now)).toBeCloseTo(9_000 * Math.exp(-0.01), 3);
    const later = record(Array<number>(100).fill(500), 100, peak, now + 100).now;
    expect(fadedPeak(peak.peak(), later)).toBeCloseTo(9_000 * Math.exp(-(later - 200) / 10_000), 0);
  });

  it('fades while idle, so that a target that was slow is tried again', () => {
    const { peak, now } = record([9_000, 9_000], 100);
    expect(fadedPeak(peak.peak(), now + 30 * second)).toBeLessThan(500);
  });

  it('lasts for some 20 calls where calls are rare, but no longer than 5 minutes', () => {
    const rare = record(Array<number>(30).fill(1_000), 3 * second).peak.peak();
    expect(rare?.fadeMs).toBeCloseTo(60 * second, -3);
    const rarest = record(Array<number>(30).fill(1_000), 3_600 * second).peak.peak();
    expect(rarest?.fadeMs).toBe(300 * second);
  });

  it('lies between the latest measurement and the largest, whatever the clock does', () => {
    const measurements = fc.array(
      fc.record({ ms: fc.nat(60_000), step: fc.integer({ min: -5_000, max: 60_000 }) }),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(measurements, (list) => {
        const peak = createPeakEwma();
        let now = 1_000_000;
        for (const { ms, step } of list) peak.record(ms, (now += step));
        const value = fadedPeak(peak.peak(), now) as number;
        expect(value).toBeGreaterThanOrEqual(list.at(-1)?.ms as number);
        expect(value).toBeLessThanOrEqual(Math.max(...list.map(({ ms }) => ms)));
        expect(fadedPeak(peak.peak(), now + 1_000) as number).toBeLessThanOrEqual(value);
      }),
    );
  });
});
