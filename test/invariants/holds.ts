import { inspect } from 'node:util';
import fc from 'fast-check';

/** Fresh worlds for one run of the tests: `FAILSOFT_SEED=7 FAILSOFT_RUNS=20000 vitest run test/invariants`. */
const { FAILSOFT_SEED = '20260101', FAILSOFT_RUNS = '1000' } = process.env;

/**
 * Asserts that a property holds in every case, 1,000 by default. What it prints on failure: the seed and path to run it again, and
 * the smallest case that was found, written to be read.
 */
export async function holds<Case>(
  cases: fc.Arbitrary<Case>,
  check: (one: Case) => Promise<void> | void,
  runs = Number(FAILSOFT_RUNS),
): Promise<void> {
  const property = fc.asyncProperty(cases, async (one) => check(one));
  const result = await fc.check(property, { numRuns: runs, seed: Number(FAILSOFT_SEED) });
  if (!result.failed) return;
  const { seed, counterexamplePath, numRuns, numShrinks, counterexample, errorInstance } = result;
  const shown = inspect(counterexample?.[0], { depth: null, breakLength: 110, compact: 3 });
  throw new Error(
    `after ${numRuns} cases and ${numShrinks} steps to a smaller one (seed ${seed}, path '${counterexamplePath}'):\n${shown}`,
    { cause: errorInstance },
  );
}
