import type { VendorLimits } from '../core/vendor-limits.ts';

/** From this share of a limit on, what is left is looked at call by call, */
const nearShare = 0.2;
/** and from this one on the target gets less than its usual share of calls, */
const scarceShare = 0.1;
/** but always some, to learn what is left now. */
const leastShare = 0.05;
/** A vendor that names no reset, and what was said beyond one, is trusted for so long. */
const trustedMs = 60_000;
/** A reset that is further away is a fault of somebody's clock. */
const longestResetMs = 24 * 3_600_000;
/** How much one answer weighs in what an attempt usually takes. */
const weightOfLatest = 0.1;

/** What a vendor counts, and what is thought to be left of it. */
export interface Allowance {
  readonly remaining: number;
  readonly limit: number;
}

/** A request as it was sent: what its answer says of the limits was true then. */
export interface SentMark {
  readonly sentAt: number;
  /** What had been sent by then, itself included. */
  readonly sentRequests: number;
  readonly sentTokens: number;
}

/**
 * What a vendor says of its limits beside its answers, and what went there since. Answers overtake each other, and others may use
 * the same key: what was said of the request that was sent last holds, less all that was sent after it.
 */
export interface VendorAllowance {
  /** `tokens`: an estimate; 0: as usual. */
  sent(tokens: number): void;
  sentRequests(): number;
  sentTokens(): number;
  told(mark: SentMark, limits: VendorLimits): void;
  /** What an attempt really took. */
  settled(tokens: number): void;
  /** Why a request of that size should go elsewhere, and from when it need not. */
  block(now: number, tokens: number): { readonly reason: string; readonly availableAt: number } | undefined;
  /** How much of its usual share the target should get. */
  share(now: number): number;
  /** Whether what is left has to be looked at call by call. */
  isNear(now: number): boolean;
  left(now: number): { readonly requests?: Allowance; readonly tokens?: Allowance } | undefined;
  clear(): void;
}

export function createVendorAllowance(): VendorAllowance {
  const requests = createMeter();
  const tokens = createMeter();
  /** The number of the latest request that was told of. */
  let latest = 0;
  let sentRequests = 0;
  let sentTokens = 0;
  let usualTokens = 0;

  const amountOf = (estimate: number) => estimate || usualTokens;

  return {
    sent(estimate) {
      sentRequests += 1;
      sentTokens += amountOf(estimate);
    },
    sentRequests: () => sentRequests,
    sentTokens: () => sentTokens,
    told(mark, said) {
      if (mark.sentRequests <= latest) return;
      latest = mark.sentRequests;
      requests.say(mark.sentAt, latest, [said.requestsLimit, said.requestsRemaining, said.requestsResetMs]);
      tokens.say(mark.sentAt, mark.sentTokens, [said.tokensLimit, said.tokensRemaining, said.tokensResetMs]);
    },
    settled(used) {
      usualTokens += (used - usualTokens) * (usualTokens === 0 ? 1 : weightOfLatest);
    },
    block(now, estimate) {
      const forRequests = requests.freeAt(now, sentRequests, 1);
      const forTokens = tokens.freeAt(now, sentTokens, amountOf(estimate));
      const availableAt = Math.max(forRequests ?? 0, forTokens ?? 0);
      if (availableAt <= now) return undefined;
      const what = availableAt === forRequests ? 'requests' : 'tokens';
      return { reason: `the vendor's limit of ${what} is nearly used up`, availableAt };
    },
    share: (now) => Math.min(requests.share(now, sentRequests), tokens.share(now, sentTokens)),
    isNear: (now) => requests.isNear(now, sentRequests) || tokens.isNear(now, sentTokens),
    left(now) {
      const ofRequests = requests.left(now, sentRequests);
      const ofTokens = tokens.left(now, sentTokens);
      return ofRequests || ofTokens ? { requests: ofRequests, tokens: ofTokens } : undefined;
    },
    clear() {
      latest = sentRequests;
      requests.clear();
      tokens.clear();
    },
  };
}

/** One limit, as it was told. */
interface Said {
  readonly at: number;
  readonly sentThen: number;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: number;
  readonly refillPerMs: number;
}

type Terms = readonly [limit: number | undefined, remaining: number | undefined, resetAt: number | undefined];

function createMeter() {
  let said: Said | undefined;

  function left(now: number, sent: number): Allowance | undefined {
    if (said === undefined) return undefined;
    const { at, sentThen, limit, remaining, resetAt, refillPerMs } = said;
    // Nor is a clock trusted that was set back.
    if (now > resetAt + trustedMs || now < at - trustedMs) return undefined;
    const before = now >= resetAt && refillPerMs === 0 ? limit : remaining;
    const refilled = before + Math.max(0, now - at) * refillPerMs - (sent - sentThen);
    return { limit, remaining: Math.max(0, Math.min(limit, refilled)) };
  }

  function freeAt(now: number, sent: number, amount: number): number | undefined {
    const allowance = left(now, sent);
    if (said === undefined || allowance === undefined) return undefined;
    // One that is larger than the limit goes when all of it is there.
    const missing = Math.min(amount, allowance.limit) - allowance.remaining;
    if (missing <= 0) return undefined;
    return said.refillPerMs > 0 ? now + Math.ceil(missing / said.refillPerMs) : said.resetAt;
  }

  const shareLeft = (now: number, sent: number) => {
    const allowance = left(now, sent);
    return allowance === undefined ? 1 : allowance.remaining / Math.max(1, allowance.limit);
  };

  return {
    say(at: number, sentThen: number, terms: Terms): void {
      const [limit, remaining, resetAt] = terms.map(sensible);
      if (remaining === undefined) return;
      const full = Math.max(remaining, limit ?? said?.limit ?? 0);
      const until = isAhead(resetAt, at) ? resetAt : at + trustedMs;
      // Where the limit is known, it is taken to fill evenly until the reset: the next answer corrects it.
      const refillPerMs = limit === undefined ? 0 : (full - remaining) / (until - at);
      said = { at, sentThen, limit: full, remaining, resetAt: until, refillPerMs };
    },
    left,
    freeAt,
    share: (now: number, sent: number) =>
      Math.min(1, Math.max(leastShare, shareLeft(now, sent) / scarceShare)),
    isNear: (now: number, sent: number) => shareLeft(now, sent) < nearShare,
    clear(): void {
      said = undefined;
    },
  };
}

/** A provider of the host's own may say anything. */
function sensible(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function isAhead(resetAt: number | undefined, at: number): resetAt is number {
  return resetAt !== undefined && resetAt > at && resetAt - at <= longestResetMs;
}
