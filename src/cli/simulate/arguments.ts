import { parseArgs, type ParseArgsConfig } from 'node:util';
import { scenarios } from 'failsoft/testing';
import { notAmong, wordsOf, WrongUse } from '../wrong-use.ts';

/** What was asked for. */
export interface SimulateArguments {
  readonly help: boolean;
  /** Names of scenarios, in the order of their numbers. */
  readonly scenarios: readonly string[];
  readonly seeds: readonly number[];
  readonly config?: string;
  readonly model?: string;
  readonly faultOn?: string;
  readonly traffic?: string;
  /** Milliseconds since the first call of the traffic, or an instant as the log writes them. */
  readonly faultAt?: { readonly sinceStartMs: number } | { readonly instantMs: number };
  readonly callsPerSecond?: number;
  readonly bursts: boolean;
  readonly baselines: boolean;
  readonly timeline: boolean;
  readonly html?: string;
  readonly json: boolean;
}

export const help = `Usage: failsoft simulate [scenario …|all] [options]

Runs scenarios of failure against the real router in virtual time: its providers and its clock are simulated, and
nobody is asked. 'all' is what comes without a name; 'year' is a year of incidents as vendors publish them.

  --config <module>      your own router: a module whose default export is router options, or a function of the
                         simulated parts that returns options or a router; your providers are never called
  --model <name>         what callers ask for (the default model, else the first)
  --fault-on <target>    which of your targets has the fault (the first)
  --traffic <file>       your own calls: one JSON object in each line, or the events of an observer
  --fault-at <when>      where in the traffic the fault begins: 90, 90s, 15m, 2h or an instant (as in the scenario)
  --seeds <n>            how many runs of each scenario, each with its own luck (3)
  --first <n>            the first seed (1)
  --rate <n>             calls a second, instead of the scenario's
  --bursts               calls come in bursts
  --baselines            the same traces against what people do without failsoft
  --html <file>          writes a report with charts: one file that needs no other
  --json                 prints JSON instead of tables
  --timeline             prints what happened every 5 seconds, too
  --help

Exit code: 0 if every pass line was met, 1 if one was missed, 2 if the command was used wrongly.
Scenarios: ${wrapped(namesOfAll())}
`;

const options = {
  help: { type: 'boolean', short: 'h', default: false },
  config: { type: 'string' },
  model: { type: 'string' },
  'fault-on': { type: 'string' },
  traffic: { type: 'string' },
  'fault-at': { type: 'string' },
  seeds: { type: 'string', default: '3' },
  first: { type: 'string', default: '1' },
  rate: { type: 'string' },
  bursts: { type: 'boolean', default: false },
  baselines: { type: 'boolean', default: false },
  html: { type: 'string' },
  json: { type: 'boolean', default: false },
  timeline: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options'];

/** Reads the words behind `failsoft simulate`. Throws `WrongUse`. */
export function readArguments(words: readonly string[]): SimulateArguments {
  const { values, positionals } = parsed(words);
  if (values['fault-at'] !== undefined && values.traffic === undefined)
    throw new WrongUse('--fault-at says where in the traffic the fault begins: it needs --traffic');
  if (values.traffic !== undefined && (values.rate !== undefined || values.bursts))
    throw new WrongUse(
      '--rate and --bursts are for drawn calls: with --traffic they come as they were logged',
    );
  if (values.json && values.timeline)
    throw new WrongUse('--timeline prints tables, and --json prints none: leave one of them out');
  const first = wholeNumber('--first', values.first, 0);
  const count = wholeNumber('--seeds', values.seeds, 1);
  const { rate, 'fault-on': faultOn, 'fault-at': faultAt, ...rest } = values;
  return {
    ...rest,
    scenarios: namesOf(positionals),
    seeds: Array.from({ length: count }, (_, index) => first + index),
    faultOn,
    faultAt: faultAt === undefined ? undefined : moment(faultAt),
    callsPerSecond: rate === undefined ? undefined : positive('--rate', rate),
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    const unknown = /^Unknown option '(-[^']*)'/.exec(wordsOf(error))?.[1];
    if (unknown !== undefined) throw notAmong('option', unknown, Object.keys(options).map(dashed));
    const ambiguous = /^Option '(--[^']*)' argument is ambiguous/.exec(wordsOf(error))?.[1];
    if (ambiguous !== undefined)
      throw new WrongUse(`${ambiguous}: expected a value, got '${words[words.indexOf(ambiguous) + 1]}'`);
    throw new WrongUse(wordsOf(error));
  }
}

function dashed(name: string): string {
  return `--${name}`;
}

function namesOfAll(): string[] {
  return Object.keys(scenarios).sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
}

function namesOf(wanted: readonly string[]): string[] {
  const all = namesOfAll();
  const known = [...all, 'year', 'all'];
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw notAmong('scenario', unknown, known);
  if (wanted.length === 0 || wanted.includes('all'))
    return [...all, ...wanted.filter((name) => name === 'year')];
  return known.filter((name) => wanted.includes(name));
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw new WrongUse(`${option}: expected a whole number ≥ ${least}, got '${text}'`);
  return value;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new WrongUse(`${option}: expected a number > 0, got '${text}'`);
  return value;
}

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

function moment(text: string): NonNullable<SimulateArguments['faultAt']> {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (amount !== undefined) return { sinceStartMs: Number(amount) * unitsMs[unit as keyof typeof unitsMs] };
  const instantMs = Date.parse(text);
  if (Number.isNaN(instantMs))
    throw new WrongUse(`--fault-at: expected a time such as 90s, 15m or 2026-01-31T12:00:00Z, got '${text}'`);
  return { instantMs };
}

/** In lines that fit behind `Scenarios: `. */
function wrapped(names: readonly string[]): string {
  const lines = [''];
  for (const name of [...names, 'year']) {
    const line = lines.at(-1) ?? '';
    if (line.length + name.length > 100) lines.push(name);
    else lines[lines.length - 1] = line === '' ? name : `${line}, ${name}`;
  }
  return lines.join(',\n           ');
}
