import type { Attempt, FinishReason, Usage } from './completion.ts';
import type { FailureKind } from './failure.ts';
import type { RouterErrorCode } from './errors.ts';

/** Closed: calls go through. Open: none does. Half-open: one that decides. Slow start: a rising share. */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'slow-start';

interface EventBase {
  /** Epoch milliseconds. */
  at: number;
  callId?: string;
}

/** Why a target did not serve a call. */
export interface Rejection {
  target: string;
  reason: string;
}

/** What happened, as plain JSON without prompts, answers or keys. */
export type RouterEvent =
  | (EventBase & {
      /** One call ended. */
      type: 'call';
      model: string;
      stream: boolean;
      outcome: 'answer' | RouterErrorCode;
      target?: string;
      degraded?: boolean;
      finishReason?: FinishReason;
      attempts: number;
      rejected: Rejection[];
      durationMs: number;
      /** Spent with no attempt under way: in the queue, or before a retry. */
      waitedMs?: number;
      firstTokenMs?: number;
      usage?: Usage;
      costUsd?: number;
      scope?: string;
      metadata?: { readonly [key: string]: unknown };
    })
  | (EventBase & {
      /** One attempt ended. */
      type: 'attempt';
      model: string;
      /** Counts from 1 within the call. */
      number: number;
      attempt: Attempt;
    })
  | (EventBase & {
      /** A second attempt begins beside a silent one, or would have, but for a budget. */
      type: 'hedge';
      model: string;
      from: string;
      to: string;
      /** How long the first has been silent. */
      waitedMs: number;
      /** Which budget is spent. */
      refused?: string;
    })
  | (EventBase & { type: 'failover'; model: string; from: string; to: string; kind: FailureKind })
  | (EventBase & {
      type: 'breaker';
      /** It is about all models of the provider object, because its host cannot be reached; `providerModel` met that first. */
      scope?: 'provider';
      provider: string;
      providerModel: string;
      targets: string[];
      from: BreakerState;
      to: BreakerState;
      /** With `open`: until when, in epoch milliseconds. */
      openUntil?: number;
      reason: string;
    })
  | (EventBase & {
      /** A closed target gets far less of the calls than usual because too many fail there, or about all of them again. */
      type: 'share';
      provider: string;
      providerModel: string;
      targets: string[];
      /** As it was told last, at first 1. */
      from: number;
      to: number;
      reason: string;
    })
  | (EventBase & {
      /** A target cools down, is locked out, or is asked less often for a while. */
      type: 'limit';
      /** All models of the provider object are locked out for what `providerModel` was refused for. */
      scope?: 'provider';
      provider: string;
      providerModel: string;
      targets: string[];
      kind: FailureKind;
      until: number;
      /** It is still asked so often. */
      perSecond?: number;
    })
  | (EventBase & {
      type: 'key';
      provider: string;
      action: 'refused' | 'refreshed' | 'rotated';
      reason: string;
    })
  | (EventBase & {
      /** A target was sent a short request that no caller made. */
      type: 'probe';
      target: string;
      /** Who wanted it: `probe()`, `rotate()`, or the option `probes`. */
      by: 'probe' | 'rotate' | 'schedule';
      ok: boolean;
      attempt: Attempt;
    })
  | (EventBase & {
      type: 'learned';
      /** A refused feature is remembered. */
      provider: string;
      providerModel: string;
      feature: string;
    })
  | (EventBase & {
      type: 'target';
      target: string;
      action: 'disabled' | 'enabled';
      reason?: string;
      until?: number;
    })
  | (EventBase & { type: 'alert'; name: 'key-refused' | 'quota-exhausted'; target: string; message: string })
  | (EventBase & {
      /** A strategy of the host's own threw or returned what it should not. Told again only when it says something else. */
      type: 'strategy';
      model: string;
      message: string;
    })
  | (EventBase & { type: 'observer'; message: string });

/** Called synchronously, in order. Nothing it does or throws reaches the call. */
export type Observer = (event: RouterEvent) => void;
