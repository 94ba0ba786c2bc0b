import type { Usage } from '../core/completion.ts';

/** What is expected of a target that has not answered yet; its first answers weigh against it. */
export const expectedUsage: Typical = { outputTokens: 500, cachedShare: 0 };
/** As if so many answers had been like the expectation. */
const priorAnswers = 5;
/** An answer weighs at least 1 in this many, so that what is typical can change. */
const mostAnswers = 50;
/** One answer of a million tokens says little of the next. */
export const mostOutputTokens = 32_768;

/** What an answer takes on average. */
export interface Typical {
  readonly outputTokens: number;
  /** How much of the input the vendor's cache holds, from 0 to 1. */
  readonly cachedShare: number;
}

/** Learns what the answers of a target take, from the usage that its vendor reports. */
export interface TypicalUsage {
  record(usage: Usage): void;
  /** A value that never changes; undefined until something was reported. */
  get(): Typical | undefined;
}

export function createTypicalUsage(): TypicalUsage {
  let typical: Typical | undefined;
  let answers = priorAnswers;

  return {
    record({ inputTokens, outputTokens, cachedInputTokens = 0 }) {
      if (inputTokens === undefined || outputTokens === undefined) return;
      answers = Math.min(answers + 1, mostAnswers);
      const known = typical ?? expectedUsage;
      const mean = (before: number, latest: number) => before + (latest - before) / answers;
      typical = {
        outputTokens: mean(known.outputTokens, within(outputTokens, mostOutputTokens)),
        cachedShare: mean(known.cachedShare, within(cachedInputTokens / Math.max(1, inputTokens), 1)),
      };
    },
    get: () => typical,
  };
}

function within(amount: number, most: number): number {
  return Math.min(most, Math.max(0, amount));
}
