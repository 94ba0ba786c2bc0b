import { writeFileSync } from 'node:fs';
import {
  baselines,
  scenarios,
  simulate,
  yearOfIncidents,
  type MakeSimulatedRouter,
  type Scenario,
  type SimulatedTargetSpec,
} from 'failsoft/testing';
import { exitCodes, type Terminal } from '../terminal.ts';
import { ownVersion } from '../version.ts';
import { wordsOf, WrongUse } from '../wrong-use.ts';
import { help, readArguments, type SimulateArguments } from './arguments.ts';
import { loadConfig } from './config.ts';
import { failsoftAtDefaults, hostOf, type Host } from './host.ts';
import { asJson } from './json.ts';
import { createProgress } from './progress.ts';
import { callsIn, describeReplay, replayOf, type Replay } from './replay.ts';
import { reportPage } from './report/page.ts';
import { sampleEveryMs, seriesOf } from './report/series.ts';
import { keep, ours, runsOf, type ScenarioResult } from './results.ts';
import { compared, legend, linesTable, timelineTable } from './tables.ts';
import { readTraffic } from './traffic-file.ts';

/** `failsoft simulate`. */
export async function simulateCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  const wanted = readArguments(words);
  if (wanted.help) {
    terminal.out.write(help);
    return exitCodes.ok;
  }
  const host =
    wanted.config === undefined
      ? withoutConfig(wanted)
      : await hostOf(await loadConfig(wanted.config), wanted);
  const replay = await replayFor(wanted, host);
  const stage = { wanted, host, replay };
  const results = await runAll(stage, terminal);
  const warnings = warningsOf(results, host);
  const notes = [...notesOf(stage), ...warnings];
  if (wanted.html !== undefined) writeReport(wanted.html, { results, notes, host });
  print(terminal, { results, notes, wanted });
  if (wanted.json) for (const warning of warnings) terminal.err.write(`${warning}\n`);
  return results.every((result) => runsOf(result).every(({ passed }) => passed))
    ? exitCodes.ok
    : exitCodes.missed;
}

/** What is simulated. */
interface Stage {
  readonly wanted: SimulateArguments;
  readonly host: Host;
  readonly replay: Replay | undefined;
}

function withoutConfig({ model, faultOn }: SimulateArguments): Host {
  if (model !== undefined || faultOn !== undefined)
    throw new WrongUse('--model and --fault-on choose among your own models and targets: they need --config');
  return failsoftAtDefaults;
}

async function replayFor(
  { traffic, faultAt }: SimulateArguments,
  { models }: Host,
): Promise<Replay | undefined> {
  if (traffic === undefined) return undefined;
  return replayOf(await readTraffic(traffic, models), faultAt, models !== undefined);
}

function scenarioOf(name: string, seed: number, { wanted, host, replay }: Stage): Scenario {
  const scenario =
    name === 'year'
      ? yearOfIncidents({ seed, targets: host.targets })
      : scenarios[name as keyof typeof scenarios];
  const { callsPerSecond = scenario.traffic.callsPerSecond, bursts } = wanted;
  const { deadlineMs = host.deadlineMs } = scenario.traffic;
  const traffic = {
    ...scenario.traffic,
    callsPerSecond,
    deadlineMs,
    model: host.model,
    ...(bursts ? { shape: 'bursts' as const } : {}),
  };
  const recorded = replay && callsIn(replay, scenario);
  return { ...scenario, traffic: recorded ? { ...traffic, recorded, surges: [] } : traffic };
}

async function runAll(stage: Stage, { err }: Terminal): Promise<ScenarioResult[]> {
  const { wanted, host } = stage;
  const contestants = Object.entries<MakeSimulatedRouter>({
    [ours]: host.router,
    ...(wanted.baselines ? baselines : {}),
  });
  const progress = createProgress(err, wanted.scenarios.length * contestants.length * wanted.seeds.length);
  const results: ScenarioResult[] = [];
  try {
    for (const name of wanted.scenarios) {
      const runs = new Map<string, ReturnType<typeof keep>[]>();
      for (const [contestant, router] of contestants)
        for (const seed of wanted.seeds) {
          progress.begin(`${name}, seed ${seed}${contestant === ours ? '' : `, ${contestant}`}`);
          const run = await runOne(stage, { name, seed, router, charted: contestant === ours });
          runs.set(contestant, [...(runs.get(contestant) ?? []), run]);
        }
      results.push({ scenario: scenarioOf(name, wanted.seeds[0] as number, stage), runs });
    }
  } finally {
    progress.end();
  }
  return results;
}

interface Run {
  readonly name: string;
  readonly seed: number;
  readonly router: MakeSimulatedRouter;
  readonly charted: boolean;
}

async function runOne(stage: Stage, { name, seed, router, charted }: Run) {
  const scenario = scenarioOf(name, seed, stage);
  const isCharted = charted && stage.wanted.html !== undefined;
  const report = await simulate({
    scenario,
    seed,
    router,
    targets: stage.host.targets,
    sampleEveryMs: isCharted ? sampleEveryMs(scenario) : undefined,
  });
  return keep(report, isCharted ? seriesOf(report, scenario) : undefined);
}

/** What a reader has to know of how it was run, in sentences. */
function notesOf(stage: Stage): string[] {
  const { wanted, host, replay } = stage;
  const scenariosRun = wanted.scenarios.map((name) =>
    scenarioOf(name, wanted.seeds[0] as number, { ...stage, replay: undefined }),
  );
  const targets = host.targets?.map(
    ({ id, profile }) => `${id} (${typeof profile === 'string' ? profile : 'a profile of its own'})`,
  );
  return [
    ...(targets ? [`Targets, simulated, the first has the fault: ${targets.join(', ')}.`] : []),
    ...(host.targets ? [`What scenarios and figures call by a letter: ${parts(host.targets)}.`] : []),
    ...(targets && wanted.model !== undefined ? [`Callers ask for ${wanted.model}.`] : []),
    ...(replay ? [describeReplay(replay, scenariosRun)] : []),
  ];
}

/** Targets of one provider and model are one machine, and have one letter. */
function parts(targets: readonly SimulatedTargetSpec[]): string {
  const machines = new Map<string, string[]>();
  for (const { id, provider = id, model = id } of targets) {
    const machine = JSON.stringify([provider, model]);
    machines.set(machine, [...(machines.get(machine) ?? []), id]);
  }
  return [...machines.values()]
    .slice(0, 3)
    .map((ids, index) => `${'abc'[index]} = ${ids.join(' and ')}`)
    .join(', ');
}

/** A fault that met nobody says nothing of the router. */
function warningsOf(results: readonly ScenarioResult[], { targets }: Host): string[] {
  const unmet = results.filter(
    (result) =>
      'a' in result.scenario.faults && runsOf(result).every(({ metrics }) => metrics.struckAttempts === 0),
  );
  if (unmet.length === 0) return [];
  const names = unmet.map(({ scenario }) => scenario.name).join(', ');
  return [
    `Warning: the fault met nobody in ${names}: no request went to ${targets?.[0]?.id ?? 'a'} while it lasted.`,
  ];
}

interface Outcome {
  readonly results: readonly ScenarioResult[];
  readonly notes: readonly string[];
}

function print(
  { out, err }: Terminal,
  { results, notes, wanted }: Outcome & { wanted: SimulateArguments },
): void {
  if (wanted.json) {
    out.write(`${asJson(results)}\n`);
    return;
  }
  const seeds =
    wanted.seeds.length === 1
      ? `seed ${wanted.seeds[0]}`
      : `seeds ${wanted.seeds[0]} to ${wanted.seeds.at(-1)}`;
  out.write([`failsoft ${ownVersion()}, Node ${process.version}, ${seeds}`, ...notes, '', ''].join('\n'));
  if (wanted.timeline)
    for (const result of results)
      for (const run of runsOf(result)) out.write(`${timelineTable(result.scenario.name, run)}\n`);
  out.write(`${linesTable(results, out)}\n\n${legend(results)}`);
  if (wanted.baselines) out.write(`\n${compared(results)}\n`);
  for (const result of results)
    for (const { seed, trace } of runsOf(result).filter(({ passed }) => !passed))
      err.write(`missed: ${result.scenario.name} seed ${seed} trace ${trace}\n`);
  if (wanted.html !== undefined) err.write(`report: ${wanted.html}\n`);
}

function writeReport(path: string, { results, notes, host }: Outcome & { readonly host: Host }): void {
  const page = reportPage({ results, notes, targets: host.targets, version: ownVersion() });
  try {
    writeFileSync(path, page);
  } catch (error) {
    throw new WrongUse(`--html ${path}: it cannot be written: ${wordsOf(error)}`);
  }
}
