import { silenceCodes, type Failure } from '../core/failure.ts';
import { heldUpMs, setAlarm, type Runtime } from '../core/runtime.ts';
import type { Deadline } from './deadline.ts';
import type { Silence, SilenceJudge } from '../health/target-health.ts';

/** How long each silence of one attempt may last. */
export interface AttemptDeadlines {
  readonly firstTokenMs: number;
  /** How long it usually may be silent at first, though it is the last one left and may be silent for longer. */
  readonly patienceMs: number;
  readonly idleMs: number;
  readonly attemptMs: number;
  /** Of the whole call. */
  readonly callDeadline: Deadline;
  /** What is known of the target may end a silence sooner; undefined where history says nothing of such an attempt. */
  readonly history: HistoryOfSilence | undefined;
}

/** How what is known of a target bears on an attempt. */
export interface HistoryOfSilence {
  watch(silence: Silence): SilenceJudge | undefined;
  /** Whether somebody else could take over now: else it is waited for. */
  mayCut(): boolean;
}

/** A deadline that has passed. */
export interface Overdue {
  readonly failure: Failure;
  /** It was the call's own. */
  readonly callDeadline: boolean;
  /** It was the call's own, and the target had not been silent for long: a hurried caller says nothing of a target. */
  readonly blameless: boolean;
}

export interface SilenceWatch {
  /** Content has come: the next silence begins. */
  content(): void;
  /** By how much the clock was set since the attempt began, as far as that shows. */
  readonly setByMs: () => number;
  stop(): void;
}

/** No process is held up for longer: past an alarm by more than this, the clock was set. */
const standstillMs = 5_000;
/** While a silence may end sooner than configured, it is judged this often. */
const judgeEveryMs = 250;
/** What came while this process was held up has not been read yet, and is given so long. */
const catchUpMs = 50;
/** No timer of the platform lasts for months. */
const longestWaitMs = 86_400_000;

/** What the watch over one attempt remembers. */
interface Watching {
  readonly deadlines: AttemptDeadlines;
  readonly runtime: Runtime;
  startedAt: number;
  /** The latest instant that was read. */
  seenAt: number;
  readonly silence: Silence;
  readonly judge: SilenceJudge | undefined;
  readonly onOverdue: (overdue: Overdue) => void;
  /** How long the present silence may last as configured. */
  lastsMs: number;
  ringsAt: number;
  /** When the alarm of the whole call rings at the latest. */
  callEndsAt: number;
  setByMs: number;
  callOff: () => void;
  isOver: boolean;
}

/** Tells once when an attempt has been silent for too long. One timer at a time stands behind it, moved only when it must be. */
export function watchSilence(
  deadlines: AttemptDeadlines,
  transport: 'stream' | 'unary',
  runtime: Runtime,
  onOverdue: (overdue: Overdue) => void,
): SilenceWatch {
  const startedAt = runtime.now();
  const { patienceMs, history } = deadlines;
  const silence: Silence = { since: startedAt, begun: false, longestGapMs: 0, patienceMs };
  const watching: Watching = {
    deadlines,
    runtime,
    startedAt,
    silence,
    onOverdue,
    seenAt: startedAt,
    judge: history?.watch(silence),
    lastsMs: transport === 'stream' ? deadlines.firstTokenMs : Infinity,
    ringsAt: Infinity,
    callEndsAt: startedAt + deadlines.callDeadline.leftMs(startedAt),
    setByMs: 0,
    callOff: () => {},
    isOver: false,
  };
  wait(watching, startedAt, judgedAt(watching, startedAt));
  const unlisten = deadlines.callDeadline.on(() => {
    const now = instant(watching);
    // Whichever of the two comes first says what it was; what falls together is the call's.
    const blameless = now - silence.since < silence.patienceMs;
    const message = 'the deadline of the whole call has passed';
    onOverdue({ ...timeout('total', message), callDeadline: true, blameless });
  });
  return {
    content() {
      const now = instant(watching);
      if (!silence.begun) begin(watching, now);
      else if (now - silence.since > silence.longestGapMs) silence.longestGapMs = now - silence.since;
      silence.since = now;
    },
    setByMs() {
      instant(watching);
      return watching.setByMs;
    },
    stop() {
      watching.isOver = true;
      watching.callOff();
      unlisten();
    },
  };
}

/**
 * Where the clock was set, all that is measured moves with it: a step of an hour would let an attempt be silent for an hour, or
 * end it at once. Forth it was set where it is past an alarm that has not rung, or that has rung only now.
 */
function instant(watching: Watching): number {
  const now = watching.runtime.now();
  const wasSet = now < watching.seenAt || now - Math.min(watching.ringsAt, watching.callEndsAt) > heldUpMs;
  if (wasSet) move(watching, now - watching.seenAt);
  watching.seenAt = now;
  // What it was set to says nothing of when the alarm rings.
  if (wasSet) rewind(watching, now);
  return now;
}

function rewind(watching: Watching, now: number): void {
  watching.callOff();
  wait(watching, now, judgedAt(watching, now));
}

function move(watching: Watching, ms: number): void {
  watching.silence.since += ms;
  watching.startedAt += ms;
  watching.ringsAt += ms;
  watching.callEndsAt += ms;
  if (ms < 0 || ms > standstillMs) watching.setByMs += ms;
}

function dueAt({ silence, lastsMs, startedAt, deadlines }: Watching): number {
  return Math.min(silence.since + lastsMs, startedAt + deadlines.attemptMs);
}

/** When what is known of the target might end the silence. */
function judgedAt(
  { judge, silence }: Watching,
  now: number,
  patienceMs: number | undefined = judge?.soonestMs(now),
): number {
  if (patienceMs === undefined) return Infinity;
  const due = silence.since + patienceMs;
  // Instants are no whole numbers everywhere: what is due in no time at all would be due for ever.
  return due > now + 1 ? due : now + judgeEveryMs;
}

function wait(watching: Watching, now: number, until: number): void {
  const due = Math.min(dueAt(watching), until);
  const ringsAt = due === Infinity ? due : Math.min(due, now + longestWaitMs);
  watching.ringsAt = ringsAt;
  // Nothing ends the silence but content and the call's own deadline, which has an alarm of its own.
  if (ringsAt === Infinity) return;
  const ring = () => look(watching);
  // Never within the call that began the watch, also where the deadline has passed before.
  if (ringsAt <= now) void Promise.resolve().then(ring);
  else watching.callOff = setAlarm(watching.runtime, ringsAt - now, ring);
}

function look(watching: Watching): void {
  if (watching.isOver) return;
  const now = watching.runtime.now();
  const lateMs = now - watching.ringsAt;
  // So long has been slept, whatever the clock says.
  if (lateMs < -1 || lateMs > heldUpMs) move(watching, lateMs);
  watching.seenAt = now;
  if (now >= dueAt(watching)) watching.onOverdue(overdueAt(now, watching));
  else if (lateMs > heldUpMs) wait(watching, now, now + catchUpMs);
  else judgeSilence(watching, now);
}

function judgeSilence(watching: Watching, now: number): void {
  const { judge, silence, deadlines } = watching;
  const patience = judge?.patience(now);
  const silentMs = now - silence.since;
  if (patience && silentMs >= patience.ms && deadlines.history?.mayCut())
    watching.onOverdue(silentFor(silence, silentMs, patience.because));
  // What is thought of the target can change at any time.
  else wait(watching, now, Math.min(judgedAt(watching, now), judgedAt(watching, now, patience?.ms)));
}

function begin(watching: Watching, now: number): void {
  const { silence, deadlines } = watching;
  silence.begun = true;
  silence.since = now;
  silence.patienceMs = watching.lastsMs = deadlines.idleMs;
  const until = judgedAt(watching, now);
  // Later deadlines are found when the alarm rings; an earlier one needs a new alarm.
  if (Math.min(dueAt(watching), until) >= watching.ringsAt) return;
  rewind(watching, now);
}

function overdueAt(now: number, watching: Watching): Overdue {
  const { silence, lastsMs, startedAt, deadlines } = watching;
  if (now >= startedAt + deadlines.attemptMs) {
    return timeout('attempt', `no whole answer within ${Math.round(deadlines.attemptMs)} ms`);
  }
  return silentFor(silence, lastsMs);
}

function silentFor({ begun }: Silence, ms: number, because?: string): Overdue {
  const which = begun ? 'no further content' : 'no first content';
  const message = `${which} within ${Math.round(ms)} ms${because === undefined ? '' : `: ${because}`}`;
  return timeout(begun ? silenceCodes.gap : silenceCodes.first, message);
}

function timeout(code: string, message: string): Overdue {
  return { failure: { kind: 'timeout', message, code }, callDeadline: false, blameless: false };
}
