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
  /** Whether anybody waits. */
  isEmpty(): boolean;
  /** Whether it is for somebody who waits: whoever comes later must not take it before. */
  isClaimed(id: string): boolean;
  /** Settles with what was taken, as soon as that is to be had; undefined: given up, or there is no room to wait. */
  join<T>(waiter: Waiter<T>): { readonly done: Promise<T | undefined>; readonly leave: () => void };
}

export interface QueueOptions {
  readonly runtime: Runtime;
  /** Tells of whatever may let somebody be served, but for time; listened to only while somebody waits. */
  readonly watch: (onChange: () => void) => () => void;
}

/** More calls than this do not wait: those behind them would wait in vain. */
export const longestQueue = 100;

interface Entry {
  readonly waiter: Waiter<unknown>;
  readonly settle: (taken: unknown) => void;
  readonly fail: (error: unknown) => void;
}

interface Memory extends QueueOptions {
  /** In the order in which they came. */
  readonly entries: Set<Entry>;
  /** What they claim. Whatever has happened since the last look, nobody who comes now overtakes them by it. */
  claimed: Set<string>;
  /** When they are looked at again, if nothing happens before. */
  lookAgainAt: number;
  unwatch: (() => void) | undefined;
  callOff: () => void;
  isLookDue: boolean;
}

const nothing = () => {};

/** Woken by what frees a target and by one alarm, never by polling. While nobody waits, nothing runs. */
export function createQueue(options: QueueOptions): Queue {
  const memory: Memory = {
    ...options,
    entries: new Set(),
    claimed: new Set(),
    lookAgainAt: Infinity,
    unwatch: undefined,
    callOff: nothing,
    isLookDue: false,
  };
  return {
    isEmpty: () => memory.entries.size === 0,
    isClaimed: (id) => memory.claimed.has(id),
    join<T>(waiter: Waiter<T>) {
      let entry!: Entry;
      const done = new Promise<T | undefined>((resolve, reject) => {
        entry = { waiter, settle: resolve as Entry['settle'], fail: reject };
      });
      join(memory, entry);
      return { done, leave: () => leave(memory, entry) };
    },
  };
}

/** Looks at the one who comes alone: for those who wait nothing has changed by it. */
function join(memory: Memory, entry: Entry): void {
  const { entries, claimed } = memory;
  const outlook = serve(entry, (id) => claimed.has(id));
  if (outlook === undefined) return;
  if (!entry.waiter.isTimed && isFull(entries)) return entry.settle(undefined);
  entries.add(entry);
  for (const id of outlook.claims) claimed.add(id);
  listen(memory, Math.min(memory.lookAgainAt, outlook.lookAgainAt));
}

function isFull(entries: ReadonlySet<Entry>): boolean {
  if (entries.size < longestQueue) return false;
  let waiting = 0;
  for (const { waiter } of entries) if (!waiter.isTimed) waiting += 1;
  return waiting >= longestQueue;
}

function leave(memory: Memory, entry: Entry): void {
  if (!memory.entries.delete(entry)) return;
  entry.settle(undefined);
  // What it claimed is free for those behind it.
  if (memory.entries.size > 0) lookSoon(memory);
  else rest(memory);
}

/** Serves whom it can, in order, and sets the alarm for the rest. */
function look(memory: Memory): void {
  const { entries } = memory;
  const claimed = new Set<string>();
  const isClaimed = (id: string) => claimed.has(id);
  let lookAgainAt = Infinity;
  for (const entry of entries) {
    const outlook = serve(entry, isClaimed);
    if (outlook === undefined) entries.delete(entry);
    for (const id of outlook?.claims ?? []) claimed.add(id);
    lookAgainAt = Math.min(lookAgainAt, outlook?.lookAgainAt ?? Infinity);
  }
  memory.claimed = claimed;
  if (entries.size > 0) listen(memory, lookAgainAt);
  else rest(memory);
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
function rest(memory: Memory): void {
  memory.callOff();
  memory.callOff = nothing;
  memory.unwatch?.();
  memory.unwatch = undefined;
  memory.claimed = new Set();
  memory.lookAgainAt = Infinity;
}

function listen(memory: Memory, lookAgainAt: number): void {
  const { runtime } = memory;
  memory.callOff();
  memory.callOff = nothing;
  memory.lookAgainAt = lookAgainAt;
  // What changes while a change is being made is looked at when it is whole.
  memory.unwatch ??= memory.watch(() => lookSoon(memory));
  if (lookAgainAt < Infinity)
    memory.callOff = setAlarm(runtime, Math.max(1, lookAgainAt - runtime.now()), () => look(memory));
}

function lookSoon(memory: Memory): void {
  if (memory.isLookDue) return;
  memory.isLookDue = true;
  void Promise.resolve().then(() => {
    memory.isLookDue = false;
    look(memory);
  });
}
