import type { RouterEvent } from './core/events.ts';
import type { Failure } from './core/failure.ts';
import type { CompletionRequest } from './core/request.ts';
import type { Runtime } from './core/runtime.ts';
import { runAttempt } from './execution/attempt.ts';
import type { Call, ExecutionTarget } from './execution/call.ts';
import { createDeadline } from './execution/deadline.ts';
import { createCancellation, followSignal } from './execution/cancellation.ts';
import { readRequest } from './execution/prepare.ts';
import type { Permit } from './health/target-health.ts';
import type { InFlight } from './in-flight.ts';

/** What one probe found. */
export interface ProbeResult {
  ok: boolean;
  latencyMs: number;
  failure?: Failure;
}

/** The smallest request that shows whether a target answers. A few tokens more, since some models think first. */
const probeRequest: CompletionRequest = { messages: [{ role: 'user', content: 'Say OK.' }], maxTokens: 16 };
const probeMs = 30_000;

/** For a target that admits nobody now: the probe is asked for by name, and is counted nowhere. */
const unrecorded: Permit = {
  probe: true,
  watch: () => undefined,
  firstContent: () => {},
  told: () => {},
  end: () => {},
};

export interface ProbeParts {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
  readonly inFlight: InFlight;
  /** Ends the probe. */
  readonly signal?: AbortSignal | undefined;
}

type ProbeEvent = Extract<RouterEvent, { type: 'probe' }>;

/** Asks one target, whatever its state, and lets its health learn from the answer. */
export function probeTarget(
  target: ExecutionTarget,
  by: ProbeEvent['by'],
  parts: ProbeParts,
): Promise<ProbeResult> {
  return probeWith(target.health.admit({ lastResort: true }), target, by, parts);
}

/** Asks one target with a permit that it has given; undefined: it admits nobody now. */
export async function probeWith(
  permit: Permit | undefined,
  target: ExecutionTarget,
  by: ProbeEvent['by'],
  { runtime, emit, inFlight, signal }: ProbeParts,
): Promise<ProbeResult> {
  const call = probeCall(runtime, runtime.now());
  const parts = {
    runtime,
    // What comes of a probe belongs to no call.
    emit: (event: RouterEvent) => emit({ ...event, callId: undefined }),
    inFlight: (id: string, cut: (reason: unknown) => void) => inFlight.attempt(id, cut),
  };
  const unfollow = followSignal(signal, call.cancellation);
  const leave = inFlight.call(call);
  const callOff = call.deadline.start();
  const input = {
    call,
    target,
    permit: permit ?? unrecorded,
    parts,
    last: false,
    canMoveOn: () => false,
    mayRefresh: by !== 'rotate',
  };
  const { answer, attempt, cut, failure } = await runAttempt(input).finally(() => {
    unfollow();
    leave();
    callOff();
  });
  const ok = answer !== undefined;
  if (ok && !permit) target.health.clearLockout();
  attempt.decision = ok ? 'answer' : cut ? 'cut' : 'stop';
  emit({ type: 'probe', at: runtime.now(), target: target.id, by, ok, attempt });
  return { ok, latencyMs: attempt.durationMs, ...(failure && { failure }) };
}

function probeCall(runtime: Runtime, startedAt: number): Call {
  return {
    id: 'probe',
    model: 'probe',
    read: readRequest(probeRequest).read,
    startedAt,
    deadline: createDeadline(runtime, startedAt, probeMs),
    timeouts: {},
    retry: { limit: 0, baseDelayMs: 0, maxDelayMs: 0 },
    maxAttempts: 1,
    failures: {},
    hedge: undefined,
    transport: 'auto',
    headers: {},
    cancellation: createCancellation(),
    recovery: 'none',
    continuation: undefined,
    show: undefined,
    tokens: undefined,
    attempts: [],
    waitedMs: 0,
  };
}
