import { mostOutputTokens } from './answer-text.ts';
import {
  exponential,
  fromQuantiles,
  hyperexponential,
  keyedRandom,
  type Quantiles,
  type Random,
} from './sampling.ts';

/** The calls of a simulation. They come whether or not earlier ones were answered. */
export interface Traffic {
  /** On average. */
  readonly callsPerSecond: number;
  /**
   * `even`: each call comes by itself (Poisson). `bursts`: many at once, then none, as completions in an editor do
   * (coefficient of variation 13). @default 'even'
   */
  readonly shape?: 'even' | 'bursts' | undefined;
  /** Times in which `factor` as many calls come. */
  readonly surges?:
    readonly { readonly fromMs: number; readonly untilMs: number; readonly factor: number }[] | undefined;
  /** The share of calls that are streamed to their caller, from 0 to 1. @default 0.6 */
  readonly streamedShare?: number | undefined;
  /** `timeouts.totalMs` of each call. @default 30_000 */
  readonly deadlineMs?: number | undefined;
  /** What callers ask for. @default 'chat' */
  readonly model?: string | undefined;
  /** Calls that were recorded, in the order of their time: they come instead of drawn ones. */
  readonly recorded?: readonly RecordedCall[] | undefined;
}

/** A call of a host's own log. What is absent is drawn. */
export interface RecordedCall {
  /** Since the start of the simulation, in milliseconds. */
  readonly at: number;
  readonly model?: string | undefined;
  /** Makes the prompt as long, for limits of tokens. @default a few words; 1,000 in the usage */
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly streamed?: boolean | undefined;
  /** Its `timeouts.totalMs`. */
  readonly deadlineMs?: number | undefined;
}

/** One call, before anybody has answered it. */
export interface PlannedCall {
  /** Counts from 0. */
  readonly number: number;
  /** Since the start of the simulation, in milliseconds. */
  readonly at: number;
  readonly streamed: boolean;
  readonly outputTokens: number;
  readonly inputTokens?: number | undefined;
  /** What it asks for. @default the traffic's */
  readonly model?: string | undefined;
  /** @default the traffic's */
  readonly deadlineMs?: number | undefined;
}

/** Of the Azure trace of 2023, conversations; the ends are guesses. */
const outputTokensOfAnswers: Quantiles = [
  [0, 8],
  [0.5, 129],
  [0.9, 424],
  [0.99, 601],
  [1, 1_000],
];
/** Of the same trace, code. */
const variationOfBursts = 13.2;

export const defaultDeadlineMs = 30_000;

/** The same seed gives the same calls. */
export function planTraffic(traffic: Traffic, lastsMs: number, seed: number): PlannedCall[] {
  const random = keyedRandom(seed, 1);
  const { callsPerSecond, shape = 'even', streamedShare = 0.6, recorded } = traffic;
  if (recorded) return replay(recorded, { lastsMs, streamedShare, random });
  const meanMs = 1_000 / callsPerSecond;
  const calls: PlannedCall[] = [];
  for (let at = 0; ;) {
    const gapMs =
      shape === 'bursts' ? hyperexponential(meanMs, variationOfBursts, random) : exponential(meanMs, random);
    at += gapMs / surgeAt(traffic, at);
    if (at >= lastsMs) return calls;
    calls.push({
      number: calls.length,
      at: Math.round(at),
      streamed: random() < streamedShare,
      outputTokens: Math.round(fromQuantiles(outputTokensOfAnswers, random)),
    });
  }
}

interface Replay {
  readonly lastsMs: number;
  readonly streamedShare: number;
  readonly random: Random;
}

function replay(
  recorded: readonly RecordedCall[],
  { lastsMs, streamedShare, random }: Replay,
): PlannedCall[] {
  return recorded
    .filter(({ at }) => at >= 0 && at < lastsMs)
    .map(({ streamed, outputTokens, ...call }, number) => {
      // Drawn also where it is not needed: the luck of one call does not depend on what is known of another.
      const drawn = {
        streamed: random() < streamedShare,
        tokens: Math.round(fromQuantiles(outputTokensOfAnswers, random)),
      };
      return {
        ...call,
        number,
        streamed: streamed ?? drawn.streamed,
        outputTokens: Math.min(mostOutputTokens, Math.max(1, outputTokens ?? drawn.tokens)),
      };
    });
}

function surgeAt({ surges = [] }: Traffic, at: number): number {
  return surges.find(({ fromMs, untilMs }) => at >= fromMs && at < untilMs)?.factor ?? 1;
}
