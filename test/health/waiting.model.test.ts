import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { History } from '../../src/health/history.ts';
import { createWaiting, type Histories, type Silence, type Waiter } from '../../src/health/waiting.ts';

/** The share of healthy attempts that are silent for longer: any function that falls will do. */
const survivalOf = {
  firstToken: (ms: number) => Math.exp(-ms / 800),
  gap: (ms: number) => 0.5 ** (ms / 300),
};

/** What docs/health.md says of silence: how much likelier it is where that share of calls hangs than where 5 % do. */
const silence = (share: number, survival: number) =>
  Math.log((share + (1 - share) * survival) / (0.05 + 0.95 * survival));
const answer = (share: number) => Math.log((1 - share) / 0.95);

function historyOf(survival: (ms: number) => number): History {
  const step = (ms: number, share: number) => (ms > 0 ? silence(share, survival(ms)) : 0);
  return {
    evidence: (ms) => ({ some: step(ms, 0.3), nearlyAll: step(ms, 0.8) }),
    record() {},
    at: () => undefined,
    isRipe: () => true,
    isFar: () => false,
  };
}

const histories: Histories = {
  firstToken: historyOf(survivalOf.firstToken),
  gap: historyOf(survivalOf.gap),
};

/** An attempt, which the reference never forgets. */
interface Attempt {
  readonly silence: Silence;
  readonly waiter: Waiter;
  underWay: boolean;
  /** It was given content in time, and has not ended badly. */
  isGood: boolean;
}

/** What silence says, told once more: all attempts since the last change of era in a list, all of it summed anew each time. */
interface Reference {
  now: number;
  attempts: Attempt[];
  /** Those of earlier eras that are still under way: what they do says nothing. */
  former: Attempt[];
  /** What was said last, and when; nothing where that no longer holds. */
  said: { readonly at: number; readonly sum: number } | undefined;
  lookedAt: number;
  countedFrom: number;
}

function silentFor({ now, countedFrom }: Reference, { silence: { since, patienceMs } }: Attempt): number {
  const ms = now - Math.max(since, countedFrom);
  return ms > patienceMs + 1000 || ms < 0 ? 0 : ms;
}

function stepOf(reference: Reference, attempt: Attempt, share: number): number {
  const ms = silentFor(reference, attempt);
  const survival = attempt.silence.begun ? survivalOf.gap(ms) : survivalOf.firstToken(ms);
  return (attempt.underWay ? silence(share, survival) : 0) + (attempt.isGood ? answer(share) : 0);
}

/** The largest sum over all that began after some instant. */
function largestSum(reference: Reference): number {
  const { attempts } = reference;
  const sums = [0.3, 0.8].flatMap((share) =>
    attempts.map((_, from) =>
      attempts.slice(from).reduce((sum, attempt) => sum + stepOf(reference, attempt, share), 0),
    ),
  );
  return Math.max(0, ...sums);
}

function isAnyUnderWay({ attempts }: Reference): boolean {
  return attempts.some(({ underWay }) => underWay);
}

/** What was said holds for 50 ms. Who has not looked for 5 s, or sees the clock go back, counts silences from then on. */
function look(reference: Reference): number {
  const { now, said, lookedAt } = reference;
  if (!isAnyUnderWay(reference)) return 0;
  if (said && now >= said.at && now - said.at < 50) return said.sum;
  if (now < lookedAt || now - lookedAt > 5000) reference.countedFrom = now;
  reference.lookedAt = now;
  reference.said = { at: now, sum: largestSum(reference) };
  return reference.said.sum;
}

/** Good news is heard at once where there was bad news. */
function hear(reference: Reference): void {
  if (reference.said && reference.said.sum >= 5) reference.said = undefined;
}

function countOverdue(reference: Reference): number {
  const enough = silence(0.3, 0.1);
  return reference.attempts.filter((attempt) => {
    const survival = survivalOf[attempt.silence.begun ? 'gap' : 'firstToken'](silentFor(reference, attempt));
    return attempt.underWay && silence(0.3, survival) >= enough;
  }).length;
}

type Step =
  | { readonly does: 'begin'; readonly patienceMs: number }
  | { readonly does: 'content'; readonly pick: number; readonly sign: 'good' | 'none' }
  | { readonly does: 'end'; readonly pick: number; readonly end: 'good' | 'settled' }
  | { readonly does: 'time'; readonly ms: number }
  | { readonly does: 'look' | 'clear' };

const pick = fc.nat(30);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constant('begin'), patienceMs: fc.constantFrom(500, 3000, 10_000) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        does: fc.constant('content'),
        pick,
        sign: fc.constantFrom('good', 'good', 'none'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        does: fc.constant('end'),
        pick,
        end: fc.constantFrom('good', 'good', 'settled'),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        does: fc.constant('time'),
        ms: fc.oneof(fc.nat(100), fc.nat(2000), fc.constantFrom(50, 5000, 5001, -1, -3_600_000)),
      }),
    },
    { weight: 6, arbitrary: fc.constant<Step>({ does: 'look' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ does: 'clear' }) },
  ),
  { maxLength: 100, size: 'max' },
);

describe('the silence of those under way', () => {
  it('says what a list says of all that ever began, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const waiting = createWaiting();
        const reference: Reference = {
          now: 1_000_000,
          attempts: [],
          former: [],
          said: undefined,
          lookedAt: -Infinity,
          countedFrom: -Infinity,
        };
        for (const step of [...sequence, { does: 'look' } as const]) {
          const { now } = reference;
          const running = reference.attempts.filter(({ underWay }) => underWay);
          const all = [...running, ...reference.former];
          const attempt = 'pick' in step ? all[step.pick % (all.length || 1)] : undefined;
          if (step.does === 'time') reference.now += step.ms;
          if (step.does === 'begin') {
            const silent = { since: now, begun: false, longestGapMs: 0, patienceMs: step.patienceMs };
            // Nobody looks where nobody is waiting.
            if (running.length === 0) Object.assign(reference, { lookedAt: now, said: said(reference, 0) });
            const waiter = waiting.begin({ silence: silent, histories });
            reference.attempts.push({ silence: silent, waiter, underWay: true, isGood: false });
          }
          if (step.does === 'content' && attempt) {
            Object.assign(attempt.silence, { begun: true, since: now });
            attempt.isGood = step.sign === 'good';
            waiting.note(attempt.waiter, step.sign);
            hear(reference);
          }
          if (step.does === 'end' && attempt) {
            attempt.underWay = false;
            attempt.isGood &&= step.end === 'good';
            waiting.leave(attempt.waiter, step.end);
            if (running.includes(attempt)) hear(reference);
            reference.former = reference.former.filter((one) => one !== attempt);
          }
          if (step.does === 'clear') {
            reference.attempts = [];
            reference.former = all;
            waiting.clear();
          }
          if (step.does === 'look') agree(reference, waiting);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function said({ said: last }: Reference, sum: number): Reference['said'] {
  return last && { at: last.at, sum };
}

function agree(reference: Reference, waiting: ReturnType<typeof createWaiting>): void {
  const { now } = reference;
  expect(waiting.evidence(now)).toBeCloseTo(look(reference), 6);
  expect(waiting.overdue(now)).toBe(countOverdue(reference));
  const holdsUntil = isAnyUnderWay(reference) ? (reference.said?.at ?? -Infinity) + 50 : Infinity;
  expect(waiting.holdsUntil()).toBe(holdsUntil);
}
