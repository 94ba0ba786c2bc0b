import { createRouter, type Provider, type RouterOptions, type Target } from 'failsoft';
import {
  simulate,
  type MakeSimulatedRouter,
  type Scenario,
  type SimulatedParts,
  type SimulatedRouter,
  type SimulatedTargetSpec,
} from 'failsoft/testing';
import { notAmong, wordsOf, WrongUse } from '../wrong-use.ts';
import { isOptions, isRouter, kindOf, type HostModule } from './config.ts';
import { guessProfile } from './guess-profile.ts';

/** What is put under test, and before which targets. */
export interface Host {
  readonly router: MakeSimulatedRouter;
  /** Undefined: the simulator's own three. */
  readonly targets?: readonly SimulatedTargetSpec[];
  /** What callers ask for, unless the traffic says. */
  readonly model?: string;
  /** The names that the traffic may ask for; undefined: everybody asks for the same. */
  readonly models?: readonly string[];
  /** How long callers wait, where the options say it. */
  readonly deadlineMs?: number;
}

/** Which of the host's models and targets is meant, where it is not the first. */
export interface HostChoice {
  readonly model?: string;
  readonly faultOn?: string;
}

/** failsoft at its defaults, and the options that a scenario uses. */
export const failsoftAtDefaults: Host = {
  router: ({ models, runtime, observers, options }) =>
    createRouter({ ...options, models, runtime, observers }),
};

/**
 * The host's router, with a simulated provider in the place of each real one. A function is asked once beforehand, to
 * learn which targets there are.
 */
export async function hostOf({ made, settings }: HostModule, choice: HostChoice): Promise<Host> {
  const wanted = { model: choice.model ?? settings.model, faultOn: choice.faultOn ?? settings.faultOn };
  const first = typeof made === 'function' ? await trial(made) : made;
  if (isRouter(first)) return routerOfParts(made as MakeSimulatedRouter, wanted);
  const model = modelOf(first, wanted.model);
  const placed = inOrder(placesOf(first, model), wanted.faultOn);
  const specs = specsOf(placed, settings.profiles ?? {});
  const optionsFor = (parts: SimulatedParts) =>
    typeof made === 'function' ? (made(parts) as RouterOptions) : made;
  const host: Host = {
    router: (parts) => createRouter(withStandIns(optionsFor(parts), parts)),
    targets: specs,
    model,
    models: Object.keys(first.models),
    deadlineMs: deadlineOf(first, model),
  };
  await trial(host.router, specs);
  return host;
}

const nothingHappens: Scenario = {
  name: 'trial',
  title: 'nothing happens',
  traffic: { callsPerSecond: 1, recorded: [] },
  lastsMs: 1,
  faultFromMs: 0,
  faultUntilMs: 1,
  faults: {},
  lines: [],
};

/** Makes it once, to see what it is, and to tell its faults before anything runs. */
async function trial<T>(
  make: (parts: SimulatedParts) => T,
  targets?: readonly SimulatedTargetSpec[],
): Promise<T> {
  let made: T | undefined;
  const router = (parts: SimulatedParts): SimulatedRouter => {
    try {
      made = make(parts);
    } catch (error) {
      throw new WrongUse(`--config: the router cannot be made: ${wordsOf(error)}`);
    }
    if (isRouter(made)) checkTargets(made, parts);
    else if (!isOptions(made))
      throw new WrongUse(
        `--config: expected the function to return router options or a router at once, got ${kindOf(made)}`,
      );
    return isRouter(made) ? made : idle;
  };
  await simulate({ scenario: nothingHappens, targets, router });
  return made as T;
}

const idle: SimulatedRouter = {
  complete: async () => ({ text: '' }),

  async *stream() {},
};

/** A router over anything but the parts would ask real providers. */
function checkTargets(router: SimulatedRouter, { models }: SimulatedParts): void {
  const simulated = models.chat.map(({ id }) => id);
  const own = Object.keys(router.health?.().targets ?? {}).filter((id) => !simulated.includes(id));
  if (own.length > 0)
    throw new WrongUse(
      `--config: the function returns a router over targets of its own (${own.join(', ')}), which would ask real providers; let it return the options instead`,
    );
}

function routerOfParts(router: MakeSimulatedRouter, { model, faultOn }: HostChoice): Host {
  if (model !== undefined || faultOn !== undefined)
    throw new WrongUse(
      '--model and --fault-on need router options; the module returns a router over simulated parts',
    );
  return { router };
}

function modelOf({ models, defaultModel }: RouterOptions, wanted: string | undefined): string {
  const names = Object.keys(models);
  const [first] = names;
  if (first === undefined) throw new WrongUse('--config: models: expected at least one');
  if (wanted !== undefined && !names.includes(wanted)) throw notAmong('--model', wanted, names);
  return wanted ?? defaultModel ?? first;
}

interface Place {
  readonly id: string;
  readonly model: string;
  readonly provider: Provider;
  readonly priority: number;
}

/** Each target once: those of the model first, by priority and as listed, then those of other models. */
function placesOf({ models }: RouterOptions, first: string): Place[] {
  const names = [first, ...Object.keys(models).filter((name) => name !== first)];
  const places = new Map<string, Place>();
  for (const name of names) {
    const inModel = targetsOf(models, name).map((target, index) =>
      placeOf(target, `models.${name}[${index}]`),
    );
    for (const place of inModel.sort((one, other) => one.priority - other.priority))
      if (!places.has(place.id)) places.set(place.id, place);
  }
  return [...places.values()];
}

function targetsOf(models: RouterOptions['models'], name: string): readonly Target[] {
  const model = models[name] as { readonly targets?: unknown } | readonly Target[] | undefined;
  const targets = Array.isArray(model)
    ? (model as readonly Target[])
    : (model as { targets?: unknown } | undefined)?.targets;
  if (!Array.isArray(targets)) throw new WrongUse(`--config: models.${name}: expected a list of targets`);
  return targets as readonly Target[];
}

function placeOf(target: Target, path: string): Place {
  const { provider, model, priority = 0 } = (target ?? {}) as Partial<Target>;
  if (typeof model !== 'string')
    throw new WrongUse(`--config: ${path}.model: expected the provider's name of a model`);
  if (typeof provider?.name !== 'string')
    throw new WrongUse(`--config: ${path}.provider: expected a provider`);
  return { id: idOf(target), model, provider, priority };
}

function idOf({ id, provider, model }: Target): string {
  return id ?? `${provider.name}/${model}`;
}

/** The one that has the fault comes first. */
function inOrder(places: readonly Place[], faultOn: string | undefined): readonly Place[] {
  if (faultOn === undefined) return places;
  const first = places.find(({ id }) => id === faultOn);
  if (!first)
    throw notAmong(
      '--fault-on: target',
      faultOn,
      places.map(({ id }) => id),
    );
  return [first, ...places.filter((place) => place !== first)];
}

function specsOf(
  places: readonly Place[],
  stated: NonNullable<HostModule['settings']['profiles']>,
): SimulatedTargetSpec[] {
  const ids = places.map(({ id }) => id);
  const unknown = Object.keys(stated).find((id) => !ids.includes(id));
  if (unknown !== undefined) throw notAmong('--config: simulation.profiles: target', unknown, ids);
  const names = providerNames(places);
  return places.map(({ id, model, provider }) => ({
    id,
    model,
    profile: stated[id] ?? guessProfile(model, provider),
    provider: names.get(provider) ?? provider.name,
    slowStart: provider.slowStart === true,
  }));
}

/** Two clients of one vendor have the same name and are two providers all the same. */
function providerNames(places: readonly Place[]): Map<Provider, string> {
  const names = new Map<Provider, string>();
  const taken = new Map<string, number>();
  for (const { provider } of places) {
    if (names.has(provider)) continue;
    const count = (taken.get(provider.name) ?? 0) + 1;
    taken.set(provider.name, count);
    names.set(provider, count === 1 ? provider.name : `${provider.name} (${count})`);
  }
  return names;
}

/**
 * The same options over simulated providers and clock. What would reach out of the simulation is left out: observers, which
 * may write to the host's own records; a `scope` is not asked for, since simulated callers have none.
 */
function withStandIns(options: RouterOptions, { models, runtime, observers }: SimulatedParts): RouterOptions {
  const standIns = new Map(models.chat.map((target) => [target.id, target]));
  const replaced = (target: Target): Target => {
    const id = idOf(target);
    const standIn = standIns.get(id);
    if (!standIn)
      throw new WrongUse(`--config: the function returns other targets than at first: '${id}' is new`);
    return { ...target, id, provider: standIn.provider };
  };
  const entries = Object.entries(options.models).map(([name, model]) => {
    const targets = targetsOf(options.models, name).map(replaced);
    return [name, Array.isArray(model) ? targets : { ...model, targets }] as const;
  });
  return { ...options, models: Object.fromEntries(entries), requireScope: false, runtime, observers };
}

function deadlineOf({ models, timeouts }: RouterOptions, name: string): number | undefined {
  const model = models[name] as { readonly timeouts?: { readonly totalMs?: number } } | undefined;
  return model?.timeouts?.totalMs ?? timeouts?.totalMs;
}
