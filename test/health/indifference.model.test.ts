import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Tally } from '../../src/health/admissions.ts';
import { createIndifference } from '../../src/health/indifference.ts';

vi.setConfig({ testTimeout: 120_000 });

type Counts = Pick<Tally, 'accepted' | 'open' | 'refused' | 'spanMs'>;

type Step =
  /** So many go, at the rate that the ramp lets through. */
  | { do: 'send'; times: number; perSecond: number | undefined }
  | { do: 'refuse'; pick: number; counts: Counts; perSecond: number | undefined }
  | { do: 'tick'; ms: number }
  | { do: 'clear' };

interface Sent {
  /** The stretch that it counts for. */
  readonly stretch: Stretch | undefined;
  refused: boolean;
}

interface Stretch {
  readonly is: 'none' | 'low' | 'full' | 'found';
}

const tallyOf = (counts: Counts): Tally => ({ ...counts, row: 1, mixed: true, latest: 0 });
/** Let in for each second, of one second at least. */
const rateOf = ({ accepted, spanMs }: Counts) => accepted / Math.max(1, spanMs / 1000);
const shareOf = ({ accepted, open, refused }: Counts) => refused / (accepted + open + refused);
/** Mean and deviation of the binomial distribution. */
const most = (share: number, count: number, deviations: number) =>
  count * share + deviations * (count * share * (1 - share)) ** 0.5;

/** The rule of docs/health.md, from a list of all that went. */
function reference() {
  const sent: Sent[] = [];
  let stretch: Stretch = { is: 'none' };
  let rate = 0;
  let shareBefore = 0;
  let share = 0;
  let latest: number | undefined;

  const ofStretch = () => sent.filter((one) => one.stretch === stretch);
  const refusedOf = (some: Sent[]) => some.filter(({ refused }) => refused).length;

  function slowDown(counts: Counts): false {
    stretch = { is: 'low' };
    rate = rateOf(counts);
    shareBefore = shareOf(counts);
    return false;
  }

  const isForgotten = (now: number) => latest !== undefined && (now < latest || now > latest + 60_000);

  return {
    sent,
    send(perSecond: number | undefined) {
      const isLow = stretch.is === 'low' && perSecond !== undefined && perSecond <= 0.75 * rate;
      sent.push({ stretch: isLow || stretch.is === 'full' ? stretch : undefined, refused: false });
    },
    refuse(one: Sent, counts: Counts, { perSecond, now }: { perSecond: number | undefined; now: number }) {
      if (isForgotten(now)) stretch = { is: 'none' };
      latest = now;
      if (stretch.is === 'found') {
        const { accepted, open, refused } = counts;
        return refused > most(share, accepted + open + refused, 3) ? slowDown(counts) : true;
      }
      if (stretch.is === 'none' || (stretch.is === 'low' && perSecond === undefined)) slowDown(counts);
      rate = Math.max(rate, rateOf(counts));
      one.refused = true;
      const those = ofStretch();
      const refused = refusedOf(those);
      if (stretch.is === 'full') {
        const isWhole = those.length >= 20;
        if (refused > most(share, those.length, isWhole ? 2 : 3)) return slowDown(counts);
        if (isWhole) {
          share = Math.max(share, refused / those.length);
          stretch = { is: 'found' };
        }
        return true;
      }
      if (one.stretch !== stretch || refused < 3) return false;
      share = refused / those.length;
      if (share < shareBefore / 4) return false;
      if (refused > most(shareBefore, those.length, 3)) return slowDown(counts);
      stretch = { is: 'full' };
      return true;
    },
    isFound: (now: number) => stretch.is === 'found' && !isForgotten(now),
    clear: () => void (stretch = { is: 'none' }),
  };
}

const perSecond = fc.option(fc.constantFrom(0.5, 2, 3, 5, 7.5, 7.6, 15, 40), { nil: undefined });
const counts: fc.Arbitrary<Counts> = fc.record({
  accepted: fc.constantFrom(1, 4, 10, 10, 20, 40, 200),
  open: fc.constantFrom(0, 0, 1, 10),
  refused: fc.constantFrom(1, 2, 3, 8, 10, 16, 40),
  spanMs: fc.constantFrom(0, 500, 1_000, 4_000, 5_000),
});
const send = (times: fc.Arbitrary<number>, at: typeof perSecond) =>
  fc.record({ do: fc.constant('send' as const), times, perSecond: at });
const refuse = fc.record({ do: fc.constant('refuse' as const), pick: fc.nat(25), counts, perSecond });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: send(fc.integer({ min: 1, max: 12 }), perSecond) },
  { weight: 12, arbitrary: refuse },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      ms: fc.constantFrom(1, 1_000, 59_999, 60_000, 60_001, -1),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'clear' }) },
);

/** A share of what goes at a low rate is refused, and then of what goes without a ramp: from here on it is found, more often than not. */
const found: fc.Arbitrary<Step[]> = fc
  .record({
    counts,
    low: fc.integer({ min: 3, max: 30 }),
    full: fc.integer({ min: 17, max: 22 }),
    of: fc.nat(9),
  })
  .map(({ counts: seen, low, full, of }) => {
    const refusal = (pick: number, rate: number | undefined): Step => ({
      do: 'refuse',
      pick,
      counts: seen,
      perSecond: rate,
    });
    return [
      { do: 'send', times: 1, perSecond: undefined },
      refusal(0, undefined),
      { do: 'send', times: low, perSecond: 0.5 },
      ...[0, 0, 0].map(() => refusal(0, 0.5)),
      { do: 'send', times: full, perSecond: undefined },
      ...Array.from({ length: of }, () => refusal(0, undefined)),
    ];
  });

const stories = fc
  .array(fc.oneof({ weight: 4, arbitrary: step.map((one) => [one]) }, { weight: 1, arbitrary: found }), {
    minLength: 4,
    maxLength: 40,
    size: 'max',
  })
  .map((parts) => parts.flat());

describe('whether refusals have to do with the rate', () => {
  it('is what its reference says, whatever goes and is refused at whatever rate', () => {
    const seen = { found: 0, begunAnew: 0 };
    const property = fc.property(stories, (steps) => {
      const indifference = createIndifference();
      const model = reference();
      const open: { trial: number | undefined; sent: Sent }[] = [];
      let now = 1_000_000;
      for (const one of steps) {
        if (one.do === 'tick') now += one.ms;
        else if (one.do === 'clear') {
          indifference.clear();
          model.clear();
        } else if (one.do === 'send')
          for (let index = 0; index < one.times; index += 1) {
            model.send(one.perSecond);
            open.push({ trial: indifference.sent(one.perSecond), sent: model.sent.at(-1)! });
          }
        else if (open.length > 0) {
          // The latest ones are refused first: the others are still under way.
          const [picked] = open.splice(Math.max(0, open.length - 1 - one.pick), 1);
          const { counts: given, perSecond: at } = one;
          const wasFound = model.isFound(now);
          const expected = model.refuse(picked!.sent, given, { perSecond: at, now });
          const { trial } = picked!;
          expect(indifference.refused({ trial, tally: tallyOf(given), perSecond: at, now })).toBe(expected);
          if (wasFound && !expected) seen.begunAnew += 1;
        }
        expect(indifference.isFound(now)).toBe(model.isFound(now));
        if (model.isFound(now)) seen.found += 1;
      }
    });
    fc.assert(property, { numRuns: 1_000 });
    expect(seen.found).toBeGreaterThan(0);
    expect(seen.begunAnew).toBeGreaterThan(0);
  });
});
