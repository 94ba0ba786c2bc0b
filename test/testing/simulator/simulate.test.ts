import { describe, expect, it } from 'vitest';
import { createRouter, type RouterOptions } from '../../../src/index.ts';
import {
  baselines,
  scenarios,
  simulate,
  type MakeSimulatedRouter,
  type Scenario,
  type SimulatedProvider,
} from '../../../src/testing/simulator/index.ts';

const failsoft: MakeSimulatedRouter = ({ models, runtime, observers, options }) =>
  createRouter({ ...options, models, runtime, observers });

const healthy: Scenario = {
  ...scenarios.S1,
  name: 'healthy',
  faults: {},
  lastsMs: 60_000,
  faultFromMs: 0,
  faultUntilMs: 60_000,
  lines: [],
};

async function linesOf(scenario: Scenario, seed: number, router: MakeSimulatedRouter): Promise<string[]> {
  const lines: string[] = [];
  await simulate({ scenario, seed, router, onLine: (line) => lines.push(line) });
  return lines;
}

describe('simulate', () => {
  it('gives the same trace for the same seed, and another for another', async () => {
    const traceOf = async (seed: number) =>
      (await simulate({ scenario: scenarios.S7, seed, router: failsoft })).trace;
    const first = await traceOf(1);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await traceOf(1)).toBe(first);
    expect(await traceOf(2)).not.toBe(first);
  });

  it('shows each line of the trace', async () => {
    const lines = await linesOf({ ...healthy, lastsMs: 2_000 }, 1, failsoft);
    expect(lines[0]).toMatch(/^\d+ a is asked #0$/);
    expect(lines.filter((line) => line.includes('#0 ends: answer'))).toHaveLength(1);
  });

  it('gives a call the same fate at a provider, whoever asks', async () => {
    const firstAttempts = async (router: MakeSimulatedRouter) => {
      const { record } = await simulate({ scenario: scenarios.S7, seed: 3, router });
      return record.attempts
        .filter(({ number, provider }) => number === 1 && provider === 'a')
        .map(({ call, struck, firstTokenAt = 0, at }) => [call, struck, Math.round(firstTokenAt - at)]);
    };
    const byLoop = new Map((await firstAttempts(baselines.fallbackLoop)).map((row) => [row[0], row]));
    const byBreaker = await firstAttempts(baselines.consecutiveBreaker);
    const shared = byBreaker.filter(([call]) => byLoop.has(call));
    expect(shared.length).toBeGreaterThan(2_000);
    expect(shared).toEqual(shared.map(([call]) => byLoop.get(call)));
  });

  it('takes the slower one of a hedge for no false move, and a request that is given up for one', async () => {
    const movesOf = (options: Pick<RouterOptions, 'hedge' | 'timeouts'>) =>
      simulate({
        scenario: { ...healthy, lastsMs: 300_000, faultUntilMs: 300_000 },
        router: ({ models, runtime, observers }) => createRouter({ ...options, models, runtime, observers }),
      });
    const hedged = await movesOf({ hedge: true });
    expect(hedged.record.attempts.filter(({ outcome }) => outcome === 'left').length).toBeGreaterThan(10);
    expect(hedged.metrics.falseMoves).toBe(0);
    const hasty = await movesOf({ timeouts: { firstTokenMs: 1_000 } });
    expect(hasty.metrics.falseMoves).toBeGreaterThan(10);
  });

  it('lets calls come whether or not earlier ones were answered', async () => {
    const scenario: Scenario = { ...scenarios.S5, lastsMs: 100_000, faultUntilMs: 100_000 };
    const calls = async (router: MakeSimulatedRouter) =>
      (await simulate({ scenario, router })).record.calls.map(({ at, streamed, outputTokens }) => [
        at,
        streamed,
        outputTokens,
      ]);
    expect(await calls(baselines.bare)).toEqual(await calls(failsoft));
  });

  it('finds nothing wrong with health', async () => {
    const { metrics, passed } = await simulate({ scenario: healthy, router: failsoft });
    expect(passed).toBe(true);
    expect(metrics).toMatchObject({ success: 1, corrupt: 0, hangs: 0, changes: 0, struckAttempts: 0 });
    expect(metrics.firstTokenP50Ms).toBeGreaterThan(700);
    expect(metrics.firstTokenP50Ms).toBeLessThan(1_200);
  });

  it('counts calls that never end as hung', async () => {
    const never: MakeSimulatedRouter = () => ({
      complete: () => new Promise(() => {}),
      async *stream() {
        yield await new Promise<never>(() => {});
      },
    });
    const { metrics } = await simulate({ scenario: { ...healthy, lastsMs: 10_000 }, router: never });
    expect(metrics.hangs).toBeGreaterThan(50);
    expect(metrics.success).toBe(0);
  });

  it('counts text that is lost, told twice or made up as corrupt, also before an error', async () => {
    const spoiling =
      (spoil: (text: string) => string): MakeSimulatedRouter =>
      (parts) => {
        const router = failsoft(parts);
        return {
          complete: async (request, options) => ({
            text: spoil((await router.complete(request, options)).text),
          }),
          async *stream(request, options) {
            for await (const event of router.stream(request, options))
              yield event.type === 'text' ? { type: 'text', text: spoil(event.text ?? '') } : event;
          },
        };
      };
    const corruptBy = async (spoil: (text: string) => string) => {
      const scenario = { ...healthy, lastsMs: 5_000 };
      const { metrics, record } = await simulate({ scenario, router: spoiling(spoil) });
      return metrics.corrupt / record.calls.length;
    };
    expect(await corruptBy((text) => text)).toBe(0);
    expect(await corruptBy((text) => text.slice(1))).toBe(1);
    expect(await corruptBy((text) => text + text.slice(-3))).toBe(1);
  });

  it('takes what came before a restart as void', async () => {
    const restarting: MakeSimulatedRouter = (parts) => {
      const router = failsoft(parts);
      return {
        complete: (request, options) => router.complete(request, options),
        async *stream(request, options) {
          yield { type: 'text', text: 'void' };
          yield { type: 'restart' };
          yield* router.stream(request, options);
        },
      };
    };
    const { metrics } = await simulate({ scenario: { ...healthy, lastsMs: 5_000 }, router: restarting });
    expect([metrics.corrupt, metrics.success]).toEqual([0, 1]);
  });

  it.each(['S6-continue', 'S7-continue'] as const)('goes on with what broke off in %s', async (name) => {
    const beginnings: boolean[] = [];
    const failures = new Set<string>();
    const watched: MakeSimulatedRouter = (parts) => {
      const watch = (provider: SimulatedProvider): SimulatedProvider => ({
        ...provider,
        async *stream(call) {
          const before = call.request.messages.find(({ role }) => role === 'assistant')?.content;
          let isFirst = true;
          for await (const event of provider.stream(call)) {
            if (event.type === 'text' && typeof before === 'string' && isFirst) {
              isFirst = false;
              beginnings.push(before.includes(event.text.slice(0, 12)));
            }
            yield event;
          }
        },
      });
      return createRouter({
        ...parts.options,
        models: {
          chat: parts.models.chat.map((target) => ({ ...target, provider: watch(target.provider) })),
        },
        runtime: parts.runtime,
        observers: [
          ...parts.observers,
          (event) => event.type === 'attempt' && failures.add(event.attempt.failure?.kind ?? 'none'),
        ],
      });
    };
    const { metrics } = await simulate({ scenario: scenarios[name], router: watched });
    expect(metrics).toMatchObject({ corrupt: 0, hangs: 0 });
    expect(metrics.successInFault).toBeGreaterThan(0.999);
    expect([...failures]).not.toContain('unknown');
    // As models do: some say the last words again, as they are asked to, some go on at once.
    const repeating = beginnings.filter((repeats) => repeats).length;
    expect(repeating).toBeGreaterThan(beginnings.length / 5);
    expect(repeating).toBeLessThan((beginnings.length * 4) / 5);
  });

  it('says which line was missed and by how much', async () => {
    const { lines, passed } = await simulate({ scenario: scenarios.S1, router: baselines.bare });
    expect(passed).toBe(false);
    const success = lines.find(({ metric }) => metric === 'success');
    expect(success).toMatchObject({ atLeast: 0.999, passed: false });
    expect(success?.value).toBeLessThan(0.7);
  });

  it('tells how long it took to leave a target and to come back', async () => {
    const { metrics, timeline } = await simulate({ scenario: scenarios.S1, router: failsoft });
    expect(metrics.timeToDetectMs).toBeLessThan(2_000);
    expect(metrics.timeToReturnMs).toBeLessThan(60_000);
    const shareAt = (atMs: number) => {
      const { attempts } = timeline.find(({ at }) => at === atMs) as (typeof timeline)[number];
      const { a = 0, b = 0, c = 0 } = attempts;
      return a / (a + b + c);
    };
    expect(shareAt(30_000)).toBeGreaterThan(0.9);
    expect(shareAt(120_000)).toBeLessThan(0.1);
    expect(shareAt(290_000)).toBeGreaterThan(0.9);
  });
});

describe('the baselines', () => {
  it('are given cut and garbled answers as if they were whole, where failsoft is not', async () => {
    const corrupt = async (scenario: Scenario, router: MakeSimulatedRouter) =>
      (await simulate({ scenario, router })).metrics.corrupt;
    expect(await corrupt(scenarios.S7, baselines.bare)).toBeGreaterThan(10);
    expect(await corrupt(scenarios.S8, baselines.fallbackLoop)).toBeGreaterThan(10);
    expect(await corrupt(scenarios.S7, failsoft)).toBe(0);
  });

  it('wait for silence where they set no timer', async () => {
    const { metrics } = await simulate({ scenario: scenarios.S5, router: baselines.fallbackLoop });
    expect(metrics.hangs).toBeGreaterThan(100);
  });

  it('open after five failures in a row and let one call try after 30 s', async () => {
    const { record } = await simulate({ scenario: scenarios.S9, router: baselines.consecutiveBreaker });
    const times = record.attempts
      .filter(({ provider, struck }) => provider === 'a' && struck)
      .map(({ at }) => at);
    // More than five: answers that began in health end between the failures, and break the row.
    expect(times.length).toBeGreaterThan(5);
    const longestGapMs = Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0)));
    expect(longestGapMs).toBeGreaterThan(30_000);
    expect(longestGapMs).toBeLessThan(31_500);
  });

  it('leave a target out for 5 s after each failure', async () => {
    const { record } = await simulate({ scenario: scenarios.S9, router: baselines.fixedCoolDown });
    const atA = record.attempts.filter(({ provider, struck }) => provider === 'a' && struck);
    expect(atA.length).toBeGreaterThanOrEqual(7);
    expect(atA.length).toBeLessThanOrEqual(16);
  });
});
