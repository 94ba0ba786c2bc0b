import { expect, it } from 'vitest';
import { createHedgeBudget } from '../../src/execution/hedge-budget.ts';

it('a hedge is there from the beginning, and then one for each whole share of calls', () => {
  const budget = createHedgeBudget();
  expect([budget.pay(), budget.pay()]).toEqual([true, false]);
  for (let calls = 1; calls < 10; calls += 1) budget.earn(0.1);
  expect(budget.pay()).toBe(false);
  budget.earn(0.1);
  expect([budget.pay(), budget.pay()]).toEqual([true, false]);
});

it('no more than ten hedges are saved up', () => {
  const budget = createHedgeBudget();
  for (let calls = 0; calls < 100; calls += 1) budget.earn(1);
  const paid = Array.from({ length: 12 }, () => budget.pay());
  expect(paid.filter(Boolean)).toHaveLength(10);
});

it('a hedge that was not made is given back, up to ten', () => {
  const budget = createHedgeBudget();
  budget.pay();
  budget.giveBack();
  expect([budget.pay(), budget.pay()]).toEqual([true, false]);
  for (let times = 0; times < 20; times += 1) budget.giveBack();
  expect(Array.from({ length: 12 }, () => budget.pay()).filter(Boolean)).toHaveLength(10);
});
