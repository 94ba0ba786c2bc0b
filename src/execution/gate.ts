import { setAlarm, type Runtime } from '../core/runtime.ts';

/** Keeps the first moments of an answer back, until both the time is over and there is enough of it. */
export interface Gate {
  /** Counts what has come; whether it is to be held. */
  holds(characters: number): boolean;
  stop(): void;
}

export interface HoldSettings {
  readonly holdMs: number;
  readonly holdTokens: number;
}

/** The usual rule of thumb for a token of text. */
const charactersPerToken = 4;

export function createGate({ holdMs, holdTokens }: HoldSettings, runtime: Runtime, open: () => void): Gate {
  const enough = holdTokens * charactersPerToken;
  let characters = 0;
  let timeIsOver = holdMs === 0;
  let callOff: (() => void) | undefined;

  function wait(): () => void {
    return setAlarm(runtime, holdMs, () => {
      timeIsOver = true;
      if (characters >= enough) open();
    });
  }

  return {
    holds(more) {
      characters += more;
      if (!timeIsOver) callOff ??= wait();
      return !timeIsOver || characters < enough;
    },
    stop: () => callOff?.(),
  };
}
