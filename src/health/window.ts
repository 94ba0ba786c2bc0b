/** A limit for a minute is kept by seconds; 61 of them are counted, so that no 60 seconds ever hold more. */
const secondsCounted = 61;

/** What went through in the last minute. */
export interface Window {
  used(now: number): number;
  /** The earliest instant at which no more than `most` will be in use. */
  freeAt(now: number, most: number): number;
  /** Returns how to correct it, as long as it counts. */
  add(amount: number, now: number): (change: number) => void;
}

export function createWindow(): Window {
  const amounts = new Float64Array(secondsCounted);
  let newest = -Infinity;
  /** Grows where the clock was set back so far that all begins anew: a second that comes again is another one. */
  let era = 0;

  const amountOf = (second: number) => amounts[second % secondsCounted] as number;

  /** The seconds that count at `now`, as [first, last]. */
  function range(now: number): readonly [number, number] {
    const second = Math.floor(now / 1000);
    // A clock that was set back by more than the window leaves nothing that could be trusted.
    if (second < newest - secondsCounted) return [0, -1];
    return [Math.max(0, Math.max(second, newest) - secondsCounted + 1), newest];
  }

  function sum(now: number): number {
    const [first, last] = range(now);
    let amount = 0;
    for (let second = first; second <= last; second += 1) amount += amountOf(second);
    return amount;
  }

  function advance(now: number): number {
    const second = Math.floor(now / 1000);
    const isAnew = second < newest - secondsCounted;
    if (isAnew) era += 1;
    if (isAnew || second - newest >= secondsCounted) {
      amounts.fill(0);
      newest = second;
    }
    for (; newest < second; newest += 1) amounts[(newest + 1) % secondsCounted] = 0;
    return newest;
  }

  return {
    used: sum,
    freeAt(now, most) {
      let left = sum(now) - most;
      const [first, last] = range(now);
      for (let second = first; second <= last; second += 1) {
        left -= amountOf(second);
        if (left <= 0) return (second + secondsCounted) * 1000;
      }
      return now;
    },
    add(amount, now) {
      const second = advance(now);
      const index = second % secondsCounted;
      const begunIn = era;
      amounts[index] = amountOf(second) + amount;
      return (change) => {
        if (begunIn !== era || second <= newest - secondsCounted) return;
        amounts[index] = Math.max(0, amountOf(second) + change);
      };
    },
  };
}
