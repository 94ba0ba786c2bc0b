import type { Effect, Fault } from './fault.ts';
import { castOf, roleAt, usualCast, type SimulatedTargetSpec } from './cast.ts';
import { usualErrors } from './profiles.ts';
import {
  between,
  hyperexponential,
  keyedRandom,
  lognormal,
  oneOf,
  weightedOneOf,
  type Random,
} from './sampling.ts';
import type { Scenario } from './scenario.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/**
 * How often and how long providers fail: from 459 incidents that OpenAI and Anthropic published from 2021 to 2024
 * (atlarge-research/llm-service-analysis, ICPE 2025); what kind, from their post-mortems. Vendors fail independently of
 * each other, but for a shock that meets several at once.
 */
const published = {
  betweenMs: 72 * hourMs,
  variation: 1.8,
  /** Few incidents begin at weekends: 7 of 179. */
  weekendShare: 0.1,
  /** Median and spread of the logarithm. */
  lastsAtFirst: [45, 1.24],
  lastsAtOthers: [73, 1.08],
  longestMs: dayMs,
  /** The rest meet one model of the provider. */
  meetsAllModels: 0.4,
  /** A guess: of those that a provider has, so many are used by its customers, at least. */
  leastModels: 2,
  longestOnsetMs: 10 * minuteMs,
  brownoutShares: [0.05, 0.1, 0.2, 0.35, 0.6],
  shocksPerYear: 1.5,
  shockMs: [2 * hourMs, 4 * hourMs],
  meetsInShock: [0.3, 0.7],
} as const;

type Make = (random: Random) => Effect;

const kinds: readonly (readonly [weight: number, make: Make])[] = [
  [65, (random) => brownout(oneOf(published.brownoutShares, random))],
  [12, () => brownout(1)],
  [13, (random) => ({ effect: 'slow', share: 1, factor: between([3, 20], random) })],
  [10, (random) => overload(oneOf(published.brownoutShares, random))],
];

function brownout(share: number): Effect {
  return {
    effect: 'refuse',
    share,
    refusal: { kind: 'server-error', status: 500 },
    afterMs: [50, 2_000],
  };
}

function overload(share: number): Effect {
  return { effect: 'refuse', share, refusal: { kind: 'overloaded', status: 529 }, afterMs: [50, 500] };
}

/**
 * Draws the incidents of some days, by role: `a` is the first machine. Those of one provider have its incidents, which meet
 * all of them or one; where only the number of targets is given, each has a provider of its own.
 */
export function drawIncidents(
  days: number,
  seed: number,
  targets: number | readonly SimulatedTargetSpec[] = usualCast.length,
): Record<string, Fault[]> {
  const rolesOf = rolesByProvider(targets);
  const faults = Object.fromEntries(rolesOf.flat().map((role): [string, Fault[]] => [role, []]));
  for (const [index, roles] of rolesOf.entries())
    for (const { met, steps } of incidentsOf(index, days, keyedRandom(seed, 100 + index)))
      for (const role of modelsMet(roles, met)) faults[role]?.push(...steps);
  for (const [index, fault] of drawShocks(days, rolesOf.length, keyedRandom(seed, 200)))
    for (const role of rolesOf[index] ?? []) faults[role]?.push(fault);
  return faults;
}

/** The roles of the machines of each provider. */
function rolesByProvider(targets: number | readonly SimulatedTargetSpec[]): string[][] {
  if (typeof targets === 'number') return Array.from({ length: targets }, (_, index) => [roleAt(index)]);
  const machines = castOf(targets);
  const providers = [...new Set(machines.map(({ provider }) => provider))];
  return providers.map((name) =>
    machines.filter(({ provider }) => provider === name).map(({ role }) => role),
  );
}

/** Whom an incident of their provider meets: all, one, or a model that is none of ours. `met` is drawn from 0 to 1. */
function modelsMet(roles: readonly string[], met: number): readonly string[] {
  const { meetsAllModels, leastModels } = published;
  if (met < meetsAllModels) return roles;
  const models = Math.max(leastModels, roles.length);
  const index = Math.floor(((met - meetsAllModels) / (1 - meetsAllModels)) * models);
  return roles.slice(index, index + 1);
}

/** One incident of a provider: which of its models it meets, and what it is. */
interface Incident {
  readonly met: number;
  readonly steps: readonly Fault[];
}

function incidentsOf(index: number, days: number, random: Random): Incident[] {
  const incidents: Incident[] = [];
  const [medianMinutes, sigma] = index === 0 ? published.lastsAtFirst : published.lastsAtOthers;
  for (let at = 0; ;) {
    at += hyperexponential(published.betweenMs, published.variation, random);
    if (at >= days * dayMs) return incidents;
    const lastsMs = Math.min(published.longestMs, lognormal(medianMinutes * minuteMs, sigma, random));
    const effect = weightedOneOf(kinds, random)(random);
    const onsetMs = Math.min(lastsMs / 2, between([0, published.longestOnsetMs], random));
    const isQuiet = isWeekend(at) && random() >= published.weekendShare;
    const met = random();
    if (!isQuiet) incidents.push({ met, steps: rising(effect, at, at + lastsMs, onsetMs) });
  }
}

/** The first day of a simulation is a Monday. */
function isWeekend(at: number): boolean {
  return Math.floor(at / dayMs) % 7 >= 5;
}

/** An incident does not begin with all its force: a third of it, then two, then all. */
function rising(effect: Effect, fromMs: number, untilMs: number, onsetMs: number): Fault[] {
  if (!('share' in effect)) return [{ ...effect, fromMs, untilMs }];
  const stepMs = onsetMs / 2;
  return [1, 2, 3].map((step) => ({
    ...effect,
    share: (effect.share * step) / 3,
    fromMs: fromMs + (step - 1) * stepMs,
    untilMs: step === 3 ? untilMs : fromMs + step * stepMs,
  }));
}

function drawShocks(days: number, providers: number, random: Random): [index: number, Fault][] {
  const faults: [index: number, Fault][] = [];
  const betweenMs = (365 * dayMs) / published.shocksPerYear;
  for (let at = 0; ;) {
    at += hyperexponential(betweenMs, 1, random);
    if (at >= days * dayMs) return faults;
    const untilMs = at + between(published.shockMs, random);
    const share = between(published.meetsInShock, random);
    for (let index = 0; index < providers; index += 1)
      if (random() < share) faults.push([index, { ...brownout(0.9), fromMs: at, untilMs }]);
  }
}

/** How long a year of incidents is, and how much is asked. */
export interface YearOptions {
  /** Draws the incidents; hand the same to `simulate`. @default 1 */
  readonly seed?: number | undefined;
  /** @default 365 */
  readonly days?: number | undefined;
  /** @default one a minute */
  readonly callsPerSecond?: number | undefined;
  /**
   * Those of the simulation, as they are handed to `simulate`: models of one provider go down together in 40 % of its
   * incidents. Or how many, each with a provider of its own. @default 3
   */
  readonly targets?: number | readonly SimulatedTargetSpec[] | undefined;
}

/**
 * A year of incidents as they are published, with the errors of any day: the scenario of one seed.
 *
 * @example
 * await simulate({ scenario: yearOfIncidents({ seed: 3 }), seed: 3, router });
 */
export function yearOfIncidents({
  seed = 1,
  days = 365,
  callsPerSecond = 1 / 60,
  targets = usualCast.length,
}: YearOptions = {}): Scenario {
  const lastsMs = days * dayMs;
  return {
    name: 'year',
    title: `${days} days of incidents as published`,
    traffic: { callsPerSecond },
    lastsMs,
    faultFromMs: 0,
    faultUntilMs: lastsMs,
    faults: drawIncidents(days, seed, targets),
    usual: usualErrors,
    lines: [
      { metric: 'success', atLeast: 0.999 },
      { metric: 'corrupt', atMost: 0 },
      { metric: 'hangs', atMost: 0 },
    ],
  };
}
