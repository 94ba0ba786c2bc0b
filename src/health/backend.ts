import type { RouterEvent } from '../core/events.ts';
import {
  connectionRefusedCode,
  failureRules,
  schemaMismatchCode,
  type Failure,
  type FailureKind,
  type Feature,
} from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { createBreaker, type Breaker, type BreakerChange, type Pass, type Verdict } from './breaker.ts';
import { createCoolDown, type CoolDown } from './cooldown.ts';
import type { EvidenceRule } from './evidence.ts';
import type { HoldRequest } from './hold.ts';
import { createLearnt, type Learnt } from './learnt.ts';
import { createLockout, type Lockout, type LockoutPass } from './lockout.ts';
import type { AttemptResult, TargetRef } from './target-health.ts';

/** Nobody listening is the strongest evidence: two of them trip at any rate of calls. */
const connectionRefusedWeight = 3.5;

/** What all targets of one provider object and model learn together. */
export interface Backend {
  readonly provider: string;
  readonly model: string;
  readonly breaker: Breaker;
  readonly coolDown: CoolDown;
  readonly lockout: Lockout;
  readonly learnt: Learnt;
  /** The ids of its targets. */
  readonly targets: Set<string>;
  /** Called when anything changes that a view shows, but for what time and the key's version change. */
  readonly watchers: Set<() => void>;
  /** Undefined where breaker, cool-down or lockout keep the attempt away. */
  enter(now: number, lastResort: boolean): BackendPass | undefined;
  learn(feature: Feature, now: number): void;
  /** Ends lockout and cool-down and lets an open breaker be probed. */
  invite(now: number): void;
  clearLockout(): void;
}

/** One attempt's way through a backend. */
export interface BackendPass {
  readonly probe: boolean;
  firstContent(now: number): void;
  /** To be called once; `target`: the id that an alert names. */
  end(result: AttemptResult, now: number, target: string): void;
}

export interface BackendOptions {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
  readonly evidence: EvidenceRule;
}

interface Memory extends Backend {
  readonly emit: (event: RouterEvent) => void;
}

export function createBackend(ref: TargetRef, { runtime, emit, evidence }: BackendOptions): Backend {
  const memory: Memory = {
    provider: ref.provider.name,
    model: ref.model,
    breaker: createBreaker({
      runtime,
      evidence: evidence(),
      onChange: (change) => tellBreaker(memory, change),
    }),
    coolDown: createCoolDown(runtime),
    lockout: createLockout(() => ref.provider.keyVersion?.()),
    learnt: createLearnt(runtime),
    targets: new Set(),
    watchers: new Set(),
    emit,
    enter: (now, lastResort) => enter(memory, now, lastResort),
    learn: (feature, now) => learn(memory, feature, now),
    invite(now) {
      changed(memory);
      memory.lockout.clear();
      memory.coolDown.clear();
      memory.breaker.invite(now, 'enabled');
    },
    clearLockout() {
      changed(memory);
      memory.lockout.clear();
    },
  };
  return memory;
}

function changed({ watchers }: Memory): void {
  for (const tell of watchers) tell();
}

function about({ provider, model, targets }: Memory, at: number) {
  return { at, provider, providerModel: model, targets: [...targets] };
}

function tellBreaker(memory: Memory, { at, from, to, openUntil, reason }: BreakerChange): void {
  changed(memory);
  memory.emit({ type: 'breaker', ...about(memory, at), from, to, openUntil, reason });
}

function tellLimit(memory: Memory, kind: FailureKind, until: number, at: number): void {
  changed(memory);
  memory.emit({ type: 'limit', ...about(memory, at), kind, until });
}

function tellAlert(memory: Memory, failure: Failure, target: string, at: number): void {
  const name = failure.kind === 'quota' ? 'quota-exhausted' : 'key-refused';
  memory.emit({ type: 'alert', at, name, target, message: failure.message });
}

function learn(memory: Memory, feature: Feature, at: number): void {
  if (!memory.learnt.learn(feature)) return;
  changed(memory);
  const { provider, model: providerModel } = memory;
  memory.emit({ type: 'learned', at, provider, providerModel, feature });
}

/** An attempt as the three that it has to pass know it. */
interface Ways {
  readonly breaker: Pass;
  readonly lockout: LockoutPass;
  /** The cool-down's, when the attempt began. */
  readonly coolDownEra: number;
}

function enter(memory: Memory, now: number, lastResort: boolean): BackendPass | undefined {
  const { breaker, coolDown, lockout } = memory;
  if (coolDown.heldAt(now) || lockout.heldAt(now) || lockout.probing()) return undefined;
  const pass = breaker.enter(now, lastResort);
  if (pass === undefined) return undefined;
  const ways: Ways = { breaker: pass, lockout: lockout.enter(), coolDownEra: coolDown.era() };
  const probe = ways.breaker.probe || ways.lockout.probe;
  if (probe) changed(memory);
  return {
    probe,
    firstContent(at) {
      succeeded(memory, ways);
      ways.breaker.firstContent(at);
    },
    end(result, at, target) {
      if (probe) changed(memory);
      end(memory, ways, result, { at, target });
    },
  };
}

/** An answer has begun: key and quota are good, and the rate is. */
function succeeded(memory: Memory, ways: Ways): void {
  memory.coolDown.succeeded(ways.coolDownEra);
  if (!ways.lockout.probe) return;
  changed(memory);
  ways.lockout.succeeded();
}

function end(
  memory: Memory,
  ways: Ways,
  result: AttemptResult,
  { at, target }: { readonly at: number; readonly target: string },
): void {
  const failure = failureOf(result);
  if (result.outcome === 'success') succeeded(memory, ways);
  const told = failure && hold(memory, ways, failure, at);
  ways.lockout.release();
  ways.breaker.end(verdictOf(result, failure), at);
  // What is told comes after what is remembered: an observer may ask for the health at once.
  if (failure === undefined || told === undefined) return;
  tellLimit(memory, failure.kind, told.until, at);
  if (told.isNewLockout) tellAlert(memory, failure, target, at);
}

/** Holds back what the failure asks for; what there is to tell of it. */
function hold(
  { coolDown, lockout }: Memory,
  ways: Ways,
  { kind, retryAfterMs }: Failure,
  at: number,
): { readonly until: number; readonly isNewLockout: boolean } | undefined {
  const how = failureRules[kind].hold;
  if (how === 'none') return undefined;
  const request: HoldRequest = { kind, now: at, retryAfterMs };
  if (how === 'lockout') {
    const change = ways.lockout.refused(request);
    return change && { until: lockout.heldAt(at)?.until ?? at, isNewLockout: change === 'began' };
  }
  const hasChanged = how === 'hint' ? coolDown.heed(request) : coolDown.begin(request, ways.coolDownEra);
  return hasChanged ? { until: coolDown.heldAt(at)?.until ?? at, isNewLockout: false } : undefined;
}

function failureOf({ outcome, failure }: AttemptResult): Failure | undefined {
  if (outcome !== 'failure') return undefined;
  return failure ?? { kind: 'unknown', message: 'no reason was given' };
}

function verdictOf(result: AttemptResult, failure: Failure | undefined): Verdict {
  if (failure === undefined) return { kind: result.outcome === 'success' ? 'success' : 'undecided' };
  const reason = failure.status === undefined ? failure.kind : `${failure.kind} (${failure.status})`;
  if (result.evidence ?? isEvidence(failure)) {
    const weight = failure.code === connectionRefusedCode ? connectionRefusedWeight : 1;
    return { kind: 'failure', weight, reason };
  }
  // Whoever limits the rate is up.
  return failureRules[failure.kind].hold === 'cool-down' ? { kind: 'alive', reason } : { kind: 'undecided' };
}

/** Whether a failure of that kind counts against whoever had it. */
export function isEvidence({ kind, code }: Failure): boolean {
  return failureRules[kind].evidence && code !== schemaMismatchCode;
}
