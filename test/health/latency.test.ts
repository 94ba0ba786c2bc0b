import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLatency } from '../../src/health/latency.ts';

describe('latency', () => {
  it('is unknown until something was measured', () => {
    expect(createLatency().percentiles()).toBeUndefined();
  });

  it('gives percentiles to within 4 %', () => {
    const latency = createLatency();
    for (let ms = 1; ms <= 1000; ms += 1) latency.record(ms, 0);
    const { p50Ms, p95Ms, p99Ms, samples } = latency.percentiles() ?? expect.fail();
    expect(Math.abs(p50Ms / 500 - 1)).toBeLessThan(0.05);
    expect(Math.abs(p95Ms / 950 - 1)).toBeLessThan(0.05);
    expect(Math.abs(p99Ms / 990 - 1)).toBeLessThan(0.05);
    expect(samples).toBe(1000);
  });

  it('gives any percentile, but none of fewer than 20 measurements', () => {
    const latency = createLatency();
    for (let ms = 1; ms <= 19; ms += 1) latency.record(ms * 100, 0);
    expect(latency.at(0.9)).toBeUndefined();
    latency.record(2000, 0);
    expect(Math.abs((latency.at(0.9) ?? expect.fail()) / 1800 - 1)).toBeLessThan(0.05);
    expect(latency.at(0)).toBeLessThan(110);
  });

  it('follows a change within minutes, because older measurements count less', () => {
    const latency = createLatency();
    let now = 0;
    for (let call = 0; call < 1000; call += 1) latency.record(100, (now += 1000));
    for (let call = 0; call < 600; call += 1) latency.record(2000, (now += 1000));
    expect(latency.percentiles()?.p50Ms).toBeGreaterThan(1900);
  });

  it('is not thrown by the first call after a quiet night', () => {
    const latency = createLatency();
    for (let call = 0; call < 100; call += 1) latency.record(100, call);
    latency.record(9000, 36_000_000);
    expect(latency.percentiles()?.p50Ms).toBeLessThan(110);
  });

  it('goes on for years without losing its precision', () => {
    const latency = createLatency();
    for (let day = 0; day < 4000; day += 1) latency.record(300, day * 86_400_000);
    const { p50Ms, samples } = latency.percentiles() ?? expect.fail();
    expect(Math.abs(p50Ms / 300 - 1)).toBeLessThan(0.05);
    expect(samples).toBeGreaterThan(1);
    expect(samples).toBeLessThan(2);
  });

  it('leaves out what is no duration', () => {
    const latency = createLatency();
    for (const ms of [Number.NaN, -1]) latency.record(ms, 0);
    expect(latency.percentiles()).toBeUndefined();
  });

  it('keeps its percentiles in order and within what was measured', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 590_000 }), { minLength: 1, maxLength: 200, size: 'max' }),
        (measured) => {
          const latency = createLatency();
          measured.forEach((ms, index) => latency.record(ms, index * 1000));
          const { p50Ms, p95Ms, p99Ms } = latency.percentiles() ?? expect.fail();
          expect(p50Ms).toBeLessThanOrEqual(p95Ms);
          expect(p95Ms).toBeLessThanOrEqual(p99Ms);
          expect(p99Ms).toBeLessThanOrEqual(Math.max(...measured) * 1.08 + 0.1);
          expect(p50Ms).toBeGreaterThanOrEqual(Math.min(...measured) / 1.08);
        },
      ),
    );
  });
});
