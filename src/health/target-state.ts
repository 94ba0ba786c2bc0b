import type { Backend } from './backend.ts';
import type { Latency } from './latency.ts';
import type { OwnLimits } from './limits.ts';
import type { PeakEwma } from './peak-ewma.ts';
import type { TypicalUsage } from './typical-usage.ts';
import type { Histories } from './waiting.ts';

/** A target taken out of use by hand. */
export interface Disabled {
  readonly reason?: string;
  /** Infinity: until it is enabled. */
  readonly until: number;
}

/** All that is known of one target. */
export interface TargetState {
  readonly backend: Backend;
  readonly limits: OwnLimits;
  readonly firstToken: Latency;
  readonly firstTokenPeak: PeakEwma;
  readonly total: Latency;
  readonly typical: TypicalUsage;
  readonly histories: Histories;
  disabled: Disabled | undefined;
  /** Attempts in flight without content. */
  awaitingContent: number;
}

export function disabledAt(state: TargetState, now: number): Disabled | undefined {
  return state.disabled !== undefined && now < state.disabled.until ? state.disabled : undefined;
}
