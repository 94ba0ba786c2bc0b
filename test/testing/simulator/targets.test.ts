import { describe, expect, it } from 'vitest';
import { createRouter } from '../../../src/index.ts';
import {
  scenarios,
  simulate,
  yearOfIncidents,
  type MakeSimulatedRouter,
  type Scenario,
  type SimulatedTargetSpec,
  type SimulateOptions,
} from '../../../src/testing/simulator/index.ts';

const failsoft: MakeSimulatedRouter = ({ models, runtime, observers, options }) =>
  createRouter({ ...options, models, runtime, observers });

const short: Scenario = { ...scenarios.S11, lastsMs: 90_000, lines: [] };

function run(targets: readonly SimulatedTargetSpec[], more: Partial<SimulateOptions> = {}) {
  return simulate({ scenario: short, router: failsoft, targets, ...more });
}

const four: readonly SimulatedTargetSpec[] = [
  { id: 'claude', profile: 'sonnet-like' },
  { id: 'gpt', profile: 'gpt-like' },
  { id: 'gemini', profile: 'flash-like' },
  { id: 'local', profile: 'local-like' },
];

describe('the targets of a simulation', () => {
  it('play the parts of a scenario in their order, and those beyond the third share what befalls it', async () => {
    const { record } = await run(four);
    const struck = new Set(
      record.attempts.filter((attempt) => attempt.struck).map(({ provider }) => provider),
    );
    expect([...struck].sort()).toEqual(['claude', 'gemini', 'gpt', 'local']);
    const { record: alone, metrics } = await run(four.slice(0, 1), { scenario: scenarios.S1 });
    expect(new Set(alone.attempts.map(({ provider }) => provider))).toEqual(new Set(['claude']));
    expect(metrics.struckAttempts).toBeGreaterThan(0);
    expect(metrics.loadOnB).toBe(0);
  });

  it('are one machine where provider and model are the same, and learn together', async () => {
    const twins: readonly SimulatedTargetSpec[] = [
      { id: 'first', profile: 'gpt-like', provider: 'openai', model: 'gpt' },
      { id: 'second', profile: 'gpt-like', provider: 'openai', model: 'gpt' },
      { id: 'mini', profile: 'flash-like', provider: 'openai', model: 'mini' },
    ];
    const { record } = await run(twins, { scenario: scenarios.S1 });
    const asked = new Map<string, number>();
    for (const { provider } of record.attempts) asked.set(provider, (asked.get(provider) ?? 0) + 1);
    expect([...asked.keys()].sort()).toEqual(['first', 'mini']);
    // The twin is not asked in the place of the first, which is known to be bad.
    expect(asked.get('mini')).toBeGreaterThan(1_000);
    expect(record.changes.map(({ provider }) => provider)).toContain('first');
  });

  it('behave as their profile says', async () => {
    const slow: SimulatedTargetSpec = {
      id: 'slow',
      profile: {
        firstTokenMs: [
          [0, 4_000],
          [1, 4_001],
        ],
        tokensPerSecond: 100,
      },
    };
    const { record } = await run([slow], { scenario: { ...short, faults: {} } });
    const waits = record.attempts
      .flatMap(({ at, firstTokenAt }) => (firstTokenAt ?? at) - at)
      .filter(Boolean);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(3_999);
    expect(Math.max(...waits)).toBeLessThanOrEqual(4_002);
  });

  it('have incidents of their own in a year', () => {
    const { faults } = yearOfIncidents({ seed: 2, days: 90, targets: 5 });
    expect(Object.keys(faults)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(faults.d).not.toEqual(faults.c);
    expect(faults.a).toEqual(yearOfIncidents({ seed: 2, days: 90 }).faults.a);
  });
});

describe('the health of a simulated router', () => {
  it('is read as often as is asked, which changes nothing', async () => {
    const scenario = { ...scenarios.S1, lastsMs: 120_000 };
    const plain = await simulate({ scenario, router: failsoft });
    const read = await simulate({ scenario, router: failsoft, sampleEveryMs: 5_000 });
    expect(read.trace).toBe(plain.trace);
    expect(plain.health).toEqual([]);
    expect(read.health).toHaveLength(24);
    expect(read.health[0]).toMatchObject({ at: 0, targets: { a: { breaker: 'closed', share: 1 } } });
    expect(read.health.map(({ targets }) => targets.a?.breaker)).toContain('open');
  });
});

describe('recorded calls', () => {
  const recorded = [
    { at: 0, outputTokens: 40, streamed: true },
    { at: 1_500, outputTokens: 90_000, inputTokens: 5_000, streamed: false, deadlineMs: 2_000 },
    { at: 2_000, outputTokens: 0 },
    { at: 500_000 },
  ];
  const scenario: Scenario = {
    ...short,
    faults: {},
    lastsMs: 60_000,
    traffic: { callsPerSecond: 1, recorded },
  };

  it('come when they came, as they were; those after the end are left out', async () => {
    const { record } = await simulate({ scenario, router: failsoft });
    expect(record.calls.map(({ at, streamed, outputTokens }) => [at, streamed, outputTokens])).toEqual([
      [0, true, 40],
      [1_500, false, 32_768],
      [2_000, expect.any(Boolean), 1],
    ]);
  });

  it('keep their own deadline', async () => {
    const { record, metrics } = await simulate({ scenario, router: failsoft });
    expect(record.calls.map(({ outcome }) => outcome)).toEqual(['answer', 'error', 'answer']);
    expect(record.calls[1]?.endedAt).toBe(3_500);
    expect(metrics.hangs).toBe(0);
  });

  it('weigh as much as they were long, for limits of tokens', async () => {
    const limited: MakeSimulatedRouter = ({ models, ...parts }) =>
      createRouter({
        runtime: parts.runtime,
        models: { chat: models.chat.map((target) => ({ ...target, limits: { tpm: 20_000 } })) },
      });
    const long = Array.from({ length: 10 }, (_, index) => ({ at: index * 100, inputTokens: 9_000 }));
    const { record } = await simulate({
      scenario: { ...scenario, traffic: { callsPerSecond: 1, recorded: long } },
      router: limited,
    });
    const askedAt = (id: string) => record.attempts.filter(({ provider }) => provider === id).length;
    expect(askedAt('a')).toBeLessThanOrEqual(2);
    expect(askedAt('b')).toBeGreaterThan(0);
  });
});
