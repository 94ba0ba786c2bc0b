import type { LineResult, Scenario, SimulationReport } from 'failsoft/testing';
import { badness } from './figures.ts';
import type { Series } from './report/series.ts';

/** One run, without what happened to each call: that is large. */
export interface RunResult extends Pick<
  SimulationReport,
  'seed' | 'trace' | 'passed' | 'lines' | 'metrics' | 'timeline'
> {
  /** What the charts show, where there is a report. */
  readonly series?: Series;
}

/** One scenario: the runs of each contestant, by its name. */
export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly runs: ReadonlyMap<string, readonly RunResult[]>;
}

/** The contestant whose lines count. */
export const ours = 'failsoft';

export function runsOf({ runs }: ScenarioResult): readonly RunResult[] {
  return runs.get(ours) ?? [];
}

export function keep(report: SimulationReport, series: Series | undefined): RunResult {
  const { seed, trace, passed, lines, metrics, timeline } = report;
  return { seed, trace, passed, lines, metrics, timeline, series };
}

/** The run that missed most; of those alike, the first. */
export function worstRun(runs: readonly RunResult[]): RunResult | undefined {
  const missed = ({ lines }: RunResult) => lines.filter(({ passed }) => !passed).length;
  const far = ({ lines }: RunResult) => Math.max(...lines.map(relativeBadness));
  return [...runs].sort((one, other) => missed(other) - missed(one) || far(other) - far(one))[0];
}

/** Of the bound, so that seconds and shares can be compared. */
function relativeBadness(line: LineResult): number {
  return badness(line) / Math.max(Math.abs(line.atMost ?? line.atLeast ?? 1), 0.01);
}
