import type { Admission } from './admission.ts';
import { runAttempt, type AttemptEnd, type AttemptInput } from './attempt.ts';
import type { Call } from './call.ts';

/** An attempt that runs beside another one at most. */
export interface Runner {
  readonly admission: Admission;
  readonly end: Promise<AttemptEnd>;
}

/** What an attempt has to do with the one beside it. */
export interface Racer {
  /** It began later than the one beside it. */
  readonly isHedge: boolean;
  /** Whether it must not be shown, because it has not won. */
  isHidden(): boolean;
  /** Its first content has come. */
  win(): void;
  /** Registers how to cut it once the other one has won, called at once where it has; returns how to unregister. */
  onLost(cut: (reason: unknown) => void): () => void;
}

/** Two attempts at one answer, until the first content of either: whoever sends it goes on, and the other one is cut in the same tick. */
export interface Race {
  /** The first to start is shown as long as nobody has won, the second one only once it has won. */
  start(input: AttemptInput & Admission): Runner;
  winner(): Runner | undefined;
  /** Declares it the winner, if there is none. */
  declare(runner: Runner): void;
}

interface Entrant extends Runner {
  end: Promise<AttemptEnd>;
  readonly isHedge: boolean;
  cut: ((reason: unknown) => void) | undefined;
}

/** `onWon` is called as soon as it is decided. */
export function createRace(call: Call, onWon: () => void): Race {
  const entrants: Entrant[] = [];
  let winner: Entrant | undefined;

  function win(entrant: Entrant): void {
    if (winner) return;
    winner = entrant;
    onWon();
    if (entrant.isHedge) call.show?.begin(entrant.admission.target.info, false);
    for (const other of entrants) if (other !== entrant) other.cut?.(lost());
  }

  function racerOf(entrant: Entrant): Racer {
    return {
      isHedge: entrant.isHedge,
      isHidden: () => entrant.isHedge && winner !== entrant,
      win: () => win(entrant),
      onLost(cut) {
        if (winner && winner !== entrant) cut(lost());
        else entrant.cut = cut;
        return () => (entrant.cut = undefined);
      },
    };
  }

  return {
    start(input) {
      const isHedge = entrants.length > 0;
      const entrant: Entrant = { admission: input, end: unsettled, isHedge, cut: undefined };
      entrants.push(entrant);
      // It may win before it returns.
      entrant.end = runAttempt({ ...input, race: racerOf(entrant) });
      return entrant;
    },
    winner: () => winner,
    declare(runner) {
      const entrant = entrants.find((one) => one === runner);
      if (entrant) win(entrant);
    },
  };
}

const lost = () => new Error('another target was quicker');
const unsettled = new Promise<never>(() => {});
