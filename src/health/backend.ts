import type { BreakerState, RouterEvent } from '../core/events.ts';
import {
  connectionRefusedCode,
  failureRules,
  schemaMismatchCode,
  silenceCodes,
  type Failure,
  type FailureKind,
  type Feature,
} from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { createAdmissions, type Admissions, type Tally } from './admissions.ts';
import { createBreaker, type Breaker, type BreakerChange, type Pass, type Standing } from './breaker.ts';
import { createCoolDown, type CoolDown } from './cooldown.ts';
import type { EvidenceRule } from './evidence.ts';
import { statedMs, type HoldRequest } from './hold.ts';
import { createLearnt, type Learnt } from './learnt.ts';
import { createLockout, type Lockout, type LockoutPass } from './lockout.ts';
import { createRamp, type Ramp } from './ramp.ts';
import type { VendorLimits } from '../core/vendor-limits.ts';
import { createVendorAllowance, type SentMark, type VendorAllowance } from './vendor-limits.ts';
import type { AttemptResult, TargetRef } from './target-health.ts';
import type { Verdict } from './track-record.ts';
import type { Watched } from './waiting.ts';
import { lateGap, lateStart, weightOfSilence } from './lateness.ts';

/** Nobody listening is the strongest evidence: two of them trip at any rate of calls. */
const connectionRefusedWeight = 3.5;

/** So many refusals one after the other, and a target has not only as much as it can do. */
const rowOfTheClosed = 3;

/** What all targets of one provider object and model learn together. */
export interface Backend {
  readonly provider: string;
  readonly model: string;
  readonly breaker: Breaker;
  readonly coolDown: CoolDown;
  readonly lockout: Lockout;
  readonly ramp: Ramp;
  readonly vendor: VendorAllowance;
  readonly learnt: Learnt;
  /** The ids of its targets. */
  readonly targets: Set<string>;
  /** Called when anything changes that a view shows, but for what time and the key's version change. */
  readonly watchers: Set<() => void>;
  /** Undefined where breaker, cool-down or lockout keep the attempt away. */
  enter(
    now: number,
    options: { readonly lastResort: boolean; readonly tokens: number },
  ): BackendPass | undefined;
  /** When an attempt entered last; -Infinity: never. */
  askedAt(): number;
  needsProbe(now: number): boolean;
  learn(feature: Feature, now: number): void;
  /** Ends lockout and cool-down and lets an open breaker be probed. */
  invite(now: number): void;
  clearLockout(): void;
}

/** One attempt's way through a backend. */
export interface BackendPass {
  readonly probe: boolean;
  /** Its silence counts from now on. */
  watch(watched: Watched): void;
  standing(now: number): Standing;
  firstContent(firstTokenMs: number, now: number): void;
  /** What the vendor says of its limits. */
  told(limits: VendorLimits, now: number): void;
  /** To be called once; `target`: the id that an alert names. */
  end(result: AttemptResult, now: number, target: string): void;
}

export interface BackendOptions {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
  readonly evidence: EvidenceRule;
}

interface Memory extends Backend {
  enteredAt: number;
  readonly emit: (event: RouterEvent) => void;
  readonly admissions: Admissions;
  /** How many of the latest row of refusals are counted against it. */
  rowCounted: number;
  /** Whether the vendor's limits were near when that was last looked at. */
  wasNear: boolean;
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
    ramp: createRamp(),
    vendor: createVendorAllowance(),
    wasNear: false,
    admissions: createAdmissions(),
    rowCounted: 0,
    learnt: createLearnt(runtime),
    targets: new Set(),
    watchers: new Set(),
    emit,
    enteredAt: -Infinity,
    enter: (now, options) => enter(memory, now, options),
    askedAt: () => memory.enteredAt,
    needsProbe: (now) => isOut(memory.breaker.state(now)) || memory.lockout.kind() !== undefined,
    learn: (feature, now) => learn(memory, feature, now),
    invite(now) {
      changed(memory);
      memory.lockout.clear();
      memory.coolDown.clear();
      memory.ramp.clear();
      memory.vendor.clear();
      memory.breaker.invite(now, 'enabled');
    },
    clearLockout() {
      changed(memory);
      memory.lockout.clear();
    },
  };
  return memory;
}

function isOut(state: BreakerState): boolean {
  return state === 'open' || state === 'half-open';
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

function tellLimit(memory: Memory, kind: FailureKind, held: Held, at: number): void {
  changed(memory);
  const { until, perSecond } = held;
  memory.emit({ type: 'limit', ...about(memory, at), kind, until, perSecond });
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
interface Ways extends SentMark {
  readonly breaker: Pass;
  /** Where its silence counts. */
  watched: Watched | undefined;
  readonly lockout: LockoutPass;
  /** The cool-down's, when the attempt began. */
  readonly coolDownEra: number;
  /** Its number among those that were sent. */
  readonly number: number;
  /** Content has come. */
  isLetIn: boolean;
}

function enter(
  memory: Memory,
  now: number,
  { lastResort, tokens }: { readonly lastResort: boolean; readonly tokens: number },
): BackendPass | undefined {
  const { breaker, coolDown, lockout, ramp, admissions, vendor } = memory;
  if (coolDown.heldAt(now) || lockout.heldAt(now) || lockout.probing() || ramp.nextAt(now)) return undefined;
  // Who has nobody else asks all the same: what is known of the vendor's limits may be old.
  if (!lastResort && vendor.block(now, tokens)) return undefined;
  const pass = breaker.enter(now, lastResort);
  if (pass === undefined) return undefined;
  memory.enteredAt = now;
  ramp.took(now);
  const number = admissions.sent(now);
  vendor.sent(tokens);
  lookAtVendor(memory, now);
  const ways: Ways = {
    breaker: pass,
    lockout: lockout.enter(),
    coolDownEra: coolDown.era(),
    number,
    sentAt: now,
    sentRequests: vendor.sentRequests(),
    sentTokens: vendor.sentTokens(),
    isLetIn: false,
    watched: undefined,
  };
  const probe = ways.breaker.probe || ways.lockout.probe;
  if (probe) changed(memory);
  return {
    probe,
    watch(watched) {
      ways.watched = watched;
      // Views that looked no further ahead than to the next event do now.
      if (memory.breaker.unsuspectedUntil() === Infinity) changed(memory);
      pass.watch(watched);
    },
    standing: (at) => pass.standing(at),
    firstContent(firstTokenMs, at) {
      succeeded(memory, ways);
      pass.firstContent(at, ways.watched && lateStart(ways.watched, firstTokenMs, at));
    },
    told(limits, at) {
      vendor.told(ways, limits);
      lookAtVendor(memory, at);
    },
    end(result, at, target) {
      if (probe) changed(memory);
      end(memory, ways, result, { at, target });
    },
  };
}

/** A view that shows ample room holds until that is over. */
function lookAtVendor(memory: Memory, now: number): void {
  const isNear = memory.vendor.isNear(now);
  if (isNear !== memory.wasNear) changed(memory);
  memory.wasNear = isNear;
}

/** An answer has begun: key and quota are good, and the rate is. */
function succeeded(memory: Memory, ways: Ways): void {
  memory.coolDown.succeeded(ways.coolDownEra);
  if (!ways.isLetIn) memory.admissions.settle(ways.number, 'accepted');
  ways.isLetIn = true;
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
  if (result.tokens !== undefined) memory.vendor.settled(result.tokens);
  if (result.outcome === 'success') succeeded(memory, ways);
  const tally = failure && refusalTally(memory, ways, failure, at);
  const held = failure && hold(memory, ways, { failure, tally }, at);
  ways.lockout.release();
  const refusals = tally && refusalWeight(memory, tally);
  ways.breaker.end(verdictOf(result, failure, { at, watched: ways.watched, refusals }), at);
  // What is told comes after what is remembered: an observer may ask for the health at once.
  if (failure === undefined || held === undefined) return;
  tellLimit(memory, failure.kind, held, at);
  if (held.isNewLockout) tellAlert(memory, failure, target, at);
}

/** For one that was refused for the number of requests, before it was let in: what became of the others. */
function refusalTally(
  { admissions }: Memory,
  { isLetIn, number }: Ways,
  { kind }: Failure,
  at: number,
): Tally | undefined {
  if (isLetIn) return undefined;
  const isRefusal = kind === 'rate-limit' || kind === 'overloaded';
  admissions.settle(number, isRefusal ? 'refused' : 'other');
  return isRefusal ? admissions.tally(number, at) : undefined;
}

/**
 * Who refuses some and lets others in has as much as it can do, and is no worse for it; who refuses one after the other is as
 * good as down. How much a refusal counts: none of the row until it is long enough, then all of it at once.
 */
function refusalWeight(memory: Memory, { accepted, row }: Tally): number {
  if (accepted > 0 && row < rowOfTheClosed) memory.rowCounted = 0;
  if (accepted === 0) return 1;
  if (row < rowOfTheClosed) return 0;
  const weight = Math.max(1, row - memory.rowCounted);
  memory.rowCounted = row;
  return weight;
}

/** What is held back, and for how long. */
interface Held {
  readonly until: number;
  /** Not all attempts: so many are let through. */
  readonly perSecond?: number;
  readonly isNewLockout?: boolean;
}

interface Refused {
  readonly failure: Failure;
  readonly tally: Tally | undefined;
}

/** Holds back what the failure asks for; what there is to tell of it. */
function hold(memory: Memory, ways: Ways, refused: Refused, at: number): Held | undefined {
  const { kind, retryAfterMs } = refused.failure;
  const how = failureRules[kind].hold;
  if (how === 'none') return undefined;
  const request: HoldRequest = { kind, now: at, retryAfterMs };
  if (how === 'lockout') {
    const change = ways.lockout.refused(request);
    return change && { until: memory.lockout.heldAt(at)?.until ?? at, isNewLockout: change === 'began' };
  }
  const hasChanged = pause(memory, ways, request, refused.tally);
  const until = memory.coolDown.heldAt(at)?.until ?? at;
  const began = slowDown(memory, ways, refused, { now: at, resumeAt: until });
  if (hasChanged) return { until };
  return began ? { until: memory.ramp.until(), perSecond: memory.ramp.perSecond(at) } : undefined;
}

/** Whether the cool-down has begun or become longer. */
function pause(
  { coolDown }: Memory,
  { coolDownEra }: Ways,
  request: HoldRequest,
  tally: Tally | undefined,
): boolean {
  // Where others are let in, a pause for all would waste what the target takes.
  const isForAll = tally?.accepted === 0 || statedMs(request) !== undefined;
  const isOwn = failureRules[request.kind].hold === 'cool-down' && (tally === undefined || isForAll);
  return isOwn ? coolDown.begin(request, coolDownEra) : coolDown.heed(request);
}

/** Whether a ramp has begun. */
function slowDown(
  { ramp }: Memory,
  { number }: Ways,
  { failure, tally }: Refused,
  times: { readonly now: number; readonly resumeAt: number },
): boolean {
  if (tally === undefined || tally.accepted === 0) return false;
  // It may be down: then the breaker sees to it, and the sooner, the more it is asked.
  if (failure.kind === 'overloaded' && !tally.mixed) return false;
  const wasOn = ramp.perSecond(times.now) !== undefined;
  return ramp.refused({ number, tally, ...times }) && !wasOn;
}

function failureOf({ outcome, failure }: AttemptResult): Failure | undefined {
  if (outcome !== 'failure') return undefined;
  return failure ?? { kind: 'unknown', message: 'no reason was given' };
}

interface Circumstances {
  readonly at: number;
  readonly watched: Watched | undefined;
  /** How many failures a refusal counts for. */
  readonly refusals: number | undefined;
}

function verdictOf(
  result: AttemptResult,
  failure: Failure | undefined,
  circumstances: Circumstances,
): Verdict {
  if (failure === undefined) return verdictWithoutFailure(result, circumstances);
  const reason = failure.status === undefined ? failure.kind : `${failure.kind} (${failure.status})`;
  if (result.evidence ?? isEvidence(failure)) {
    if (circumstances.refusals === 0) return { kind: 'undecided' };
    return { kind: 'failure', weight: weightOf(failure, circumstances), reason };
  }
  // Whoever limits the rate is up.
  return failureRules[failure.kind].hold === 'cool-down' ? { kind: 'alive', reason } : { kind: 'undecided' };
}

function verdictWithoutFailure(result: AttemptResult, { at, watched }: Circumstances): Verdict {
  if (result.outcome === 'success') return (watched && lateGap(watched, at)) ?? { kind: 'success' };
  const weight = result.outcome === 'outpaced' && watched ? (weightOfSilence(watched, at) ?? 0) : 0;
  return weight > 0 ? { kind: 'slow', weight, reason: 'slow: outpaced by a hedge' } : { kind: 'undecided' };
}

function weightOf({ kind, code }: Failure, { at, watched, refusals }: Circumstances): number {
  if (code === connectionRefusedCode) return connectionRefusedWeight;
  if (refusals !== undefined) return refusals;
  const isSilence = kind === 'timeout' && (code === silenceCodes.first || code === silenceCodes.gap);
  return (isSilence && watched ? weightOfSilence(watched, at) : undefined) ?? 1;
}

/** Whether a failure of that kind counts against whoever had it. */
export function isEvidence({ kind, code }: Failure): boolean {
  return failureRules[kind].evidence && code !== schemaMismatchCode;
}
