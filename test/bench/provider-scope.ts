import { medianOf } from '../../src/cli/simulate/figures.ts';
import { table } from '../../src/cli/simulate/tables.ts';
import { createRouter } from '../../src/index.ts';
import { keyedRandom } from '../../src/testing/simulator/sampling.ts';
import {
  simulate,
  type MakeSimulatedRouter,
  type Scenario,
  type SimulatedTargetSpec,
  type SimulationReport,
} from '../../src/testing/simulator/index.ts';

// npm run source -- test/bench/provider-scope.ts
// One provider with three models, asked 8, 2 and once every two seconds, each by callers of its own who have another provider
// behind it. What goes wrong with all of them, or with the busiest alone; who notices when, and how many requests meet it.

const seeds = 20;
const faultFromMs = 60_000;
const faultUntilMs = 180_000;
const lastsMs = 240_000;
const perSecond: Readonly<Record<string, number>> = { a: 8, b: 2, c: 0.5 };

const targets: readonly SimulatedTargetSpec[] = [
  { id: 'a', profile: 'gpt-like', provider: 'p', model: 'large' },
  { id: 'b', profile: 'gpt-like', provider: 'p', model: 'small' },
  { id: 'c', profile: 'gpt-like', provider: 'p', model: 'tiny' },
  { id: 'd', profile: 'flash-like' },
];

type Fault = Scenario['faults'][string][number];

const throughout = { fromMs: faultFromMs, untilMs: faultUntilMs };
const failing = (share: number): Fault => ({
  ...{ effect: 'refuse', share, refusal: { kind: 'server-error', status: 500 }, afterMs: [200, 2_000] },
  ...throughout,
});
const silent: Fault = { effect: 'silence', share: 1, afterTokens: [0, 0], ...throughout };
const refused: Fault = {
  ...{
    effect: 'refuse',
    share: 1,
    refusal: { kind: 'network', code: 'connection-refused' },
    afterMs: [5, 20],
  },
  ...throughout,
};
const unauthorised: Fault = {
  ...{ effect: 'refuse', share: 1, refusal: { kind: 'auth', status: 401 }, afterMs: [50, 50] },
  ...throughout,
};

const whole: Readonly<Record<string, Fault>> = {
  'all fail': failing(1),
  '60 % fail': failing(0.6),
  '30 % fail': failing(0.3),
  '15 % fail': failing(0.15),
  'all hang': silent,
  'host unreachable': refused,
  'key refused': unauthorised,
};

const faults: Readonly<Record<string, Scenario['faults']>> = {
  ...Object.fromEntries(
    Object.entries(whole).map(([name, fault]) => [name, { a: [fault], b: [fault], c: [fault], d: [] }]),
  ),
  'only a: all fail': { a: [failing(1)], d: [] },
  'only a: 30 % fail': { a: [failing(0.3)], d: [] },
  'a and b: all fail': { a: [failing(1)], b: [failing(1)], d: [] },
};

/** Each target by callers of its own. */
function recorded(seed: number) {
  const calls = Object.entries(perSecond).flatMap(([model, rate], index) => {
    const random = keyedRandom(seed, 100 + index, 0, 0);
    const of: { readonly at: number; readonly model: string }[] = [];
    for (let at = 0; at < lastsMs; at += (-Math.log(1 - random()) / rate) * 1_000) of.push({ at, model });
    return of;
  });
  return calls.sort((one, other) => one.at - other.at);
}

const router: MakeSimulatedRouter = ({ models: { chat }, runtime, observers }) => {
  const [a, b, c, d] = chat;
  const models = { chat: [d], a: [a, d], b: [b, d], c: [c, d] };
  return createRouter({ models, runtime, observers } as unknown as Parameters<typeof createRouter>[0]);
};

function run(name: string, seed: number): Promise<SimulationReport> {
  const scenario: Scenario = {
    ...{ name, title: name, lastsMs, faultFromMs, faultUntilMs, lines: [] },
    traffic: { callsPerSecond: 1, recorded: recorded(seed) },
    faults: faults[name] as Scenario['faults'],
  };
  return simulate({ scenario, seed, targets, router });
}

function struckAt(id: string, { record }: SimulationReport): number {
  return record.attempts.filter(({ provider, struck }) => provider === id && struck).length;
}

/** In seconds from the fault. */
function outAfter(id: string, { record }: SimulationReport): number {
  const at = record.changes.find(
    (change) => change.provider === id && change.to === 'open' && change.at >= faultFromMs,
  )?.at;
  return at === undefined ? Infinity : (at - faultFromMs) / 1_000;
}

/** Calls that a model without a fault was not asked for. */
function keptFromTheWell({ record }: SimulationReport, name: string): number {
  const well = ['a', 'b', 'c'].filter((id) => !faults[name]?.[id]);
  const asked = new Map(well.map((id) => [id, new Set<number>()]));
  for (const { provider, call } of record.attempts) asked.get(provider)?.add(call);
  return record.calls.filter(({ model = '', number }) => asked.get(model)?.has(number) === false).length;
}

const rows: string[][] = [];
for (const name of Object.keys(faults)) {
  const reports: SimulationReport[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) reports.push(await run(name, seed));
  const median = (of: (report: SimulationReport) => number) => medianOf(reports.map(of));
  const each = (of: (id: string, report: SimulationReport) => number) =>
    ['a', 'b', 'c'].map((id) => median((report) => of(id, report))).map((value) => value.toFixed(1));
  const kept = reports.reduce((sum, report) => sum + keptFromTheWell(report, name), 0);
  rows.push([name, each(struckAt).join(' · '), each(outAfter).join(' · '), String(kept)]);
}
const heads = [
  'fault',
  'struck at a · b · c',
  'breaker of a · b · c opens after s',
  'kept from the well, all seeds',
];
console.log(table(heads, rows));
