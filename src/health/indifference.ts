import type { Tally } from './admissions.ts';

/** A limit of the rate refuses next to none so far below what it let in when refusals began. */
const lowShare = 0.75;
/** So many refusals there, */
const enoughRefusals = 3;
/** at least this part of the share that was refused at the full rate, and the rate may not be the reason. */
const sameShare = 0.25;
/** Then so many go at the full rate: it is not, if no more of them are refused. */
const triedAttempts = 20;
/** So many standard deviations more are more after a whole trial, */
const deviations = 2;
/** and so many where it is looked at with each refusal. */
const deviationsAtOnce = 3;
/** It is forgotten so long after the last refusal. */
const rememberedMs = 60_000;

/** A request that was refused for the number of requests while some were let in. */
export interface RefusalAtRate {
  /** The trial that it was part of. */
  readonly trial: number | undefined;
  readonly tally: Tally;
  /** What the ramp lets through; undefined: there is none. */
  readonly perSecond: number | undefined;
  readonly now: number;
}

/**
 * Whether a target refuses the same share of its requests at whatever rate it is asked, as an overloaded service does that sheds
 * load by chance: its refusals are no word on the rate that it takes, and a ramp that is cut at each of them would leave next to
 * nothing. Tried at the low rates of a ramp first, and then without it.
 */
export interface Indifference {
  /** A request goes; `perSecond`: what the ramp lets through. The trial that it is part of. */
  sent(perSecond: number | undefined): number | undefined;
  /** Whether the rate has nothing to do with it, or that is to be tried now: then the ramp ends. */
  refused(refusal: RefusalAtRate): boolean;
  isFound(now: number): boolean;
  clear(): void;
}

export function createIndifference(): Indifference {
  let phase: 'none' | 'low' | 'full' | 'found' = 'none';
  /** What was let in, and the share refused, when the ramp began. */
  let atFullRate = { perSecond: 0, share: 0 };
  let trial = createTrial(0);
  /** The share that is refused at low rates. */
  let share = 0;
  let latestAt = 0;

  function enter(next: typeof phase): void {
    phase = next;
    trial = createTrial(trial.number + 1);
  }

  function begin(tally: Tally): false {
    enter('low');
    atFullRate = { perSecond: letInPerSecond(tally), share: shareOf(tally) };
    return false;
  }

  function isLow(perSecond: number | undefined): boolean {
    return perSecond !== undefined && perSecond <= atFullRate.perSecond * lowShare;
  }

  function refusedAtLowRate(tally: Tally): boolean {
    if (trial.refused < enoughRefusals) return false;
    share = trial.refused / trial.sent;
    if (share < atFullRate.share * sameShare) return false;
    if (isMore(trial, atFullRate.share, deviationsAtOnce)) return begin(tally);
    enter('full');
    return true;
  }

  function refusedAtFullRate(tally: Tally): boolean {
    const isOver = trial.sent >= triedAttempts;
    if (isMore(trial, share, isOver ? deviations : deviationsAtOnce)) return begin(tally);
    if (isOver) {
      share = Math.max(share, trial.refused / trial.sent);
      enter('found');
    }
    return true;
  }

  return {
    sent(perSecond) {
      const isPart = phase === 'full' || (phase === 'low' && isLow(perSecond));
      if (isPart) trial.sent += 1;
      return isPart ? trial.number : undefined;
    },
    refused({ trial: of, tally, perSecond, now }) {
      // A clock that was set back, too: otherwise a step of an hour would make it last for an hour.
      if (now < latestAt || now - latestAt > rememberedMs) phase = 'none';
      latestAt = now;
      if (phase === 'found') return isMore(countsOf(tally), share, deviationsAtOnce) ? begin(tally) : true;
      if (phase === 'none' || (phase === 'low' && perSecond === undefined)) begin(tally);
      atFullRate.perSecond = Math.max(atFullRate.perSecond, letInPerSecond(tally));
      if (of === trial.number) trial.refused += 1;
      if (phase === 'full') return refusedAtFullRate(tally);
      return of === trial.number && refusedAtLowRate(tally);
    },
    isFound: (now) => phase === 'found' && now >= latestAt && now - latestAt <= rememberedMs,
    clear() {
      phase = 'none';
    },
  };
}

interface Counts {
  readonly sent: number;
  readonly refused: number;
}

function createTrial(number: number) {
  return { number, sent: 0, refused: 0 };
}

/** Those on which nothing has been heard are not refused yet. */
function countsOf({ accepted, open, refused }: Tally): Counts {
  return { sent: accepted + open + refused, refused };
}

function shareOf(tally: Tally): number {
  const { sent, refused } = countsOf(tally);
  return refused / sent;
}

function letInPerSecond({ accepted, spanMs }: Tally): number {
  return (accepted * 1000) / Math.max(1000, spanMs);
}

/** Whether so many more were refused than at that share, that it is no chance. */
function isMore({ sent, refused }: Counts, share: number, deviation: number): boolean {
  return refused > sent * share + deviation * Math.sqrt(sent * share * (1 - share));
}
