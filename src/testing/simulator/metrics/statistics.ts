/** Something that happened at an instant. */
export interface Dated {
  readonly at: number;
}

/** Whether it happened from the one instant on and before the other. */
export function isWithin(fromMs: number, untilMs: number): (item: Dated) => boolean {
  return ({ at }) => at >= fromMs && at < untilMs;
}

/** Of nothing, no share can be told. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? NaN : part / whole;
}

export function shareOf<T>(items: readonly T[], counts: (item: T) => boolean): number {
  return ratio(items.filter(counts).length, items.length);
}

export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] as number;
}

export function largest<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((most, item) => Math.max(most, of(item)), 0);
}

export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** The most in one second, as the clock counts them. */
export function mostPerSecond(items: readonly Dated[]): number {
  const counts = new Map<number, number>();
  for (const { at } of items) {
    const second = Math.floor(at / 1_000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return largest([...counts.values()], (count) => count);
}
