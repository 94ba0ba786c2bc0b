import { describe, expect, it } from 'vitest';
import { createBucket } from '../../src/health/bucket.ts';

/** 600 a minute: ten may come at once, and one more each 61,000 / 590 = 103.4 ms. */
function emptied(now = 1_000) {
  const bucket = createBucket(600);
  bucket.take(10, now);
  return bucket;
}

describe('a limit that is spread over its minute', () => {
  it('lets come at once what comes in a second', () => {
    const bucket = createBucket(600);
    for (let call = 0; call < 10; call += 1) {
      expect(bucket.wait(1, 1_000)).toBeUndefined();
      bucket.take(1, 1_000);
    }
    expect(bucket.wait(1, 1_000)).toEqual({ freeAt: 1_104, lastResortAt: expect.any(Number) as number });
    expect(bucket.wait(1, 1_104)).toBeUndefined();
  });

  it('lets three come at once however large they are, and ten where nobody else can serve', () => {
    const bucket = createBucket(60);
    for (let call = 0; call < 3; call += 1) {
      expect(bucket.wait(1, 0)).toBeUndefined();
      bucket.take(1, 0);
    }
    const perCall = 61_000 / 59;
    expect(bucket.wait(1, 0)).toEqual({ freeAt: Math.ceil(perCall), lastResortAt: Math.ceil(-6 * perCall) });
  });

  it('puts ten seconds of the minute at risk where nobody else can serve', () => {
    const bucket = emptied(0);
    expect(bucket.wait(1, 0)?.lastResortAt).toBe(Math.ceil((11 - 100) * (61_000 / 590)));
  });

  it('fills with time up to what it holds, and not beyond', () => {
    const bucket = emptied();
    expect(bucket.wait(10, 2_000)).toBeUndefined();
    const full = createBucket(600);
    full.take(10, 1_000);
    full.take(0, 500_000);
    full.take(10, 500_000);
    expect(full.wait(1, 500_000)).toMatchObject({ freeAt: 500_104 });
  });

  it('is corrected by what was taken too much or too little, and never holds more than it can', () => {
    const bucket = emptied();
    bucket.correct(5, 1_000);
    expect(bucket.wait(1, 1_000)).toMatchObject({ freeAt: 1_000 + Math.ceil(6 * (61_000 / 590)) });
    bucket.correct(-6, 1_000);
    expect(bucket.wait(1, 1_000)).toBeUndefined();
    bucket.correct(-1_000, 1_000);
    bucket.take(10, 1_000);
    expect(bucket.wait(1, 1_000)).toMatchObject({ freeAt: 1_104 });
  });

  it('trusts nothing after a clock was set back by more than a minute, and stands still after less', () => {
    const far = emptied(100_000);
    expect(far.wait(1, 39_999)).toBeUndefined();
    const near = emptied(100_000);
    expect(near.wait(1, 40_000)).toMatchObject({ freeAt: 40_104 });
  });
});
