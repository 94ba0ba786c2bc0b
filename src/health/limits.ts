import { createBucket, type Bucket } from './bucket.ts';
import { askAgainMs } from './hold.ts';
import type { TargetLimits } from './target-health.ts';
import { createWindow, type Window } from './window.ts';

export interface LimitBlock {
  readonly reason: string;
  readonly availableAt: number;
  readonly estimated?: true;
  /** From when it may be asked if nobody else can serve. */
  readonly lastResortAt?: number;
}

/** What an attempt took, to be settled once. */
export interface Taken {
  settle(tokens: number | undefined, now: number): void;
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

/** A limit for a minute: no 60 seconds hold more, and what comes is spread. */
interface Metered {
  readonly what: string;
  readonly limit: number;
  readonly window: Window;
  readonly bucket: Bucket;
}

export function createOwnLimits(): OwnLimits {
  let limits: TargetLimits | undefined;
  let requests: Metered | undefined;
  let tokens: Metered | undefined;
  let inFlight = 0;

  return {
    set(next) {
      limits = next;
      requests = metered('requests', next?.rpm, requests);
      tokens = metered('tokens', next?.tpm, tokens);
    },
    get: () => limits,
    block(now, wanted) {
      if (limits === undefined) return undefined;
      const size = Math.max(1, wanted);
      const spread = inTurn(requests && spreadOf(requests, now, 1), tokens && spreadOf(tokens, now, size));
      const kept = later(requests && windowOf(requests, now, 1), tokens && windowOf(tokens, now, size));
      const hard = later(kept, concurrencyBlock(limits, inFlight, now));
      // What may not go at all is no last resort either.
      if (hard && spread) return { ...hard, availableAt: Math.max(hard.availableAt, spread.availableAt) };
      return hard ?? spread;
    },
    take(now, reserved) {
      inFlight += 1;
      if (requests) spend(requests, 1, now);
      const correct = tokens && spend(tokens, reserved, now);
      return {
        settle(used, endedAt) {
          inFlight -= 1;
          if (used !== undefined) correct?.(used, endedAt);
        },
      };
    },
    inFlight: () => inFlight,
    usedRequests: (now) => requests?.window.used(now) ?? 0,
    usedTokens: (now) => tokens?.window.used(now) ?? 0,
  };
}

/** What went through counts against the new limit too. */
function metered(what: string, limit: number | undefined, before: Metered | undefined): Metered | undefined {
  if (limit === undefined) return undefined;
  if (before?.limit === limit) return before;
  return { what, limit, window: before?.window ?? createWindow(), bucket: createBucket(limit) };
}

/** Returns how to correct it. No request owes more than a minute, however large it is. */
function spend({ limit, window, bucket }: Metered, amount: number, now: number) {
  const correct = window.add(amount, now);
  bucket.take(Math.min(amount, limit), now);
  return (used: number, endedAt: number) => {
    correct(used - amount);
    bucket.correct(Math.min(used, limit) - Math.min(amount, limit), endedAt);
  };
}

function windowOf({ what, limit, window }: Metered, now: number, wanted: number): LimitBlock | undefined {
  // One that is larger than the limit itself goes when nothing else does: an estimate must not shut it out for good.
  const most = Math.max(0, limit - wanted);
  if (window.used(now) <= most) return undefined;
  return { reason: `own limit of ${limit} ${what} a minute reached`, availableAt: window.freeAt(now, most) };
}

function spreadOf({ what, limit, bucket }: Metered, now: number, wanted: number): LimitBlock | undefined {
  const turns = bucket.wait(wanted, now);
  return (
    turns && {
      reason: `own limit of ${limit} ${what} a minute is spread over it`,
      availableAt: turns.freeAt,
      lastResortAt: turns.lastResortAt,
    }
  );
}

function concurrencyBlock(
  { concurrency }: TargetLimits,
  inFlight: number,
  now: number,
): LimitBlock | undefined {
  if (concurrency === undefined || inFlight < concurrency) return undefined;
  return {
    reason: `own limit of ${concurrency} attempts at once reached`,
    availableAt: now + askAgainMs,
    estimated: true,
  };
}

/** As a last resort, too, it goes once it is its turn by both. */
function inTurn(one: LimitBlock | undefined, other: LimitBlock | undefined): LimitBlock | undefined {
  const { lastResortAt: first = -Infinity } = one ?? {};
  const { lastResortAt: second = -Infinity } = other ?? {};
  const block = later(one, other);
  return block && { ...block, lastResortAt: Math.max(first, second) };
}

function later(one: LimitBlock | undefined, other: LimitBlock | undefined): LimitBlock | undefined {
  return one && other && one.availableAt >= other.availableAt ? one : (other ?? one);
}
