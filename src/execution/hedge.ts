import { setAlarm } from '../core/runtime.ts';
import type { Candidate } from '../routing/candidate.ts';
import type { Admission, Journey } from './admission.ts';
import { runAttempt, type AttemptEnd, type AttemptInput } from './attempt.ts';
import type { ExecutionTarget } from './call.ts';
import { tokensOf } from './continuation.ts';
import { permitOf } from './decide.ts';
import { createRace, type Race, type Runner } from './race.ts';
import { conclude, tellFailover, tellHedge } from './tell.ts';

export interface Hedged {
  /** Of the attempt that decides what follows. */
  readonly end: AttemptEnd;
  readonly admission: Admission;
}

type First = AttemptInput & Admission;

/**
 * One attempt, and beside it a second one at another target, where the first stays silent for longer than is usual for it.
 * The first content decides which of them goes on (Dean and Barroso, "The Tail at Scale"). Where one of them fails before, the
 * other one is what the call goes on with.
 */
export async function attemptHedged(journey: Journey, first: First): Promise<Hedged> {
  const afterMs = first.last ? undefined : hedgeDelay(journey, first);
  if (afterMs === undefined) return { end: await runAttempt(first), admission: first };
  let wake = () => {};
  const race = createRace(journey.call, () => wake());
  const one = race.start(first);
  const isSilent = await new Promise<boolean>((resolve) => {
    const callOff = setAlarm(journey.parts.runtime, afterMs, () => resolve(true));
    wake = () => {
      callOff();
      resolve(false);
    };
    if (race.winner()) wake();
    one.end.then(wake, wake);
  });
  const input = isSilent && race.winner() === undefined ? secondOf(journey, first, afterMs) : undefined;
  if (!input) return { end: await one.end, admission: first };
  return outcomeOf(journey, race, [one, race.start(input)]);
}

/** How long the first may be silent; undefined: there is to be no second. */
function hedgeDelay({ call, walk }: Journey, { target }: First): number | undefined {
  const { hedge, show, continuation } = call;
  if (!hedge || continuation || show?.committed || walk.isLastResort()) return undefined;
  return hedge.afterMs ?? target.health.firstTokenMsAt(hedge.percentile);
}

/** The attempt beside the first, where there is one to be had and the budgets allow it. */
function secondOf(journey: Journey, first: First, waitedMs: number): First | undefined {
  const { call, walk, parts } = journey;
  if (call.cancellation.cancelled || call.attempts.length >= call.maxAttempts) return undefined;
  const candidate = walk.next((other) => isFit(other, first.candidate, journey));
  if (!candidate) return undefined;
  const target = parts.target(candidate);
  const tell = (refused?: string) =>
    tellHedge(
      call,
      { from: first.target.id, to: target.id, waitedMs, ...(refused ? { refused } : {}) },
      parts,
    );
  const refused = pay(journey, target);
  if (refused) return void tell(refused);
  const permit = target.health.admit({ lastResort: false, demand: tokensOf(call), extra: true });
  if (!permit) return giveBack(journey, target);
  walk.ask(candidate);
  tell();
  const last = !walk.hasNext() || call.attempts.length + 1 >= call.maxAttempts;
  return { call, parts, candidate, target, permit, last, canMoveOn: first.canMoveOn, mayRefresh: true };
}

/** Of the same priority, since a higher number is for when no lower one can serve; and neither claimed, on its own way back nor ramping up. */
function isFit(other: Candidate, first: Candidate, { call, parts }: Journey): boolean {
  if (parts.queue.isClaimed(other.id)) return false;
  const { health } = parts.target(other);
  const now = parts.runtime.now();
  const isWell = health.view(now, tokensOf(call)).breaker === 'closed' && !health.snapshot(now).ramp;
  return other.priority === first.priority && isWell;
}

/** From both budgets or from neither; why not. */
function pay({ parts }: Journey, { health }: ExecutionTarget): string | undefined {
  const now = parts.runtime.now();
  if (!health.payExtra(now)) return 'retry budget spent';
  if (parts.hedges.pay()) return undefined;
  health.giveBackExtra(now, now);
  return 'hedge budget spent';
}

function giveBack({ parts }: Journey, { health }: ExecutionTarget): undefined {
  const now = parts.runtime.now();
  health.giveBackExtra(now, now);
  parts.hedges.giveBack();
}

async function outcomeOf(
  journey: Journey,
  race: Race,
  [one, two]: readonly [Runner, Runner],
): Promise<Hedged> {
  const isFirst = await Promise.race([one.end.then(() => true), two.end.then(() => false)]);
  const [done, left] = isFirst ? [one, two] : [two, one];
  const end = await done.end;
  // A refusal that ends the call is not asked for a second opinion; nor does an answer without content wait for the other one.
  if (end.answer || (done === one && isFinal(end, journey))) race.declare(done);
  const decides = race.winner() === done;
  const [decisive, other] = decides ? [done, left] : [left, done];
  giveUp(journey, other, decides ? await other.end : end, decisive);
  return { end: await decisive.end, admission: decisive.admission };
}

function isFinal({ failure, cut }: AttemptEnd, { call }: Journey): boolean {
  return failure !== undefined && !cut && permitOf(failure.kind, call.failures) === 'stop';
}

/** The other one of two has lost, or has failed first. */
function giveUp({ call, walk, parts }: Journey, runner: Runner, end: AttemptEnd, decisive: Runner): void {
  const { candidate } = runner.admission;
  const { failure, cut, callDeadline } = end;
  if (end.answer || cut === 'rival') walk.giveBack(candidate);
  else if (failure?.kind === 'context-length') walk.outgrown(candidate);
  const isOver = end.answer !== undefined || cut !== undefined;
  conclude(call, end, isOver ? 'cut' : callDeadline ? 'stop' : 'next', parts);
  if (!isOver && !callDeadline && !end.attempt.hedge)
    tellFailover(call, end, decisive.admission.target.id, parts);
}
