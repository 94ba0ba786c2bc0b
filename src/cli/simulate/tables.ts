import { styleText } from 'node:util';
import { metricMeanings, type LineResult, type MetricName } from 'failsoft/testing';
import type { Terminal } from '../terminal.ts';
import { demandOf, medianOf, shown, worstOf } from './figures.ts';
import { runsOf, type RunResult, type ScenarioResult } from './results.ts';

/** Each pass line with its median and its worst figure. A terminal shows in colour what was missed. */
export function linesTable(results: readonly ScenarioResult[], out: Terminal['out']): string {
  const rows = results.flatMap((result) => {
    const runs = runsOf(result);
    const lines = runs[0]?.lines ?? [];
    return lines.map((line, index) => {
      const ofLine = runs.map((run) => run.lines[index] as LineResult);
      const met = ofLine.filter(({ passed }) => passed).length;
      return [
        index === 0 ? result.scenario.name : '',
        index === 0 ? result.scenario.title : '',
        line.metric,
        demandOf(line),
        shown(line.metric, medianOf(ofLine.map(({ value }) => value))),
        shown(line.metric, worstOf(ofLine)),
        met === ofLine.length ? 'met' : `**${met} of ${ofLine.length}**`,
      ];
    });
  });
  const text = table(['scenario', 'what goes wrong', 'figure', 'demanded', 'median', 'worst', 'met'], rows);
  const coloured = (line: string) => styleText('red', line, { stream: out });
  return out.isTTY ? text.replaceAll(/^.*\*\*.*$/gm, (line) => coloured(line.replaceAll('**', '  '))) : text;
}

/** What the figures of the table are. */
export function legend(results: readonly ScenarioResult[]): string {
  const named = new Set(
    results.flatMap((result) => runsOf(result)[0]?.lines.map(({ metric }) => metric) ?? []),
  );
  return [...named].map((metric: MetricName) => `${metric}: ${metricMeanings[metric]}.\n`).join('');
}

const comparedMetrics = ['successInFault', 'corrupt', 'hangs', 'firstTokenP99Ms', 'attemptsPerCall'] as const;

/** Every contestant on the same traces: medians, and the worst success. */
export function compared(results: readonly ScenarioResult[]): string {
  const rows = results.flatMap(({ scenario, runs: byContestant }) =>
    [...byContestant].map(([contestant, runs], index) => [
      index === 0 ? scenario.name : '',
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
export function timelineTable(scenario: string, { seed, trace, timeline }: RunResult): string {
  const targets = Object.keys(timeline[0]?.attempts ?? {});
  const rows = timeline.map(({ at, calls, answered, attempts }) => [
    `${at / 1_000} s`,
    String(calls),
    String(answered),
    ...targets.map((id) => String(attempts[id] ?? 0)),
  ]);
  return `${scenario} seed ${seed} trace ${trace}\n${table(['from', 'calls', 'answered', ...targets], rows)}\n`;
}

/** As Markdown has it, which a terminal can show as well. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] as number)).join(' | ')} |`;
  const widths = head.map((_, index) => Math.max(...[head, ...rows].map((row) => (row[index] ?? '').length)));
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
