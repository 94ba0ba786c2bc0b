import { describe, expect, it } from 'vitest';
import { connectionRefusedCode, schemaMismatchCode, silenceCodes } from '../../src/core/failure.ts';
import type { Failure } from '../../src/core/failure.ts';
import { failureStep, suspicions } from '../../src/health/evidence.ts';
import { createHistory, type History } from '../../src/health/history.ts';
import { lateStart, weightOfSilence } from '../../src/health/lateness.ts';
import { patienceOf, shortestPatienceMs } from '../../src/health/patience.ts';
import type { AttemptResult } from '../../src/health/target-health.ts';
import { verdictOf } from '../../src/health/verdict.ts';
import type { Watched } from '../../src/health/waiting.ts';

const now = 1_000_000;

/** A hundred healthy ones of that length each, long known. */
function historyOf(ms: number): History {
  const history = createHistory();
  for (let count = 0; count < 100; count += 1) history.record(ms, now - 40_000, true);
  history.record(ms, now - 1, true);
  return history;
}

const first = historyOf(400);
const gap = historyOf(100);
const thin = createHistory();

interface Silence {
  readonly begun?: boolean;
  readonly lasted?: number;
  readonly longestGapMs?: number;
}

function watch(
  { begun = false, lasted = 0, longestGapMs = 0 }: Silence,
  histories = { firstToken: first, gap },
) {
  return { silence: { begun, since: now - lasted, longestGapMs }, histories } as unknown as Watched;
}

function verdict(
  result: Partial<AttemptResult>,
  { watched, refusals }: { watched?: Watched; refusals?: number } = {},
) {
  const given: AttemptResult = { outcome: 'failure', ...result };
  const { failure } = given;
  return verdictOf(given, failure, { at: now, watched, refusals });
}
const failure = (given: Partial<Failure> & Pick<Failure, 'kind'>): Partial<AttemptResult> => ({
  failure: { message: 'no', ...given },
});

describe('what a failure says of its target', () => {
  it.each([
    ['server-error', 503, 1, 'server-error (503)'],
    ['network', undefined, 1, 'network'],
    ['timeout', undefined, 1, 'timeout'],
  ] as const)('%s (%s) weighs %d', (kind, status, weight, reason) => {
    const given = status === undefined ? { kind } : { kind, status };
    expect(verdict(failure(given))).toEqual({ kind: 'failure', weight, reason });
  });

  it('is most where nobody listens', () => {
    expect(verdict(failure({ kind: 'network', code: connectionRefusedCode }))).toMatchObject({ weight: 3.5 });
  });

  it('is nothing where the request was at fault, or its schema, unless the attempt says so', () => {
    expect(verdict(failure({ kind: 'bad-request' }))).toEqual({ kind: 'undecided' });
    const mismatch = failure({ kind: 'invalid-response', code: schemaMismatchCode });
    expect(verdict(mismatch)).toEqual({ kind: 'undecided' });
    expect(verdict({ ...mismatch, evidence: true })).toMatchObject({ kind: 'failure', weight: 1 });
    expect(verdict({ ...failure({ kind: 'server-error' }), evidence: false })).toEqual({ kind: 'undecided' });
  });

  it('is that it is up, where it limits the rate', () => {
    expect(verdict(failure({ kind: 'rate-limit', status: 429 }))).toEqual({
      kind: 'alive',
      reason: 'rate-limit (429)',
    });
  });

  it('is as much as its refusals count for', () => {
    const overloaded = failure({ kind: 'overloaded', status: 529 });
    expect(verdict(overloaded, { refusals: 0 })).toEqual({ kind: 'undecided' });
    expect(verdict(overloaded, { refusals: 3 })).toMatchObject({ kind: 'failure', weight: 3 });
  });

  it.each([silenceCodes.first, silenceCodes.gap])(
    'is as much as its silence says, where that ended it (%s)',
    (code) => {
      const silent = failure({ kind: 'timeout', code });
      const weigh = (lasted: number) => verdict(silent, { watched: watch({ lasted }) });
      expect(weigh(5_000)).toMatchObject({ kind: 'failure' });
      expect((weigh(5_000) as { weight: number }).weight).toBeGreaterThan(0.8);
      expect((weigh(10) as { weight: number }).weight).toBeCloseTo(0, 1);
      const unknown = watch({ lasted: 10 }, { firstToken: thin, gap: thin });
      expect(verdict(silent, { watched: unknown })).toMatchObject({ weight: 1 });
      expect(verdict(failure({ kind: 'timeout' }), { watched: watch({ lasted: 10 }) })).toMatchObject({
        weight: 1,
      });
      const other = failure({ kind: 'network', code });
      expect(verdict(other, { watched: watch({ lasted: 10 }) })).toMatchObject({ weight: 1 });
    },
  );
});

describe('what an attempt without a failure says', () => {
  it('is good where it was answered, in time or unseen', () => {
    expect(verdict({ outcome: 'success' })).toEqual({ kind: 'success' });
    expect(verdict({ outcome: 'success' }, { watched: watch({ longestGapMs: 1_000 }) })).toEqual({
      kind: 'success',
    });
  });

  it('is that it was slow, where a gap was far too long', () => {
    const slow = verdict({ outcome: 'success' }, { watched: watch({ longestGapMs: 1_001 }) });
    expect(slow).toMatchObject({ kind: 'slow', reason: 'slow: a gap of 1001 ms' });
    expect((slow as { weight: number }).weight).toBeGreaterThan(0.8);
  });

  it('is that it was slow, where the first content came far too late', () => {
    expect(lateStart(watch({}), 1_000, now)).toBeUndefined();
    expect(lateStart(watch({}), 1_234.5, now)).toMatchObject({
      kind: 'slow',
      reason: 'slow: first content after 1235 ms',
    });
  });

  it('is as much as its silence, where a hedge outpaced it', () => {
    const outpaced = (watched?: Watched) => verdict({ outcome: 'outpaced' }, watched ? { watched } : {});
    expect(outpaced(watch({ lasted: 5_000 }))).toMatchObject({
      kind: 'slow',
      reason: 'slow: outpaced by a hedge',
    });
    expect(outpaced(watch({ lasted: 0 }))).toEqual({ kind: 'undecided' });
    expect(outpaced()).toEqual({ kind: 'undecided' });
    expect(outpaced(watch({ lasted: 5_000 }, { firstToken: thin, gap: thin }))).toEqual({
      kind: 'undecided',
    });
    expect(verdict({ outcome: 'undecided' }, { watched: watch({ lasted: 5_000 }) })).toEqual({
      kind: 'undecided',
    });
  });

  it('is weighed by gaps once the answer has begun', () => {
    const weigh = (begun: boolean) => weightOfSilence(watch({ begun, lasted: 250 }), now) as number;
    expect(weigh(true)).toBeGreaterThan(weigh(false));
    expect(weigh(true)).toBeCloseTo(suspicions.some.silenceStep(1 / 101) / failureStep, 1);
  });
});

describe('how long one silence may last', () => {
  const moment = { now, times: 1, overdue: () => 0 };
  const ms = (standing: 'usual' | 'suspect' | 'probe', silence: Silence = {}, times = 1) =>
    patienceOf(standing, watch(silence), { ...moment, times });

  it('is three times what 99 of 100 took, five seconds at least', () => {
    expect(ms('usual')).toMatchObject({ ms: 5_000 });
    const slow = watch({}, { firstToken: historyOf(3_000), gap });
    const known = slow.histories.firstToken.at(0.99) as number;
    const patience = patienceOf('usual', slow, moment);
    expect(patience?.ms).toBeCloseTo(3 * known, 5);
    expect(patience?.because).toBe(`99 of 100 took at most ${Math.round(known)} ms in health`);
  });

  it('is what half of them took where it is suspected, a second at least, two within an answer', () => {
    expect(ms('suspect')).toMatchObject({ ms: 1_000, because: 'the target is suspected of hanging' });
    expect(ms('suspect', { begun: true })).toMatchObject({ ms: 2_000 });
    const slow = watch({}, { firstToken: historyOf(3_000), gap });
    expect(patienceOf('suspect', slow, moment)?.ms).toBe(slow.histories.firstToken.at(0.5));
    expect(patienceOf('suspect', slow, { ...moment, overdue: () => 3 })?.because).toBe(
      'the target is suspected of hanging, 3 attempts are silent',
    );
  });

  it('is longer for a probe, the more of them have failed', () => {
    expect(ms('probe', {}, 4)).toEqual({ ms: 4_000, because: 'it decides whether the target is back' });
    expect(ms('suspect', {}, 4)).toMatchObject({ ms: 1_000 });
  });

  it('is unknown on thin history', () => {
    const unknown = watch({}, { firstToken: thin, gap: thin });
    expect(patienceOf('usual', unknown, moment)).toBeUndefined();
    expect(shortestPatienceMs(unknown, now)).toBeUndefined();
    const young = createHistory();
    for (let count = 0; count < 100; count += 1) young.record(300, now - 29_999, true);
    const unripe = watch({}, { firstToken: young, gap: young });
    expect(patienceOf('usual', unripe, moment)).toBeUndefined();
    expect(shortestPatienceMs(unripe, now)).toBeUndefined();
  });

  it('is never shorter than this', () => {
    expect(shortestPatienceMs(watch({}), now)).toBe(1_000);
    expect(shortestPatienceMs(watch({ begun: true }), now)).toBe(2_000);
    const slow = watch({ begun: true }, { firstToken: first, gap: historyOf(5_000) });
    expect(shortestPatienceMs(slow, now)).toBe(slow.histories.gap.at(0.95));
    const late = watch({}, { firstToken: historyOf(3_000), gap });
    expect(shortestPatienceMs(late, now)).toBe(late.histories.firstToken.at(0.5));
  });
});
