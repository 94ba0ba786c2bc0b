import type { LineResult, MetricName } from 'failsoft/testing';

const shares = /^(success|share|wasted)/;

/** A figure as people read it, with its unit. */
export function shown(metric: MetricName, value: number): string {
  if (Number.isNaN(value)) return '–';
  if (value === Infinity) return 'never';
  if (metric.endsWith('Ms')) return `${(value / 1_000).toFixed(2)} s`;
  if (shares.test(metric)) return `${(value * 100).toFixed(2)} %`;
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

export function demandOf({ metric, atMost, atLeast }: LineResult): string {
  const least = atLeast === undefined ? [] : [`≥ ${shown(metric, atLeast)}`];
  const most = atMost === undefined ? [] : [`≤ ${shown(metric, atMost)}`];
  return [...least, ...most].join(', ');
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] as number;
}

/** How far on the wrong side a line was; negative: on the right one. What cannot be told is furthest. */
export function badness({ value, atMost = Infinity, atLeast = -Infinity }: LineResult): number {
  return Number.isNaN(value) ? Infinity : Math.max(value - atMost, atLeast - value);
}

/** Of the same line in several runs, the one that is furthest on the wrong side. */
export function worstOf(results: readonly LineResult[]): number {
  return results.reduce((worst, one) => (badness(one) > badness(worst) ? one : worst)).value;
}

/** `90 s`, `5 min`, `1 h 30 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
