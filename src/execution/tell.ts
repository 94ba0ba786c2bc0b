import type { Decision } from '../core/completion.ts';
import type { AttemptEnd } from './attempt.ts';
import type { AttemptParts, Call } from './call.ts';

/** Writes down what follows the attempt, and tells the observers. */
export function conclude(
  call: Call,
  end: AttemptEnd,
  decision: Decision,
  { emit, runtime }: AttemptParts,
): void {
  const { attempt } = end;
  attempt.decision = decision;
  if (end.failure && !end.unseen) call.show?.drop(end.failure);
  const number = call.attempts.indexOf(attempt) + 1;
  emit({ type: 'attempt', at: runtime.now(), callId: call.id, model: call.model, number, attempt });
}

export function tellFailover(
  call: Call,
  { target, failure }: AttemptEnd,
  to: string,
  { emit, runtime }: AttemptParts,
): void {
  emit({
    type: 'failover',
    at: runtime.now(),
    callId: call.id,
    model: call.model,
    from: target.id,
    to,
    kind: failure?.kind ?? 'unknown',
  });
}

export interface HedgeNews {
  readonly from: string;
  readonly to: string;
  readonly waitedMs: number;
  readonly refused?: string;
}

export function tellHedge(call: Call, news: HedgeNews, { emit, runtime }: AttemptParts): void {
  emit({ type: 'hedge', at: runtime.now(), callId: call.id, model: call.model, ...news });
}
