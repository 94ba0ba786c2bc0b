import { abortDetached } from '../core/abort.ts';
import type { Attempt, FinishReason } from '../core/completion.ts';
import type { Failure } from '../core/failure.ts';
import { elapsedMs } from '../core/runtime.ts';
import type { Permit } from '../health/target-health.ts';
import { invalidResponse } from '../providers/failure.ts';
import type { ProviderCall, ProviderEvent, ProviderRequest } from '../providers/provider.ts';
import { isLikeOthers } from './alike.ts';
import type { AttemptParts, Call, ExecutionTarget } from './call.ts';
import { createCollector, type Collected } from './collect.ts';
import { createJoin, type Continuation, type Join } from './continuation.ts';
import { deadlinesFor, type Circumstances } from './deadlines.ts';
import { guard, type GuardInput, type GuardOutcome } from './guard.ts';
import { waitForHost } from './host-code.ts';
import { judge, type Verdict } from './judge.ts';
import { prepare } from './prepare.ts';
import type { Racer } from './race.ts';
import { estimateUsage, recordEnd, recordFacts, scrubbed } from './record.ts';
import { refreshKey } from './refresh-key.ts';
import type { AttemptDeadlines, HistoryOfSilence } from './silence.ts';
import { countWritten, type Written } from './written.ts';

/** An answer that is whole. */
export interface Answer {
  readonly target: ExecutionTarget;
  readonly continued: Continuation | undefined;
  readonly collected: Collected;
  readonly finishReason: FinishReason;
  readonly object: unknown;
}

/** How one attempt ended, before anybody has decided what follows. */
export interface AttemptEnd {
  readonly attempt: Attempt;
  readonly target: ExecutionTarget;
  readonly collected: Collected;
  readonly answer?: Answer;
  readonly failure?: Failure;
  readonly cause?: unknown;
  /** The call's own deadline ended it. */
  readonly callDeadline: boolean;
  /** Somebody else than the target ended it: the caller, `disable` with `cut`, or an attempt beside it that was quicker. */
  readonly cut: 'call' | 'target' | 'rival' | undefined;
  /** What a reader sees is not of it: it has lost, or was a hedge that has not won. */
  readonly unseen: boolean;
  /** Its key was refused, and a fresh one has been fetched. */
  readonly keyRefreshed: boolean;
  /** What it took up, where it went on with an answer of others. */
  readonly continued: Continuation | undefined;
}

export interface AttemptInput {
  readonly call: Call;
  readonly target: ExecutionTarget;
  readonly permit: Permit;
  readonly parts: AttemptParts;
  /** Nobody else can serve after it: it may begin as late as the call's deadline allows. */
  readonly last: boolean;
  /** Whether another attempt could take over now; asked only where what is known of the target would end this one. */
  readonly canMoveOn: () => boolean;
  /** Whether a refused key may be fetched anew. */
  readonly mayRefresh: boolean;
  /** Where another attempt may run beside it. */
  readonly race?: Racer;
}

/** One request to one target: prepared, guarded, judged, and recorded in the target's health and in the call's list. */
export async function runAttempt(input: AttemptInput): Promise<AttemptEnd> {
  try {
    const sent = send(input);
    const outcome = await sent.outcome;
    const end = settled(input, sent, outcome.ok ? await judgeInTime(input, sent) : outcome);
    return end instanceof Promise ? await end : end;
  } finally {
    // Recorded by now; but whatever threw on the way, a permit never outlives its attempt.
    input.permit.end({ outcome: 'undecided' });
  }
}

function settled(
  input: AttemptInput,
  sent: Sent,
  verdict: Verdict | Extract<GuardOutcome, { ok: false }>,
): AttemptEnd | Promise<AttemptEnd> {
  const { target, permit, parts } = input;
  const { attempt, collected } = sent;
  recordFacts(attempt, collected, target, parts.runtime.now() - sent.clock.setByMs);
  const cut = sent.cutBy();
  const continued = sent.join?.continued;
  const end: AttemptEnd = {
    attempt,
    target,
    collected,
    answer: verdict.ok
      ? { target, continued, collected, finishReason: verdict.finishReason, object: verdict.object }
      : undefined,
    callDeadline: false,
    cut,
    unseen: cut === 'rival' || input.race?.isHidden() === true,
    keyRefreshed: false,
    continued,
  };
  if (verdict.ok) {
    recordEnd(permit, attempt, { outcome: 'success', written: sent.written });
    collected.warnings.push(...verdict.warnings);
    return end;
  }
  const { failure, cause, callDeadline = false, blameless = false } = verdict;
  return failed(input, { ...end, failure, cause, callDeadline }, { blameless, sent });
}

/** A schema can be the host's own code, which must not hold the call. */
function judgeInTime(input: AttemptInput, { collected, request, join }: Sent): Verdict | Promise<Verdict> {
  const mayBeEmpty = join?.continued !== undefined && join.maySayNothing;
  const judgement = judge(collected, { request, schema: input.call.read.schema, mayBeEmpty });
  return judgement instanceof Promise ? inTime(judgement, input) : judgement;
}

async function inTime(
  judgement: Promise<Verdict>,
  { call, parts: { runtime } }: AttemptInput,
): Promise<Verdict> {
  const judged = await waitForHost(judgement, Infinity, { call, runtime });
  if (judged) return judged.value;
  const failure: Failure = call.cancellation.cancelled
    ? { kind: 'aborted', message: 'the caller aborted' }
    : { kind: 'timeout', message: 'the schema did not say in time whether the reply fits', code: 'total' };
  return { ok: false, failure, callDeadline: true, blameless: true };
}

async function failed(
  input: AttemptInput,
  end: AttemptEnd & { readonly failure: Failure },
  { blameless, sent }: { readonly blameless: boolean; readonly sent: Sent },
): Promise<AttemptEnd> {
  const { call, target, permit, parts, mayRefresh } = input;
  const { attempt, cut } = end;
  const failure = scrubbed(end.failure, call, target);
  attempt.failure = failure;
  estimateUsage(attempt, failure, { ...sent, target });
  if (failure.requestId !== undefined) attempt.requestId ??= failure.requestId;
  // Before anything is held against the target: with a fresh key there is nothing against it.
  const keyRefreshed =
    mayRefresh &&
    !cut &&
    failure.kind === 'auth' &&
    (await refreshKey({ call, target, keyVersion: sent.keyVersion, race: input.race }, parts));
  const isUndecided = blameless || cut !== undefined || keyRefreshed;
  const outcome = cut === 'rival' ? 'outpaced' : isUndecided ? 'undecided' : 'failure';
  recordEnd(permit, attempt, { outcome, failure, written: sent.written });
  if (failure.kind === 'unsupported' && failure.feature) target.health.learn(failure.feature);
  return { ...end, failure, keyRefreshed };
}

interface Sent {
  readonly attempt: Attempt;
  readonly collected: Collected;
  readonly written: Written;
  readonly request: ProviderRequest;
  readonly outcome: Promise<GuardOutcome>;
  readonly cutBy: () => AttemptEnd['cut'];
  /** By how much the clock was set while it lasted. */
  readonly clock: { setByMs: number };
  /** The version of the key that it went out with. */
  readonly keyVersion: number | undefined;
  /** Where it was asked to go on with an answer of others. */
  readonly join: Join | undefined;
}

function send(input: AttemptInput): Sent {
  const { call, target, permit, parts, race } = input;
  const startedAt = parts.runtime.now();
  const keyVersion = target.provider.keyVersion?.();
  // Not by a view: that this attempt was admitted has ended the latest one, and none is built for two facts.
  const refused = target.health.refused(startedAt);
  const { request, ignored } = prepare(call.read, target, refused, call.continuation);
  const transport = transportFor(call, target, refused.has('stream'));
  const attempt: Attempt = {
    target: target.id,
    startedAt,
    durationMs: 0,
    transport,
    ignored,
    decision: 'stop',
  };
  if (race?.isHedge) attempt.hedge = true;
  call.attempts.push(attempt);
  if (!race?.isHedge) call.show?.begin(target.info, call.continuation !== undefined);
  const collector = createCollector(target.provider.name);
  const written = countWritten();
  const join = call.continuation && createJoin(call.continuation, target, () => answerAnew(call));
  const take = (event: ProviderEvent) => {
    collector.add(event);
    call.show?.accept(event);
  };
  const controller = new AbortController();
  const cuts = listenForCuts(input);
  const clock = { setByMs: 0 };
  const outcome = guard({
    provider: target.provider,
    call: providerCall(call, target, { request, signal: controller.signal }),
    abort: () => abortDetached(controller),
    transport,
    deadlines: deadlinesOf(input, request, transport),
    runtime: parts.runtime,
    onEvent(event, setByMs) {
      if (attempt.firstTokenMs === undefined && hasContent(event)) noteContent(input, attempt, setByMs());
      if (event.type === 'meta' && event.limits) permit.told(event.limits);
      written.add(event);
      if (join) join.pass(event).forEach(take);
      else take(event);
    },
    onEnd: (setByMs) => void (clock.setByMs = setByMs),
    onCut: cuts.listen,
  });
  return {
    attempt,
    collected: collector.collected,
    written,
    request,
    outcome,
    cutBy: cuts.by,
    clock,
    keyVersion,
    join,
  };
}

function noteContent({ permit, parts, race }: AttemptInput, attempt: Attempt, setByMs: number): void {
  attempt.firstTokenMs = elapsedMs(attempt.startedAt, parts.runtime.now() - setByMs);
  permit.firstContent(attempt.firstTokenMs);
  race?.win();
}

function providerCall(
  { id, headers, read }: Call,
  { id: target, model }: ExecutionTarget,
  { request, signal }: Pick<ProviderCall, 'request' | 'signal'>,
): ProviderCall {
  const { scope, metadata } = read.request;
  return { model, request, signal, headers, callId: id, target, scope, metadata };
}

function deadlinesOf(
  input: AttemptInput,
  request: ProviderRequest,
  transport: Circumstances['transport'],
): AttemptDeadlines {
  const { call, target, last } = input;
  const history = transport === 'stream' ? historyFor(input, request) : undefined;
  return deadlinesFor(call, target, {
    request,
    transport,
    last,
    answered: target.health.hasAnswered(),
    history,
  });
}

/** What is known of the target may end the attempt sooner than configured, where it says something of it, and where others are left. */
function historyFor(
  { call, target, permit, last, canMoveOn }: AttemptInput,
  request: ProviderRequest,
): HistoryOfSilence | undefined {
  if (!isLikeOthers(target, request, call.read)) return undefined;
  return { watch: (silence) => permit.watch(silence), mayCut: () => !last && canMoveOn() };
}

function transportFor(
  call: Call,
  { provider, supports }: ExecutionTarget,
  streamRefused: boolean,
): 'stream' | 'unary' {
  if (!provider.complete) return 'stream';
  if (!provider.stream || call.transport === 'unary') return 'unary';
  return call.transport === 'auto' && (streamRefused || supports.stream === false) ? 'unary' : 'stream';
}

/** A target that was asked to go on answers anew: what was shown is void, where the reader can be told. */
function answerAnew({ show }: Call): void {
  if (show && !show.canTakeBack)
    throw invalidResponse('the reply does not go on where it was asked to', 'not-continued');
  show?.restart();
}

function hasContent(event: ProviderEvent): boolean {
  if (event.type === 'text' || event.type === 'reasoning') return event.text !== '';
  return event.type === 'tool-call' || event.type === 'tool-call-delta';
}

/** An attempt can be ended by its call, by `disable` of its target, and by one beside it; who it was decides what follows. */
function listenForCuts({ call, target, parts, race }: AttemptInput): {
  listen: GuardInput['onCut'];
  by: () => AttemptEnd['cut'];
} {
  let by: AttemptEnd['cut'];
  return {
    by: () => by,
    listen(end) {
      const cut = (who: NonNullable<AttemptEnd['cut']>, message: string) => (reason: unknown) => {
        by = who;
        end({ kind: 'aborted', message }, reason);
      };
      const offCall = call.cancellation.on(cut('call', 'the caller aborted'));
      const offTarget = parts.inFlight(target.id, cut('target', 'the target was disabled'));
      const offRace = race?.onLost(cut('rival', 'another target was quicker'));
      return () => {
        offCall();
        offTarget();
        offRace?.();
      };
    },
  };
}
