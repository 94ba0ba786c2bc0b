import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BreakerState } from '../../src/core/events.ts';
import { createBreaker, type Breaker } from '../../src/health/breaker.ts';
import { cusum, type Evidence } from '../../src/health/evidence.ts';
import type { Pass } from '../../src/health/passage.ts';
import { createClock, type Clock } from './clock.ts';

/** Three failures in a row: simple enough for a reference. */
function threeInARow(): Evidence {
  let row = 0;
  return {
    record(ok, _now, weight) {
      row = ok ? 0 : row + weight;
    },
    tripped: () => row >= 3,
    reset() {
      row = 0;
    },
  };
}

type Outcome = 'success' | 'failure' | 'alive' | 'undecided';

/** The breaker as it is meant, told once more and without regard to cost. */
interface Reference {
  now: number;
  state: BreakerState;
  since: number;
  openMs: number;
  row: number;
  /** Failures in a row, however strict the breaker is, and the index of the attempt with the first of them. */
  plainRow: number;
  plainRowFrom: number;
  /** The same since it answered last, whatever the breaker did meanwhile; Infinity: it has never answered. */
  unanswered: number;
  /** When the attempt with the first of them began. */
  unansweredFrom: number;
  /** The share of failures of late, and when they began. */
  failing: number;
  failingBefore: number;
  /** When the attempt began that answered, the latest of them. */
  answeredBeganAt: number;
  openings: number;
  relapses: number;
  recoveredAt: number;
  /** Between the calls that came while it was closed. */
  gaps: number[];
  calledAt: number | undefined;
  /** By attempt: whether it is the probe, and how many changes by results it has seen. */
  attempts: { probe: boolean; changes: number; ended: boolean; beganAt: number }[];
  changes: number;
}

function passTime(reference: Reference, ms: number): void {
  reference.now += ms;
  const elapsedMs = reference.now - reference.since;
  if (reference.state === 'open' && elapsedMs >= reference.openMs) reference.state = 'half-open';
  if (reference.state === 'slow-start' && elapsedMs >= 10_000 * Math.min(3, 1 + reference.relapses))
    reference.state = 'closed';
}

function openTime(reference: Reference): number {
  const { gaps } = reference;
  const gapMs = gaps.length === 0 ? 0 : gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const longestMs = Math.min(600_000, Math.max(20_000, 10 * gapMs));
  return Math.min(longestMs, Math.max(7000, gapMs) * 2 ** reference.openings++);
}

function become(reference: Reference, state: BreakerState): void {
  Object.assign(reference, {
    state,
    since: reference.now,
    row: 0,
    plainRow: 0,
    changes: reference.changes + 1,
  });
  for (const attempt of reference.attempts) attempt.probe = false;
  if (state === 'open') {
    reference.openMs = openTime(reference);
    reference.calledAt = undefined;
  } else reference.recoveredAt = reference.now;
}

/** Nobody waits for a probe any more that has been under way for ten seconds. */
function isProbing({ attempts, now }: Reference): boolean {
  return attempts.some(({ probe, beganAt }) => probe && now - beganAt < 10_000);
}

function mayEnter(reference: Reference, lastResort: boolean): 'pass' | 'probe' | undefined {
  if (isUp(reference)) return 'pass';
  const isProbed = isProbing(reference);
  // One that limps is asked by everybody who has nobody else.
  if (lastResort && limps(reference) && (isProbed || reference.state === 'open')) return 'pass';
  if (isProbed) return undefined;
  const waitedMs = reference.now - reference.since;
  return reference.state === 'half-open' || (lastResort && waitedMs >= 2000) ? 'probe' : undefined;
}

function answer(reference: Reference, index: number): void {
  if (index >= reference.plainRowFrom) reference.plainRow = 0;
}

/** Whether the row is too short to mean that it is down, or may be chance. */
function limps({ unanswered, failingBefore }: Reference): boolean {
  return unanswered < 5 || Math.min(0.5, failingBefore) ** unanswered > 1e-5;
}

/** A sign of life, unless it is of an attempt from before the row. */
function sign(reference: Reference, beganAt: number): void {
  if (beganAt >= reference.unansweredFrom) reference.unanswered = 0;
}

function conclude(reference: Reference, index: number, outcome: Outcome): void {
  const attempt = reference.attempts[index] as Reference['attempts'][number];
  if (outcome === 'success' || outcome === 'alive') sign(reference, attempt.beganAt);
  if (outcome === 'failure' && reference.unanswered === 0) reference.failingBefore = reference.failing;
  if (outcome === 'failure') reference.failing += (1 - reference.failing) / 20;
  if (outcome === 'failure' && attempt.beganAt >= reference.answeredBeganAt) {
    if (reference.unanswered === 0) reference.unansweredFrom = attempt.beganAt;
    reference.unanswered += 1;
  }
  if (attempt.probe) {
    attempt.probe = false;
    if (outcome === 'failure') become(reference, 'open');
    if (outcome === 'success') become(reference, 'slow-start');
    if (outcome === 'alive') become(reference, 'closed');
  } else if (attempt.changes === reference.changes && isUp(reference)) {
    if (outcome === 'success') {
      reference.row = 0;
      answer(reference, index);
    }
    if (outcome === 'failure') fail(reference, index);
  }
}

function isUp({ state }: Reference): boolean {
  return state === 'closed' || state === 'slow-start';
}

function fail(reference: Reference, index: number): void {
  if (reference.plainRow === 0) reference.plainRowFrom = index;
  reference.plainRow += 1;
  reference.row += reference.state === 'slow-start' ? 2 : 1;
  const begunSince = reference.attempts.length - 1 - reference.plainRowFrom;
  const isDown = reference.plainRow >= 5 && reference.plainRow > begunSince / 2;
  const sinceReturnMs = reference.now - reference.recoveredAt;
  if (!isDown && (sinceReturnMs < 5000 || reference.row < 3)) return;
  if (sinceReturnMs >= 60_000) reference.openings = reference.relapses = 0;
  else reference.relapses += 1;
  become(reference, 'open');
}

interface Real {
  readonly clock: Clock;
  readonly breaker: Breaker;
  readonly passes: Pass[];
}

function agree(reference: Reference, { breaker, clock }: Real): void {
  expect(breaker.state(clock.now())).toBe(reference.state);
  const until = reference.state === 'open' ? reference.since + reference.openMs : undefined;
  // A mean can be told in two ways that differ by rounding.
  const openUntil = breaker.openAt(clock.now())?.until;
  if (until === undefined || openUntil === undefined) expect(openUntil).toBe(until);
  else expect(openUntil).toBeCloseTo(until, 3);
  expect(breaker.probing(clock.now())).toBe(isProbing(reference));
}

class Tick implements fc.Command<Reference, Real> {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check = () => true;
  run(reference: Reference, real: Real): void {
    passTime(reference, this.ms);
    real.clock.tick(this.ms);
    agree(reference, real);
  }
  toString = () => `tick(${this.ms})`;
}

class Begin implements fc.Command<Reference, Real> {
  readonly lastResort: boolean;
  constructor(lastResort: boolean) {
    this.lastResort = lastResort;
  }
  check = () => true;
  run(reference: Reference, real: Real): void {
    const expected = mayEnter(reference, this.lastResort);
    const pass = real.breaker.enter(real.clock.now(), this.lastResort);
    expect(pass && (pass.probe ? 'probe' : 'pass')).toBe(expected);
    if (pass === undefined) return;
    if (expected === 'probe') {
      reference.state = 'half-open';
      // It takes the place of one that has been silent for too long.
      for (const attempt of reference.attempts) attempt.probe = false;
    }
    if (reference.state === 'closed') {
      if (reference.calledAt !== undefined) reference.gaps.push(reference.now - reference.calledAt);
      reference.calledAt = reference.now;
    }
    real.passes.push(pass);
    const { now: beganAt, changes } = reference;
    reference.attempts.push({ probe: expected === 'probe', changes, ended: false, beganAt });
    agree(reference, real);
  }
  toString = () => `begin(${this.lastResort ? 'last resort' : ''})`;
}

class Content implements fc.Command<Reference, Real> {
  readonly pick: number;
  constructor(pick: number) {
    this.pick = pick;
  }
  check = (reference: Readonly<Reference>) => reference.attempts.some(({ ended }) => !ended);
  run(reference: Reference, real: Real): void {
    const index = running(reference, this.pick);
    const attempt = reference.attempts[index] as Reference['attempts'][number];
    sign(reference, attempt.beganAt);
    reference.failing -= reference.failing / 20;
    reference.answeredBeganAt = Math.max(reference.answeredBeganAt, attempt.beganAt);
    if (attempt.probe) {
      become(reference, 'slow-start');
      attempt.changes = reference.changes;
    } else if (attempt.changes === reference.changes) answer(reference, index);
    real.passes[index]?.firstContent(real.clock.now());
    agree(reference, real);
  }
  toString = () => `content(${this.pick})`;
}

class End implements fc.Command<Reference, Real> {
  readonly pick: number;
  readonly outcome: Outcome;
  constructor(pick: number, outcome: Outcome) {
    this.pick = pick;
    this.outcome = outcome;
  }
  check = (reference: Readonly<Reference>) => reference.attempts.some(({ ended }) => !ended);
  run(reference: Reference, real: Real): void {
    const index = running(reference, this.pick);
    conclude(reference, index, this.outcome);
    (reference.attempts[index] as Reference['attempts'][number]).ended = true;
    const verdict =
      this.outcome === 'failure'
        ? ({ kind: 'failure', weight: 1, reason: 'test' } as const)
        : this.outcome === 'alive'
          ? ({ kind: 'alive', reason: 'test' } as const)
          : { kind: this.outcome };
    real.passes[index]?.end(verdict, real.clock.now());
    agree(reference, real);
  }
  toString = () => `${this.outcome}(${this.pick})`;
}

function running(reference: Reference, pick: number): number {
  const open = reference.attempts.flatMap(({ ended }, index) => (ended ? [] : [index]));
  return open[pick % open.length] as number;
}

const commands = [
  fc.integer({ min: 0, max: 30_000 }).map((ms) => new Tick(ms)),
  fc.constantFrom(500, 4000, 7000, 10_000, 60_000).map((ms) => new Tick(ms)),
  fc.boolean().map((lastResort) => new Begin(lastResort)),
  fc.constant(new Begin(false)),
  fc.nat(20).map((pick) => new Content(pick)),
  fc
    .tuple(
      fc.nat(20),
      fc.constantFrom<Outcome>('success', 'failure', 'failure', 'failure', 'alive', 'undecided'),
    )
    .map(([pick, outcome]) => new End(pick, outcome)),
];

describe('the breaker', () => {
  it('does what its reference does, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.commands(commands, { maxCommands: 80, size: 'max' }), (sequence) => {
        const clock = createClock(() => 0, 0);
        const breaker = createBreaker({ runtime: clock, evidence: threeInARow(), onChange() {} });
        const reference: Reference = {
          now: 0,
          state: 'closed',
          since: 0,
          openMs: 0,
          row: 0,
          plainRow: 0,
          plainRowFrom: 0,
          unanswered: Infinity,
          unansweredFrom: -Infinity,
          failing: 0,
          failingBefore: 0,
          answeredBeganAt: -Infinity,
          openings: 0,
          relapses: 0,
          recoveredAt: -Infinity,
          gaps: [],
          calledAt: undefined,
          attempts: [],
          changes: 0,
        };
        fc.modelRun(() => ({ model: reference, real: { clock, breaker, passes: [] } }), sequence);
      }),
      { numRuns: 1000 },
    );
  });

  it('closes in the end once the target is healthy, whatever came before', () => {
    const steps = fc.array(
      fc.record({
        ms: fc.nat(5000),
        outcome: fc.constantFrom<Outcome>('success', 'failure', 'undecided', 'alive'),
      }),
      { maxLength: 100, size: 'max' },
    );
    fc.assert(
      fc.property(steps, fc.boolean(), (history, leavesOneRunning) => {
        const clock = createClock(() => 0.5);
        const breaker = createBreaker({ runtime: clock, evidence: cusum()(), onChange() {} });
        if (leavesOneRunning) breaker.enter(clock.now(), false);
        for (const { ms, outcome } of history) {
          clock.tick(ms);
          const verdict =
            outcome === 'success' || outcome === 'undecided'
              ? { kind: outcome }
              : { kind: outcome, weight: 1, reason: 'test' };
          breaker.enter(clock.now(), false)?.end(verdict, clock.now());
        }
        // Ten of the longest gaps, then a slow start that takes three times as long.
        for (let second = 0; second < 50 + 30; second += 1) {
          clock.tick(1000);
          breaker.enter(clock.now(), false)?.end({ kind: 'success' }, clock.now());
        }
        expect(breaker.state(clock.now())).toBe('closed');
      }),
    );
  });
});
