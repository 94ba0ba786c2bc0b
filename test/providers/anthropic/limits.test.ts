import { expect, it } from 'vitest';
import { limitsOf } from '../../../src/providers/anthropic/usage.ts';

const now = Date.UTC(2026, 10, 18, 10);
const at = (ms: number) => new Date(now + ms);

function resetOf(date: Date | undefined): number | undefined {
  const headers = new Headers({
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': at(30_000).toISOString(),
    ...(date && { date: date.toUTCString() }),
  });
  return limitsOf(headers, now)?.requestsResetMs;
}

it("a reset is told by our clock where the vendor's shows another time", () => {
  expect(resetOf(at(60_000))).toBe(now - 30_000);
  expect(resetOf(at(-60_000))).toBe(now + 90_000);
});

it('a second of difference, and no date at all, change nothing', () => {
  expect(resetOf(at(-1_000))).toBe(now + 30_000);
  expect(resetOf(undefined)).toBe(now + 30_000);
});
