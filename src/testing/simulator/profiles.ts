import type { Quantiles } from './sampling.ts';

/** How a provider behaves on a good day. */
export interface ProviderProfile {
  /** The provider's own name of the model, where nobody says another. */
  readonly model?: string | undefined;
  /** From the request to the first token. */
  readonly firstTokenMs: Quantiles;
  readonly tokensPerSecond: number;
  /** What fails on any day. @default 0.4 % of calls, before the first token */
  readonly usual?: UsualErrors | undefined;
}

/** What fails on any day, in shares of calls from 0 to 1. */
export interface UsualErrors {
  readonly rateLimit: number;
  readonly serverError: number;
  readonly reset: number;
  readonly silence: number;
  readonly truncation: number;
}

/** The errors of the scenarios: 0.4 %, before the first token. */
export const fewErrors: UsualErrors = {
  rateLimit: 0,
  serverError: 0.003,
  reset: 0.001,
  silence: 0,
  truncation: 0,
};

/** What public figures say of any day (Requesty, Portkey and Datadog, 2024 to 2026). */
export const usualErrors: UsualErrors = {
  rateLimit: 0.01,
  serverError: 0.003,
  reset: 0.001,
  silence: 0.0005,
  truncation: 0.0005,
};

/**
 * Providers that are unlike each other. Quantiles of the time to the first token as measured by modelstats.ai (one data
 * centre, every 5 minutes for a day) for Claude Sonnet 4.6, GPT-4.1 and Gemini 2.5 Flash; the smallest of each is a guess,
 * and so is all of `local-like`: a model of middling size on a machine of one's own.
 */
export const profiles = {
  'sonnet-like': {
    model: 'sonnet-like',
    firstTokenMs: [
      [0, 450],
      [0.5, 941],
      [0.95, 2_939],
      [0.99, 4_787],
      [1, 5_453],
    ],
    tokensPerSecond: 75,
  },
  'gpt-like': {
    model: 'gpt-like',
    firstTokenMs: [
      [0, 400],
      [0.5, 726],
      [0.95, 1_220],
      [0.99, 1_946],
      [1, 4_813],
    ],
    tokensPerSecond: 75,
  },
  'flash-like': {
    model: 'flash-like',
    firstTokenMs: [
      [0, 300],
      [0.5, 477],
      [0.95, 776],
      [0.99, 1_309],
      [1, 1_879],
    ],
    tokensPerSecond: 75,
  },
  'local-like': {
    model: 'local-like',
    firstTokenMs: [
      [0, 150],
      [0.5, 350],
      [0.95, 1_100],
      [0.99, 2_500],
      [1, 6_000],
    ],
    tokensPerSecond: 40,
  },
} as const satisfies Record<string, ProviderProfile>;

/** The profiles that come with the simulator. */
export type ProfileName = keyof typeof profiles;

/** How far one gap between tokens is from the mean of its answer; a guess with a tail. */
export const gapFactors: Quantiles = [
  [0, 0.4],
  [0.5, 0.9],
  [0.95, 1.8],
  [0.99, 3],
  [1, 6],
];
