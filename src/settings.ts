import { describeProblems, faultCount } from './core/check.ts';
import { isRouterError, RouterError, type Problem } from './core/errors.ts';
import type { Observer } from './core/events.ts';
import { messageOf, type FailureKind, type FailurePermit } from './core/failure.ts';
import type { Price } from './core/price.ts';
import type { Requirements } from './core/request.ts';
import { systemRuntime, type Runtime } from './core/runtime.ts';
import { each } from './core/each.ts';
import { stated } from './core/stated.ts';
import { idOf, optionProblems, targetsOf } from './check-options.ts';
import type {
  ModelOptions,
  ProbeOptions,
  RetryOptions,
  StreamOptions,
  RouterOptions,
  SharedOptions,
  Target,
  TargetLimits,
  Timeouts,
  TransportOption,
} from './options.ts';
import type { ExecutionTarget, HedgeSettings } from './execution/call.ts';
import type { Supports } from './providers/provider.ts';
import type { Candidate } from './routing/candidate.ts';
import type { Strategy, StrategyName } from './routing/strategies.ts';

/** The defaults that the docstrings in `options.ts` state; a test holds them together. */
export const defaults = {
  totalMs: 600_000,
  retry: { limit: 2, baseDelayMs: 500, maxDelayMs: 20_000 },
  maxAttempts: 8,
  hedge: { percentile: 0.95, maxShare: 0.1 },
  transport: 'auto',
  queueMs: 1_000,
  probes: { everyMs: 60_000, maxPerHour: 60 },
  stream: { recovery: 'none', reasoning: 'held', holdMs: 0, holdTokens: 0 },
} as const;

/** One target in its place in a model, with everything absent filled in. */
export type TargetSettings = Omit<ExecutionTarget, 'health'> &
  Pick<Candidate, 'priority' | 'weight' | 'region' | 'tags'> &
  Pick<Target, 'limits'>;

/** One model, with the router's settings merged in. */
export interface ModelSettings {
  readonly name: string;
  readonly targets: readonly TargetSettings[];
  readonly strategy: StrategyName | Strategy | undefined;
  readonly timeouts: Timeouts;
  readonly retry: Required<RetryOptions>;
  readonly maxAttempts: number;
  readonly failures: Partial<Readonly<Record<FailureKind, FailurePermit>>>;
  readonly stream: Required<StreamOptions>;
  readonly transport: TransportOption;
  readonly hedge: HedgeSettings | undefined;
  /** Whether one of the targets has a limit of tokens, so that a call's must be estimated. */
  readonly limitsTokens: boolean;
  /** The router's and the model's: all must hold. */
  readonly require: readonly Requirements[];
}

export type ProbeSettings = Required<ProbeOptions>;

/** The options of a router, checked and complete. */
export interface Settings {
  readonly models: ReadonlyMap<string, ModelSettings>;
  readonly defaultModel: string | undefined;
  readonly requireScope: boolean;
  /** Undefined: off. */
  readonly probes: ProbeSettings | undefined;
  /** Undefined: none were named. */
  readonly observers: readonly Observer[] | undefined;
  readonly runtime: Runtime;
}

/**
 * Checks the options and completes them.
 *
 * @throws RouterError `invalid-config` with every problem found
 */
export function settle(options: RouterOptions): Settings {
  try {
    return settleChecked(options);
  } catch (error) {
    if (isRouterError(error)) throw error;
    // A getter or a proxy of the host's has thrown.
    throw invalidConfig([{ path: '', message: `cannot be read: ${messageOf(error)}` }]);
  }
}

function settleChecked(options: RouterOptions): Settings {
  const problems = optionProblems(options);
  if (problems.length > 0) throw invalidConfig(problems);
  const limits = limitsById(options.models);
  const models = new Map(
    Object.entries(options.models).map(([name, model]) => [
      name,
      completeModel(name, model, { router: options, limits }),
    ]),
  );
  return Object.freeze({
    models,
    defaultModel: options.defaultModel ?? (models.size === 1 ? [...models.keys()][0] : undefined),
    requireScope: options.requireScope ?? false,
    probes: options.probes && { ...defaults.probes, ...stated(options.probes) },
    observers: options.observers && [...options.observers],
    runtime: options.runtime ?? systemRuntime,
  });
}

function invalidConfig(problems: Problem[]): RouterError {
  const message = `the options of createRouter have ${faultCount(problems)}:\n${describeProblems(problems)}`;
  return new RouterError({ code: 'invalid-config', message, problems });
}

/** Limits belong to the id: what one place states of it holds at all of them. */
function limitsById(models: RouterOptions['models']): ReadonlyMap<string, TargetLimits> {
  const found = new Map<string, TargetLimits>();
  for (const target of Object.values(models).flatMap(targetsOf)) {
    const id = idOf(target) as string;
    if (target.limits) found.set(id, { ...found.get(id), ...stated(target.limits) });
  }
  return found;
}

function completeModel(
  name: string,
  given: readonly Target[] | ModelOptions,
  { router, limits }: { readonly router: RouterOptions; readonly limits: Inherited['limits'] },
): ModelSettings {
  const targets = targetsOf(given);
  const model: Partial<ModelOptions> = Array.isArray(given) ? {} : (given as ModelOptions);
  const timeouts = { ...router.timeouts, ...stated(model.timeouts) };
  return Object.freeze({
    name,
    targets: targets.map((target) => completeTarget(target, { timeouts, limits, prices: router.prices })),
    strategy: model.strategy ?? router.strategy,
    timeouts,
    retry: { ...defaults.retry, ...retryOptions(router.retry), ...retryOptions(model.retry) },
    maxAttempts: model.maxAttempts ?? router.maxAttempts ?? defaults.maxAttempts,
    failures: { ...stated(router.failures), ...stated(model.failures) },
    stream: { ...defaults.stream, ...stated(router.stream), ...stated(model.stream) },
    transport: model.transport ?? router.transport ?? defaults.transport,
    hedge: hedgeSettings(router.hedge, model.hedge),
    limitsTokens: targets.some((target) => limits.get(idOf(target) as string)?.tpm !== undefined),
    require: [router.require, model.require].filter((require) => require !== undefined),
  });
}

/** All targets have one shape, whatever they state: a call reads thousands of them. */
const unstated = each(
  'id provider model priority weight degraded price contextWindow maxOutputTokens supports region tags limits ' +
    'timeouts defaults overrides promptCache',
  undefined,
);

interface Inherited {
  readonly timeouts: Timeouts;
  readonly limits: ReadonlyMap<string, TargetLimits>;
  readonly prices: RouterOptions['prices'];
}

function completeTarget(target: Target, { timeouts, limits: allLimits, prices }: Inherited): TargetSettings {
  const { provider, model, priority = 0, degraded = false, promptCache = false } = target;
  const id = idOf(target) as string;
  const limits = allLimits.get(id);
  const statedSupports = target.supports && stated(target.supports);
  return Object.freeze({
    ...unstated,
    ...target,
    id,
    limits,
    price: target.price ?? priceIn(prices, target),
    info: { id, provider: provider.name, model },
    priority,
    degraded,
    promptCache,
    queueMs: limits?.queueMs ?? defaults.queueMs,
    statedSupports,
    supports: {
      ...supportsOf(target),
      ...statedSupports,
      ...(provider.stream ? {} : { stream: false }),
    },
    // Target over model over router.
    timeouts: { ...timeouts, ...stated(target.timeouts) },
  }) as TargetSettings;
}

/** The most specific one says whether; each field is that of the most specific one that states it. */
export function hedgeSettings(...options: readonly SharedOptions['hedge'][]): HedgeSettings | undefined {
  const given = options.filter((option) => option !== undefined);
  if (!given.at(-1)) return undefined;
  return given.reduce<HedgeSettings>(
    (settings, option) => (typeof option === 'object' ? { ...settings, ...stated(option) } : settings),
    defaults.hedge,
  );
}

function priceIn(prices: RouterOptions['prices'] = {}, { provider, model }: Target): Price | undefined {
  const name = [`${provider.name}/${model}`, model].find((one) => Object.hasOwn(prices, one));
  return name === undefined ? undefined : prices[name];
}

function supportsOf({ provider, model }: Target): Supports | undefined {
  try {
    return provider.supports?.(model);
  } catch (error) {
    throw invalidConfig([
      {
        path: '',
        message: `supports('${model}') of the provider '${provider.name}' threw: ${messageOf(error)}`,
      },
    ]);
  }
}

/** `retry: 2` is short for `{ limit: 2 }`. */
export function retryOptions(retry: number | RetryOptions | undefined): RetryOptions {
  return typeof retry === 'number' ? { limit: retry } : stated(retry);
}
