import { describe, expect, it } from 'vitest';
import { createTypicalUsage } from '../../src/health/typical-usage.ts';

describe('what answers usually take', () => {
  it('is unknown until a vendor has reported usage', () => {
    const usage = createTypicalUsage();
    usage.record({});
    usage.record({ inputTokens: 10 });
    expect(usage.get()).toBeUndefined();
  });

  it('begins at 500 output tokens, and moves to what is reported', () => {
    const usage = createTypicalUsage();
    usage.record({ inputTokens: 100, outputTokens: 1_100 });
    expect(usage.get()).toEqual({ outputTokens: 600, cachedShare: 0 });
    for (let answer = 0; answer < 500; answer += 1) usage.record({ inputTokens: 100, outputTokens: 40 });
    expect(usage.get()?.outputTokens).toBeCloseTo(40, 0);
  });

  it('learns how much of the input was cached', () => {
    const usage = createTypicalUsage();
    for (let answer = 0; answer < 500; answer += 1)
      usage.record({ inputTokens: 1_000, cachedInputTokens: 800, outputTokens: 1 });
    expect(usage.get()?.cachedShare).toBeCloseTo(0.8, 2);
  });

  it('is not thrown by one report that cannot be', () => {
    const usage = createTypicalUsage();
    usage.record({ inputTokens: 0, cachedInputTokens: 50, outputTokens: 1e12 });
    expect(usage.get()?.outputTokens).toBeLessThan(6_000);
    expect(usage.get()?.cachedShare).toBeLessThanOrEqual(1);
    usage.record({ inputTokens: -5, outputTokens: -9 });
    expect(usage.get()?.outputTokens).toBeGreaterThan(0);
  });
});
