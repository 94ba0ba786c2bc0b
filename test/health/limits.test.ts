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
  /** The same, of one who has nobody else. */
  function insist(now: number, tokens = 0) {
    const block = own.block(now, tokens);
    const goes = block === undefined || (block.lastResortAt ?? Infinity) <= now;
    return goes ? own.take(now, tokens) : undefined;
  }
  return { own, attempt, insist };
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
    const { own, insist } = setUp({ tpm: 1000 });
    const taken = insist(0, 900);
    expect(insist(0, 200)).toBeUndefined();
    taken?.settle(100, 0);
    expect(own.usedTokens(0)).toBe(100);
    expect(insist(0, 900)).toBeDefined();
    expect(insist(0)).toBeUndefined();
  });

  it('keep the estimate where usage is not known', () => {
    const { own, attempt } = setUp({ tpm: 1000 });
    attempt(0, 400)?.settle(undefined, 0);
    expect(own.usedTokens(0)).toBe(400);
  });

  it('correct nothing that is older than the window', () => {
    const { own, attempt } = setUp({ tpm: 1000 });
    const taken = attempt(0, 400);
    attempt(61_000, 300);
    taken?.settle(0, 61_000);
    expect(own.usedTokens(61_000)).toBe(300);
  });

  it('let a request larger than the whole limit go when nothing else is in the window', () => {
    const { attempt, insist } = setUp({ tpm: 1000 });
    expect(attempt(0, 5000)).toBeDefined();
    expect(insist(1000, 1)).toBeUndefined();
    expect(attempt(61_000, 5000)).toBeDefined();
  });

  it('bound the attempts in flight, and say that the time is a guess', () => {
    const { own, attempt } = setUp({ concurrency: 1 });
    const taken = attempt(0);
    expect(own.block(0, 0)).toMatchObject({ availableAt: 1000, estimated: true });
    taken?.settle(undefined, 0);
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
      size: 'max',
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (sequence, rpm) => {
        const { own, insist } = setUp({ rpm, tpm: 100 });
        const gone: { at: number; tokens: number }[] = [];
        let now = 0;
        for (const { afterMs, tokens } of sequence) {
          now += afterMs;
          const block = own.block(now, tokens);
          if (insist(now, tokens)) gone.push({ at: now, tokens });
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
    const times = fc.array(fc.nat(60_000), { minLength: 1, maxLength: 60, size: 'max' });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 40 }), (instants, rpm) => {
        const { own, attempt } = setUp({ rpm });
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

  it('spread over the minute what comes, beyond what comes in a second', () => {
    const { own, attempt } = setUp({ rpm: 600 });
    const goneIn = (fromMs: number, untilMs: number) => {
      let gone = 0;
      for (let now = fromMs; now < untilMs; now += 10) if (attempt(now)) gone += 1;
      return gone;
    };
    for (let call = 0; call < 12; call += 1) expect(attempt(0) !== undefined).toBe(call < 10);
    for (let second = 0; second < 180; second += 1)
      expect([9, 10]).toContain(goneIn(second * 1000, (second + 1) * 1000));
    expect(own.block(180_000, 0)?.reason).toBe('own limit of 600 requests a minute is spread over it');
  });

  it('let three calls go at once, whatever their size, and the next in its turn', () => {
    const { own, attempt } = setUp({ tpm: 59_000 });
    for (let call = 0; call < 3; call += 1) expect(attempt(0, 5000)).toBeDefined();
    // What may come in a second is part of the limit: there is less for the rest of the minute.
    const eachMs = 61_000 / (59_000 - 59_000 / 60);
    expect(own.block(0, 5000)?.availableAt).toBe(Math.ceil(5000 * eachMs));
    expect(own.block(0, 10_000)).toBeUndefined();
    expect(own.block(0, 1000)?.availableAt).toBe(Math.ceil(13_000 * eachMs));
  });

  it('put more of the minute at risk for a call that has nobody else', () => {
    const { attempt, insist } = setUp({ rpm: 12 });
    for (let call = 0; call < 3; call += 1) expect(attempt(0)).toBeDefined();
    expect(attempt(0)).toBeUndefined();
    for (let call = 3; call < 10; call += 1) expect(insist(0)).toBeDefined();
    expect(insist(0)).toBeUndefined();
  });
});
