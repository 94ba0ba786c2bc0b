import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createAdmissions } from '../../src/health/admissions.ts';
import { createRamp } from '../../src/health/ramp.ts';

vi.setConfig({ testTimeout: 120_000 });

type Outcome = 'accepted' | 'refused' | 'other';

type Step =
  | { do: 'tick'; ms: number }
  /** So many ask whether they may go, and go if they may. */
  | { do: 'ask'; times: number }
  /** A refusal may come with a pause that the vendor asks for. */
  | { do: 'end'; pick: number; outcome: Outcome; pauseMs: number }
  /** All under way are let in but for the latest, which goes on. */
  | { do: 'let in' }
  | { do: 'clear' };

interface Sent {
  readonly at: number;
  outcome: Outcome | undefined;
}

interface Turn {
  readonly is: 'turn';
  readonly at: number;
}

interface Cut {
  readonly is: 'cut';
  readonly at: number;
  /** From when it grows. */
  readonly since: number;
  readonly base: number;
  readonly doublingMs: number;
  readonly capacity: number | undefined;
  /** How often in a row the capacity was found to be the same. */
  readonly same: number;
  /** Whether it is measured anew from here on what is let in. */
  readonly measures: boolean;
}

const rateOf = ({ base, since, doublingMs }: Cut, now: number) =>
  base * (1 + 0.12 * (2 ** (Math.max(0, now - since) / doublingMs) - 1));
const endOf = ({ since, doublingMs }: Cut) => since + 8 * doublingMs;

/** The rule of docs/health.md, worked out from a list of all that has happened. */
function reference() {
  const sent: Sent[] = [];
  /** Since the ramp began, which is the first entry. */
  let story: (Turn | Cut)[] = [];
  let latestAtCut = -1;

  const lastCut = () => story.findLast((one) => one.is === 'cut');
  function present(now: number): Cut | undefined {
    const cut = lastCut();
    if (cut && now < cut.at) story = [];
    return cut && now >= cut.at && now < endOf(cut) ? cut : undefined;
  }

  /** Those of the last 256 that were sent within 5 s. */
  function recent(now: number): Sent[] {
    const last = sent.slice(-256);
    const tooOld = last.findLastIndex(({ at }) => now - at > 5_000 || now < at);
    return last.slice(tooOld + 1);
  }

  /** Who has waited twice as long as the refusal took is let in by now. */
  function counts(number: number, now: number) {
    const lately = recent(now);
    const tookMs = number >= sent.length - 256 ? now - sent[number]!.at : 5_000;
    const isIn = ({ outcome, at }: Sent) =>
      outcome === 'accepted' || (outcome === undefined && now - at >= Math.max(100, 2 * tookMs));
    const letIn = lately.filter(isIn).length;
    const open = lately.filter((one) => one.outcome === undefined && !isIn(one)).length;
    const refused = lately.filter(({ outcome }) => outcome === 'refused').length;
    return { letIn, open, refused, spanMs: now - (lately[0]?.at ?? now) };
  }

  /** What went in between two refusals, per second: known from 2 s and four requests on. */
  function measure(now: number): number | undefined {
    const from = story.findLastIndex((one) => one.is === 'cut' && one.measures);
    const since = story.slice(from + 1);
    const went =
      since.filter(({ is }) => is === 'turn').length - since.filter(({ is }) => is === 'cut').length - 1;
    const elapsedMs = now - story[from]!.at;
    return elapsedMs >= 2_000 && went >= 4 ? (went * 1000) / elapsedMs : undefined;
  }

  function further(cut: Cut, now: number) {
    const found = measure(now);
    const before = cut.capacity;
    const capacity = found ?? before;
    const isSame = found !== undefined && before !== undefined && Math.abs(found - before) <= before * 0.2;
    const same = found === undefined ? cut.same : isSame ? cut.same + 1 : 0;
    const rate = rateOf(cut, now);
    const base = capacity === undefined ? 0.7 * rate : 0.98 * Math.min(rate, capacity);
    return { base, capacity, same, measures: found !== undefined };
  }

  return {
    latest: () => sent.length - 1,
    underWay: () => sent.flatMap(({ outcome }, number) => (outcome === undefined ? [number] : [])),
    rate(now: number) {
      const cut = present(now);
      return cut && rateOf(cut, now);
    },
    until: (now: number) => present(now) && endOf(present(now)!),
    /** One turn after the other, each as far from the last as the rate says; one that nobody took is kept. */
    nextAt(now: number) {
      const cut = present(now);
      if (!cut) return undefined;
      const turns = story.slice(story.lastIndexOf(cut) + 1);
      const next = turns.reduce(
        (due, { at }) => {
          const stepMs = 1000 / rateOf(cut, at);
          return Math.max(due, at - stepMs) + stepMs;
        },
        cut.since + 1000 / cut.base,
      );
      return next > now ? next : undefined;
    },
    send(now: number) {
      sent.push({ at: now, outcome: undefined });
      if (present(now)) story.push({ is: 'turn', at: now });
    },
    end(number: number, outcome: Outcome, { now, pauseMs }: { now: number; pauseMs: number }): boolean {
      sent[number]!.outcome = outcome;
      if (outcome !== 'refused' || number <= latestAtCut) return false;
      const { letIn, open, refused, spanMs } = counts(number, now);
      if (letIn >= 40 && refused <= letIn * 0.03) return false;
      const cut = present(now);
      if (!cut) story = [];
      const first = (0.7 * (letIn + open) * 1000) / Math.max(1000, spanMs);
      const next = cut ? further(cut, now) : { base: first, capacity: undefined, same: 0, measures: true };
      const doublingMs = Math.max(Math.min(2_000, 1_000 * 1.5 ** next.same), Math.min(60_000, pauseMs / 4));
      const base = Math.max(0.5, next.base);
      story.push({ is: 'cut', ...next, at: now, since: now + pauseMs, base, doublingMs });
      latestAtCut = sent.length - 1;
      return true;
    },
    clear: () => void (story = []),
  };
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.nat(300) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.nat(4_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.integer({ min: -2_000, max: -1 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('ask' as const), times: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      pick: fc.nat(),
      outcome: fc.constantFrom<Outcome>('accepted', 'accepted', 'refused', 'refused', 'other'),
      pauseMs: fc.oneof(
        { weight: 5, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.nat(400_000) },
        { weight: 1, arbitrary: fc.nat(5_000) },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'let in' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'clear' }) },
);

/** All go that may, for some seconds, and then one is refused: so the capacity is found, and found to be the same. */
const stretch: fc.Arbitrary<Step[]> = fc
  .record({
    ms: fc.nat(450),
    times: fc.integer({ min: 6, max: 12 }),
    pauseMs: fc.constantFrom(0, 0, 0, 3_000),
  })
  .map(({ ms, times, pauseMs }) => [
    ...Array.from({ length: times }, (): Step[] => [
      { do: 'tick', ms },
      { do: 'ask', times: 4 },
    ]).flat(),
    { do: 'let in' },
    { do: 'end', pick: 0, outcome: 'refused', pauseMs },
  ]);

const stories = fc
  .array(fc.oneof({ weight: 5, arbitrary: step.map((one) => [one]) }, { weight: 1, arbitrary: stretch }), {
    minLength: 10,
    maxLength: 50,
    size: 'max',
  })
  .map((parts) => parts.flat());

describe('a ramp', () => {
  it('has the rate, the turns and the end of its reference, whatever is refused, let in or awaited in whatever order', () => {
    fc.assert(
      fc.property(stories, (steps) => {
        const ramp = createRamp();
        const admissions = createAdmissions();
        const book = reference();
        let now = 1_000_000;

        function end(number: number, outcome: Outcome, pauseMs = 0): void {
          admissions.settle(number, outcome);
          if (outcome !== 'refused') return void book.end(number, outcome, { now, pauseMs });
          const tally = admissions.tally(number, now);
          const changes =
            outcome === 'refused' && ramp.refused({ number, tally, now, resumeAt: now + pauseMs });
          expect(changes).toBe(book.end(number, outcome, { now, pauseMs }));
        }

        for (const next of steps) {
          if (next.do === 'tick') now += next.ms;
          if (next.do === 'clear') {
            ramp.clear();
            book.clear();
          }
          for (
            let asked = 0;
            next.do === 'ask' && asked < next.times && ramp.nextAt(now) === undefined;
            asked += 1
          ) {
            ramp.took(now);
            admissions.sent(now);
            book.send(now);
          }
          const underWay = next.do === 'end' || next.do === 'let in' ? book.underWay() : [];
          if (next.do === 'let in') for (const number of underWay.slice(0, -1)) end(number, 'accepted');
          if (next.do === 'end' && underWay.length > 0)
            end(underWay[next.pick % underWay.length]!, next.outcome, next.pauseMs);

          const rate = book.rate(now);
          if (rate === undefined) expect(ramp.perSecond(now)).toBeUndefined();
          else {
            expect(ramp.perSecond(now)! / rate).toBeCloseTo(1, 9);
            expect(ramp.until()).toBe(book.until(now));
          }
          expect(ramp.nextAt(now) ?? -1).toBeCloseTo(book.nextAt(now) ?? -1, 3);
        }
      }),
      { numRuns: 1_000, seed: 20_260_101 },
    );
  });
});
