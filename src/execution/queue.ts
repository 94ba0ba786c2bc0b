import { setAlarm, type Runtime } from '../core/runtime.ts';

/** One who waits. */
export interface Waiter<T> {
  /** It comes back at a time of its own, and not for want of room: what bounds such waits is not the queue. */
  readonly isTimed: boolean;
  /** Takes what it waits for, where that is to be had now and nobody who came before waits for it too. */
  take(isClaimed: (id: string) => boolean): T | undefined;
  /** What it still waits for; undefined: waiting is of no use any longer. */
  outlook(): Outlook | undefined;
}

export interface Outlook {
  /** What nobody who came later may take before it. */
  readonly claims: readonly string[];
  /** Epoch milliseconds: when to look again, if nothing happens before. */
  readonly lookAgainAt: number;
}

/** Where the calls of one model wait for a target: who came first is served first, as far as it can use what there is. */
export interface Queue {
  /** Whether anybody waits, also in another model. */
  isEmpty(): boolean;
  /** Whether it is for somebody who waits: whoever comes later must not take it before. */
  isClaimed(id: string): boolean;
  /** By how much the clock was set forth while somebody waited, in all. */
  setForthMs(): number;
  /** Settles with what was taken, as soon as that is to be had; undefined: given up, or there is no room to wait. */
  join<T>(waiter: Waiter<T>): { readonly done: Promise<T | undefined>; readonly leave: () => void };
}

export interface QueueOptions {
  /** Where they stand, together with those of every model that has a target in common. */
  readonly row: Row;
  /** Tells of whatever may let somebody be served, but for time; listened to only while somebody waits. */
  readonly watch: (onChange: () => void) => () => void;
}

/** More calls of one model than this do not wait: those behind them would wait in vain. */
export const longestQueue = 100;

/** One model's way into the row. */
interface Line {
  readonly watch: QueueOptions['watch'];
  /** How many of its calls wait; those that are not timed. */
  waiting: number;
  untimed: number;
  unwatch: () => void;
}

interface Entry {
  readonly line: Line;
  readonly waiter: Waiter<unknown>;
  readonly settle: (taken: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** Those who wait, whatever model they ask: two models that share a target would else take its slots from each other out of turn. */
export interface Row {
  readonly runtime: Runtime;
  /** In the order in which they came. */
  readonly entries: Set<Entry>;
  /** What they claim. Whatever has happened since the last look, nobody who comes now overtakes them by it. */
  claimed: Set<string>;
  /** When they are looked at again, if nothing happens before. */
  lookAgainAt: number;
  /** The same as the alarm has it, which knows nothing of a clock that was set since. */
  ringsAt: number;
  callOff: () => void;
  isLookDue: boolean;
  setForthMs: number;
  /** When the clock was looked at last. */
  seenAt: number;
}

/** An alarm is late by so much where the process is busy. */
const heldUpMs = 250;

/** No process is held up for longer. */
const standstillMs = 5_000;

const nothing = () => {};

export function createRow(runtime: Runtime): Row {
  return {
    runtime,
    entries: new Set(),
    claimed: new Set(),
    lookAgainAt: Infinity,
    ringsAt: Infinity,
    callOff: nothing,
    isLookDue: false,
    setForthMs: 0,
    seenAt: 0,
  };
}

/** Woken by what frees a target and by one alarm, never by polling. While nobody waits, nothing runs. */
export function createQueue({ row, watch }: QueueOptions): Queue {
  const line: Line = { watch, waiting: 0, untimed: 0, unwatch: nothing };
  return {
    isEmpty: () => row.entries.size === 0,
    isClaimed: (id) => row.claimed.has(id),
    setForthMs: () => row.setForthMs,
    join<T>(waiter: Waiter<T>) {
      let entry!: Entry;
      const done = new Promise<T | undefined>((resolve, reject) => {
        entry = { line, waiter, settle: resolve as Entry['settle'], fail: reject };
      });
      join(row, entry);
      return { done, leave: () => leave(row, entry) };
    },
  };
}

/** Looks at the one who comes alone: for those who wait nothing has changed by it. */
function join(row: Row, entry: Entry): void {
  const { claimed } = row;
  noteClock(row, false);
  const outlook = serve(entry, (id) => claimed.has(id));
  if (outlook === undefined) return;
  if (!entry.waiter.isTimed && entry.line.untimed >= longestQueue) return entry.settle(undefined);
  stand(row, entry);
  for (const id of outlook.claims) claimed.add(id);
  setLook(row, Math.min(row.lookAgainAt, outlook.lookAgainAt));
}

/** Past an alarm that rings only now, or has not rung yet, the clock was set: so much was not slept. */
function noteClock(row: Row, isAlarm: boolean): void {
  const now = row.runtime.now();
  const lateMs = now - row.lookAgainAt;
  if (lateMs > heldUpMs) {
    // A process that was held up is told from a clock that was set by how long that took.
    const forthMs = isAlarm || lateMs < standstillMs ? lateMs : now - row.seenAt;
    row.setForthMs += forthMs;
    row.lookAgainAt += forthMs;
  }
  row.seenAt = now;
}

function stand(row: Row, entry: Entry): void {
  const { line, waiter } = entry;
  row.entries.add(entry);
  // What changes while a change is being made is looked at when it is whole.
  if (line.waiting === 0) line.unwatch = line.watch(() => lookSoon(row));
  line.waiting += 1;
  if (!waiter.isTimed) line.untimed += 1;
}

/** Whether it was there. */
function stepOut({ entries }: Row, entry: Entry): boolean {
  if (!entries.delete(entry)) return false;
  const { line, waiter } = entry;
  line.waiting -= 1;
  if (!waiter.isTimed) line.untimed -= 1;
  if (line.waiting === 0) line.unwatch();
  return true;
}

function leave(row: Row, entry: Entry): void {
  if (!stepOut(row, entry)) return;
  entry.settle(undefined);
  // What it claimed is free for those behind it.
  if (row.entries.size > 0) lookSoon(row);
  else rest(row);
}

/** Serves whom it can, in order, and sets the alarm for the rest. */
function look(row: Row, isAlarm: boolean): void {
  const { entries } = row;
  noteClock(row, isAlarm);
  const claimed = new Set<string>();
  const isClaimed = (id: string) => claimed.has(id);
  let lookAgainAt = Infinity;
  for (const entry of entries) {
    const outlook = serve(entry, isClaimed);
    if (outlook === undefined) stepOut(row, entry);
    for (const id of outlook?.claims ?? []) claimed.add(id);
    lookAgainAt = Math.min(lookAgainAt, outlook?.lookAgainAt ?? Infinity);
  }
  row.claimed = claimed;
  if (entries.size > 0) setLook(row, lookAgainAt);
  else rest(row);
}

/** What it goes on waiting for; undefined: it has settled. */
function serve({ waiter, settle, fail }: Entry, isClaimed: (id: string) => boolean): Outlook | undefined {
  try {
    const taken = waiter.take(isClaimed);
    const outlook = taken === undefined ? waiter.outlook() : undefined;
    if (outlook === undefined) settle(taken);
    return outlook;
  } catch (error) {
    // Code of the host's own: it ends the call that ran it, and holds nobody else.
    fail(error);
    return undefined;
  }
}

/** Nobody waits: nothing runs. */
function rest(row: Row): void {
  callOff(row);
  row.claimed = new Set();
  row.lookAgainAt = Infinity;
}

function callOff(row: Row): void {
  row.callOff();
  row.callOff = nothing;
  row.ringsAt = Infinity;
}

function setLook(row: Row, lookAgainAt: number): void {
  const { runtime } = row;
  row.lookAgainAt = lookAgainAt;
  // Each new alarm rounds up: many who come would put it off for ever.
  if (row.ringsAt === lookAgainAt) return;
  callOff(row);
  if (lookAgainAt === Infinity) return;
  row.ringsAt = lookAgainAt;
  row.callOff = setAlarm(runtime, Math.max(1, lookAgainAt - runtime.now()), () => {
    row.ringsAt = Infinity;
    look(row, true);
  });
}

function lookSoon(row: Row): void {
  if (row.isLookDue) return;
  row.isLookDue = true;
  void Promise.resolve().then(() => {
    row.isLookDue = false;
    look(row, false);
  });
}
