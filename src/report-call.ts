import type { Completion } from './core/completion.ts';
import type { RouterError } from './core/errors.ts';
import type { Rejection, RouterEvent } from './core/events.ts';
import { elapsedMs } from './core/runtime.ts';
import type { Call } from './execution/call.ts';

interface Ending {
  readonly now: number;
  readonly streaming: boolean;
  readonly completion?: Completion;
  readonly error?: RouterError;
  readonly rejected: Rejection[];
}

/** The last event of a call: what it came to, without a word of it. */
export function callEvent(call: Call, ending: Ending): RouterEvent {
  const { completion, error, now, streaming, rejected } = ending;
  const { scope, metadata } = call.read.request;
  const first = call.attempts.find(
    ({ firstTokenMs, decision }) => decision === 'answer' && firstTokenMs !== undefined,
  );
  return {
    type: 'call',
    at: now,
    callId: call.id,
    model: call.model,
    stream: streaming,
    outcome: error ? error.code : 'answer',
    attempts: call.attempts.length,
    rejected,
    durationMs: elapsedMs(call.startedAt, now),
    waitedMs: call.waitedMs > 0 ? call.waitedMs : undefined,
    target: completion?.target.id,
    degraded: completion?.degraded,
    finishReason: completion?.finishReason,
    usage: completion?.usage,
    costUsd: completion?.costUsd,
    firstTokenMs: first && elapsedMs(call.startedAt, first.startedAt + (first.firstTokenMs as number)),
    scope,
    metadata,
  };
}

/** A request that no target was asked. */
export function refusedCallEvent(
  request: unknown,
  error: RouterError,
  { streaming, now }: { streaming: boolean; now: number },
): RouterEvent {
  const model = modelIn(request);
  return {
    type: 'call',
    at: now,
    callId: error.callId,
    model: typeof model === 'string' ? model : '',
    stream: streaming,
    outcome: error.code,
    attempts: 0,
    rejected: [],
    durationMs: 0,
  };
}

function modelIn(request: unknown): unknown {
  try {
    return (request as { model?: unknown } | null | undefined)?.model;
  } catch {
    return undefined;
  }
}
