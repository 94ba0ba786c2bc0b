import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRetryBudget } from '../../src/health/retry-budget.ts';

/** How many extra attempts it lets through, one after the other. */
function drain(budget: ReturnType<typeof createRetryBudget>, now: number): number {
  let count = 0;
  while (budget.pay(now)) count += 1;
  return count;
}

describe('the retry budget of a target', () => {
  it('lets 25 through at once, and then five a second', () => {
    const budget = createRetryBudget();
    expect(drain(budget, 0)).toBe(25);
    let late = 0;
    for (let now = 0; now <= 60_000; now += 100) late += drain(budget, now);
    expect(late).toBeGreaterThanOrEqual(270);
    expect(late).toBeLessThanOrEqual(300);
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
    expect(drain(budget, 660_000)).toBe(25);
  });

  it('never lets more through than its share, whatever comes in whatever order', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(3_000), firsts: fc.nat(20), wanted: fc.nat(20) }), {
      maxLength: 60,
      size: 'max',
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
          for (let count = 0; count < wanted; count += 1) if (budget.pay(now)) extra += 1;
          expect(extra).toBeLessThanOrEqual(25 + firsts * 0.2 + (now - 1_000) / 200 + 1e-6);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is, where what was paid is given back, as if it had never been paid', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(3_000), firsts: fc.nat(10) }), {
      maxLength: 20,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, fc.nat(20), (all, kept) => {
        const [budget, other] = [createRetryBudget(), createRetryBudget()];
        let now = 1_000;
        const paidAt = now;
        const paid = drain(budget, now);
        for (let count = 0; count < kept; count += 1) other.pay(now);
        for (const { afterMs, firsts } of all) {
          now += afterMs;
          for (let count = 0; count < firsts; count += 1) [budget, other].forEach((one) => one.earn(now));
        }
        for (let count = kept; count < paid; count += 1) budget.giveBack(paidAt, now);
        // Sums of fractions may fall on either side of a whole one.
        expect(Math.abs(drain(budget, now) - drain(other, now))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1_000 },
    );
  });

  it('stands still while the clock is set back', () => {
    const budget = createRetryBudget();
    drain(budget, 100_000);
    expect(budget.pay(0)).toBe(false);
    expect(drain(budget, 250)).toBe(1);
  });
});
