import { styleText } from 'node:util';
import { patienceMs, type Outcome } from './callers.ts';
import { seconds, type Board } from './board.ts';
import { percentile, type Tally } from './tally.ts';

type Cell = (tally: Tally) => string;

const number =
  (...outcomes: Outcome[]): Cell =>
  ({ counts }) =>
    String(outcomes.reduce((sum, outcome) => sum + counts[outcome], 0));
const time =
  (share: number): Cell =>
  (tally) => {
    const ms = percentile(tally, share);
    return ms === undefined ? '-' : seconds(ms);
  };

const rows: readonly (readonly [label: string, cell: Cell])[] = [
  ['asked, half of it as streams', ({ asked }) => String(asked)],
  ['answered, whole and true', number('whole')],
  ['', ({ asked, counts }) => `${((counts.whole / (asked || 1)) * 100).toFixed(1)} %`],
  ['failed with an error', number('failed')],
  ['broke off in mid-stream with an error', number('broken')],
  ['cut or empty, but passed off as whole', number('wrong')],
  [`nothing until the caller gave up (${patienceMs / 1000} s)`, number('hung')],
  ['time to a whole answer, p50', time(0.5)],
  ['  p95', time(0.95)],
  ['  p99', time(0.99)],
];

/** What the callers saw, beside what they would have seen without a router. */
export function report(router: Tally, alone: Tally, { answers }: Board): string[] {
  const line = (label: string, ...cells: string[]) =>
    `  ${label.padEnd(44)}${cells.map((cell) => cell.padStart(14)).join('')}`;
  const shares = Object.entries(answers).map(([name, count]) => `${name} ${count}`);
  return [
    '',
    styleText('bold', line('What the callers saw', 'failsoft', 'gpt alone')),
    ...rows.map(([label, cell]) => line(label, cell(router), cell(alone))),
    '',
    `  failsoft    four targets, every setting as it comes; answered by ${shares.join(', ')}`,
    '  gpt alone   the bare OpenAI SDK with its two retries, at a server that fails in the same way',
  ];
}
