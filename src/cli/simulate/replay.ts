import type { RecordedCall, Scenario } from 'failsoft/testing';
import { WrongUse } from '../wrong-use.ts';
import type { SimulateArguments } from './arguments.ts';
import { duration } from './figures.ts';
import type { LoggedCall } from './traffic-file.ts';

/** A host's calls, ready to be laid under a scenario. */
export interface Replay {
  readonly calls: readonly LoggedCall[];
  readonly lastsMs: number;
  /** Where in it the fault begins. @default as long after the first call as the scenario has it */
  readonly faultAtMs?: number;
  /** Whether the calls' own models are asked for. */
  readonly keepsModels: boolean;
}

const mostCalls = 2_000_000;

export function replayOf(
  calls: readonly LoggedCall[],
  faultAt: SimulateArguments['faultAt'],
  keepsModels: boolean,
): Replay {
  const first = calls[0] as LoggedCall;
  const lastsMs = (calls.at(-1) as LoggedCall).at - first.at;
  const faultAtMs = faultAt && ('instantMs' in faultAt ? faultAt.instantMs - first.at : faultAt.sinceStartMs);
  if (faultAtMs !== undefined && (faultAtMs < 0 || faultAtMs > lastsMs))
    throw new WrongUse(
      `--fault-at: the traffic lasts ${duration(lastsMs)}, from ${new Date(first.at).toISOString()} on; the fault would begin outside of it`,
    );
  return { calls, lastsMs, faultAtMs, keepsModels };
}

/**
 * The calls of a window as long as the scenario, so laid that its fault begins where it is wanted. Where the window reaches
 * beyond the log, the log is taken as going round.
 */
export function callsIn(
  { calls, lastsMs, faultAtMs, keepsModels }: Replay,
  scenario: Scenario,
): RecordedCall[] {
  const roundMs = roundOf(calls.length, lastsMs);
  const startMs = faultAtMs === undefined ? 0 : faultAtMs - scenario.faultFromMs;
  const expected = (scenario.lastsMs / roundMs) * calls.length;
  if (expected > mostCalls)
    throw new WrongUse(
      `${scenario.name} lasts ${duration(scenario.lastsMs)}: with this traffic that is about ${Math.round(expected)} calls, more than ${mostCalls}`,
    );
  const zero = (calls[0] as LoggedCall).at;
  const recorded: RecordedCall[] = [];
  for (let round = Math.floor(startMs / roundMs); round * roundMs < startMs + scenario.lastsMs; round += 1)
    for (const { model, ...call } of calls) {
      const at = Math.round(call.at - zero + round * roundMs - startMs);
      if (at < 0 || at >= scenario.lastsMs) continue;
      recorded.push({ ...call, at, ...(keepsModels && model !== undefined ? { model } : {}) });
    }
  return recorded;
}

/** After the last call comes the first again, with a gap as long as the others on average. */
function roundOf(count: number, lastsMs: number): number {
  return Math.max(1_000, count > 1 ? (lastsMs * count) / (count - 1) : 0);
}

/** How it is used, for whoever reads the result. */
export function describeReplay(
  { calls, lastsMs, faultAtMs }: Replay,
  scenarios: readonly Scenario[],
): string {
  const shortest = Math.min(...scenarios.map((scenario) => scenario.lastsMs));
  const longest = Math.max(...scenarios.map((scenario) => scenario.lastsMs));
  const lasts = shortest === longest ? duration(shortest) : `${duration(shortest)} to ${duration(longest)}`;
  const laid = `a window as long as the scenario (${lasts}) is laid over it, so that the fault begins`;
  const where =
    faultAtMs === undefined
      ? 'as long after the first call as the scenario has it (--fault-at moves it)'
      : `${duration(faultAtMs)} after the first call`;
  const round =
    lastsMs < longest ? '; where the window is longer than the traffic, the traffic comes again' : '';
  return `${calls.length} recorded calls over ${duration(lastsMs)}: ${laid} ${where}${round}.`;
}
