import type { LineResult, MetricName, SimulationReport } from 'failsoft/testing';

/** By scenario, then by contestant: one report for each seed. */
export type Reports = ReadonlyMap<string, ReadonlyMap<string, readonly SimulationReport[]>>;

/** Each pass line with failsoft's median and worst figure. */
export function linesOf(reports: Reports, titleOf: (scenario: string) => string): string {
  const rows = [...reports].flatMap(([scenario, byContestant]) => {
    const runs = byContestant.get('failsoft') ?? [];
    const lines = runs[0]?.lines ?? [];
    return lines.map((line, index) => {
      const results = runs.map((run) => run.lines[index] as LineResult);
      const met = results.filter(({ passed }) => passed).length;
      return [
        index === 0 ? scenario : '',
        index === 0 ? titleOf(scenario) : '',
        line.metric,
        demandOf(line),
        shown(line.metric, medianOf(results.map(({ value }) => value))),
        shown(line.metric, worstOf(results, line)),
        met === results.length ? 'met' : `**${met} of ${results.length}**`,
      ];
    });
  });
  return table(['scenario', 'what goes wrong', 'figure', 'demanded', 'median', 'worst', 'met'], rows);
}

const comparedMetrics = ['successInFault', 'corrupt', 'hangs', 'firstTokenP99Ms', 'attemptsPerCall'] as const;

/** Every contestant on the same traces: medians, and the worst success. */
export function compared(reports: Reports): string {
  const rows = [...reports].flatMap(([scenario, byContestant]) =>
    [...byContestant].map(([contestant, runs], index) => [
      index === 0 ? scenario : '',
      contestant,
      shown('successInFault', Math.min(...runs.map(({ metrics }) => metrics.successInFault))),
      ...comparedMetrics.map((metric) => shown(metric, medianOf(runs.map(({ metrics }) => metrics[metric])))),
      `${medianOf(runs.map(({ lines }) => lines.filter(({ passed }) => passed).length))} of ${runs[0]?.lines.length ?? 0}`,
    ]),
  );
  const head = [
    'scenario',
    'contestant',
    'worst success',
    'success',
    'corrupt',
    'hangs',
    'first text p99',
    'requests a call',
    'lines met',
  ];
  return table(head, rows);
}

/** What happened every 5 seconds of one run. */
export function timelineTable({ scenario, seed, trace, timeline }: SimulationReport): string {
  const rows = timeline.map(({ at, calls, answered, attempts }) => [
    `${at / 1_000} s`,
    String(calls),
    String(answered),
    ...Object.values(attempts).map(String),
  ]);
  return `${scenario} seed ${seed} trace ${trace}\n${table(['from', 'calls', 'answered', 'a', 'b', 'c'], rows)}\n`;
}

function demandOf({ metric, atMost, atLeast }: LineResult): string {
  const least = atLeast === undefined ? [] : [`≥ ${shown(metric, atLeast)}`];
  const most = atMost === undefined ? [] : [`≤ ${shown(metric, atMost)}`];
  return [...least, ...most].join(', ');
}

/** The one that is furthest on the wrong side. */
function worstOf(
  results: readonly LineResult[],
  { atMost = Infinity, atLeast = -Infinity }: LineResult,
): number {
  const badness = ({ value }: LineResult) => Math.max(value - atMost, atLeast - value);
  return results.reduce((worst, one) => (badness(one) > badness(worst) ? one : worst)).value;
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] as number;
}

const shares = /^(success|share|wasted)/;

function shown(metric: MetricName, value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value === Infinity) return 'never';
  if (metric.endsWith('Ms')) return `${(value / 1_000).toFixed(2)} s`;
  if (shares.test(metric)) return `${(value * 100).toFixed(2)} %`;
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] as number)).join(' | ')} |`;
  const widths = head.map((_, index) => Math.max(...[head, ...rows].map((row) => (row[index] ?? '').length)));
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
