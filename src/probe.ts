import type { RouterEvent } from './core/events.ts';
import type { Failure } from './core/failure.ts';
import type { CompletionRequest } from './core/request.ts';
import type { Runtime } from './core/runtime.ts';
import { runAttempt } from './execution/attempt.ts';
import type { Call, ExecutionTarget } from './execution/call.ts';
import { createCancellation } from './execution/cancellation.ts';
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
const unrecorded: Permit = { probe: true, firstContent: () => {}, end: () => {} };

interface ProbeParts {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
  readonly inFlight: InFlight;
}

/** Asks one target, whatever its state, and lets its health learn from the answer. */
export async function probeTarget(
  target: ExecutionTarget,
  { runtime, emit, inFlight }: ProbeParts,
): Promise<ProbeResult> {
  const startedAt = runtime.now();
  const permit = target.health.admit({ lastResort: true });
  const call = probeCall(startedAt);
  const parts = {
    runtime,
    emit,
    inFlight: (id: string, cut: (reason: unknown) => void) => inFlight.attempt(id, cut),
  };
  const leave = inFlight.call(call);
  const attempt = { call, target, permit: permit ?? unrecorded, parts, last: false, mayRefresh: true };
  const end = await runAttempt(attempt).finally(leave);
  if (end.answer && !permit) target.health.clearLockout();
  return {
    ok: end.answer !== undefined,
    latencyMs: end.attempt.durationMs,
    ...(end.failure && { failure: end.failure }),
  };
}

function probeCall(startedAt: number): Call {
  return {
    id: 'probe',
    model: 'probe',
    read: readRequest(probeRequest).read,
    startedAt,
    deadline: startedAt + probeMs,
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
    estimatedTokens: 0,
    attempts: [],
    waitedMs: 0,
  };
}
