import { bucketOf, createLatency, type Latency } from './latency.ts';
import { suspicions } from './evidence.ts';

/** Beyond twice what 99 of 100 healthy attempts took, but never below a second, it is no longer the usual scatter. */
const farFactor = 2;
const smallestFarMs = 1_000;
/** What is refused as far too slow is accepted as the new usual after so long and so many. */
const regimeMs = 300_000;
const fewestOfRegime = 20;
/** In the first moments only quick ones have been measured: those that are slow are still under way. */
const ripeAfterMs = 30_000;
/** The table of evidence may be this old. */
const tableAgeMs = 1_000;

/** The steps of both suspicions. */
export interface SilenceEvidence {
  readonly some: number;
  readonly nearlyAll: number;
}

const nothing: SilenceEvidence = { some: 0, nearlyAll: 0 };

/** How long one kind of silence of a target lasts while the target is well. */
export interface History {
  /** `trusted`: nothing speaks against the target just now. */
  record(ms: number, now: number, trusted: boolean): void;
  /** The duration that this share of them, from 0 to 1, did not exceed; undefined on thin history. */
  at(share: number): number | undefined;
  /** Whether there is enough of it to judge by. */
  isRipe(now: number): boolean;
  /** What it says that one has lasted this long and goes on; nothing on thin history. */
  evidence(ms: number, now: number): SilenceEvidence;
  /** Whether one that has ended was far too long. */
  isFar(ms: number): boolean;
}

/**
 * A history of health: what is measured in trouble, or lies far outside, is kept apart, or a fault would soon pass for
 * usual. Where nearly nothing else is measured for five minutes, that is how the target is now.
 */
export function createHistory(): History {
  let usual = createLatency();
  /** What was refused, and how much was accepted meanwhile. */
  let other: Latency | undefined;
  let otherSince = 0;
  let refused = 0;
  let accepted = 0;
  let farMs = Infinity;
  let table: readonly SilenceEvidence[] | undefined;
  let tableAt = 0;
  let begunAt: number | undefined;

  const isRipe = (now: number) => begunAt !== undefined && now - begunAt >= ripeAfterMs;

  function update(now: number): void {
    if (table !== undefined && now - tableAt < tableAgeMs && now >= tableAt) return;
    tableAt = now;
    table = isRipe(now) ? tableOf(usual.survivals()) : undefined;
    const p99Ms = isRipe(now) ? usual.at(0.99) : undefined;
    farMs = p99Ms === undefined ? Infinity : Math.max(smallestFarMs, farFactor * p99Ms);
  }

  function refuse(ms: number, now: number): void {
    if (other === undefined) {
      other = createLatency();
      otherSince = now;
      refused = accepted = 0;
    }
    other.record(ms, now);
    refused += 1;
    if (now - otherSince < regimeMs || refused < fewestOfRegime) return;
    usual = other;
    other = table = undefined;
  }

  function accept(ms: number, now: number): void {
    usual.record(ms, now);
    accepted += 1;
    if (accepted > refused) other = undefined;
  }

  return {
    record(ms, now, trusted) {
      begunAt ??= now;
      update(now);
      if (trusted && ms <= farMs) accept(ms, now);
      else refuse(ms, now);
    },
    at: (share) => usual.at(share),
    isRipe: (now) => isRipe(now) && usual.at(0) !== undefined,
    evidence(ms, now) {
      update(now);
      return (ms > 0 && table?.[bucketOf(ms)]) || nothing;
    },
    isFar: (ms) => ms > farMs,
  };
}

function tableOf(survivals: Float64Array | undefined): SilenceEvidence[] | undefined {
  const { some, nearlyAll } = suspicions;
  return (
    survivals &&
    Array.from(survivals, (survival) => ({
      some: some.silenceStep(survival),
      nearlyAll: nearlyAll.silenceStep(survival),
    }))
  );
}
