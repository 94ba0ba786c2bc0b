import type { Check, NumberRule } from './core/check.ts';
import {
  checkLater,
  checkRequirements,
  checkRetry,
  checkSettings,
  checkStream,
  checkTimeouts,
  transports,
} from './core/check-parts.ts';
import { failureKinds } from './core/failure.ts';
import type { Target, Timeouts } from './options.ts';
import type { StrategyName } from './routing/strategies.ts';

const sharedKeys = [
  'strategy',
  'timeouts',
  'retry',
  'maxAttempts',
  'failures',
  'stream',
  'transport',
  'require',
] as const;
/** Options of the contract that a later version brings; refused by name, so that nobody relies on them in vain. */
const laterOptions = ['hedge', 'cache', 'budget', 'prices', 'policy', 'conversations', 'shared', 'alerts'];
const routerKeys = [
  ...sharedKeys,
  ...laterOptions,
  'models',
  'defaultModel',
  'requireScope',
  'observers',
  'runtime',
];
const modelKeys = [...sharedKeys, ...laterOptions, 'targets'];
const targetKeys = [
  'id',
  'provider',
  'model',
  'priority',
  'weight',
  'degraded',
  'price',
  'contextWindow',
  'maxOutputTokens',
  'supports',
  'region',
  'tags',
  'limits',
  'timeouts',
  'defaults',
  'overrides',
  'promptCache',
];
const supportsKeys = [
  'tools',
  'toolChoice',
  'images',
  'files',
  'schema',
  'reasoning',
  'stream',
  'temperature',
  'stop',
  'seed',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'parallelToolCalls',
  'imageUrls',
  'fileUrls',
];

const strategyNames: readonly StrategyName[] = ['in-order', 'weighted', 'fastest', 'cheapest', 'least-busy'];
const usd: NumberRule = { min: 0 };
const priceRules = { input: usd, output: usd, cachedInput: usd, cacheWrite: usd, perRequest: usd };
const atLeastOne: NumberRule = { min: 1 };
const limitRules = { rpm: atLeastOne, tpm: atLeastOne, concurrency: { min: 1, integer: true } };

type Seen = Map<string, { path: string; provider: unknown; model: unknown }>;

/** Every fault of a router's options. */
export function checkRouter(check: Check, options: unknown): void {
  if (!check.object('', options, routerKeys)) return;
  checkLater(check, '', options, laterOptions);
  checkShared(check, '', options);
  check.boolean('requireScope', options.requireScope);
  checkObservers(check, options.observers);
  checkRuntime(check, options.runtime);
  if (!check.object('models', options.models)) return;
  const names = Object.keys(options.models);
  if (names.length === 0) check.fault('models', 'expected at least one model, got none');
  if (options.defaultModel !== undefined) check.oneOf('defaultModel', options.defaultModel, names);
  const seen: Seen = new Map();
  for (const name of names) checkModel(check, `models.${name}`, options.models[name], seen);
}

function checkModel(check: Check, path: string, model: unknown, seen: Seen): void {
  const isList = Array.isArray(model);
  if (!isList) {
    if (!check.object(path, model, modelKeys)) return;
    checkLater(check, path, model, laterOptions);
    checkShared(check, `${path}.`, model);
  }
  const targets: unknown = isList ? model : (model as { targets?: unknown }).targets;
  const listPath = isList ? path : `${path}.targets`;
  if (!Array.isArray(targets) || targets.length === 0) {
    check.fault(listPath, 'expected a list with at least one target');
    return;
  }
  targets.forEach((target, index) => checkTarget(check, `${listPath}[${index}]`, target, seen));
  checkRepeats(check, listPath, targets as Target[]);
}

function checkRepeats(check: Check, path: string, targets: readonly Target[]): void {
  const ids = targets.map(idOf);
  ids.forEach((id, index) => {
    if (id !== undefined && ids.indexOf(id) < index) {
      check.fault(`${path}[${index}].id`, `'${id}' stands twice in this model; give one of them another id`);
    }
  });
}

function checkTarget(check: Check, path: string, target: unknown, seen: Seen): void {
  if (!check.object(path, target, targetKeys)) return;
  if (target.id !== undefined) check.string(`${path}.id`, target.id);
  if (target.model === undefined)
    check.fault(`${path}.model`, "expected the provider's name of a model, got nothing");
  else check.string(`${path}.model`, target.model);
  checkProvider(check, `${path}.provider`, target.provider);
  check.number(`${path}.priority`, target.priority, {});
  check.number(`${path}.weight`, target.weight, { min: 0, max: Number.MAX_SAFE_INTEGER });
  for (const key of ['degraded', 'promptCache']) check.boolean(`${path}.${key}`, target[key]);
  for (const key of ['contextWindow', 'maxOutputTokens']) {
    check.number(`${path}.${key}`, target[key], { min: 1, integer: true });
  }
  if (target.region !== undefined) check.string(`${path}.region`, target.region);
  check.strings(`${path}.tags`, target.tags);
  checkNumbers(check, `${path}.price`, target.price, priceRules);
  checkPrice(check, `${path}.price`, target.price);
  checkNumbers(check, `${path}.limits`, target.limits, limitRules);
  checkSupports(check, `${path}.supports`, target.supports);
  checkTimeouts(check, `${path}.timeouts`, target.timeouts);
  if ((target.timeouts as Timeouts | undefined)?.totalMs !== undefined) {
    check.fault(
      `${path}.timeouts.totalMs`,
      'belongs to a whole call; set it on the model, the router or the call',
    );
  }
  checkSettings(check, `${path}.defaults`, target.defaults);
  checkSettings(check, `${path}.overrides`, target.overrides);
  checkIdentity(check, path, target as unknown as Target, seen);
}

function checkPrice(check: Check, path: string, price: unknown): void {
  if (typeof price !== 'object' || price === null) return;
  for (const key of ['input', 'output']) {
    if ((price as Record<string, unknown>)[key] === undefined) {
      check.fault(`${path}.${key}`, 'expected USD per million tokens, got nothing');
    }
  }
}

/** One id is one target in the whole router: elsewhere it may stand again only as the same provider object and model. */
function checkIdentity(check: Check, path: string, target: Target, seen: Seen): void {
  const id = idOf(target);
  if (id === undefined) return;
  const first = seen.get(id);
  if (!first) seen.set(id, { path, provider: target.provider, model: target.model });
  else if (first.provider !== target.provider || first.model !== target.model) {
    check.fault(
      `${path}.id`,
      `'${id}' is already ${first.path}, with another provider object or model; give it another id`,
    );
  }
}

/** The id that a target has, stated or not. */
export function idOf(target: Target | undefined): string | undefined {
  if (typeof target !== 'object' || target === null) return undefined;
  return (
    target.id ??
    (target.provider?.name && target.model ? `${target.provider.name}/${target.model}` : undefined)
  );
}

function checkProvider(check: Check, path: string, provider: unknown): void {
  if (!check.object(path, provider)) return;
  check.string(`${path}.name`, provider.name ?? '');
  if (typeof provider.stream !== 'function' && typeof provider.complete !== 'function') {
    check.fault(
      path,
      'expected a provider such as openai({ client }), with stream() or complete(); it has neither',
    );
  }
  for (const problem of (provider.problems as readonly string[] | undefined) ?? [])
    check.fault(path, problem);
}

function checkSupports(check: Check, path: string, supports: unknown): void {
  if (supports === undefined || !check.object(path, supports, supportsKeys)) return;
  for (const [key, value] of Object.entries(supports)) {
    if (key === 'toolChoice' && Array.isArray(value)) {
      value.forEach((choice, index) =>
        check.oneOf(`${path}.${key}[${index}]`, choice, ['none', 'required', 'named']),
      );
    } else check.boolean(`${path}.${key}`, value);
  }
}

function checkNumbers(
  check: Check,
  path: string,
  value: unknown,
  rules: Readonly<Record<string, NumberRule>>,
): void {
  if (value === undefined || !check.object(path, value, Object.keys(rules))) return;
  for (const [key, rule] of Object.entries(rules)) check.number(`${path}.${key}`, value[key], rule);
}

function checkShared(check: Check, prefix: string, options: Record<string, unknown>): void {
  const { strategy, failures } = options;
  if (typeof strategy !== 'function') check.oneOf(`${prefix}strategy`, strategy, strategyNames);
  checkTimeouts(check, `${prefix}timeouts`, options.timeouts);
  checkRetry(check, `${prefix}retry`, options.retry);
  check.number(`${prefix}maxAttempts`, options.maxAttempts, { min: 1, integer: true });
  checkStream(check, `${prefix}stream`, options.stream);
  check.oneOf(`${prefix}transport`, options.transport, transports);
  checkRequirements(check, `${prefix}require`, options.require);
  if (failures === undefined || !check.object(`${prefix}failures`, failures, failureKinds)) return;
  for (const [kind, permit] of Object.entries(failures)) {
    check.oneOf(`${prefix}failures.${kind}`, permit, ['retry', 'next', 'stop']);
  }
}

function checkObservers(check: Check, observers: unknown): void {
  if (observers === undefined) return;
  if (!Array.isArray(observers)) {
    check.fault('observers', 'expected a list of functions');
    return;
  }
  observers.forEach((observer, index) => {
    if (typeof observer !== 'function') check.fault(`observers[${index}]`, 'expected a function');
  });
}

function checkRuntime(check: Check, runtime: unknown): void {
  if (runtime === undefined || !check.object('runtime', runtime)) return;
  for (const method of ['now', 'sleep', 'random']) {
    if (typeof runtime[method] !== 'function') check.fault(`runtime.${method}`, 'expected a function');
  }
}
