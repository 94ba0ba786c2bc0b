import { heldUpMs, setAlarm, type Runtime } from '../core/runtime.ts';

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
  readonly list: WaitingList;
  /** Tells of whatever may let somebody be served, but for time; listened to only while somebody waits. */
  readonly watch: (onChange: () => void) => () => void;
}

/** More calls of one model than this do not wait: those behind them would wait in vain. */
export const longestQueue = 100;

/** One model's way into the list. */
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
export interface WaitingList {
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

/** No process is held up for longer. */
const standstillMs = 5_000;

const nothing = () => {};

export function createWaitingList(runtime: Runtime): WaitingList {
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
export function createQueue({ list, watch }: QueueOptions): Queue {
  const line: Line = { watch, waiting: 0, untimed: 0, unwatch: nothing };
  return {
    isEmpty: () => list.entries.size === 0,
    isClaimed: (id) => list.claimed.has(id),
    setForthMs: () => list.setForthMs,
    join<T>(waiter: Waiter<T>) {
      let entry!: Entry;
      const done = new Promise<T | undefined>((resolve, reject) => {
        entry = { line, waiter, settle: resolve as Entry['settle'], fail: reject };
      });
      join(list, entry);
      return { done, leave: () => leave(list, entry) };
    },
  };
}

/** Looks at the one who comes alone: for those who wait nothing has changed by it. */
function join(list: WaitingList, entry: Entry): void {
  const { claimed } = list;
  noteClock(list, false);
  const outlook = serve(entry, (id) => claimed.has(id));
  if (outlook === undefined) return;
  if (!entry.waiter.isTimed && entry.line.untimed >= longestQueue) return entry.settle(undefined);
  stand(list, entry);
  for (const id of outlook.claims) claimed.add(id);
  setLook(list, Math.min(list.lookAgainAt, outlook.lookAgainAt));
}

/** Past an alarm that rings only now, or has not rung yet, the clock was set: so much was not slept. */
function noteClock(list: WaitingList, isAlarm: boolean): void {
  const now = list.runtime.now();
  const lateMs = now - list.lookAgainAt;
  if (lateMs > heldUpMs) {
    // A process that was held up is told from a clock that was set by how long that took.
    const forthMs = isAlarm || lateMs < standstillMs ? lateMs : now - list.seenAt;
    list.setForthMs += forthMs;
    list.lookAgainAt += forthMs;
  }
  list.seenAt = now;
}

function stand(list: WaitingList, entry: Entry): void {
  const { line, waiter } = entry;
  list.entries.add(entry);
  // What changes while a change is being made is looked at when it is whole.
  if (line.waiting === 0) line.unwatch = line.watch(() => lookSoon(list));
  line.waiting += 1;
  if (!waiter.isTimed) line.untimed += 1;
}

/** Whether it was there. */
function stepOut({ entries }: WaitingList, entry: Entry): boolean {
  if (!entries.delete(entry)) return false;
  const { line, waiter } = entry;
  line.waiting -= 1;
  if (!waiter.isTimed) line.untimed -= 1;
  if (line.waiting === 0) line.unwatch();
  return true;
}

function leave(list: WaitingList, entry: Entry): void {
  if (!stepOut(list, entry)) return;
  entry.settle(undefined);
  // What it claimed is free for those behind it.
  if (list.entries.size > 0) lookSoon(list);
  else rest(list);
}

/** Serves whom it can, in order, and sets the alarm for the rest. */
function look(list: WaitingList, isAlarm: boolean): void {
  const { entries } = list;
  noteClock(list, isAlarm);
  const claimed = new Set<string>();
  const isClaimed = (id: string) => claimed.has(id);
  let lookAgainAt = Infinity;
  for (const entry of entries) {
    const outlook = serve(entry, isClaimed);
    if (outlook === undefined) stepOut(list, entry);
    for (const id of outlook?.claims ?? []) claimed.add(id);
    lookAgainAt = Math.min(lookAgainAt, outlook?.lookAgainAt ?? Infinity);
  }
  list.claimed = claimed;
  if (entries.size > 0) setLook(list, lookAgainAt);
  else rest(list);
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
function rest(list: WaitingList): void {
  callOff(list);
  list.claimed = new Set();
  list.lookAgainAt = Infinity;
}

function callOff(list: WaitingList): void {
  list.callOff();
  list.callOff = nothing;
  list.ringsAt = Infinity;
}

function setLook(list: WaitingList, lookAgainAt: number): void {
  const { runtime } = list;
  list.lookAgainAt = lookAgainAt;
  // Each new alarm rounds up: many who come would put it off for ever.
  if (list.ringsAt === lookAgainAt) return;
  callOff(list);
  if (lookAgainAt === Infinity) return;
  list.ringsAt = lookAgainAt;
  list.callOff = setAlarm(runtime, Math.max(1, lookAgainAt - runtime.now()), () => {
    list.ringsAt = Infinity;
    look(list, true);
  });
}

function lookSoon(list: WaitingList): void {
  if (list.isLookDue) return;
  list.isLookDue = true;
  void Promise.resolve().then(() => {
    list.isLookDue = false;
    look(list, false);
  });
}
