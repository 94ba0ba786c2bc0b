import type { Completion } from './core/completion.ts';
import { closedError, isRouterError, RouterError } from './core/errors.ts';
import type { RouterEvent } from './core/events.ts';
import type { CompletionRequest } from './core/request.ts';
import { scrub } from './core/scrub.ts';
import type { Call, Parts } from './execution/call.ts';
import { followSignal } from './execution/cancellation.ts';
import { carry, type Outcome } from './execution/carry.ts';
import { tokensOf, withContinuation } from './execution/continuation.ts';
import { prepare } from './execution/prepare.ts';
import { promptsOf } from './execution/record.ts';
import { completionOf, errorOf } from './execution/report.ts';
import { createShow, type Reader, type ShowSettings } from './execution/show.ts';
import { worthQueueing } from './execution/wait.ts';
import type { InFlight } from './in-flight.ts';
import { executionTarget, keepCredits, survey, type Lineup } from './lineup.ts';
import type { CallOptions } from './options.ts';
import { callEvent, refusedCallEvent } from './report-call.ts';
import type { Provider, ProviderRequest } from './providers/provider.ts';
import { resolve, type Resolved } from './resolve.ts';
import { makePlan, type Plan } from './routing/plan.ts';
import type { ModelSettings, Settings } from './settings.ts';

/** What a router is made of at one time; `update` gives it others. */
export interface EngineParts {
  readonly settings: () => Settings;
  readonly lineup: () => Lineup;
  readonly emit: (event: RouterEvent) => void;
  readonly inFlight: InFlight;
  readonly isClosed: () => boolean;
}

/** A call that is under way. */
export interface Launched {
  readonly done: Promise<Completion>;
  readonly cancel: (reason: unknown) => void;
}

/** Runs calls through their stages. */
export interface Engine {
  /** With the ids that a call would wait for, where nobody is free. */
  plan(request: CompletionRequest, options: CallOptions): Plan & { readonly waitsFor: string[] };
  /** `reader`: who sees the stream. Never throws; `done` rejects. */
  launch(request: CompletionRequest, options: CallOptions, reader?: Reader): Launched;
}

/**
 * The stages of a call, in their order: *resolve* fixes what is asked and until when, so that nothing later reads
 * options; *survey* is the only read of health, as plain data; *plan* decides from it and nothing else; *carry* alone
 * talks to providers; *report* tells the observers and makes the one error. Survey, plan and the keeping of its counters
 * happen in one tick, so that two calls at once cannot both take the same turn.
 */
export function createEngine(engine: EngineParts): Engine {
  const tellStrategy = strategyTeller(engine);

  async function run(resolved: Resolved, options: CallOptions, streaming: boolean): Promise<Completion> {
    const { call } = resolved;
    const unfollow = followSignal(options.signal, call.cancellation);
    const leave = engine.inFlight.call(call);
    const callOff = call.deadline.start();
    try {
      const plan = planFor(resolved, engine);
      const turn = plan.turn();
      if (turn) keepCredits(turn);
      const outcome = await carry(call, plan, partsFor(resolved, engine));
      tellStrategy(resolved, plan);
      return report(resolved, outcome, streaming, engine);
    } catch (error) {
      throw isRouterError(error) ? error : reportBroken(resolved, error, streaming, engine);
    } finally {
      callOff();
      unfollow();
      leave();
    }
  }

  function resolveOrRefuse(
    request: CompletionRequest,
    options: CallOptions,
    reader: Reader | undefined,
  ): Resolved {
    const settings = engine.settings();
    const show = reader && ((stream: ShowSettings) => createShow(reader, stream, settings.runtime));
    try {
      if (engine.isClosed()) throw closedError();
      return resolve(request, options, { settings, lineup: engine.lineup(), show });
    } catch (error) {
      if (isRouterError(error)) {
        engine.emit(
          refusedCallEvent(request, error, { streaming: reader !== undefined, now: settings.runtime.now() }),
        );
      }
      throw error;
    }
  }

  return {
    plan(request, options) {
      const settings = engine.settings();
      const resolved = resolve(request, options, { settings, lineup: engine.lineup() });
      const plan = planFor(resolved, engine);
      const parts = { runtime: settings.runtime, target: executionTarget };
      return { ...plan, waitsFor: plan.order.length > 0 ? [] : worthQueueing(plan, resolved.call, parts) };
    },
    launch(request, options, reader) {
      try {
        const resolved = resolveOrRefuse(request, options, reader);
        const done = run(resolved, options, reader !== undefined);
        return { done, cancel: (reason) => resolved.call.cancellation.cancel(reason) };
      } catch (error) {
        return { done: Promise.reject(error), cancel: () => {} };
      }
    },
  };
}

function planFor(
  { call, lineup, demand: ofCall }: Resolved,
  engine: EngineParts,
  asked?: ReadonlySet<string>,
): Plan {
  const { runtime } = engine.settings();
  const { settings } = lineup;
  const now = runtime.now();
  const demand = withContinuation(ofCall, call);
  const candidates = survey(lineup, now, {
    demand: tokensOf(call),
    refusalOf: refusals(call, demand.features.length > 0),
  });
  const { strategy } = settings;
  return makePlan({ demand, candidates, asked, strategy, random: () => runtime.random(), now });
}

/** Asks each provider whether it can express a request at all; only where the request needs more than plain text. */
function refusals(call: Call, needsMore: boolean): Parameters<typeof survey>[2]['refusalOf'] {
  if (!needsMore) return undefined;
  return (target) => {
    if (!target.provider.refuses) return undefined;
    const { request } = prepare(call.read, target, target.health.view(call.startedAt).refused);
    return refusalOf(target.provider, target.model, request);
  };
}

/** One that throws says nothing: the attempt will show whether the request can be expressed. */
function refusalOf(provider: Provider, model: string, request: ProviderRequest): string | undefined {
  try {
    return provider.refuses?.(model, request);
  } catch {
    return undefined;
  }
}

function partsFor(resolved: Resolved, engine: EngineParts): Parts {
  return {
    runtime: engine.settings().runtime,
    emit: engine.emit,
    target: executionTarget,
    replan: (asked) => planFor(resolved, engine, asked),
    queue: resolved.lineup.queue,
    hedges: resolved.lineup.hedges,
    inFlight: (targetId, cut) => engine.inFlight.attempt(targetId, cut),
  };
}

/** Tells what is wrong with a host's own strategy: once for each model, until it is something else, and again after `update`. */
function strategyTeller({ emit, settings }: EngineParts): (resolved: Resolved, plan: Plan) => void {
  const told = new WeakMap<ModelSettings, string>();
  return ({ call, lineup }, { warnings: [warning] }) => {
    if (warning === undefined || told.get(lineup.settings) === warning) return;
    told.set(lineup.settings, warning);
    const message = scrub(warning, { keys: [], prompts: promptsOf(call) });
    emit({ type: 'strategy', at: settings().runtime.now(), callId: call.id, model: call.model, message });
  };
}

/** What no stage expects, such as a clock that throws, ends the call by its one error too. */
function reportBroken(
  { call }: Resolved,
  cause: unknown,
  streaming: boolean,
  { emit }: EngineParts,
): RouterError {
  const { id: callId, attempts, model } = call;
  const message = `model '${model}': code of the host's own threw`;
  const error = new RouterError({ code: 'all-targets-failed', message, callId, attempts, cause });
  emit(callEvent(call, { now: call.startedAt, streaming, error, rejected: [] }));
  return error;
}

function report(
  { call }: Resolved,
  outcome: Outcome,
  streaming: boolean,
  { emit, settings }: EngineParts,
): Completion {
  const now = settings().runtime.now();
  if (outcome.ok) {
    call.show?.settle();
    const completion = completionOf(call, outcome.answer, now);
    emit(callEvent(call, { now, streaming, completion, rejected: [] }));
    return completion;
  }
  const error = errorOf(call, outcome);
  emit(callEvent(call, { now, streaming, error, rejected: error.rejected }));
  throw error;
}
