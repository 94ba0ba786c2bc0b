import type { Failure } from '../core/failure.ts';
import { setAlarm, type Runtime } from '../core/runtime.ts';

/** How long each silence of one attempt may last. */
export interface AttemptDeadlines {
  readonly firstTokenMs: number;
  /** How long it usually may be silent at first, though it is the last one left and may be silent for longer. */
  readonly patienceMs: number;
  readonly idleMs: number;
  readonly attemptMs: number;
  /** When the whole call must have ended, in epoch milliseconds. */
  readonly callDeadline: number;
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
  stop(): void;
}

/** Tells once when an attempt has been silent for too long. One timer at a time stands behind it, moved only when it must be. */
export function watchSilence(
  deadlines: AttemptDeadlines,
  transport: 'stream' | 'unary',
  runtime: Runtime,
  onOverdue: (overdue: Overdue) => void,
): SilenceWatch {
  const startedAt = runtime.now();
  const silence: Silence = {
    since: startedAt,
    lastsMs: transport === 'stream' ? deadlines.firstTokenMs : Infinity,
    code: 'first-token',
  };
  let ringsAt = Infinity;
  let callOff = () => {};
  let isOver = false;

  const dueAt = () =>
    Math.min(silence.since + silence.lastsMs, startedAt + deadlines.attemptMs, deadlines.callDeadline);

  function look(): void {
    if (isOver) return;
    const now = runtime.now();
    if (now >= dueAt()) onOverdue(overdueAt(now, silence, startedAt, deadlines));
    else wait(now);
  }

  function wait(now: number): void {
    ringsAt = dueAt();
    // Never within the call that began the watch, also where the deadline has passed before.
    if (ringsAt <= now) void Promise.resolve().then(look);
    else callOff = setAlarm(runtime, ringsAt - now, look);
  }

  wait(startedAt);
  return {
    content() {
      silence.since = runtime.now();
      silence.lastsMs = deadlines.idleMs;
      silence.code = 'idle';
      // Later deadlines are found when the alarm rings; an earlier one needs a new alarm.
      if (dueAt() >= ringsAt) return;
      callOff();
      wait(silence.since);
    },
    stop() {
      isOver = true;
      callOff();
    },
  };
}

interface Silence {
  since: number;
  lastsMs: number;
  code: 'first-token' | 'idle';
}

function overdueAt(now: number, silence: Silence, startedAt: number, deadlines: AttemptDeadlines): Overdue {
  if (now >= deadlines.callDeadline) {
    const patienceMs = silence.code === 'idle' ? deadlines.idleMs : deadlines.patienceMs;
    const blameless = now - silence.since < patienceMs;
    return {
      ...timeout('total', 'the deadline of the whole call has passed'),
      callDeadline: true,
      blameless,
    };
  }
  if (now >= startedAt + deadlines.attemptMs) {
    return timeout('attempt', `no whole answer within ${Math.round(deadlines.attemptMs)} ms`);
  }
  const which = silence.code === 'idle' ? 'no further content' : 'no first content';
  return timeout(silence.code, `${which} within ${Math.round(silence.lastsMs)} ms`);
}

function timeout(code: string, message: string): Overdue {
  return { failure: { kind: 'timeout', message, code }, callDeadline: false, blameless: false };
}
