/** So many requests are remembered, */
const size = 256;
/** for so long. */
const rememberedMs = 5_000;
/** Who has waited this many times as long as a refusal took, is let in by now; where refusals are quick, at least so long. */
const patience = 2;
const leastPatienceMs = 100;

const pending = 0;
const accepted = 1;
const refused = 2;
const other = 3;

/** What became of the requests of the last seconds. */
export interface Tally {
  readonly accepted: number;
  /** Not refused yet. */
  readonly open: number;
  readonly refused: number;
  /** Refusals among the latest requests that have been answered, since one was let in. */
  readonly row: number;
  /** Whether one was let in that was sent after one that was refused. */
  readonly mixed: boolean;
  /** How long ago the first of them was sent. */
  readonly spanMs: number;
  /** The number of the latest request. */
  readonly latest: number;
}

/**
 * Remembers in the order of their sending whether requests were let in. Refusals come back at once and answers take a second:
 * in the order of arrival every overload looks like an outage at first.
 */
export interface Admissions {
  /** Returns the number of the request. */
  sent(now: number): number;
  settle(number: number, outcome: 'accepted' | 'refused' | 'other'): void;
  /** At the moment when the request of that number was refused. */
  tally(number: number, now: number): Tally;
}

export function createAdmissions(): Admissions {
  let times: Float64Array | undefined;
  let outcomes: Uint8Array | undefined;
  let count = 0;

  const isRemembered = (number: number) => number >= count - size;

  return {
    sent(now) {
      times ??= new Float64Array(size);
      outcomes ??= new Uint8Array(size);
      times[count % size] = now;
      outcomes[count % size] = pending;
      return count++;
    },
    settle(number, outcome) {
      if (outcomes === undefined || !isRemembered(number)) return;
      outcomes[number % size] = outcome === 'accepted' ? accepted : outcome === 'refused' ? refused : other;
    },
    tally(number, now) {
      const result = { accepted: 0, open: 0, refused: 0, row: 0, mixed: false, spanMs: 0, latest: count - 1 };
      if (times === undefined || outcomes === undefined) return result;
      const tookMs = isRemembered(number) ? now - (times[number % size] as number) : rememberedMs;
      const patienceMs = Math.max(leastPatienceMs, patience * tookMs);
      for (let index = count - 1; index >= 0 && isRemembered(index); index -= 1) {
        const agoMs = now - (times[index % size] as number);
        if (agoMs > rememberedMs || agoMs < 0) break;
        result.spanMs = agoMs;
        add(result, outcomes[index % size] as number, agoMs >= patienceMs);
      }
      return result;
    },
  };
}

function add(tally: Mutable<Tally>, outcome: number, isPatient: boolean): void {
  if (outcome === refused) {
    tally.refused += 1;
    if (tally.accepted === 0) tally.row += 1;
    else tally.mixed = true;
  } else if (outcome === accepted || (outcome === pending && isPatient)) tally.accepted += 1;
  else if (outcome === pending) tally.open += 1;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
