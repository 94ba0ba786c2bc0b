import type { TargetLimits } from './target-health.ts';

/** A limit for a minute is kept by seconds; 61 of them are counted, so that no 60 seconds ever hold more. */
const secondsCounted = 61;
/** When an attempt in flight will end is not known: callers are told to ask again after this time. */
const askAgainMs = 1_000;

/** What went through in the last minute. */
interface Window {
  used(now: number): number;
  /** The earliest instant at which no more than `most` will be in use. */
  freeAt(now: number, most: number): number;
  /** Returns the second it was counted in. */
  add(amount: number, now: number): number;
  /** Corrects what was added in that second, if it still counts. */
  correct(second: number, change: number): void;
}

function createWindow(): Window {
  const amounts = new Float64Array(secondsCounted);
  let newest = -Infinity;

  const amountOf = (second: number) => amounts[second % secondsCounted] as number;

  /** The seconds that count at `now`, as [first, last]. */
  function range(now: number): readonly [number, number] {
    const second = Math.floor(now / 1000);
    // A clock that was set back by more than the window leaves nothing that could be trusted.
    if (second < newest - secondsCounted) return [0, -1];
    return [Math.max(0, Math.max(second, newest) - secondsCounted + 1), newest];
  }

  function sum(now: number): number {
    const [first, last] = range(now);
    let amount = 0;
    for (let second = first; second <= last; second += 1) amount += amountOf(second);
    return amount;
  }

  function advance(now: number): number {
    const second = Math.floor(now / 1000);
    if (second < newest - secondsCounted || second - newest >= secondsCounted) {
      amounts.fill(0);
      newest = second;
    }
    for (; newest < second; newest += 1) amounts[(newest + 1) % secondsCounted] = 0;
    return newest;
  }

  return {
    used: sum,
    freeAt(now, most) {
      let left = sum(now) - most;
      const [first, last] = range(now);
      for (let second = first; second <= last; second += 1) {
        left -= amountOf(second);
        if (left <= 0) return (second + secondsCounted) * 1000;
      }
      return now;
    },
    add(amount, now) {
      const second = advance(now);
      amounts[second % secondsCounted] = amountOf(second) + amount;
      return second;
    },
    correct(second, change) {
      if (second <= newest - secondsCounted || second > newest) return;
      amounts[second % secondsCounted] = Math.max(0, amountOf(second) + change);
    },
  };
}

export interface LimitBlock {
  readonly reason: string;
  readonly availableAt: number;
  readonly estimated?: true;
}

/** What an attempt took, to be settled once. */
export interface Taken {
  settle(tokens: number | undefined): void;
}

/** Keeps a target's own limits. */
export interface OwnLimits {
  set(limits: TargetLimits | undefined): void;
  get(): TargetLimits | undefined;
  /** Why an attempt of that many tokens may not go now. */
  block(now: number, tokens: number): LimitBlock | undefined;
  take(now: number, tokens: number): Taken;
  inFlight(): number;
  usedRequests(now: number): number;
  usedTokens(now: number): number;
}

export function createOwnLimits(): OwnLimits {
  let limits: TargetLimits | undefined;
  let requests: Window | undefined;
  let tokens: Window | undefined;
  let inFlight = 0;

  function requestBlock(now: number): LimitBlock | undefined {
    const rpm = limits?.rpm;
    if (rpm === undefined || requests === undefined || requests.used(now) + 1 <= rpm) return undefined;
    return {
      reason: `own limit of ${rpm} requests a minute reached`,
      availableAt: requests.freeAt(now, rpm - 1),
    };
  }

  function tokenBlock(now: number, wanted: number): LimitBlock | undefined {
    const tpm = limits?.tpm;
    if (tpm === undefined || tokens === undefined) return undefined;
    // One that is larger than the limit itself goes when nothing else does: an estimate must not shut it out for good.
    const most = Math.max(0, tpm - Math.max(1, wanted));
    if (tokens.used(now) <= most) return undefined;
    return { reason: `own limit of ${tpm} tokens a minute reached`, availableAt: tokens.freeAt(now, most) };
  }

  function concurrencyBlock(now: number): LimitBlock | undefined {
    const concurrency = limits?.concurrency;
    if (concurrency === undefined || inFlight < concurrency) return undefined;
    return {
      reason: `own limit of ${concurrency} attempts at once reached`,
      availableAt: now + askAgainMs,
      estimated: true,
    };
  }

  return {
    set(next) {
      limits = next;
      if (next?.rpm !== undefined) requests ??= createWindow();
      if (next?.tpm !== undefined) tokens ??= createWindow();
    },
    get: () => limits,
    block(now, wanted) {
      if (limits === undefined) return undefined;
      return requestBlock(now) ?? tokenBlock(now, wanted) ?? concurrencyBlock(now);
    },
    take(now, reserved) {
      inFlight += 1;
      requests?.add(1, now);
      const second = tokens?.add(reserved, now);
      return {
        settle(used) {
          inFlight -= 1;
          if (used !== undefined && second !== undefined) tokens?.correct(second, used - reserved);
        },
      };
    },
    inFlight: () => inFlight,
    usedRequests: (now) => requests?.used(now) ?? 0,
    usedTokens: (now) => tokens?.used(now) ?? 0,
  };
}
