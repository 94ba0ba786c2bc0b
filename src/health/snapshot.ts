import { finite, shownAt } from './hold.ts';
import type { OwnLimits } from './limits.ts';
import type { TargetSnapshot } from './target-health.ts';
import { disabledAt, type TargetState } from './target-state.ts';
import type { Allowance } from './vendor-limits.ts';
import { viewOf } from './view.ts';

/** Builds the entry of `router.health()`. */
export function snapshotOf(state: TargetState, now: number): TargetSnapshot {
  const { backend } = state;
  const view = viewOf(state, now, 0);
  return {
    provider: backend.provider,
    model: backend.model,
    breaker: view.breaker,
    openUntil: shownAt(backend.breaker.openAt(now)?.until),
    ...cooling(state, now),
    providerHold: backend.scope.holdOf(backend, now),
    ...disabling(state, now),
    blockedReason: view.blockedReason,
    share: view.share,
    ramp: rampOf(state, now),
    shareReason: view.shareReason,
    inFlight: view.inFlight,
    refused: [...view.refused],
    firstToken: state.firstToken.percentiles(),
    total: state.total.percentiles(),
    limits: usage(state.limits, now),
    vendorLimits: vendorLimitsOf(state, now),
  };
}

function rampOf({ backend: { ramp } }: TargetState, now: number): TargetSnapshot['ramp'] {
  const perSecond = ramp.perSecond(now);
  return perSecond === undefined
    ? undefined
    : { perSecond: Math.round(perSecond * 100) / 100, until: Math.ceil(ramp.until()) };
}

/** What refills evenly is there in fractions: whole ones can be asked for. */
function vendorLimitsOf({ backend: { vendor } }: TargetState, now: number): TargetSnapshot['vendorLimits'] {
  const { requests, tokens } = vendor.left(now) ?? {};
  if (requests === undefined && tokens === undefined) return undefined;
  const shown = (one: Allowance | undefined) => one && { ...one, remaining: Math.floor(one.remaining) };
  return { requests: shown(requests), tokens: shown(tokens) };
}

function cooling({ backend }: TargetState, now: number): Partial<TargetSnapshot> {
  const coolDown = backend.coolDown.heldAt(now);
  const { key } = backend.scope;
  const lockout = backend.lockout.heldAt(now) ?? key.heldAt(backend, now);
  const lockedFor = backend.lockout.kind() ?? key.kind();
  const isLockout = lockedFor !== undefined && (lockout?.until ?? 0) >= (coolDown?.until ?? 0);
  return {
    coolingUntil: shownAt(isLockout ? lockout?.until : coolDown?.until),
    coolingKind: isLockout ? lockedFor : coolDown && backend.coolDown.kind(),
    lockedOut: lockedFor === undefined ? undefined : true,
  };
}

function disabling(state: TargetState, now: number): Partial<TargetSnapshot> {
  const disabled = disabledAt(state, now);
  if (disabled === undefined) return {};
  return {
    disabled: true,
    disabledReason: disabled.reason,
    disabledUntil: finite(disabled.until),
  };
}

function usage(limits: OwnLimits, now: number): TargetSnapshot['limits'] {
  const set = limits.get();
  if (set === undefined) return undefined;
  const of = (used: number, limit: number | undefined) => (limit === undefined ? undefined : { used, limit });
  return {
    requests: of(limits.usedRequests(now), set.rpm),
    tokens: of(limits.usedTokens(now), set.tpm),
    concurrency: of(limits.inFlight(), set.concurrency),
  };
}
