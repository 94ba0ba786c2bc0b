import type { FaultSchedule } from 'failsoft/testing';

export type Name = 'gpt' | 'claude' | 'gemini' | 'local';

/** A stretch of time in which the vendors behave in one way. */
export interface Phase {
  readonly title: string;
  readonly lastsMs: number;
  /** Whoever is not named is well. */
  readonly faults: Partial<Readonly<Record<Name, FaultSchedule>>>;
}

/** The same in each run, beginning and ending in peace. */
export const phases: readonly Phase[] = [
  { title: 'all is well', lastsMs: 25_000, faults: {} },
  { title: 'gpt is down: connections are refused', lastsMs: 30_000, faults: { gpt: 'refuse' } },
  { title: 'gpt is back', lastsMs: 30_000, faults: {} },
  {
    title: 'gpt limits: 429, to be asked again in 15 s',
    lastsMs: 25_000,
    faults: { gpt: { kind: 'rate-limit', afterMs: 15_000 } },
  },
  { title: 'gpt goes silent, half the time in mid-answer', lastsMs: 35_000, faults: { gpt: stalling } },
  { title: 'gpt answers with pieces: cut, empty, or HTML', lastsMs: 30_000, faults: { gpt: truncating } },
  {
    title: 'gpt flaps: two answers, four times overloaded',
    lastsMs: 30_000,
    faults: { gpt: { kind: 'flap', fault: 'overloaded', down: 4, up: 2 } },
  },
  {
    title: 'all three clouds are down, the local model is left',
    lastsMs: 20_000,
    faults: { gpt: 'refuse', claude: 'refuse', gemini: 'refuse' },
  },
  { title: 'all recover', lastsMs: 40_000, faults: {} },
];

export const totalMs = phases.reduce((sum, { lastsMs }) => sum + lastsMs, 0);

function stalling(request: number) {
  return request % 2 === 0 ? 'stall-before-first-token' : ({ kind: 'stall-after', tokens: 4 } as const);
}

function truncating(request: number) {
  switch (request % 4) {
    case 0:
      return 'empty';
    case 1:
      return { kind: 'truncate', tokens: 4 } as const;
    case 2:
      return { kind: 'garbage', what: 'html' } as const;
    default:
      return { kind: 'truncate', tokens: 4, how: 'mid-event' } as const;
  }
}
