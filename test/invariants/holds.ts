import { inspect } from 'node:util';
import fc from 'fast-check';
import { vi } from 'vitest';

// A thousand cases are some seconds of work, which a busy machine makes many of.
vi.setConfig({ testTimeout: 120_000 });

/** Fresh worlds for one run of the tests: `FAILSOFT_SEED=7 FAILSOFT_RUNS=20000 vitest run test/invariants`. */
const { FAILSOFT_SEED = '20260101', FAILSOFT_RUNS = '1000' } = process.env;

/**
 * Asserts that a property holds in every case, 1,000 by default. What it prints on failure: the seed and path to run it again, and
 * the smallest case that was found, written to be read. `share`: of the cases, where a property is told in several parts.
 */
export async function holds<Case>(
  cases: fc.Arbitrary<Case>,
  check: (one: Case) => Promise<void> | void,
  share = 1,
): Promise<void> {
  const property = fc.asyncProperty(cases, async (one) => check(one));
  const result = await fc.check(property, {
    numRuns: Math.ceil(Number(FAILSOFT_RUNS) * share),
    seed: Number(FAILSOFT_SEED),
  });
  if (!result.failed) return;
  const { seed, counterexamplePath, numRuns, numShrinks, counterexample, errorInstance } = result;
  const shown = inspect(counterexample?.[0], { depth: null, breakLength: 110, compact: 3 });
  throw new Error(
    `after ${numRuns} cases and ${numShrinks} steps to a smaller one (seed ${seed}, path '${counterexamplePath}'):\n${shown}`,
    { cause: errorInstance },
  );
}
