import { blocksOf, type Block } from './blocks.ts';
import { finite } from './hold.ts';
import type { DatedView, HealthView } from './target-health.ts';
import type { TargetState } from './target-state.ts';

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

function shareReasonOf({ backend: { breaker, vendor } }: TargetState, now: number): string {
  const scarce = vendor.share(now) < 1 ? "the vendor's limit is nearly used up" : undefined;
  return [breaker.shareReason(now), scarce].filter(Boolean).join(', ');
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
