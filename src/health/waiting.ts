import { suspicions } from './evidence.ts';
import type { History, SilenceEvidence } from './history.ts';

/** How long an attempt has been silent. Whoever runs the attempt keeps it up to date; health only reads it. */
export interface Silence {
  /** When it began, or when content came last, in epoch milliseconds. */
  since: number;
  /** Whether content has come: then it is a gap in the middle. */
  begun: boolean;
  /** The longest gap so far between two pieces of content. */
  longestGapMs: number;
  /** How long the present one may last as configured, where it is not the last one left. */
  patienceMs: number;
}

/** What silences are compared with: those of the same target in health. */
export interface Histories {
  readonly firstToken: History;
  /** The longest gap of each attempt. */
  readonly gap: History;
}

/** An attempt whose silence is evidence, and what it is compared with. */
export interface Watched {
  readonly silence: Silence;
  readonly histories: Histories;
}

/** The attempts at one provider and model that are under way, in the order in which they began. */
export interface Waiting {
  begin(watched: Watched): Waiter;
  leave(waiter: Waiter, end: 'good' | 'settled'): void;
  /** Content came, or it came too late to be a good sign. */
  note(waiter: Waiter, sign: 'good' | 'none'): void;
  /** What the silence of all says now, as a sum of steps: of the suspicion that it speaks for most. */
  evidence(now: number): number;
  /** Until when that holds, if nothing happens. */
  holdsUntil(): number;
  /** How many are silent for longer than nine of ten were in health. */
  overdue(now: number): number;
  /** Those under way belong to an earlier time. */
  clear(): void;
}

/** One of them. */
export interface Waiter {
  readonly watched: Watched;
  before: Waiter | undefined;
  after: Waiter | undefined;
  isListed: boolean;
  /** Whether it was given content in time. */
  isGood: boolean;
  /** How many good ones began after it and before the next that is under way, and are over. */
  goodAfter: number;
}

/** What was worked out holds this long, */
const holdsMs = 50;
/** unless it is this much, and content has come since. */
const worrying = 5;
/** Nobody has looked for so long while attempts were under way: this process stood still, or its clock was moved. */
const standstillMs = 5_000;
/** Past what was configured it says nothing new: those who wait on have nobody else. */
const pastPatienceMs = 1_000;

const stepOfOverdue = suspicions.some.silenceStep(0.1);

interface Memory {
  oldest: Waiter | undefined;
  newest: Waiter | undefined;
  known: number;
  knownAt: number;
  lookedAt: number;
  /** Silences are counted from here on at the earliest. */
  countedFrom: number;
}

/**
 * Each attempt under way says something by its silence (`Suspicion`), and each that was given content says something
 * for the target. The sum is taken over all that began after some instant, whichever makes it largest: a
 * fault begins at some time, and nobody knows when (a scan statistic). They are taken in the order of their beginnings,
 * since those that began together compare: while the slow ones wait, the quick ones must not have been forgotten.
 *
 * Those that are over are kept as a number beside the attempt under way before them, so that memory and work depend on how
 * many are under way alone.
 */
export function createWaiting(): Waiting {
  const memory: Memory = {
    oldest: undefined,
    newest: undefined,
    known: 0,
    knownAt: -Infinity,
    lookedAt: -Infinity,
    countedFrom: -Infinity,
  };
  return {
    begin: (watched) => append(memory, watched),
    leave: (waiter, end) => leave(memory, waiter, end),
    note(waiter, sign) {
      waiter.isGood = sign === 'good';
      outdate(memory);
    },
    evidence: (now) => (memory.oldest === undefined ? 0 : look(memory, now)),
    holdsUntil: () => (memory.oldest === undefined ? Infinity : memory.knownAt + holdsMs),
    overdue: (now) => countOverdue(memory, now),
    clear() {
      for (let waiter = memory.oldest; waiter; waiter = waiter.after) waiter.isListed = false;
      memory.oldest = memory.newest = undefined;
    },
  };
}

function append(memory: Memory, watched: Watched): Waiter {
  const { newest } = memory;
  const waiter: Waiter = {
    watched,
    before: newest,
    after: undefined,
    isListed: true,
    isGood: false,
    goodAfter: 0,
  };
  memory.newest = waiter;
  if (newest) newest.after = waiter;
  else {
    memory.oldest = waiter;
    memory.known = 0;
    memory.lookedAt = watched.silence.since;
  }
  return waiter;
}

function leave(memory: Memory, waiter: Waiter, end: 'good' | 'settled'): void {
  if (!waiter.isListed) return;
  waiter.isListed = false;
  const { before, after, goodAfter, isGood } = waiter;
  if (before) {
    before.after = after;
    before.goodAfter += goodAfter + (end === 'good' && isGood ? 1 : 0);
  } else memory.oldest = after;
  if (after) after.before = before;
  else memory.newest = before;
  outdate(memory);
}

/** Good signs take effect at once where there is something to take back. */
function outdate(memory: Memory): void {
  if (memory.known >= worrying) memory.knownAt = -Infinity;
}

function look(memory: Memory, now: number): number {
  const elapsedMs = now - memory.knownAt;
  if (elapsedMs >= 0 && elapsedMs < holdsMs) return memory.known;
  if (now - memory.lookedAt > standstillMs || now < memory.lookedAt) memory.countedFrom = now;
  memory.lookedAt = memory.knownAt = now;
  return (memory.known = scan(memory, now));
}

/** The largest sum over all from some attempt on to the newest. */
function scan({ newest, countedFrom }: Memory, now: number): number {
  const { some, nearlyAll } = suspicions;
  let sumOfSome = 0;
  let sumOfNearlyAll = 0;
  let largest = 0;
  for (let waiter = newest; waiter; waiter = waiter.before) {
    const step = silenceOf(waiter, now, countedFrom);
    const good = waiter.goodAfter + (waiter.isGood ? 1 : 0);
    sumOfSome += step.some + good * some.answerStep;
    sumOfNearlyAll += step.nearlyAll + good * nearlyAll.answerStep;
    largest = Math.max(largest, sumOfSome, sumOfNearlyAll);
  }
  return largest;
}

function silenceOf(
  { watched: { silence, histories } }: Waiter,
  now: number,
  countedFrom: number,
): SilenceEvidence {
  const history = silence.begun ? histories.gap : histories.firstToken;
  const ms = now - Math.max(silence.since, countedFrom);
  return history.evidence(ms > silence.patienceMs + pastPatienceMs ? 0 : ms, now);
}

function countOverdue({ newest, countedFrom }: Memory, now: number): number {
  let count = 0;
  for (let waiter = newest; waiter; waiter = waiter.before)
    if (silenceOf(waiter, now, countedFrom).some >= stepOfOverdue) count += 1;
  return count;
}
