import type { VendorLimits } from '../../core/vendor-limits.ts';
import type { Effect, Fault, Refusal } from './fault.ts';

/** Let in. */
export interface Entered {
  readonly waitMs: number;
  /** What is told of the limit beside the answer. */
  readonly limits?: VendorLimits;
}

/** What stands before a provider's machines and remembers what went through. */
export interface Gate {
  readonly fault: Fault;
  /** Lets a request in, after a wait, or refuses it. */
  enter(at: number): Entered | { readonly refusal: Refusal };
}

/** The gate that a fault puts up; undefined where it is none. */
export function gateOf(fault: Fault): Gate | undefined {
  if (fault.effect === 'bucket') return { fault, enter: bucket(fault) };
  if (fault.effect === 'ramp-limit') return { fault, enter: rampLimit(fault) };
  if (fault.effect === 'capacity') return { fault, enter: queue(fault) };
  return undefined;
}

type Of<E extends Effect['effect']> = Extract<Fault, { effect: E }>;

function bucket({ perSecond, burst, refusal, fromMs, headers }: Of<'bucket'>): Gate['enter'] {
  let tokens = burst;
  let filledAt = fromMs;
  return (at) => {
    tokens = Math.min(burst, tokens + ((at - filledAt) * perSecond) / 1_000);
    filledAt = at;
    if (tokens < 1) return { refusal };
    tokens -= 1;
    if (headers === undefined) return { waitMs: 0 };
    const fullAt = at + ((burst - tokens) * 1_000) / perSecond;
    const stepMs = headers === 'seconds' ? 1_000 : 1;
    const requestsResetMs = Math.ceil(fullAt / stepMs) * stepMs;
    return {
      waitMs: 0,
      limits: { requestsLimit: burst, requestsRemaining: Math.floor(tokens), requestsResetMs },
    };
  };
}

/** A step counts as used from this share of its rate on. */
const usedShare = 0.8;

function rampLimit({ fromPerSecond, growth, stepMs, refusal, fromMs }: Of<'ramp-limit'>): Gate['enter'] {
  let perSecond = fromPerSecond;
  let step = 0;
  let used = 0;
  let allowed = bucket({ effect: 'bucket', perSecond, burst: perSecond, refusal, fromMs, untilMs: Infinity });
  return (at) => {
    for (const now = Math.floor((at - fromMs) / stepMs); step < now; step += 1) {
      const wasUsed = used >= (usedShare * perSecond * stepMs) / 1_000;
      perSecond = wasUsed ? perSecond * growth : Math.max(fromPerSecond, perSecond / growth);
      used = 0;
      allowed = bucket({
        effect: 'bucket',
        perSecond,
        burst: perSecond,
        refusal,
        fromMs: at,
        untilMs: Infinity,
      });
    }
    const entered = allowed(at);
    if ('waitMs' in entered) used += 1;
    return entered;
  };
}

function queue({ perSecond }: Of<'capacity'>): Gate['enter'] {
  const workMs = 1_000 / perSecond;
  let busyUntil = 0;
  return (at) => {
    const waitMs = Math.max(0, busyUntil - at);
    busyUntil = Math.max(at, busyUntil) + workMs;
    return { waitMs };
  };
}
