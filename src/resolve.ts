import { headers } from './check-headers.ts';
import { must, object, oneOf, problemsOf, strings } from './core/check.ts';
import { callRules } from './core/check-parts.ts';
import { badRequest, requestProblems } from './core/check-request.ts';
import { isRouterError, type Problem } from './core/errors.ts';
import { messageOf } from './core/failure.ts';
import type { CompletionRequest } from './core/request.ts';
import type { Runtime } from './core/runtime.ts';
import { createCancellation } from './execution/cancellation.ts';
import type { Call } from './execution/call.ts';
import { readRequest } from './execution/prepare.ts';
import { createDeadline } from './execution/deadline.ts';
import type { Show } from './execution/show.ts';
import type { TokenDemand } from './health/target-health.ts';
import type { Lineup, ModelLineup } from './lineup.ts';
import { stated } from './core/stated.ts';
import type { CallOptions, StreamOptions } from './options.ts';
import { demandOf, type Demand } from './routing/demand.ts';
import { defaults, hedgeSettings, retryOptions, type Settings } from './settings.ts';

/** A call that is ready to be planned. */
export interface Resolved {
  readonly call: Call;
  readonly lineup: ModelLineup;
  readonly demand: Demand;
}

/** Makes what a reader of a stream sees by, from the call's stream options. */
export type MakeShow = (settings: Required<StreamOptions>) => Show;

/**
 * Merges the options of one call, most specific first, and fixes its id and deadline.
 *
 * @throws RouterError `bad-request` with every problem found
 */
export function resolve(request: CompletionRequest, options: CallOptions, context: Context): Resolved {
  const id = callId(context.settings);
  try {
    return resolveAs(id, request, options, context);
  } catch (error) {
    if (isRouterError(error)) throw error;
    // A getter or a proxy of the caller's has thrown.
    throw badRequest([{ path: '', message: `cannot be read: ${messageOf(error)}` }], id);
  }
}

interface Context {
  readonly settings: Settings;
  readonly lineup: Lineup;
  readonly show?: MakeShow | undefined;
}

function resolveAs(
  id: string,
  request: CompletionRequest,
  options: CallOptions,
  { settings, lineup, show }: Context,
): Resolved {
  const problems = [...requestProblems(request), ...optionProblems(options, lineup)];
  if (problems.length > 0) throw badRequest(problems, id);
  const name = request.model ?? settings.defaultModel;
  const model = lineup.models.get(name as string);
  if (!model) problems.push(...modelProblems(name, lineup));
  if (settings.requireScope && request.scope === undefined) problems.push(scopeMissing);
  if (!model || problems.length > 0) throw badRequest(problems, id);
  const { read, problems: unreadable } = readRequest(request);
  if (unreadable.length > 0) throw badRequest(unreadable, id);
  return makeCall({ id, read, runtime: settings.runtime }, options, model, show);
}

function makeCall(
  { id, read, runtime }: Pick<Call, 'id' | 'read'> & { readonly runtime: Runtime },
  options: CallOptions,
  model: ModelLineup,
  makeShow: MakeShow | undefined,
): Resolved {
  const own = model.settings;
  const { request } = read;
  const startedAt = runtime.now();
  const totalMs = options.timeouts?.totalMs ?? own.timeouts.totalMs ?? defaults.totalMs;
  const transport = options.transport ?? own.transport;
  const stream = options.stream ? { ...own.stream, ...stated(options.stream) } : own.stream;
  const demand = demandOf(request, { targets: options.targets, require: own.require, transport });
  const call: Call = {
    id,
    read,
    startedAt,
    model: own.name,
    deadline: createDeadline(runtime, startedAt, totalMs),
    timeouts: options.timeouts ?? {},
    retry: options.retry === undefined ? own.retry : { ...own.retry, ...retryOptions(options.retry) },
    maxAttempts: options.maxAttempts ?? own.maxAttempts,
    failures: own.failures,
    hedge: options.hedge === undefined ? own.hedge : hedgeSettings(own.hedge ?? false, options.hedge),
    transport,
    headers: options.headers ?? {},
    cancellation: createCancellation(),
    recovery: stream.recovery,
    continuation: undefined,
    show: makeShow?.(stream),
    tokens: own.limitsTokens ? tokensOf(demand) : undefined,
    attempts: [],
    waitedMs: 0,
  };
  return { call, lineup: model, demand };
}

/** Apart from the demand, which holds the request. */
function tokensOf(demand: Demand): TokenDemand {
  return { inputTokens: demand.inputTokens(), maxTokens: demand.maxTokens };
}

function callId({ runtime }: Settings): string {
  return `call_${fiveDigits(runtime)}${fiveDigits(runtime)}${fiveDigits(runtime)}`;
}

/** In base 36. All at once would take ten times as long: engines are quick at it up to 31 bits only. */
function fiveDigits(runtime: Runtime): string {
  return Math.floor(runtime.random() * 36 ** 5)
    .toString(36)
    .padStart(5, '0');
}

/** A name that nobody has is a fault that lists the known ones. */
function modelProblems(name: string | undefined, { models }: Lineup): Problem[] {
  const missing = name === undefined ? ', and the router has no defaultModel' : '';
  const problems = problemsOf(oneOf([...models.keys()]), name, 'model');
  return problems.map(({ path, message }) => ({ path, message: message + missing }));
}

const scopeMissing: Problem = {
  path: 'scope',
  message: 'is required by this router (requireScope), got nothing',
};

const callRule = object({
  ...callRules,
  signal: must(
    'expected an AbortSignal',
    (value) => typeof (value as Partial<AbortSignal> | null)?.addEventListener === 'function',
  ),
  targets: strings,
  headers,
});

function optionProblems(options: CallOptions, { targets }: Lineup): Problem[] {
  const problems = problemsOf(callRule, options, 'options');
  if (problems.length > 0) return problems;
  const unknown = (options.targets ?? []).filter((id) => !targets.has(id));
  return unknown.flatMap((id) => problemsOf(oneOf([...targets.keys()]), id, 'options.targets'));
}
