import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRetryBudget } from '../../src/health/retry-budget.ts';

/** How many extra attempts it lets through, one after the other. */
function drain(budget: ReturnType<typeof createRetryBudget>, now: number): number {
  let count = 0;
  for (; budget.affords(now); count += 1) budget.spend(now);
  return count;
}

describe('the retry budget of a target', () => {
  it('lets ten through at once, and then one a second', () => {
    const budget = createRetryBudget();
    expect(drain(budget, 0)).toBe(10);
    let late = 0;
    for (let now = 0; now <= 60_000; now += 100) late += drain(budget, now);
    expect(late).toBeGreaterThanOrEqual(50);
    expect(late).toBeLessThanOrEqual(60);
  });

  it('earns a fifth of each first attempt', () => {
    const budget = createRetryBudget();
    drain(budget, 0);
    for (let count = 0; count < 101; count += 1) budget.earn(0);
    expect(drain(budget, 0)).toBe(20);
  });

  it('saves nothing up: a busy day is forgotten within a minute', () => {
    const budget = createRetryBudget();
    for (let now = 0; now < 600_000; now += 10) budget.earn(now);
    expect(drain(budget, 660_000)).toBe(10);
  });

  it('never lets more through than its share, whatever comes in whatever order', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(3_000), firsts: fc.nat(20), wanted: fc.nat(20) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (all) => {
        const budget = createRetryBudget();
        let now = 1_000;
        let firsts = 0;
        let extra = 0;
        for (const { afterMs, firsts: more, wanted } of all) {
          now += afterMs;
          for (let count = 0; count < more; count += 1) budget.earn(now);
          firsts += more;
          for (let count = 0; count < wanted && budget.affords(now); count += 1) {
            budget.spend(now);
            extra += 1;
          }
          expect(extra).toBeLessThanOrEqual(10 + firsts * 0.2 + (now - 1_000) / 1_000 + 1e-6);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('stands still while the clock is set back', () => {
    const budget = createRetryBudget();
    drain(budget, 100_000);
    expect(budget.affords(0)).toBe(false);
    expect(drain(budget, 2_100)).toBe(1);
  });
});
