import type { Allocated, Compared, Spread } from './measure.ts';

/** One row of a table in Markdown, so that a run can go into the docs as it is. */
export function printRow(...cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

export function printHead(title: string, ...columns: readonly string[]): void {
  console.log(`\n### ${title}\n`);
  printRow(...columns);
  printRow(...columns.map((_, index) => (index === 0 ? '---' : '--:')));
}

/** `shares`: over how many events the time of one operation is told. */
export function reportTime(name: string, compared: Compared, shares = 1): void {
  const { bareUs, routedUs, addedUs, ratio } = compared;
  printRow(
    name,
    microseconds(bareUs.median / shares),
    microseconds(routedUs.median / shares),
    microseconds(addedUs.median / shares),
    spread(ratio),
  );
}

export function reportAllocation(name: string, { bareBytes, routedBytes }: Allocated, shares = 1): void {
  printRow(
    name,
    kibibytes(bareBytes / shares),
    kibibytes(routedBytes / shares),
    kibibytes((routedBytes - bareBytes) / shares),
    (routedBytes / bareBytes).toFixed(2),
  );
}

export function microseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} µs`;
}

export function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(2)} KiB`;
}

function spread({ median, from, to }: Spread): string {
  return `${median.toFixed(3)} (${from.toFixed(2)}–${to.toFixed(2)})`;
}
