import { ours, type ScenarioResult } from './results.ts';

/** For programs. `never` stands for what did not come about, null for what cannot be told. */
export function asJson(results: readonly ScenarioResult[]): string {
  const runs = results.flatMap(({ scenario, runs: byContestant }) =>
    [...byContestant].flatMap(([contestant, all]) =>
      all.map(({ seed, trace, passed, lines, metrics }) => ({
        scenario: scenario.name,
        contestant,
        seed,
        trace,
        passed,
        lines,
        metrics,
      })),
    ),
  );
  const passed = runs.every((run) => run.passed || run.contestant !== ours);
  return JSON.stringify({ passed, runs }, (_, value: unknown) => (value === Infinity ? 'never' : value), 2);
}
