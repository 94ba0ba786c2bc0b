import type { RouterEvent } from '../core/events.ts';
import type { Failure, FailureKind, Feature } from '../core/failure.ts';
import { shownAt } from './hold.ts';
import type { BreakerChange } from './phases.ts';
import type { Held } from './throttle.ts';

/** A provider and model that observers are told of. */
export interface Subject {
  readonly provider: string;
  readonly model: string;
  /** The ids of its targets. */
  readonly targets: Iterable<string>;
  readonly emit: (event: RouterEvent) => void;
}

function about({ provider, model, targets }: Subject, at: number) {
  return { at, provider, providerModel: model, targets: [...targets] };
}

/** `scope`: the change is of all models of the provider; then the model is the one that it happened to. */
export function tellBreaker(
  subject: Subject,
  { at, from, to, openUntil, reason }: BreakerChange,
  scope?: 'provider',
): void {
  subject.emit({
    type: 'breaker',
    ...about(subject, at),
    scope,
    from,
    to,
    openUntil: shownAt(openUntil),
    reason,
  });
}

export function tellShare(
  subject: Subject,
  { at, from, to, reason }: { at: number; from: number; to: number; reason: string },
): void {
  subject.emit({ type: 'share', ...about(subject, at), from, to, reason });
}

export function tellLimit(subject: Subject, kind: FailureKind, held: Held, at: number): void {
  const { until, perSecond, targets } = held;
  const scope = targets && ({ scope: 'provider', targets } as const);
  subject.emit({ type: 'limit', ...about(subject, at), ...scope, kind, until: Math.ceil(until), perSecond });
}

/** Of a key or a quota, which only its owner can mend. */
export function tellAlert({ emit }: Subject, failure: Failure, target: string, at: number): void {
  const name = failure.kind === 'quota' ? 'quota-exhausted' : 'key-refused';
  emit({ type: 'alert', at, name, target, message: failure.message });
}

export function tellLearned({ provider, model, emit }: Subject, feature: Feature, at: number): void {
  emit({ type: 'learned', at, provider, providerModel: model, feature });
}
