import { describe, expect, it } from 'vitest';
import { manualRuntime } from '../../../src/testing/manual-runtime.ts';
import { castOf, type Machine } from '../../../src/testing/simulator/cast.ts';
import { isActive } from '../../../src/testing/simulator/fault.ts';
import { gateOf } from '../../../src/testing/simulator/gates.ts';
import { drawIncidents, yearOfIncidents } from '../../../src/testing/simulator/incidents.ts';
import { percentile } from '../../../src/testing/simulator/metrics/statistics.ts';
import { profiles } from '../../../src/testing/simulator/profiles.ts';
import type { RunRecord } from '../../../src/testing/simulator/record.ts';
import {
  fromQuantiles,
  hyperexponential,
  keyedRandom,
  lognormal,
  type Random,
} from '../../../src/testing/simulator/sampling.ts';
import { createTrace } from '../../../src/testing/simulator/trace.ts';
import { planTraffic } from '../../../src/testing/simulator/traffic.ts';
import { simulatedVendor } from '../../../src/testing/simulator/vendor.ts';

function draw(of: (random: Random) => number, count = 20_000): number[] {
  const random = keyedRandom(1, 2, 3);
  return Array.from({ length: count }, () => of(random));
}

function variationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.sqrt(variance) / mean;
}

describe('what is drawn', () => {
  it('meets the quantiles that were asked for', () => {
    const values = draw((random) => fromQuantiles(profiles['sonnet-like'].firstTokenMs, random));
    expect(percentile(values, 0.5) / 941).toBeCloseTo(1, 1);
    expect(percentile(values, 0.95) / 2_939).toBeCloseTo(1, 1);
    expect(percentile(values, 0.99) / 4_787).toBeCloseTo(1, 1);
  });

  it('meets mean and variation', () => {
    const gaps = draw((random) => hyperexponential(72, 1.8, random));
    expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length / 72).toBeCloseTo(1, 1);
    expect(variationOf(gaps) / 1.8).toBeCloseTo(1, 1);
    expect(
      percentile(
        draw((random) => lognormal(73, 1.08, random)),
        0.5,
      ) / 73,
    ).toBeCloseTo(1, 1);
  });

  it('depends on every key', () => {
    const first = (...keys: number[]) => keyedRandom(...keys)();
    const drawn = [first(1, 2, 3), first(2, 2, 3), first(1, 3, 3), first(1, 2, 4), first(3, 2, 1)];
    expect(new Set(drawn).size).toBe(5);
  });
});

describe('traffic', () => {
  it('comes at its rate, and with more in a surge', () => {
    const surges = [{ fromMs: 100_000, untilMs: 200_000, factor: 3 }];
    const calls = planTraffic({ callsPerSecond: 10, surges }, 300_000, 1);
    const between = (from: number, until: number) =>
      calls.filter(({ at }) => at >= from && at < until).length;
    expect(between(0, 100_000) / 1_000).toBeCloseTo(1, 0.9);
    expect(between(100_000, 200_000) / 3_000).toBeCloseTo(1, 0.9);
    expect(calls.filter(({ streamed }) => streamed).length / calls.length).toBeCloseTo(0.6, 1);
    expect(
      percentile(
        calls.map(({ outputTokens }) => outputTokens),
        0.5,
      ) / 129,
    ).toBeCloseTo(1, 0.9);
  });

  it('comes in bursts where that is asked for', () => {
    const calls = planTraffic({ callsPerSecond: 2.6, shape: 'bursts' }, 100_000_000, 1);
    const gaps = calls.slice(1).map(({ at }, index) => at - (calls[index]?.at ?? 0));
    expect(variationOf(gaps)).toBeGreaterThan(10);
  });
});

describe('faults', () => {
  it('are active in their time, in turns where they have a cycle', () => {
    const cycle = { fromMs: 10, untilMs: 50, cycle: { onMs: 5, offMs: 10 } };
    expect([9, 10, 14, 15, 24, 25, 29, 40, 50].map((at) => isActive(cycle, at))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it('let a bucket refuse what does not fit', () => {
    const refusal = { kind: 'rate-limit' } as const;
    const gate = gateOf({ effect: 'bucket', perSecond: 5, burst: 5, refusal, fromMs: 0, untilMs: Infinity });
    const entered = Array.from({ length: 100 }, (_, index) => gate?.enter(index * 100));
    expect(entered.filter((one) => one && 'waitMs' in one).length).toBe(54);
  });

  it('let a ramp grow only where the step before was used', () => {
    const refusal = { kind: 'rate-limit' } as const;
    const gate = gateOf({
      effect: 'ramp-limit',
      fromPerSecond: 2,
      growth: 1.5,
      stepMs: 10_000,
      refusal,
      fromMs: 0,
      untilMs: Infinity,
    });
    const admittedIn = (fromMs: number) =>
      Array.from({ length: 100 }, (_, index) => gate?.enter(fromMs + index * 100)).filter(
        (one) => one && 'waitMs' in one,
      ).length;
    const [first, second, third] = [admittedIn(0), admittedIn(10_000), admittedIn(20_000)];
    expect([first, second, third].map((admitted) => Math.round(admitted / 10))).toEqual([2, 3, 5]);
    // Two unused steps later it is back where it began.
    expect(Math.round(admittedIn(100_000) / 10)).toBe(2);
  });

  it('make calls wait behind each other where capacity is short', () => {
    const gate = gateOf({ effect: 'capacity', perSecond: 10, fromMs: 0, untilMs: Infinity });
    expect([0, 0, 0, 1_000].map((at) => gate?.enter(at))).toEqual([
      { waitMs: 0 },
      { waitMs: 100 },
      { waitMs: 200 },
      { waitMs: 0 },
    ]);
  });
});

describe('incidents', () => {
  it('are those of their seed, and as many as are published', () => {
    expect(drawIncidents(365, 1)).toEqual(drawIncidents(365, 1));
    expect(drawIncidents(365, 1)).not.toEqual(drawIncidents(365, 2));
    // One incident is told in up to three steps. Published: about 10 in 30 days at each vendor, 70 % of them at us.
    const perYear = [1, 2, 3, 4, 5].map((seed) => (drawIncidents(365, seed).a?.length ?? 0) / 3);
    const mean = perYear.reduce((sum, count) => sum + count, 0) / perYear.length;
    expect(mean).toBeGreaterThan(40);
    expect(mean).toBeLessThan(100);
  });

  it('meet all models of a provider or one of them, and leave other providers alone', () => {
    const targets = [
      { id: 'large', profile: 'sonnet-like', provider: 'anthropic', model: 'large' },
      { id: 'small', profile: 'flash-like', provider: 'anthropic', model: 'small' },
      { id: 'gpt', profile: 'gpt-like' },
    ] as const;
    const shared = { ofOneProvider: 0, ofTwo: 0, all: 0 };
    for (const seed of [1, 2, 3, 4, 5]) {
      const { a = [], b = [], c = [] } = yearOfIncidents({ seed, targets }).faults;
      const isAt = (others: typeof a) => (fault: (typeof a)[number]) =>
        others.some(({ fromMs, untilMs }) => fromMs === fault.fromMs && untilMs === fault.untilMs);
      shared.all += a.length;
      shared.ofOneProvider += a.filter(isAt(b)).length;
      shared.ofTwo += a.filter(isAt(c)).length;
      // Nothing befalls another provider for it; and alone at its provider, a target is met as often as in company.
      expect(c).toEqual(drawIncidents(365, seed, 2).b);
    }
    // 40 % of incidents meet both, 30 % each of them alone: 4 of 7.
    expect(shared.ofOneProvider / shared.all).toBeGreaterThan(0.45);
    expect(shared.ofOneProvider / shared.all).toBeLessThan(0.7);
    // Only in a shock, of which there are one or two a year.
    expect(shared.ofTwo).toBeLessThan(10);
  });

  it('make a year, in which nothing is asked but what the seed says', () => {
    const year = yearOfIncidents({ seed: 3, days: 7 });
    expect(year.lastsMs).toBe(7 * 86_400_000);
    expect(year.faults).toEqual(drawIncidents(7, 3));
  });
});

describe('a simulated provider', () => {
  it('stops at once when it is given up', async () => {
    const runtime = manualRuntime();
    const record: RunRecord = {
      calls: [{ number: 0, at: 0, streamed: true, outputTokens: 500, attempts: 0 }],
      attempts: [],
      changes: [],
      alerts: 0,
      earlyAttempts: 0,
    };
    const [machine] = castOf([{ id: 'a', profile: 'sonnet-like', model: 'm' }]) as [Machine];
    const world = { runtime, seed: 1, record, trace: createTrace() };
    const provider = simulatedVendor('a', [{ machine, faults: [] }], world);
    const controller = new AbortController();
    const request = { messages: [{ role: 'user', content: 'call 0' } as const] };
    const read = async () => {
      for await (const event of provider.stream({
        model: 'm',
        request,
        signal: controller.signal,
        headers: {},
      }))
        if (event.type === 'text' && event.text.startsWith('#0')) controller.abort(new Error('enough'));
    };
    await expect(runtime.run(read)).rejects.toThrow('enough');
    expect(record.attempts).toMatchObject([{ outcome: 'left', endedAt: runtime.now() }]);
    expect(runtime.pending()).toBe(0);
  });
});
