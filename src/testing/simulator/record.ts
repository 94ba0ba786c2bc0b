import type { FailureKind } from '../../core/failure.ts';
import type { PlannedCall } from './traffic.ts';

/** One request that a simulated provider was sent. Instants are milliseconds since the start of the simulation. */
export interface AttemptRecord {
  /** The id of the target; of the first one, where several share provider and model. */
  readonly provider: string;
  readonly call: number;
  /** Counts the attempts of its call from 1. */
  readonly number: number;
  readonly at: number;
  /** Whether a fault, and not an ordinary day, decides how it goes. */
  readonly struck: boolean;
  /** Refused at the door, and as what. */
  readonly refusedFor?: FailureKind;
  endedAt?: number;
  firstTokenAt?: number;
  lastTokenAt?: number;
  /** Undefined while it is under way; `left`: given up by whoever asked. */
  outcome?: 'answered' | 'failed' | 'left';
}

/** One call, as its caller saw it. */
export interface CallRecord extends PlannedCall {
  endedAt?: number;
  /** With a streamed one: when its first text came. */
  firstTextAt?: number;
  /** Undefined: it hung. */
  outcome?: 'answer' | 'error';
  /** What the error said that ended it. */
  error?: string;
  /** What it was given is not what the provider said: cut short, told twice, garbage. */
  isCorrupt?: boolean;
  /** How many attempts it took. */
  attempts: number;
}

/** A change of the breaker of a provider. */
export interface ChangeRecord {
  readonly at: number;
  /** The id of the target, as in an attempt. */
  readonly provider: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** All that happened. */
export interface RunRecord {
  readonly calls: CallRecord[];
  readonly attempts: AttemptRecord[];
  readonly changes: ChangeRecord[];
  /** How often an alert was told. */
  alerts: number;
  /** Attempts that came before the time that a refusal had named. */
  earlyAttempts: number;
}
