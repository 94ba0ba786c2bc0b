import type { BreakerState } from './core/events.ts';
import type { ExecutionTarget } from './execution/call.ts';
import { createHedgeBudget, type HedgeBudget } from './execution/hedge-budget.ts';
import { createQueue, createWaitingList, type Queue, type WaitingList } from './execution/queue.ts';
import type { DatedView, TargetSnapshot, TokenDemand, Tracker } from './health/target-health.ts';
import type { Candidate } from './routing/candidate.ts';
import { takeTurn, type Turn } from './routing/weighted.ts';
import type { ModelSettings, Settings, TargetSettings } from './settings.ts';

/** A candidate that stands for a place in a model: made once, and shown anew to each call. */
interface Place extends Mutable<Candidate> {
  health: DatedView;
  readonly execution: ExecutionTarget;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One model with its targets in their places. */
export interface ModelLineup {
  readonly settings: ModelSettings;
  readonly places: readonly Place[];
  /** Where calls wait while nobody is free. */
  readonly queue: Queue;
  readonly hedges: HedgeBudget;
}

/** Who stands where: the models of a router, joined with what is remembered of each target. */
export interface Lineup {
  readonly models: ReadonlyMap<string, ModelLineup>;
  /** Each target once, whatever models it stands in. */
  readonly targets: ReadonlyMap<string, ExecutionTarget>;
  /** By the target's id: where calls wait for it. */
  readonly waitingLists: ReadonlyMap<string, WaitingList>;
}

/** `before`: the lineup that it replaces; what models and targets have earned there, and who waits for them, they keep. */
export function createLineup(settings: Settings, tracker: Tracker, before?: Lineup): Lineup {
  const targets = new Map<string, ExecutionTarget>();
  const models = new Map<string, ModelLineup>();
  const waitingLists = waitingListsOf(settings, before);
  const now = settings.runtime.now();
  for (const [name, model] of settings.models) {
    const known = before?.models.get(name);
    const credits = new Map(known?.places.map(({ id, credit }) => [id, credit]));
    const places = model.targets.map((target, position) =>
      placeOf(target, position, { tracker, now, credit: credits.get(target.id) ?? 0 }),
    );
    for (const { execution } of places) if (!targets.has(execution.id)) targets.set(execution.id, execution);
    const queue = queueFor(places, waitingLists.get(places[0]!.id)!);
    models.set(name, { settings: model, places, queue, hedges: known?.hedges ?? createHedgeBudget() });
  }
  return { models, targets, waitingLists };
}

/** Models that share a target, also by way of a third, share the list in which their calls wait. */
function waitingListsOf({ models, runtime }: Settings, before: Lineup | undefined): Map<string, WaitingList> {
  const lists = new Map<string, WaitingList>();
  for (const { targets } of models.values()) {
    const ids = targets.map(({ id }) => id);
    const shared = new Set(ids.map((id) => lists.get(id)).filter((list) => list !== undefined));
    const [list = ids.map((id) => before?.waitingLists.get(id)).find(Boolean) ?? createWaitingList(runtime)] =
      shared;
    if (shared.size > 1) for (const [id, other] of lists) if (shared.has(other)) lists.set(id, list);
    for (const id of ids) lists.set(id, list);
  }
  return lists;
}

function queueFor(places: readonly Place[], list: WaitingList): Queue {
  function watch(onChange: () => void): () => void {
    const leave = places.map(({ execution }) => execution.health.watch(onChange));
    return () => leave.forEach((off) => off());
  }
  return createQueue({ list, watch });
}

function placeOf(
  settings: TargetSettings,
  position: number,
  { tracker, now, credit }: { readonly tracker: Tracker; readonly now: number; readonly credit: number },
): Place {
  const health = tracker.register(settings);
  const { contextWindow, maxOutputTokens, overrides, priority, weight } = settings;
  // What every call looks at comes first, to lie together in memory: with thousands of targets that is what takes time.
  const front = {
    health: health.view(now),
    refusal: undefined,
    contextWindow,
    maxOutputTokens,
    overrides,
    priority,
    weight,
    credit,
  };
  return {
    ...front,
    ...settings,
    provider: settings.provider.name,
    position,
    execution: Object.freeze({ ...settings, health }),
  };
}

export interface SurveyOptions {
  /** What the call may take, where a target limits its tokens. */
  readonly demand: TokenDemand | undefined;
  /** Why a target's provider cannot express the request. */
  readonly refusalOf: ((target: ExecutionTarget) => string | undefined) | undefined;
}

/**
 * The only read of health for a call. The places themselves are handed out as candidates, brought up to date: nothing is
 * allocated, however many targets there are, and whoever plans does so before anybody else can look.
 */
export function survey(
  { places }: ModelLineup,
  now: number,
  { demand, refusalOf }: SurveyOptions,
): readonly Candidate[] {
  for (const place of places) {
    // Most views still hold. To ask each target for its own would take several times as long.
    if (!place.health.isLasting) place.health = place.execution.health.view(now, demand);
    if (refusalOf || place.refusal !== undefined) place.refusal = refusalOf?.(place.execution);
  }
  return places;
}

/** Keeps the counters of smooth weighted selection at their places. */
export function keepCredits(turn: Turn): void {
  takeTurn(turn, (candidate, credit) => {
    (candidate as Place).credit += credit;
  });
}

/** The target behind a candidate. */
export function executionTarget(candidate: Candidate): ExecutionTarget {
  return (candidate as Place).execution;
}

/** The state of everything, as plain JSON. */
export interface Health {
  /** Epoch milliseconds. */
  at: number;
  models: Record<string, ModelHealth>;
  targets: Record<string, TargetSnapshot>;
}

/** One model in `router.health()`. */
export interface ModelHealth {
  /**
   * `ok`: a target can serve now that is not `degraded`; `degraded`: only such ones can, or only as a last resort; `down`:
   * none can.
   */
  state: 'ok' | 'degraded' | 'down';
  /** Ids, as listed. */
  targets: string[];
}

export type { BreakerState };

function stateOf(places: readonly Place[], now: number): ModelHealth['state'] {
  const views = places.map(({ degraded, execution }) => ({ degraded, ...execution.health.view(now) }));
  const free = views.filter(({ blockedReason }) => blockedReason === undefined);
  if (free.length > 0) return free.every(({ degraded }) => degraded) ? 'degraded' : 'ok';
  return views.some(({ lastResortAt }) => lastResortAt !== undefined && lastResortAt <= now)
    ? 'degraded'
    : 'down';
}

export function healthOf(lineup: Lineup, now: number): Health {
  const models: Health['models'] = {};
  for (const [name, { places }] of lineup.models) {
    models[name] = { state: stateOf(places, now), targets: places.map(({ id }) => id) };
  }
  const targets: Health['targets'] = {};
  for (const [id, { health }] of lineup.targets) targets[id] = health.snapshot(now);
  return { at: now, models, targets };
}
