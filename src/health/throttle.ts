import { failureRules, type Failure } from '../core/failure.ts';
import type { Tally } from './admissions.ts';
import type { CoolDown } from './cooldown.ts';
import { statedMs, type HoldRequest } from './hold.ts';
import type { Indifference } from './indifference.ts';
import type { Lockout, LockoutPass } from './lockout.ts';
import type { ScopePass } from './provider-scope.ts';
import type { Ramp } from './ramp.ts';

/** The three ways of keeping calls away that a failure can ask for, none of which says that the target is faulty. */
export interface Throttle {
  /** All calls, for a time. */
  readonly coolDown: CoolDown;
  /** All calls, until one that is let through succeeds. */
  readonly lockout: Lockout;
  /** Those beyond a rate. */
  readonly ramp: Ramp;
  /** Whether the rate has nothing to do with its refusals. */
  readonly indifference: Indifference;
}

/** An attempt that failed. */
export interface Failed {
  readonly failure: Failure;
  /** Where it was refused for the number of requests. */
  readonly tally: Tally | undefined;
  /** Its number among those that were sent. */
  readonly number: number;
  /** The trial of the rate that it was part of. */
  readonly trial: number | undefined;
  /** Undefined: no lockout was in force when it began. */
  readonly lockout: LockoutPass | undefined;
  readonly lockoutEra: number;
  readonly scope: ScopePass;
  /** The cool-down's, when the attempt began. */
  readonly coolDownEra: number;
}

/** What is held back, and for how long. */
export interface Held {
  readonly until: number;
  /** Not all attempts: so many are let through. */
  readonly perSecond?: number;
  readonly isNewLockout?: boolean;
  /** With a lockout of all models of the provider. */
  readonly targets?: string[] | undefined;
}

/** Holds back what the failure asks for; what there is to tell of it. */
export function holdBack(throttle: Throttle, failed: Failed, at: number): Held | undefined {
  const { coolDown, lockout, ramp } = throttle;
  const { kind, retryAfterMs } = failed.failure;
  const how = failureRules[kind].hold;
  if (how === 'none') return undefined;
  const request: HoldRequest = { kind, now: at, retryAfterMs };
  if (how === 'lockout') {
    return lockOut(lockout, failed, request);
  }
  const hasChanged = pause(coolDown, failed, request);
  const until = coolDown.heldAt(at)?.until ?? at;
  const began = slowDown(throttle, failed, { now: at, resumeAt: until });
  if (hasChanged) return { until };
  return began ? { until: ramp.until(), perSecond: ramp.perSecond(at) } : undefined;
}

/** Key and quota are the provider's, unless the vendor says otherwise, or other models go on being answered. */
function lockOut(lockout: Lockout, failed: Failed, request: HoldRequest): Held | undefined {
  const wide = failed.failure.scope === 'model' ? undefined : failed.scope.refused(request);
  const own = () => failed.lockout ?? lockout.passSince(failed.lockoutEra);
  const change = wide ? wide.change : own().refused(request);
  if (change === undefined) return undefined;
  const until = wide?.until ?? lockout.heldAt(request.now)?.until ?? request.now;
  return { until, isNewLockout: change === 'began', targets: wide?.targets };
}

/** Whether the cool-down has begun or become longer. */
function pause(coolDown: CoolDown, { tally, coolDownEra }: Failed, request: HoldRequest): boolean {
  // Where others are let in, a pause for all would waste what the target takes.
  const isForAll = tally?.accepted === 0 || statedMs(request) !== undefined;
  const isOwn = failureRules[request.kind].hold === 'cool-down' && (tally === undefined || isForAll);
  return isOwn ? coolDown.begin(request, coolDownEra) : coolDown.heed(request);
}

/** Whether a ramp has begun. */
function slowDown(
  { ramp, indifference }: Throttle,
  { failure, tally, number, trial }: Failed,
  { now, resumeAt }: { readonly now: number; readonly resumeAt: number },
): boolean {
  if (tally === undefined || tally.accepted === 0) return false;
  // It may be down: then the breaker sees to it, and the sooner, the more it is asked.
  if (failure.kind === 'overloaded' && !tally.mixed) return false;
  const perSecond = ramp.perSecond(now);
  if (indifference.refused({ trial, tally, perSecond, now })) {
    ramp.clear();
    return false;
  }
  return ramp.refused({ number, tally, now, resumeAt }) && perSecond === undefined;
}
