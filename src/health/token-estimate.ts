import type { Usage } from '../core/completion.ts';
import { mostOutputTokens } from './typical-usage.ts';

/** So few answers justify nothing: until then a request is taken to need all that its caller allows. */
const enoughAnswers = 20;
/** An answer weighs at least 1 in this many, so that what is usual can change. */
const mostAnswers = 50;
/** What is reserved beyond the mean, in standard deviations: nine of ten answers stay below that, however they are distributed. */
const deviations = 3;
/** How far the real input may be from what its length says, as a factor. */
const furthestRatio = 4;
/** Callers who allow no more than this many times what others allow want answers of one kind. */
const classWidth = 4;

/** What one request may take, by its length and its caller's word, whoever is asked. */
export interface TokenDemand {
  readonly inputTokens: number;
  readonly maxTokens: number | undefined;
}

/** Learns from what a vendor counts how many tokens the requests to a target really take. */
export interface TokenEstimate {
  of(demand: TokenDemand): number;
  inputOf(demand: TokenDemand): number;
  record(demand: TokenDemand, counted: Usage): void;
}

export function createTokenEstimate(): TokenEstimate {
  // Sums and not the ratio of each: what short requests are off by is of no account.
  const guessed = createMoments();
  const counted = createMoments();
  const outputs = new Map<number, Moments>();

  function inputOf({ inputTokens }: TokenDemand): number {
    const ratio = counted.isEnough() && guessed.mean() > 0 ? counted.mean() / guessed.mean() : 1;
    return Math.ceil(inputTokens * ratio);
  }

  function outputOf({ maxTokens }: TokenDemand): number {
    const output = outputs.get(classOf(maxTokens));
    if (!output?.isEnough()) return maxTokens ?? 0;
    return Math.min(maxTokens ?? Infinity, Math.ceil(output.mean() + deviations * output.deviation()));
  }

  return {
    of: (demand) => inputOf(demand) + outputOf(demand),
    inputOf,
    record(demand, { inputTokens, outputTokens }) {
      if (inputTokens === undefined || outputTokens === undefined) return;
      const { inputTokens: guess, maxTokens } = demand;
      guessed.add(guess);
      counted.add(Math.min(guess * furthestRatio, Math.max(guess / furthestRatio, inputTokens)));
      const kind = classOf(maxTokens);
      const output = outputs.get(kind) ?? createMoments();
      outputs.set(kind, output);
      output.add(Math.min(mostOutputTokens, Math.max(0, outputTokens)));
    },
  };
}

/** A caller who allows 16 tokens wants a word, one who allows 8,192 perhaps an essay: neither says anything of the other. */
function classOf(maxTokens: number | undefined): number {
  return maxTokens === undefined ? -1 : Math.ceil(Math.log(Math.max(1, maxTokens)) / Math.log(classWidth));
}

interface Moments {
  add(value: number): void;
  isEnough(): boolean;
  mean(): number;
  deviation(): number;
}

/** Mean and standard deviation, the latest values weighing most (Welford's update with a bounded count). */
function createMoments(): Moments {
  let count = 0;
  let mean = 0;
  let variance = 0;
  return {
    add(value) {
      count += 1;
      const weight = 1 / Math.min(count, mostAnswers);
      const step = value - mean;
      mean += step * weight;
      variance = (1 - weight) * (variance + step * step * weight);
    },
    isEnough: () => count >= enoughAnswers,
    mean: () => mean,
    deviation: () => Math.sqrt(variance),
  };
}
