import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRouter } from 'failsoft';
import {
  baselines,
  scenarios,
  simulate,
  yearOfIncidents,
  type MakeSimulatedRouter,
  type Scenario,
  type SimulationReport,
} from 'failsoft/testing';
import { compared, linesOf, timelineTable } from './simulation-tables.ts';

// npm run simulate -- [scenario|all|year] [--seeds n] [--first n] [--rate callsPerSecond] [--bursts] [--baselines] [--timeline]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '3' },
    first: { type: 'string', default: '1' },
    rate: { type: 'string' },
    bursts: { type: 'boolean', default: false },
    baselines: { type: 'boolean', default: false },
    timeline: { type: 'boolean', default: false },
  },
});

const failsoft: MakeSimulatedRouter = ({ models, runtime, observers, options }) =>
  createRouter({ ...options, models, runtime, observers });

const contestants: Readonly<Record<string, MakeSimulatedRouter>> = values.baselines
  ? { failsoft, ...baselines }
  : { failsoft };

const [wanted = 'all'] = positionals;
const firstSeed = Number(values.first);
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => firstSeed + index);
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

console.log(`failsoft ${version}, Node ${process.version}, seeds ${seeds[0]} to ${seeds.at(-1)}\n`);
const everything = new Map<string, Map<string, readonly SimulationReport[]>>();
for (const name of namesOf(wanted)) {
  const reports = new Map<string, readonly SimulationReport[]>();
  for (const [contestant, router] of Object.entries(contestants)) {
    process.stderr.write(`${name} ${contestant} …\r`);
    const runs: SimulationReport[] = [];
    for (const seed of seeds) {
      const report = await simulate({ scenario: scenarioOf(name, seed), seed, router });
      runs.push(withoutRecord(report));
      if (values.timeline && contestant === 'failsoft') console.log(timelineTable(report));
    }
    reports.set(contestant, runs);
  }
  process.stderr.write('\x1b[K');
  everything.set(name, reports);
}

const titleOf = (name: string) => scenarioOf(name, firstSeed).title;
console.log(linesOf(everything, titleOf));
if (values.baselines) console.log(`\n${compared(everything)}`);
const missed = [...everything.values()].flatMap((reports) => reports.get('failsoft') ?? []).filter(isMissed);
for (const { scenario, seed, trace } of missed)
  process.stderr.write(`missed: ${scenario} seed ${seed} trace ${trace}\n`);

function isMissed({ passed }: SimulationReport): boolean {
  return !passed;
}

function namesOf(name: string): readonly string[] {
  if (name === 'all')
    return Object.keys(scenarios).sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  if (name === 'year' || name in scenarios) return [name];
  console.error(`no scenario is called '${name}'; known are all, year, ${Object.keys(scenarios).join(', ')}`);
  process.exit(1);
}

function scenarioOf(name: string, seed: number): Scenario {
  if (name === 'year') return yearOfIncidents({ seed });
  const scenario = scenarios[name as keyof typeof scenarios];
  const rate = values.rate === undefined ? {} : { callsPerSecond: Number(values.rate) };
  const shape = values.bursts ? { shape: 'bursts' as const } : {};
  return { ...scenario, traffic: { ...scenario.traffic, ...rate, ...shape } };
}

/** What happened to each call is large, and is not needed for the tables. */
function withoutRecord(report: SimulationReport): SimulationReport {
  const { calls, attempts, changes } = { calls: [], attempts: [], changes: [] };
  return { ...report, record: { ...report.record, calls, attempts, changes } };
}
