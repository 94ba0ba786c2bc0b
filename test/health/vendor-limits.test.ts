import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VendorLimits } from '../../src/core/vendor-limits.ts';
import { createVendorAllowance } from '../../src/health/vendor-limits.ts';

function setUp() {
  const vendor = createVendorAllowance();
  function send(sentAt: number, tokens = 0) {
    vendor.sent(tokens);
    return { sentAt, sentRequests: vendor.sentRequests(), sentTokens: vendor.sentTokens() };
  }
  /** A request that is answered at once. */
  function tell(at: number, limits: VendorLimits) {
    vendor.told(send(at), limits);
  }
  return { vendor, send, tell };
}

const requests = (remaining: number, resetMs: number, limit = 100): VendorLimits => ({
  requestsLimit: limit,
  requestsRemaining: remaining,
  requestsResetMs: resetMs,
});

describe("a vendor's limits", () => {
  it('are unknown until they are told, and keep nobody away', () => {
    const { vendor, send } = setUp();
    for (let request = 0; request < 1000; request += 1) send(0);
    expect([vendor.block(0, 1e9), vendor.left(0), vendor.share(0), vendor.isNear(0)]).toEqual([
      undefined,
      undefined,
      1,
      false,
    ]);
  });

  it('are told less all that was sent since, and fill evenly until their reset', () => {
    const { vendor, send, tell } = setUp();
    tell(0, requests(40, 60_000));
    for (let request = 0; request < 10; request += 1) send(0);
    expect(vendor.left(0)).toEqual({ requests: { limit: 100, remaining: 30 }, tokens: undefined });
    expect(vendor.left(10_000)?.requests?.remaining).toBeCloseTo(40);
    expect(vendor.left(100_000)?.requests?.remaining).toBe(100);
  });

  it('turn calls away when they are used up, until there is room for one', () => {
    const { vendor, tell } = setUp();
    tell(0, requests(0, 50_000));
    expect(vendor.block(0, 0)).toEqual({
      reason: "the vendor's limit of requests is nearly used up",
      availableAt: 500,
    });
    expect(vendor.block(499, 0)).toBeDefined();
    expect(vendor.block(500, 0)).toBeUndefined();
  });

  it('take share away when they are scarce, never all of it', () => {
    const { vendor, tell } = setUp();
    tell(0, requests(20, 60_000));
    expect([vendor.share(0), vendor.isNear(0)]).toEqual([1, false]);
    tell(0, requests(5, 60_000));
    expect([vendor.share(0), vendor.isNear(0)]).toEqual([0.5, true]);
    tell(0, requests(0, 60_000));
    expect(vendor.share(0)).toBe(0.05);
  });

  it('are those of the request that was sent last, whichever answer comes last', () => {
    const { vendor, send } = setUp();
    const [first, second] = [send(0), send(10)];
    vendor.told(second, requests(50, 60_000));
    vendor.told(first, requests(99, 60_000));
    expect(vendor.left(10)?.requests?.remaining).toBe(50);
  });

  it('count tokens by what attempts usually take, where nobody estimates them', () => {
    const { vendor, send, tell } = setUp();
    vendor.settled(2000);
    tell(0, { tokensLimit: 60_000, tokensRemaining: 5000, tokensResetMs: 55_000 });
    expect(vendor.block(0, 0)).toBeUndefined();
    expect(vendor.block(0, 6000)).toMatchObject({ availableAt: 1000 });
    send(0);
    send(0);
    expect(vendor.block(0, 0)?.reason).toBe("the vendor's limit of tokens is nearly used up");
    expect(vendor.block(1000, 0)).toBeUndefined();
  });

  it('that name no limit hold what is left until their reset, and without a reset for a minute', () => {
    const { vendor, tell } = setUp();
    tell(0, { requestsRemaining: 10 });
    tell(0, { requestsRemaining: 0 });
    expect(vendor.block(0, 0)?.availableAt).toBe(60_000);
    expect(vendor.block(60_000, 0)).toBeUndefined();
    tell(60_000, { requestsRemaining: 0, requestsResetMs: 65_000 });
    expect(vendor.block(60_000, 0)?.availableAt).toBe(65_000);
  });

  it('are forgotten a minute after their reset, where the clock was set back, and when they are cleared', () => {
    const { vendor, tell } = setUp();
    tell(1_000_000, requests(0, 1_001_000));
    expect(vendor.left(1_061_001)).toBeUndefined();
    expect(vendor.left(900_000)).toBeUndefined();
    vendor.clear();
    expect(vendor.left(1_000_000)).toBeUndefined();
  });

  it('that make no sense keep nobody away for ever', () => {
    const number = fc.oneof(fc.integer({ min: -5, max: 200 }), fc.constantFrom(NaN, Infinity, undefined));
    const said = fc.record({ requestsLimit: number, requestsRemaining: number, requestsResetMs: number });
    fc.assert(
      fc.property(fc.array(said), (all) => {
        const { vendor, tell } = setUp();
        for (const limits of all) tell(100, limits);
        expect(vendor.block(100, 0)?.availableAt ?? 100).toBeLessThanOrEqual(100 + 60_000);
        expect(vendor.share(100)).toBeGreaterThanOrEqual(0.05);
        expect(vendor.share(100)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });
});
