import type { Failure } from '../core/failure.ts';
import type { VendorLimits } from '../core/vendor-limits.ts';
import { tellAlert, tellLimit } from './announcements.ts';
import type { BackendMemory } from './backend.ts';
import { lateStart } from './lateness.ts';
import type { LockoutPass } from './lockout.ts';
import type { Pass, Standing } from './passage.ts';
import type { ScopePass } from './provider-scope.ts';
import { changed } from './scope-members.ts';
import { lookAtShare } from './share-told.ts';
import type { AttemptResult } from './target-health.ts';
import { holdBack } from './throttle.ts';
import type { SentMark } from './vendor-limits.ts';
import { verdictOf } from './verdict.ts';
import type { Watched } from './waiting.ts';

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

/** Undefined where breaker, cool-down or lockout keep the attempt away. */
export function enter(
  memory: BackendMemory,
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

function passOf(memory: BackendMemory, ways: Ways): BackendPass {
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
function lookAtVendor(memory: BackendMemory, now: number): void {
  const isNear = memory.vendor.isNear(now);
  if (isNear !== memory.wasNear) changed(memory);
  memory.wasNear = isNear;
}

/** An answer has begun: key and quota are good, and the rate is. */
function succeeded(memory: BackendMemory, ways: Ways, at: number): void {
  ways.scope.answered(at);
  memory.coolDown.succeeded(ways.coolDownEra);
  if (!ways.isLetIn) memory.refusals.letIn(ways.number);
  ways.isLetIn = true;
  if (!ways.lockout?.probe) return;
  changed(memory);
  ways.lockout.succeeded();
}

function end(
  memory: BackendMemory,
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
