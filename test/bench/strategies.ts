import { createRouter, type Price, type RouterEvent, type StrategyName } from 'failsoft';
import { simulate, type MakeSimulatedRouter, type Scenario, type SimulationReport } from 'failsoft/testing';
import { medianOf } from '../../src/cli/simulate/figures.ts';
import { table } from '../../src/cli/simulate/tables.ts';

type ProviderId = 'a' | 'b' | 'c';

/** The strategies in the order in which they are told. */
export const strategyNames = ['in-order', 'weighted', 'fastest', 'cheapest', 'least-busy'] as const;

const hourMs = 3_600_000;
const minuteMs = 60_000;
/**
 * USD per million tokens, as vendors ask for models of three sizes. The quickest is the dearest and the cheapest in
 * between: else one choice would be best in all.
 */
const prices: Readonly<Record<ProviderId, Price>> = {
  a: { input: 2, output: 8 },
  b: { input: 0.3, output: 2.5 },
  c: { input: 3, output: 15 },
};
const weights: Readonly<Record<ProviderId, number>> = { a: 5, b: 3, c: 2 };

function brownout(fromMinute: number) {
  const refusal = { kind: 'server-error', status: 500 } as const;
  return {
    effect: 'refuse' as const,
    share: 0.3,
    refusal,
    afterMs: [200, 2_000] as const,
    fromMs: fromMinute * minuteMs,
    untilMs: (fromMinute + 10) * minuteMs,
  };
}

// Ten calls a second keep about 30 attempts in flight: the smallest cannot take all.
// The whole hour counts as "in the fault", so that every figure is of the whole hour.
const hour = {
  traffic: { callsPerSecond: 10 },
  lastsMs: hourMs,
  faultFromMs: 0,
  faultUntilMs: hourMs,
  targets: {
    a: { limits: { concurrency: 60 } },
    b: { limits: { concurrency: 40 } },
    c: { limits: { concurrency: 20 } },
  },
  lines: [],
} satisfies Partial<Scenario>;

/** The hours that the strategies are compared in. */
export const hours = {
  healthy: { ...hour, name: 'healthy', title: 'an hour of health', faults: {} },
  brownouts: {
    ...hour,
    name: 'brownouts',
    title: 'each in turn fails 30 % of its calls for ten minutes',
    faults: { a: [brownout(5)], b: [brownout(25)], c: [brownout(45)] },
  },
} as const satisfies Record<string, Scenario>;

/** What came of one strategy in one hour: medians over the seeds. */
export interface StrategyFigures {
  readonly hour: keyof typeof hours;
  readonly strategy: StrategyName;
  /** Answers by provider, as shares. */
  readonly shares: Readonly<Record<ProviderId, number>>;
  readonly firstTextP50Ms: number;
  readonly firstTextP99Ms: number;
  readonly usdPerThousandCalls: number;
  readonly attemptsPerCall: number;
  readonly success: number;
}

export async function measureStrategies(
  seeds: readonly number[],
  onProgress: (line: string) => void,
): Promise<StrategyFigures[]> {
  const figures: StrategyFigures[] = [];
  for (const name of Object.keys(hours) as (keyof typeof hours)[])
    for (const strategy of strategyNames) {
      onProgress(`${name} ${strategy} …`);
      const runs: StrategyFigures[] = [];
      for (const seed of seeds) runs.push(await run(name, strategy, seed));
      figures.push(mediansOf(runs));
    }
  return figures;
}

async function run(name: keyof typeof hours, strategy: StrategyName, seed: number): Promise<StrategyFigures> {
  let costUsd = 0;
  const observe = (event: RouterEvent) => {
    if (event.type === 'attempt') costUsd += event.attempt.costUsd ?? 0;
  };
  const router: MakeSimulatedRouter = ({ models, runtime, observers, options }) =>
    createRouter({
      ...options,
      strategy,
      models: {
        chat: models.chat.map((target) => ({ ...target, ...settingsOf(target.id as ProviderId, strategy) })),
      },
      runtime,
      observers: [...observers, observe],
    });
  const report = await simulate({ scenario: hours[name], seed, router });
  return figuresOf(report, { hour: name, strategy, costUsd });
}

function settingsOf(id: ProviderId, strategy: StrategyName) {
  return { price: prices[id], ...(strategy === 'weighted' ? { weight: weights[id] } : {}) };
}

function figuresOf(
  { metrics, record: { attempts, calls } }: SimulationReport,
  { costUsd, ...about }: Pick<StrategyFigures, 'hour' | 'strategy'> & { readonly costUsd: number },
): StrategyFigures {
  const answered = attempts.filter(({ outcome }) => outcome === 'answered');
  const shareOf = (id: ProviderId) =>
    answered.filter(({ provider }) => provider === id).length / answered.length;
  return {
    ...about,
    shares: { a: shareOf('a'), b: shareOf('b'), c: shareOf('c') },
    firstTextP50Ms: metrics.firstTokenP50Ms,
    firstTextP99Ms: metrics.firstTokenP99Ms,
    usdPerThousandCalls: (costUsd / calls.length) * 1_000,
    attemptsPerCall: metrics.attemptsPerCall,
    success: metrics.success,
  };
}

function mediansOf(runs: readonly StrategyFigures[]): StrategyFigures {
  const of = (read: (one: StrategyFigures) => number) => medianOf(runs.map(read));
  const [first] = runs as readonly [StrategyFigures];
  return {
    hour: first.hour,
    strategy: first.strategy,
    shares: {
      a: of(({ shares }) => shares.a),
      b: of(({ shares }) => shares.b),
      c: of(({ shares }) => shares.c),
    },
    firstTextP50Ms: of((one) => one.firstTextP50Ms),
    firstTextP99Ms: of((one) => one.firstTextP99Ms),
    usdPerThousandCalls: of((one) => one.usdPerThousandCalls),
    attemptsPerCall: of((one) => one.attemptsPerCall),
    success: of((one) => one.success),
  };
}

export function strategyTable(figures: readonly StrategyFigures[]): string {
  const percent = (share: number, digits = 0) => `${(share * 100).toFixed(digits)} %`;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
  const rows = figures.map((one) => [
    one.hour,
    `\`${one.strategy}\``,
    [one.shares.a, one.shares.b, one.shares.c].map((share) => percent(share)).join(' / '),
    seconds(one.firstTextP50Ms),
    seconds(one.firstTextP99Ms),
    `$${one.usdPerThousandCalls.toFixed(2)}`,
    one.attemptsPerCall.toFixed(3),
    percent(one.success, 3),
  ]);
  const head = [
    'hour',
    'strategy',
    'answers of a / b / c',
    'first text p50',
    'p99',
    '1,000 calls',
    'requests a call',
    'answered',
  ];
  return table(head, rows);
}
