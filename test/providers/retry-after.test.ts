import { describe, expect, it } from 'vitest';
import { durationOf, retryAfterOf } from '../../src/providers/retry-after.ts';

const now = Date.parse('2026-11-20T10:00:00Z');

describe('retryAfterOf', () => {
  it.each([
    [{ 'retry-after': '20' }, 20_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': 'Fri, 20 Nov 2026 10:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Fri, 20 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after-ms': '1500', 'retry-after': '60' }, 1_500],
    [{ 'retry-after': '-3' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{}, undefined],
  ])('reads %j as %s ms', (headers, ms) => {
    expect(retryAfterOf(new Headers(headers), now)).toBe(ms);
    expect(retryAfterOf(headers, now)).toBe(ms);
  });

  it('takes no headers for no hint', () => {
    expect(retryAfterOf(undefined, now)).toBeUndefined();
    expect(retryAfterOf(null, now)).toBeUndefined();
  });
});

describe('durationOf', () => {
  it.each([
    ['120ms', 120],
    ['1s', 1_000],
    ['6m0s', 360_000],
    ['45.837906927s', 45_837.906927],
    ['10h17m5.7s', 37_025_700],
    ['1d', 86_400_000],
    ['soon', undefined],
    ['5', undefined],
    ['5s later', undefined],
    ['', undefined],
  ])('reads %j as %s ms', (text, ms) => {
    const read = durationOf(text);
    if (ms === undefined) expect(read).toBeUndefined();
    else expect(read).toBeCloseTo(ms, 3);
  });
});
