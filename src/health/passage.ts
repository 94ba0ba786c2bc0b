import type { Liveness } from './liveness.ts';
import { catchUp, close, isSuspect, isUp, open, strictnessOf, type Phases, type Probe } from './phases.ts';
import type { Verdict } from './track-record.ts';
import type { Waiter, Watched } from './waiting.ts';

/** One attempt's way through the breaker. */
export interface Pass {
  readonly probe: boolean;
  /** From now on its silence says something. */
  watch(watched: Watched): void;
  /** What is thought of its silence, and how many others are silent for too long. */
  standing(now: number): Standing;
  /** Content has come; `late`: why it says as much against the target as a failure. */
  firstContent(now: number, late?: Verdict): void;
  /** To be called once. */
  end(verdict: Verdict, now: number): void;
}

/**
 * `usual`: nothing speaks against the target; `probe`: this attempt decides whether it is back; `suspect`: it is thought to
 * hang, or was taken out of use since the attempt began.
 */
export type Standing = 'usual' | 'probe' | 'suspect';

/** What the results of attempts change. */
interface Known {
  readonly phases: Phases;
  readonly liveness: Liveness;
}

/** An attempt as the breaker remembers it. */
interface Passage extends Known, Probe {
  /** The era that its results count in. */
  begun: number;
  waiter: Waiter | undefined;
  readonly place: number;
  /** What it says is recorded already. */
  isJudged: boolean;
}

export function createPass({ phases, liveness }: Known, isProbe: boolean, beganAt: number): Pass {
  const passage: Passage = {
    phases,
    liveness,
    begun: phases.era,
    waiter: undefined,
    beganAt,
    patienceMs: () => passage.waiter?.watched.silence.patienceMs,
    place: phases.record.begin(),
    isJudged: false,
  };
  if (isProbe) phases.probe = passage;
  return {
    probe: isProbe,
    watch(watched) {
      if (passage.begun === phases.era) passage.waiter = phases.record.waiting.begin(watched);
    },
    standing: (now) => standingOf(passage, now),
    firstContent: (now, late) => firstContent(passage, now, late),
    end: (verdict, now) => end(passage, verdict, now),
  };
}

function standingOf(passage: Passage, now: number): Standing {
  const { phases, begun } = passage;
  if (phases.probe === passage) return 'probe';
  return begun !== phases.era || isSuspect(phases, now) ? 'suspect' : 'usual';
}

function firstContent(passage: Passage, now: number, late: Verdict | undefined): void {
  const { phases, liveness, waiter, beganAt } = passage;
  liveness.answered(beganAt, now);
  if (phases.probe === passage) {
    endProbe(phases, { kind: 'success' }, now);
    // This attempt brought the era about, so the rest of it belongs to it.
    passage.begun = phases.era;
    return;
  }
  if (waiter) phases.record.waiting.note(waiter, late ? 'none' : 'good');
  if (passage.begun === phases.era) phases.record.answered(passage.place);
  if (late) judge(passage, late, now);
}

function end(passage: Passage, verdict: Verdict, now: number): void {
  const { phases, liveness, waiter } = passage;
  liveness.ended(verdict, passage.beganAt);
  if (waiter) phases.record.waiting.leave(waiter, verdict.kind === 'success' ? 'good' : 'settled');
  if (phases.probe === passage) endProbe(phases, verdict, now);
  else if (!passage.isJudged || verdict.kind === 'failure') judge(passage, verdict, now);
}

function endProbe(phases: Phases, verdict: Verdict, now: number): void {
  if (verdict.kind === 'failure') failProbe(phases, verdict, now);
  else if (verdict.kind === 'success' || verdict.kind === 'slow')
    close(phases, 'slow-start', now, 'the probe succeeded');
  else if (verdict.kind === 'alive')
    close(phases, 'closed', now, `the probe was answered: ${verdict.reason}`);
  else phases.probe = undefined;
}

/** One that was not waited for as long as health would explain says little: the next one goes at once. */
function failProbe(
  phases: Phases,
  { weight, reason }: Verdict & { kind: 'failure' | 'slow' },
  now: number,
): void {
  phases.probe = undefined;
  if (phases.openings.doubt(weight)) open(phases, now, { reason: `the probe failed: ${reason}` });
}

/** Its result counts only as long as nothing has changed since it began. */
function judge(passage: Passage, verdict: Verdict, now: number): void {
  passage.isJudged = true;
  if (passage.begun === passage.phases.era) record(passage, verdict, now);
}

function record({ phases, liveness, place }: Passage, verdict: Verdict, now: number): void {
  // Asked while it was open, for want of anybody else: only the probe decides.
  if (!isUp(phases)) return;
  catchUp(phases, now);
  const { record: known, openings } = phases;
  const strictness = strictnessOf(phases) * phases.strictnessBySiblings(now);
  known.add(verdict, now, { strictness, place });
  if (verdict.kind !== 'failure' && verdict.kind !== 'slow') return;
  if (!known.isDown() && !isBadEnough(phases, liveness, verdict, now)) return;
  openings.tripped(verdict.weight, now);
  const overdue = known.waiting.overdue(now);
  const reason = overdue > 0 ? `${verdict.reason}; ${overdue} more are silent` : verdict.reason;
  open(phases, now, { reason, isOwn: verdict.isOwn });
}

/** One that is slow, but goes on answering, has too much to do: to turn new calls away for as long as others wait is enough. */
function isBadEnough(
  phases: Phases,
  liveness: Liveness,
  { weight }: { readonly weight: number },
  now: number,
): boolean {
  if (phases.openings.isOnProbation(now) || !phases.record.isBad(now, strictnessOf(phases))) return false;
  return weight >= 1 || !liveness.isAnswering(now);
}
