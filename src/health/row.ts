/** So many failures in a row, and a target does not limp: it is down. Half of the calls to fail make such a row one time in 32. */
export const rowOfTheDead = 5;

/** Failures one after the other, in the order in which attempts begin. */
export interface Row {
  /** An attempt begins; its place in the order. */
  begin(): number;
  /** The answer of the attempt in that place begins; whether that says anything of now. */
  answered(place: number): boolean;
  failed(place: number, weight: number): void;
  /** Whether there were nothing but failures of late. */
  isDown(): boolean;
  end(): void;
}

/** At a busy target a failure is told sooner than an answer, so neither the order of ends nor the number alone will do. */
export function createRow(): Row {
  let begun = 0;
  let length = 0;
  /** The place of the first failure. */
  let from = 0;

  return {
    begin: () => (begun += 1),
    // What began before the row says nothing of now: it ends well for a while after a target has gone down.
    answered(place) {
      if (place < from) return false;
      length = 0;
      return true;
    },
    failed(place, weight) {
      if (length === 0) from = place;
      length += weight;
    },
    // Five of a hundred under way are no row.
    isDown: () => length >= rowOfTheDead && length * 2 > begun - from,
    end() {
      length = 0;
    },
  };
}
