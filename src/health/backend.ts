import type { BreakerState, RouterEvent } from '../core/events.ts';
import type { Failure, Feature } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import type { VendorLimits } from '../core/vendor-limits.ts';
import { tellAlert, tellBreaker, tellLearned, tellLimit, tellShare, type Subject } from './announcements.ts';
import { createBreaker, type Breaker } from './breaker.ts';
import { createCoolDown } from './cooldown.ts';
import type { EvidenceRule } from './evidence.ts';
import { createIndifference } from './indifference.ts';
import { lateStart } from './lateness.ts';
import { createLearnt, type Learnt } from './learnt.ts';
import { createLockout, type LockoutPass } from './lockout.ts';
import type { Pass, Standing } from './passage.ts';
import type { ProviderScope, ScopePass } from './provider-scope.ts';
import { createRamp } from './ramp.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import type { AttemptResult, TargetRef } from './target-health.ts';
import type { ScopeMember } from './scope-members.ts';
import { holdBack, type Throttle } from './throttle.ts';
import { createVendorAllowance, type SentMark, type VendorAllowance } from './vendor-limits.ts';
import { verdictOf } from './verdict.ts';
import type { Watched } from './waiting.ts';

/** A share is told once when it is below this, */
const smallShare = 0.5;
/** and once when it is above this again. */
const restoredShare = 0.9;

/** What all targets of one provider object and model learn together. */
export interface Backend extends Throttle, ScopeMember {
  readonly provider: string;
  readonly model: string;
  readonly breaker: Breaker;
  /** What it has in common with the other models of its provider object. */
  readonly scope: ProviderScope;
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
  readonly scope: ProviderScope;
}

interface Memory extends Backend, Subject {
  readonly targets: Set<string>;
  enteredAt: number;
  readonly refusals: Refusals;
  /** As observers know it. */
  toldShare: number;
  /** Whether the vendor's limits were near when that was last looked at. */
  wasNear: boolean;
}

export function createBackend(ref: TargetRef, { runtime, emit, evidence, scope }: BackendOptions): Backend {
  const memory: Memory = {
    provider: ref.provider.name,
    model: ref.model,
    breaker: createBreaker({
      runtime,
      evidence: evidence(),
      strictness: (now) => scope.strictness(memory, now),
      onChange(change) {
        changed(memory);
        if (change.to === 'open' && !isOut(change.from) && !change.isOwn) scope.opened(memory, change.at);
        tellBreaker(memory, change);
      },
    }),
    coolDown: createCoolDown(runtime),
    lockout: createLockout(() => ref.provider.keyVersion?.()),
    ramp: createRamp(),
    indifference: createIndifference(),
    vendor: createVendorAllowance(),
    toldShare: 1,
    wasNear: false,
    scope,
    refusals: createRefusals(),
    learnt: createLearnt(runtime),
    targets: new Set(),
    watchers: new Set(),
    emit,
    enteredAt: -Infinity,
    enter: (now, options) => enter(memory, now, options),
    askedAt: () => memory.enteredAt,
    needsProbe: (now) =>
      isOut(memory.breaker.state(now)) || [memory.lockout, scope.key, scope.host].some((one) => one.kind()),
    learn: (feature, now) => learn(memory, feature, now),
    invite: (now) => invite(memory, now),
    inviteBreaker: (now, reason) => memory.breaker.invite(now, reason),
    clearLockout() {
      memory.lockout.clear();
      scope.clearKey();
    },
  };
  scope.join(memory);
  return memory;
}

function isOut(state: BreakerState): boolean {
  return state === 'open' || state === 'half-open';
}

function changed({ watchers }: Memory): void {
  for (const tell of watchers) tell();
}

function learn(memory: Memory, feature: Feature, at: number): void {
  if (!memory.learnt.learn(feature)) return;
  changed(memory);
  tellLearned(memory, feature, at);
}

function invite(memory: Memory, now: number): void {
  const { lockout, coolDown, ramp, indifference, vendor, breaker, scope } = memory;
  scope.invite(memory, now);
  lockout.clear();
  coolDown.clear();
  ramp.clear();
  indifference.clear();
  vendor.clear();
  breaker.invite(now, 'enabled');
}

/** An attempt as those that it has to pass know it. */
interface Ways extends SentMark {
  readonly breaker: Pass;
  /** Where its silence counts. */
  watched: Watched | undefined;
  /** Its way through a lockout that was in force when it began; undefined: none was. */
  readonly lockout: LockoutPass | undefined;
  readonly lockoutEra: number;
  readonly scope: ScopePass;
  /** The cool-down's, when the attempt began. */
  readonly coolDownEra: number;
  /** Its number among those that were sent. */
  readonly number: number;
  /** The trial of the rate that it was part of. */
  readonly trial: number | undefined;
  /** Content has come. */
  isLetIn: boolean;
}

function enter(
  memory: Memory,
  now: number,
  { lastResort, tokens }: { readonly lastResort: boolean; readonly tokens: number },
): BackendPass | undefined {
  const { breaker, coolDown, lockout, ramp, indifference, refusals, vendor, scope } = memory;
  if (coolDown.heldAt(now) || lockout.heldAt(now) || lockout.probing() || ramp.nextAt(now)) return undefined;
  // Who has nobody else asks all the same: what is known of the vendor's limits may be old.
  if (!lastResort && vendor.block(now, tokens)) return undefined;
  if (!scope.admits(memory, now, lastResort)) return undefined;
  const pass = breaker.enter(now, lastResort);
  if (pass === undefined) return undefined;
  memory.enteredAt = now;
  const number = refusals.sent(now);
  const trial = indifference.sent(ramp.perSecond(now));
  ramp.took(now);
  vendor.sent(tokens);
  lookAtVendor(memory, now);
  const ways: Ways = {
    breaker: pass,
    lockout: lockout.kind() === undefined ? undefined : lockout.enter(),
    lockoutEra: lockout.era(),
    scope: scope.enter(memory, now),
    coolDownEra: coolDown.era(),
    number,
    trial,
    sentAt: now,
    sentRequests: vendor.sentRequests(),
    sentTokens: vendor.sentTokens(),
    isLetIn: false,
    watched: undefined,
  };
  return passOf(memory, ways);
}

function passOf(memory: Memory, ways: Ways): BackendPass {
  const probe = ways.breaker.probe || ways.lockout?.probe === true || ways.scope.probe;
  if (probe) changed(memory);
  return {
    probe,
    watch(watched) {
      ways.watched = watched;
      // Views that looked no further ahead than to the next event do now.
      if (memory.breaker.unsuspectedUntil() === Infinity) changed(memory);
      ways.breaker.watch(watched);
    },
    standing: (at) => ways.breaker.standing(at),
    firstContent(firstTokenMs, at) {
      succeeded(memory, ways, at);
      ways.breaker.firstContent(at, ways.watched && lateStart(ways.watched, firstTokenMs, at));
    },
    told(limits, at) {
      memory.vendor.told(ways, limits);
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

/** It rises with time alone: the end of the next attempt tells of that. The ramp of slow start is told by the breaker. */
function lookAtShare(memory: Memory, at: number): void {
  const { breaker, toldShare: from } = memory;
  if (breaker.state(at) !== 'closed') return;
  const share = breaker.share(at);
  const isSmall = from < restoredShare;
  if (isSmall ? share <= restoredShare : share >= smallShare) return;
  const to = Math.round(share * 100) / 100;
  memory.toldShare = to;
  const reason = isSmall ? 'few enough of its calls fail' : (breaker.shareReason(at) as string);
  tellShare(memory, { at, from, to, reason });
}

/** An answer has begun: key and quota are good, and the rate is. */
function succeeded(memory: Memory, ways: Ways, at: number): void {
  ways.scope.answered(at);
  memory.coolDown.succeeded(ways.coolDownEra);
  if (!ways.isLetIn) memory.refusals.letIn(ways.number);
  ways.isLetIn = true;
  if (!ways.lockout?.probe) return;
  changed(memory);
  ways.lockout.succeeded();
}

function end(
  memory: Memory,
  ways: Ways,
  result: AttemptResult,
  { at, target }: { readonly at: number; readonly target: string },
): void {
  const { refusals, indifference, vendor } = memory;
  const { isLetIn, watched } = ways;
  const failure = failureOf(result);
  if (result.tokens) vendor.settled(result.tokens);
  if (result.outcome === 'success') succeeded(memory, ways, at);
  const tally = failure && !isLetIn ? refusals.failed(ways.number, failure.kind, at) : undefined;
  const held = failure && holdBack(memory, { ...ways, failure, tally }, at);
  ways.lockout?.release();
  const weight = tally && (indifference.isFound(at) ? 1 : refusals.weight(tally));
  const verdict = verdictOf(result, failure, { at, watched, refusals: weight });
  ways.scope.end(failure, verdict, at);
  ways.breaker.end(verdict, at);
  lookAtShare(memory, at);
  // What is told comes after what is remembered: an observer may ask for the health at once.
  if (failure === undefined || held === undefined) return;
  changed(memory);
  tellLimit(memory, failure.kind, held, at);
  if (held.isNewLockout) tellAlert(memory, failure, target, at);
}

function failureOf({ outcome, failure }: AttemptResult): Failure | undefined {
  if (outcome !== 'failure') return undefined;
  return failure ?? { kind: 'unknown', message: 'no reason was given' };
}
