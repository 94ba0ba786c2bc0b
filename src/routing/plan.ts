import type { Rejection } from '../core/events.ts';
import type { Candidate } from './candidate.ts';
import type { Demand } from './demand.ts';
import type { Strategy, StrategyName } from './strategies.ts';

/** Who may serve, in order. Only the first is worked out at once, the others when they are asked for. */
export interface Order extends Iterable<Candidate> {
  readonly length: number;
  at(index: number): Candidate | undefined;
  toArray(): Candidate[];
}

/** A counter of smooth weighted selection, to be kept at the candidate's place. */
export interface CreditChange {
  readonly candidate: Candidate;
  readonly credit: number;
}

/** Who may serve a call, in order, and who was rejected and why. */
export interface Plan {
  readonly order: Order;
  readonly rejected: readonly Rejection[];
  /** Nobody is free: those in `order` have an open breaker and are to be admitted as a last resort. */
  readonly lastResort: boolean;
  /** The soonest that one of those rejected only for a time may serve, in milliseconds; at least 1. */
  readonly retryAfterMs?: number;
  /** What went wrong with a strategy of the host's own. */
  readonly warnings: readonly string[];
  /** The counters to keep once the first of `order` is really asked; empty where nothing is weighted. */
  credits(): readonly CreditChange[];
}

export interface PlanInput {
  readonly demand: Demand;
  /** All places of the model, in the order listed. */
  readonly candidates: readonly Candidate[];
  /** @default weighted in a priority where a weight is stated, else in-order */
  readonly strategy?: StrategyName | Strategy;
  readonly random: () => number;
  readonly now: number;
}

export declare function makePlan(input: PlanInput): Plan;
