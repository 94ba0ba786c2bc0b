import { exponential, fromQuantiles, hyperexponential, keyedRandom, type Quantiles } from './sampling.ts';

/** The calls of a simulation. They come whether or not earlier ones were answered. */
export interface Traffic {
  /** On average. */
  readonly callsPerSecond: number;
  /**
   * `even`: each call comes by itself (Poisson). `bursts`: many at once, then none, as completions in an editor do
   * (coefficient of variation 13). @default 'even'
   */
  readonly shape?: 'even' | 'bursts';
  /** Times in which `factor` as many calls come. */
  readonly surges?: readonly { readonly fromMs: number; readonly untilMs: number; readonly factor: number }[];
  /** The share of calls that are streamed to their caller, from 0 to 1. @default 0.6 */
  readonly streamedShare?: number;
  /** `timeouts.totalMs` of each call. @default 30_000 */
  readonly deadlineMs?: number;
}

/** One call, before anybody has answered it. */
export interface PlannedCall {
  /** Counts from 0. */
  readonly number: number;
  /** Since the start of the simulation, in milliseconds. */
  readonly at: number;
  readonly streamed: boolean;
  readonly outputTokens: number;
}

/** Of the Azure trace of 2023, conversations; the ends are guesses. */
const outputTokens: Quantiles = [
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
  const { callsPerSecond, shape = 'even', streamedShare = 0.6 } = traffic;
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
      outputTokens: Math.round(fromQuantiles(outputTokens, random)),
    });
  }
}

function surgeAt({ surges = [] }: Traffic, at: number): number {
  return surges.find(({ fromMs, untilMs }) => at >= fromMs && at < untilMs)?.factor ?? 1;
}
