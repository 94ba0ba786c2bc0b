import {
  aFunction,
  all,
  fault,
  must,
  boolean,
  both,
  expected,
  holding,
  anything,
  isFunction,
  isObject,
  later,
  listOf,
  mapOf,
  name,
  number,
  object,
  oneOf,
  problemsOf,
  show,
  strings,
  when,
  wholeNumber,
  type Rule,
  type Rules,
} from './core/check.ts';
import {
  atLeastOne,
  callRules,
  requirements,
  settingRules,
  targetTimeouts,
  zeroOrMore,
} from './core/check-parts.ts';
import { each } from './core/each.ts';
import type { Problem } from './core/errors.ts';
import { failureKinds, wishes } from './core/failure.ts';
import type { Provider } from './providers/provider.ts';
import type { ModelOptions, RouterOptions, Target } from './options.ts';

const sharedRules: Rules = {
  ...callRules,
  strategy: when(isFunction, anything, oneOf(['in-order', 'weighted', 'fastest', 'cheapest', 'least-busy'])),
  failures: object(each(failureKinds.join(' '), oneOf(['retry', 'next', 'stop']))),
  require: requirements,
  ...each('cache budget policy conversations shared alerts', later),
};

const provider = all(
  holding({ name }),
  (value) => ((value as Partial<Provider> | null)?.problems ?? []).flatMap((problem) => fault(problem)),
  must('expected a provider, with stream() or complete(); it has neither', (value) => {
    const { stream, complete } = (value ?? {}) as Partial<Provider>;
    return isFunction(stream) || isFunction(complete);
  }),
);

const settings = object(settingRules);
const usd = number(0);
const usdPerMillion = expected(
  'USD per million tokens, a number ≥ 0',
  (value) => Number.isFinite(value) && (value as number) >= 0,
);

const price = object(each('cachedInput cacheWrite perRequest', usd), each('input output', usdPerMillion));

const target = object(
  {
    id: name,
    priority: number(),
    weight: number(0, Number.MAX_SAFE_INTEGER),
    degraded: boolean,
    promptCache: boolean,
    contextWindow: atLeastOne,
    maxOutputTokens: atLeastOne,
    region: name,
    tags: strings,
    price,
    limits: object({ rpm: number(1), tpm: number(1), concurrency: atLeastOne, queueMs: zeroOrMore }),
    supports: object({
      ...each(
        `tools images files schema reasoning stream stop imageUrls fileUrls prefill ${wishes.join(' ')}`,
        boolean,
      ),
      toolChoice: when(Array.isArray, listOf(oneOf(['none', 'required', 'named'])), boolean),
    }),
    timeouts: targetTimeouts,
    defaults: settings,
    overrides: settings,
  },
  { model: name, provider },
);
const targetList = both(
  must('expected a list with at least one target', (value) => Array.isArray(value) && value.length > 0),
  listOf(target),
);

const routerRule = object(
  {
    ...sharedRules,
    defaultModel: anything,
    requireScope: boolean,
    prices: mapOf(price),
    probes: object({ everyMs: number(1_000), maxPerHour: wholeNumber(1) }),
    observers: listOf(aFunction, 'a list of functions'),
    runtime: holding(each('now sleep random', aFunction)),
  },
  {
    models: both(
      mapOf(when(Array.isArray, targetList, object(sharedRules, { targets: targetList }))),
      must('expected at least one model, got none', (models) => Object.keys(models as object).length > 0),
    ),
  },
);

/** Every fault of a router's options. */
export function optionProblems(options: RouterOptions): Problem[] {
  return problemsOf(all(routerRule, nameFaults), options);
}

/** What one option says of another. */
const nameFaults: Rule = (options) => {
  const { models, defaultModel } = (options ?? {}) as RouterOptions;
  if (!isObject(models)) return [];
  const names = Object.keys(models);
  const isKnown = names.length === 0 || defaultModel === undefined;
  return [...(isKnown ? [] : problemsOf(oneOf(names), defaultModel, '.defaultModel')), ...idFaults(models)];
};

/** One id is one target in the whole router: in another model it may stand again only as the same provider object and model, with no other limits. */
function idFaults(models: RouterOptions['models']): Problem[] {
  const faults: Problem[] = [];
  const tell = (path: string, message: string) => faults.push({ path: `${path}.id`, message });
  const seen = new Map<string, { readonly path: string; readonly target: Target }>();
  const limitFaultsAt = createLimitCheck();
  for (const [model, given] of Object.entries(models)) {
    const here = new Set<string>();
    targetsOf(given).forEach((one, index) => {
      const id = idOf(one);
      if (id === undefined) return;
      const path = `models.${model}${Array.isArray(given) ? '' : '.targets'}[${index}]`;
      const first = seen.get(id) ?? { path, target: one };
      const isOther = first.target.provider !== one.provider || first.target.model !== one.model;
      if (here.has(id)) tell(path, `'${id}' stands twice in this model; give one of them another id`);
      else if (isOther)
        tell(
          path,
          `'${id}' is already ${first.path}, with another provider object or model; give it another id`,
        );
      seen.set(id, first);
      here.add(id);
      faults.push(...limitFaultsAt(path, id, one.limits));
    });
  }
  return faults;
}

/** Limits belong to the id: two places may each state some of them, but not one of them in two ways. */
function createLimitCheck() {
  const seen = new Map<string, { readonly path: string; readonly value: unknown }>();
  return (path: string, id: string, limits: unknown): Problem[] =>
    Object.entries(isObject(limits) ? limits : {}).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const here = { path: `${path}.limits.${name}`, value };
      const key = `${name} ${id}`;
      const first = seen.get(key) ?? here;
      seen.set(key, first);
      if (Object.is(first.value, value)) return [];
      const message = `is ${show(value)}, and ${show(first.value)} at ${first.path}; '${id}' is one target with one set of limits`;
      return fault(message, here.path);
    });
}

/** A model's targets, however it is written. */
export function targetsOf(model: readonly Target[] | ModelOptions): readonly Target[] {
  const targets: unknown = Array.isArray(model) ? model : (model as ModelOptions | undefined)?.targets;
  return Array.isArray(targets) ? (targets as Target[]) : [];
}

/** The id that a target has, stated or not. */
export function idOf(target: Target | undefined): string | undefined {
  const { id, provider, model } = (target ?? {}) as Partial<Target>;
  return id ?? (provider?.name && model ? `${provider.name}/${model}` : undefined);
}
