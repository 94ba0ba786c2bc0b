import type { Backend } from './backend.ts';
import { shownAt } from './hold.ts';
import type { Latency } from './latency.ts';
import type { OwnLimits } from './limits.ts';
import type { DatedView, HealthView, Obstacle, TargetSnapshot } from './target-health.ts';
import type { PeakEwma } from './peak-ewma.ts';
import type { TypicalUsage } from './typical-usage.ts';
import type { Allowance } from './vendor-limits.ts';
import type { Histories } from './waiting.ts';

/** When an attempt in flight will end is not known: callers are told to ask again after this time. */
const askAgainMs = 1_000;

/** A target taken out of use by hand. */
export interface Disabled {
  readonly reason?: string;
  /** Infinity: until it is enabled. */
  readonly until: number;
}

/** All that is known of one target. */
export interface TargetState {
  readonly backend: Backend;
  readonly limits: OwnLimits;
  readonly firstToken: Latency;
  readonly firstTokenPeak: PeakEwma;
  readonly total: Latency;
  readonly typical: TypicalUsage;
  readonly histories: Histories;
  disabled: Disabled | undefined;
  /** Attempts in flight without content. */
  awaitingContent: number;
}

export interface Block {
  readonly by: Obstacle;
  readonly reason: string;
  /** Infinity: waiting does not help. */
  readonly availableAt: number;
  readonly estimated?: true;
  /** From when it keeps nobody away who has nobody else; absent: as long as anybody. */
  readonly lastResortAt?: number;
}

export function disabledAt(state: TargetState, now: number): Disabled | undefined {
  return state.disabled !== undefined && now < state.disabled.until ? state.disabled : undefined;
}

/** All that keeps a target from being asked. */
function blocksOf(state: TargetState, now: number, tokens: number): Block[] {
  const { backend, limits } = state;
  const disabled = disabledAt(state, now);
  const coolDown = backend.coolDown.heldAt(now);
  const lockout = backend.lockout.heldAt(now);
  const limited = limits.block(now, tokens);
  return [
    blockOfBreaker(state, now),
    disabled && { by: 'disabled' as const, reason: describeDisabled(disabled), availableAt: disabled.until },
    coolDown && {
      by: 'cool-down' as const,
      reason: `cooling down (${backend.coolDown.kind()})`,
      availableAt: coolDown.until,
    },
    lockout && {
      by: 'lockout' as const,
      reason: `locked out (${backend.lockout.kind()})`,
      availableAt: lockout.until,
    },
    backend.lockout.probing()
      ? underWay('lockout', `locked out (${backend.lockout.kind()})`, now)
      : undefined,
    blockOfScope(state, 'key', now),
    blockOfScope(state, 'host', now),
    rampAt(state, now),
    vendorBlock(state, now, tokens),
    limited && { by: 'limit' as const, ...limited },
  ].filter((block) => block !== undefined);
}

function blockOfBreaker({ backend: { breaker } }: TargetState, now: number): Block | undefined {
  const open = breaker.openAt(now);
  const block = open
    ? { by: 'breaker' as const, reason: 'circuit open', availableAt: open.until }
    : breaker.probing(now)
      ? underWay('breaker', 'circuit half-open', now)
      : breaker.suspect(now) && suspected(breaker.overdue(now), now);
  return block ? { ...block, lastResortAt: breaker.lastResortAt(now) } : undefined;
}

/** What holds all models of its provider. */
function blockOfScope({ backend }: TargetState, held: 'key' | 'host', now: number): Block | undefined {
  const hold = backend.scope[held];
  const kind = hold.kind();
  if (kind === undefined) return undefined;
  const by = held === 'key' ? 'lockout' : 'breaker';
  const whose = hold.isOwn(backend) ? '' : ' with its provider';
  const reason = held === 'key' ? `locked out (${kind})${whose}` : `provider unreachable (${kind})`;
  if (hold.probing()) return { ...underWay(by, reason, now), lastResortAt: hold.lastResortAt(backend, now) };
  const until = hold.heldAt(backend, now)?.until;
  return until === undefined
    ? undefined
    : { by, reason, availableAt: until, lastResortAt: hold.lastResortAt(backend, now) };
}

function rampAt({ backend: { ramp } }: TargetState, now: number): Block | undefined {
  const availableAt = ramp.nextAt(now);
  return availableAt === undefined
    ? undefined
    : { by: 'limit', reason: 'ramping up after refusals', availableAt };
}

/** Others first; whoever has nobody else asks all the same. */
function vendorBlock({ backend: { vendor } }: TargetState, now: number, tokens: number): Block | undefined {
  const block = vendor.block(now, tokens);
  return block && { by: 'limit', ...block, lastResortAt: now };
}

/** The next content takes it back, or the next deadline opens the breaker: neither is far. */
function suspected(overdue: number, now: number): Block {
  const reason = `suspected of hanging, ${overdue} attempts are silent`;
  return { by: 'silence', reason, availableAt: now + askAgainMs, estimated: true };
}

function underWay(by: Obstacle, reason: string, now: number): Block {
  return {
    by,
    reason: `${reason}, one attempt that decides is under way`,
    availableAt: now + askAgainMs,
    estimated: true,
  };
}

function describeDisabled({ reason }: Disabled): string {
  return reason === undefined ? 'disabled' : `disabled: ${reason}`;
}

function latest(blocks: readonly Block[]): Block | undefined {
  return blocks.reduce<Block | undefined>(
    (last, block) => (last && last.availableAt >= block.availableAt ? last : block),
    undefined,
  );
}

/** From when it may be asked as a last resort: undefined where that is no sooner than for anybody. */
function resortOf(blocks: readonly Block[]): number | undefined {
  if (!blocks.some(({ lastResortAt }) => lastResortAt !== undefined)) return undefined;
  return finite(Math.max(...blocks.map(({ lastResortAt, availableAt }) => lastResortAt ?? availableAt)));
}

/** While only limits keep it from those who have nobody else. */
function limitedUntil(blocks: readonly Block[], now: number): number | undefined {
  const keeping = blocks.filter(({ lastResortAt, availableAt }) => (lastResortAt ?? availableAt) > now);
  const isLimited = keeping.length > 0 && keeping.every(({ by }) => by === 'limit');
  return isLimited ? Math.max(...keeping.map(({ availableAt }) => availableAt)) : undefined;
}

/** Builds what a call sees. */
export function viewOf(state: TargetState, now: number, tokens: number): DatedView {
  const { breaker, learnt } = state.backend;
  const blocks = blocksOf(state, now, tokens);
  const block = latest(blocks);
  const share = breaker.share(now) * state.backend.vendor.share(now);
  // Always the same shape, and first what every call reads: thousands of these are looked at for one.
  const view: DatedView = {
    isLasting: false,
    blockedReason: block?.reason,
    share,
    shareReason: share < 1 ? shareReasonOf(state, now) : undefined,
    from: now,
    until: now,
    breaker: breaker.state(now),
    availableAt: block === undefined ? undefined : finite(block.availableAt),
    estimated: block?.estimated,
    blockedBy: block?.by,
    lastResortAt: resortOf(blocks),
    limitedUntil: limitedUntil(blocks, now),
    isDown: block === undefined ? undefined : isDown(state, now),
    refused: learnt.at(now),
    inFlight: state.limits.inFlight(),
    awaitingContent: state.awaitingContent,
    concurrency: state.limits.get()?.concurrency,
    firstTokenP50Ms: state.firstToken.percentiles()?.p50Ms,
    firstTokenPeak: state.firstTokenPeak.peak(),
    typical: state.typical.get(),
  };
  view.until = holdsUntil(state, now, view);
  // What the vendor has left is enough for some requests and not for others.
  view.isLasting = view.until === Infinity && state.backend.vendor.left(now) === undefined;
  return view;
}

/** Who is held for what others met has not been heard of itself. */
function isDown({ backend }: TargetState, now: number): boolean {
  const { breaker, scope } = backend;
  const isOut = breaker.openAt(now) !== undefined || breaker.probing(now);
  return isOut || scope.host.kind() === undefined ? !breaker.limps() : scope.host.isOwn(backend);
}

/** Infinity: not by waiting. */
function finite(at: number): number | undefined {
  return at === Infinity ? undefined : at;
}

/** Most targets are closed and free, and what is known of them changes by events only. */
function holdsUntil(state: TargetState, now: number, view: HealthView): number {
  const { breaker, learnt, lockout, ramp, vendor, scope } = state.backend;
  // A changed key ends a lockout without telling; a minute's window slides; shares and ramp rise.
  const drifts =
    view.share < 1 ||
    state.limits.get() !== undefined ||
    [lockout, scope.key, scope.host].some((one) => one.kind() !== undefined) ||
    vendor.isNear(now) ||
    view.blockedBy === 'limit' ||
    ramp.perSecond(now) !== undefined;
  if (drifts || view.estimated) return now;
  return Math.min(
    breaker.unsuspectedUntil(),
    learnt.holdsUntil(),
    view.availableAt ?? Infinity,
    breaker.openAt(now)?.until ?? Infinity,
    state.disabled?.until ?? Infinity,
  );
}

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

function shareReasonOf({ backend: { breaker, vendor } }: TargetState, now: number): string {
  const scarce = vendor.share(now) < 1 ? "the vendor's limit is nearly used up" : undefined;
  return [breaker.shareReason(now), scarce].filter(Boolean).join(', ');
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
