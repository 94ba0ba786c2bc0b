/** More is not saved up: in an outage, which every call would answer by a hedge, it is spent within moments. */
const mostSaved = 10;

/** How many of the calls of a model may be hedged. It knows no time: a share of the calls is one at any rate of them. */
export interface HedgeBudget {
  /** A call that may be hedged begins. */
  earn(share: number): void;
  /** Takes one hedge, if there is one. */
  pay(): boolean;
  /** None was made. */
  giveBack(): void;
}

export function createHedgeBudget(): HedgeBudget {
  let saved = 1;
  return {
    earn(share) {
      saved = Math.min(mostSaved, saved + share);
    },
    pay() {
      // Sums of fractions: ten tenths are a whole.
      const affords = saved > 1 - 1e-9;
      if (affords) saved -= 1;
      return affords;
    },
    giveBack() {
      saved = Math.min(mostSaved, saved + 1);
    },
  };
}
