import { describe, expect, it } from 'vitest';
import { createBrownout } from '../../src/health/brownout.ts';

function failed(times: number, now = 0) {
  const brownout = createBrownout();
  for (let time = 0; time < times; time += 1) brownout.record(1, now);
  return brownout;
}

describe('the share of a target that fails now and then', () => {
  it('is whole at first, after one failure, which may be chance, and as long as calls succeed', () => {
    const brownout = createBrownout();
    expect(brownout.share(0)).toBe(1);
    for (let call = 0; call < 100; call += 1) brownout.record(0, call);
    expect(brownout.share(100)).toBe(1);
    brownout.record(1, 100);
    expect(brownout.share(100)).toBe(1);
  });

  it('falls with each failure by the same part of it, and no lower than to three in a hundred', () => {
    expect(failed(2).share(0)).toBeCloseTo(0.296, 3);
    expect(failed(3).share(0)).toBeCloseTo(0.059, 3);
    expect(failed(4).share(0)).toBeCloseTo(Math.exp(-3.5), 6);
    expect(failed(40).share(0)).toBeCloseTo(Math.exp(-3.5), 6);
  });

  it('weighs half a failure as half', () => {
    const brownout = createBrownout();
    for (let time = 0; time < 4; time += 1) brownout.record(0.5, 0);
    expect(brownout.share(0)).toBeCloseTo(failed(2).share(0), 9);
  });

  it('rises again with successes, and by itself with time, as far as it had fallen', () => {
    const answering = failed(2);
    answering.record(0, 0);
    expect(answering.share(0)).toBeCloseTo(0.322, 3);
    const idle = failed(2);
    expect(idle.share(30_000)).toBeCloseTo(Math.exp(2 - 2 * Math.log(5) * Math.exp(-0.25)), 6);
    expect(idle.share(120_000)).toBe(1);
    expect(idle.share(-60_000)).toBe(idle.share(0));
  });

  it('is whole where the target comes back, but for one that came back of late: some of it is remembered', () => {
    const once = failed(4);
    once.restart(false);
    expect(once.share(0)).toBe(1);
    const again = failed(4);
    again.restart(true);
    expect(again.share(0)).toBeCloseTo(Math.exp(-1), 9);
    const little = failed(1);
    little.restart(true);
    little.record(1, 0);
    expect(little.share(0)).toBeCloseTo(failed(2).share(0), 9);
  });
});
