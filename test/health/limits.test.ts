import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOwnLimits } from '../../src/health/limits.ts';

function setUp(limits: { rpm?: number; tpm?: number; concurrency?: number }) {
  const own = createOwnLimits();
  own.set(limits);
  /** Goes if it may. */
  function attempt(now: number, tokens = 0) {
    return own.block(now, tokens) === undefined ? own.take(now, tokens) : undefined;
  }
  return { own, attempt };
}

describe('own limits', () => {
  it('hold no more requests in any 60 seconds than stated, and let the next go when one is a minute old', () => {
    const { own, attempt } = setUp({ rpm: 2 });
    expect(attempt(0)).toBeDefined();
    expect(attempt(30_000)).toBeDefined();
    expect(attempt(30_001)).toBeUndefined();
    const block = own.block(30_001, 0);
    expect(block).toEqual({ reason: 'own limit of 2 requests a minute reached', availableAt: 61_000 });
    expect(attempt(60_000)).toBeUndefined();
    expect(attempt(61_000)).toBeDefined();
    expect(attempt(61_000)).toBeUndefined();
  });

  it('reserve tokens by estimate and settle them by what was used', () => {
    const { own, attempt } = setUp({ tpm: 1000 });
    const taken = attempt(0, 900);
    expect(attempt(0, 200)).toBeUndefined();
    taken?.settle(100);
    expect(own.usedTokens(0)).toBe(100);
    expect(attempt(0, 900)).toBeDefined();
    expect(attempt(0)).toBeUndefined();
  });

  it('keep the estimate where usage is not known', () => {
    const { own, attempt } = setUp({ tpm: 1000 });
    attempt(0, 400)?.settle(undefined);
    expect(own.usedTokens(0)).toBe(400);
  });

  it('correct nothing that is older than the window', () => {
    const { own, attempt } = setUp({ tpm: 1000 });
    const taken = attempt(0, 400);
    attempt(61_000, 300);
    taken?.settle(0);
    expect(own.usedTokens(61_000)).toBe(300);
  });

  it('let a request larger than the whole limit go when nothing else is in the window', () => {
    const { attempt } = setUp({ tpm: 1000 });
    expect(attempt(0, 5000)).toBeDefined();
    expect(attempt(1000, 1)).toBeUndefined();
    expect(attempt(61_000, 5000)).toBeDefined();
  });

  it('bound the attempts in flight, and say that the time is a guess', () => {
    const { own, attempt } = setUp({ concurrency: 1 });
    const taken = attempt(0);
    expect(own.block(0, 0)).toMatchObject({ availableAt: 1000, estimated: true });
    taken?.settle(undefined);
    expect(own.block(0, 0)).toBeUndefined();
  });

  it('are not confused by a clock that is set back, and start anew where it was set back far', () => {
    const { own, attempt } = setUp({ rpm: 1 });
    attempt(10_000_000);
    expect(own.block(9_990_000, 0)).toBeDefined();
    expect(own.block(0, 0)).toBeUndefined();
    expect(attempt(0)).toBeDefined();
    expect(own.block(1000, 0)).toBeDefined();
  });

  it('can be changed while attempts are in flight', () => {
    const { own, attempt } = setUp({ concurrency: 5 });
    attempt(0);
    attempt(0);
    own.set({ concurrency: 2 });
    expect(own.block(0, 0)).toBeDefined();
    own.set(undefined);
    expect(own.block(0, 0)).toBeUndefined();
    expect(own.inFlight()).toBe(2);
  });

  it('never let more through in any 60 seconds, and free at the instant that they named', () => {
    const steps = fc.array(fc.record({ afterMs: fc.nat(20_000), tokens: fc.integer({ min: 1, max: 60 }) }), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (sequence, rpm) => {
        const { own, attempt } = setUp({ rpm, tpm: 100 });
        const gone: { at: number; tokens: number }[] = [];
        let now = 0;
        for (const { afterMs, tokens } of sequence) {
          now += afterMs;
          const block = own.block(now, tokens);
          if (attempt(now, tokens)) gone.push({ at: now, tokens });
          else {
            expect(block?.availableAt).toBeGreaterThan(now);
            expect(block?.availableAt).toBeLessThanOrEqual(now + 61_000);
          }
          const lately = gone.filter(({ at }) => at > now - 60_000);
          expect(lately.length).toBeLessThanOrEqual(rpm);
          expect(lately.reduce((sum, one) => sum + one.tokens, 0)).toBeLessThanOrEqual(100);
        }
      }),
    );
  });

  it('open exactly when they said, if nobody goes in between', () => {
    const times = fc.array(fc.nat(60_000), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(times, (instants) => {
        const { own, attempt } = setUp({ rpm: 3 });
        const sorted = [...instants].sort((one, other) => one - other);
        for (const at of sorted) attempt(at);
        const last = sorted.at(-1) as number;
        const availableAt = own.block(last, 0)?.availableAt;
        if (availableAt === undefined) return;
        expect(own.block(availableAt - 1, 0)).toBeDefined();
        expect(own.block(availableAt, 0)).toBeUndefined();
      }),
    );
  });
});
