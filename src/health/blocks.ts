import { askAgainMs } from './hold.ts';
import type { Obstacle } from './target-health.ts';
import { disabledAt, type Disabled, type TargetState } from './target-state.ts';

/** One of the things that keep a target from being asked. */
export interface Block {
  readonly by: Obstacle;
  readonly reason: string;
  /** Infinity: waiting does not help. */
  readonly availableAt: number;
  readonly estimated?: true;
  /** From when it keeps nobody away who has nobody else; absent: as long as anybody. */
  readonly lastResortAt?: number;
}

/** All that keeps a target from being asked. */
export function blocksOf(state: TargetState, now: number, tokens: number): Block[] {
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
