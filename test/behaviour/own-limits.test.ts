import { expect, it } from 'vitest';
import { arrange } from './arrange.ts';

it('a limit for a minute is spread over it: the target keeps its share all the time, and others take the rest', async () => {
  const stage = arrange({ a: { script: ['From a.'], target: { limits: { rpm: 300 } } }, b: 'From b.' });
  const ofA: number[] = [];
  for (let second = 0; second < 120; second += 1) {
    const before = stage.providers.a.calls.length;
    for (let call = 0; call < 10; call += 1) {
      await stage.ask();
      await stage.runtime.advance(100);
    }
    ofA.push(stage.providers.a.calls.length - before);
  }
  expect(Math.max(...ofA.slice(1))).toBeLessThanOrEqual(6);
  expect(Math.min(...ofA.slice(1))).toBeGreaterThanOrEqual(4);
});

it('spreading keeps no single target from a burst of ten calls, and the limit itself is never passed', async () => {
  const stage = arrange(
    { a: { script: ['From a.'], target: { limits: { rpm: 10, queueMs: 0 } } } },
    { retry: 0 },
  );
  for (let call = 0; call < 10; call += 1) expect((await stage.ask()).target.id).toBe('a');
  const { retryAfterMs, rejected } = await stage.fail();
  expect(rejected[0]?.reason).toContain('own limit of 10 requests a minute reached');
  await stage.runtime.advance(retryAfterMs! - 1);
  await stage.fail();
  await stage.runtime.advance(1);
  expect((await stage.ask()).target.id).toBe('a');
});
