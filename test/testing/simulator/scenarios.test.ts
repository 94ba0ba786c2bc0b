import { describe, expect, it } from 'vitest';
import { createRouter } from '../../../src/index.ts';
import {
  scenarios,
  simulate,
  type MakeSimulatedRouter,
  type MetricName,
  type ScenarioName,
} from '../../../src/testing/simulator/index.ts';

const failsoft: MakeSimulatedRouter = ({ models, runtime, observers, options }) =>
  createRouter({ ...options, models, runtime, observers });

/** Variants get one seed: `npm run simulate` gives all of them as many as are wanted. */
const seedsOf = (name: string) => (name.includes('-') || name === 'S0' ? [1] : [1, 2]);

/** An hour of calls takes its time where others compute beside it. */
const timeoutMs = 120_000;

/** Lines that are not met yet, each with what it waits for; docs/resilience.md has the figures. */
const notYet: Partial<Record<ScenarioName, readonly MetricName[]>> = {
  S1: ['struckAttempts'], // probes every 20 s at most, where the line allows fewer
};

describe.each(Object.values(scenarios))('$name, $title', (scenario) => {
  it.each(seedsOf(scenario.name))(
    'is survived as far as is promised today, seed %i',
    { timeout: timeoutMs },
    async (seed) => {
      const { lines, metrics, trace } = await simulate({ scenario, seed, router: failsoft });
      const waiting = notYet[scenario.name as ScenarioName] ?? [];
      const missed = lines.filter(({ passed, metric }) => !passed && !waiting.includes(metric));
      expect(
        missed.map(({ metric, value }) => `${metric} is ${value}`),
        `${scenario.name}, seed ${seed}, trace ${trace}`,
      ).toEqual([]);
      // Whatever else: nobody waits for ever, and nobody is given what is no answer.
      expect([metrics.hangs, metrics.corrupt]).toEqual([0, 0]);
    },
  );
});
