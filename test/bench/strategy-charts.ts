import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StrategyFigures } from './strategies.ts';

const folder = fileURLToPath(new URL('../../docs/guides/pictures/', import.meta.url));

const width = 720;
const left = 96;
const right = 64;
const rowHeight = 22;
const barHeight = 14;
const groupHead = 34;
const hourTitles = { healthy: 'an hour of health', brownouts: 'each in turn browns out for ten minutes' };

/** Writes the pictures of the guide "Choosing a strategy". */
export function drawStrategies(figures: readonly StrategyFigures[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}strategies-shares.svg`, sharesChart(figures));
  writeFileSync(`${folder}strategies-latency-and-cost.svg`, latencyAndCostChart(figures));
}

function sharesChart(figures: readonly StrategyFigures[]): string {
  const barWidth = width - left - right;
  const rows = figures.map(({ hour, strategy, shares: { a, b, c } }) => {
    let from = left;
    const bars = [a, b, c].map((share, index) => {
      const part = rect(from, share * barWidth, `p${index}`);
      const label = share >= 0.06 ? text(from + 5, `${Math.round(share * 100)} %`, 'in') : '';
      from += share * barWidth;
      return part + label;
    });
    return { hour, content: text(0, strategy, 'name') + bars.join('') };
  });
  const legend = ['a: first, slow', 'b: cheap', 'c: quick, dear, holds 20 at once']
    .map((name, index) => {
      const x = left + index * 150;
      return `<rect x="${x}" y="8" width="12" height="12" class="p${index}"/>${text(x + 18, name, 'note', 18)}`;
    })
    .join('');
  return chart('Who answers, by strategy', legend, rows);
}

function latencyAndCostChart(figures: readonly StrategyFigures[]): string {
  const half = (width - left - right) / 2 - 16;
  const costFrom = left + half + 72;
  const longestMs = Math.max(...figures.map(({ firstTextP99Ms }) => firstTextP99Ms));
  const dearest = Math.max(...figures.map(({ usdPerThousandCalls }) => usdPerThousandCalls));
  const rows = figures.map(({ hour, strategy, firstTextP50Ms, firstTextP99Ms, usdPerThousandCalls }) => {
    const p50 = (firstTextP50Ms / longestMs) * (half - 40);
    const p99 = (firstTextP99Ms / longestMs) * (half - 40);
    const cost = (usdPerThousandCalls / dearest) * (half - 40);
    const content = [
      text(0, strategy, 'name'),
      rect(left, p99, 'tail') + rect(left, p50, 'p0'),
      text(left + p99 + 5, `${seconds(firstTextP50Ms)} · ${seconds(firstTextP99Ms)}`, 'note'),
      rect(costFrom, cost, 'p2'),
      text(costFrom + cost + 5, `$${usdPerThousandCalls.toFixed(2)}`, 'note'),
    ];
    return { hour, content: content.join('') };
  });
  const legend =
    text(left, 'first text, median · 99th percentile', 'note', 18) +
    text(costFrom, 'cost of 1,000 calls', 'note', 18);
  return chart('First text and cost, by strategy', legend, rows);
}

interface Row {
  readonly hour: StrategyFigures['hour'];
  readonly content: string;
}

/** Rows below each other, each group under the title of its hour. */
function chart(title: string, legend: string, rows: readonly Row[]): string {
  let y = 20;
  let hour: Row['hour'] | undefined;
  const placed = rows.map((row) => {
    const head = row.hour === hour ? '' : text(0, hourTitles[row.hour], 'head', (y += groupHead));
    if (row.hour !== hour) y += 10;
    hour = row.hour;
    const line = `${head}<g transform="translate(0 ${y})">${row.content}</g>`;
    y += rowHeight;
    return line;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 ${width + 16} ${y + 8}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<style>
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .head { font-weight: 600 } .note { fill: #59636e } .in { fill: #fff }
  .p0 { fill: #4a78b5 } .p1 { fill: #7a6aa8 } .p2 { fill: #b5652f } .tail { fill: #4a78b5; opacity: 0.35 }
  @media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .note { fill: #9198a1 } .in { fill: #fff } }
</style>`,
    legend,
    ...placed,
    '</svg>\n',
  ].join('\n');
}

function rect(x: number, length: number, className: string): string {
  return `<rect x="${round(x)}" y="0" width="${round(length)}" height="${barHeight}" class="${className}"/>`;
}

function text(x: number, content: string, className: string, y = 11): string {
  return `<text x="${round(x)}" y="${y}" class="${className}">${content}</text>`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function round(value: number): string {
  return value.toFixed(1);
}
