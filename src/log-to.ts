import type { Observer, RouterEvent } from './core/events.ts';

/** Anything with the usual three methods: `console`, or a logger. */
export interface LogSink {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

type Level = keyof LogSink;

/**
 * An observer that prints one line for each decision; no prompt, answer or key is ever in one.
 *
 * @example
 * const router = createRouter({ models, observers: [logTo(console)] });
 */
export function logTo(sink: LogSink): Observer {
  return (event) => {
    const [level, line] = describe(event);
    // Handed back, so that a sink that writes later is followed to its end.
    return sink[level](`failsoft ${event.callId ? `${event.callId} ` : ''}${line}`);
  };
}

function describe(event: RouterEvent): [Level, string] {
  switch (event.type) {
    case 'call':
      return describeCall(event);
    case 'attempt':
      return describeAttempt(event);
    case 'hedge':
      return ['info', describeHedge(event)];
    case 'failover':
      return ['warn', `failover ${event.from} → ${event.to} (${event.kind})`];
    case 'breaker':
      return describeBreaker(event);
    case 'share':
      return describeShare(event);
    case 'limit':
      return ['warn', describeLimit(event)];
    case 'key':
      return describeKey(event);
    case 'probe':
      return describeProbe(event);
    case 'learned':
      return ['info', `learned ${event.provider}/${event.providerModel} refuses ${event.feature}`];
    case 'target':
      return ['warn', describeTarget(event)];
    case 'alert':
      return ['error', `alert ${event.name} ${event.target}: ${event.message}`];
    case 'strategy':
      return ['error', `model ${event.model}, ${event.message}`];
    case 'observer':
      return ['error', `observer failed: ${event.message}`];
  }
}

function describeKey({ provider, action, reason }: Extract<RouterEvent, { type: 'key' }>): [Level, string] {
  return [action === 'refused' ? 'error' : 'info', `key ${provider} ${action}: ${reason}`];
}

function describeHedge({ from, to, waitedMs, refused }: Extract<RouterEvent, { type: 'hedge' }>): string {
  const fate = refused === undefined ? '' : `, not made: ${refused}`;
  return `hedge ${from} → ${to} after ${milliseconds(waitedMs)} of silence${fate}`;
}

function describeLimit(event: Extract<RouterEvent, { type: 'limit' }>): string {
  const how =
    event.perSecond === undefined ? 'spared' : `asked ${event.perSecond.toFixed(1)} times a second or more`;
  return `limit ${placeOf(event)} ${how} for ${seconds(event.until - event.at)} (${event.kind})`;
}

function describeCall(event: Extract<RouterEvent, { type: 'call' }>): [Level, string] {
  const cost = event.costUsd === undefined ? '' : `, ${event.costUsd.toFixed(6)} USD`;
  const tries = event.attempts === 1 ? '1 attempt' : `${event.attempts} attempts`;
  const by = event.target ? ` by ${event.target}` : '';
  const answered = event.outcome === 'answer';
  return [
    answered ? 'info' : 'error',
    `call ${event.model || '(no model)'} ${event.outcome}${by} in ${milliseconds(event.durationMs)}, ${tries}${cost}`,
  ];
}

function describeAttempt(event: Extract<RouterEvent, { type: 'attempt' }>): [Level, string] {
  const { target, durationMs, failure, decision, requestId } = event.attempt;
  const head = `attempt ${event.number} ${target} ${decision} after ${milliseconds(durationMs)}`;
  const request = requestId ? ` [${requestId}]` : '';
  if (!failure) return ['info', `${head}${request}`];
  const status = failure.status === undefined ? '' : ` ${failure.status}`;
  return ['warn', `${head}: ${failure.kind}${status}, ${failure.message}${request}`];
}

function describeTarget({ target, action, reason }: Extract<RouterEvent, { type: 'target' }>): string {
  return `target ${target} ${action}${reason ? `: ${reason}` : ''}`;
}

function describeProbe({
  target,
  by,
  ok,
  attempt,
}: Extract<RouterEvent, { type: 'probe' }>): [Level, string] {
  const head = `probe ${target} (${by}) ${ok ? 'answered' : 'failed'} after ${milliseconds(attempt.durationMs)}`;
  const { failure } = attempt;
  return failure ? ['warn', `${head}: ${failure.kind}, ${failure.message}`] : ['info', head];
}

function describeBreaker(event: Extract<RouterEvent, { type: 'breaker' }>): [Level, string] {
  const until = event.openUntil === undefined ? '' : ` for ${seconds(event.openUntil - event.at)}`;
  const line = `breaker ${placeOf(event)} ${event.from} → ${event.to}${until} (${event.reason})`;
  return [event.to === 'open' ? 'warn' : 'info', line];
}

function describeShare(event: Extract<RouterEvent, { type: 'share' }>): [Level, string] {
  const { provider, providerModel, from, to, reason } = event;
  return [to < from ? 'warn' : 'info', `share ${provider}/${providerModel} ${from} → ${to} (${reason})`];
}

function placeOf({
  scope,
  provider,
  providerModel,
}: Extract<RouterEvent, { type: 'breaker' | 'limit' }>): string {
  return scope === undefined
    ? `${provider}/${providerModel}`
    : `${provider} (all models, by ${providerModel})`;
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
