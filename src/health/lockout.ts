import type { FailureKind } from '../core/failure.ts';
import { doubled, isHeld, statedMs, type Hold, type HoldRequest } from './hold.ts';

const firstLockoutMs = 60_000;
const longestLockoutMs = 600_000;

function usualMs(steps: number): number {
  return doubled(firstLockoutMs, steps, longestLockoutMs);
}

/** One attempt's way through a lockout. */
export interface LockoutPass {
  readonly probe: boolean;
  succeeded(): void;
  /** `began`: a new lockout; `longer`: the one in force lasts longer now. */
  refused(request: HoldRequest): 'began' | 'longer' | undefined;
  /** Gives the probe back, if it is still held. */
  release(): void;
}

/** Keeps calls away from a refused key or an exhausted quota, until an attempt after that time succeeds. */
export interface Lockout {
  /** In force for a time. */
  heldAt(now: number): Hold | undefined;
  /** When it ends, or has ended by time. */
  until(): number | undefined;
  /** An attempt that decides is under way. */
  probing(): boolean;
  /** The kind of the failure, for as long as no attempt has succeeded. */
  kind(): FailureKind | undefined;
  /** `early`: while it is held, by one that was not refused itself; its refusal makes the hold no longer. @default false */
  enter(early?: boolean): LockoutPass;
  /** Counts the beginnings and ends. */
  era(): number;
  /** The pass of an attempt that began in that era, while nothing was held. */
  passSince(era: number): LockoutPass;
  clear(): void;
}

/** What the lockout remembers. */
interface Memory {
  readonly keyVersion: () => number | undefined;
  readonly lengthMs: (steps: number, now: number) => number;
  hold: Hold | undefined;
  kind: FailureKind;
  /** The key's, when the lockout began. */
  version: number | undefined;
  /** The passes that decide, while they are in flight: one, or one for each of those that share it. */
  readonly probes: Set<object>;
  /** Counts the beginnings and ends of lockouts: what began earlier was perhaps refused with another key. */
  era: number;
  /** How often in a row it was refused. */
  steps: number;
}

/**
 * `keyVersion` changes with the key, and a changed key ends what was held for the old one. `lengthMs`: for how long, after so
 * many refusals before.
 */
export function createLockout(
  keyVersion: () => number | undefined,
  lengthMs: Memory['lengthMs'] = usualMs,
): Lockout {
  const memory: Memory = {
    keyVersion,
    lengthMs,
    hold: undefined,
    kind: 'auth',
    version: undefined,
    probes: new Set(),
    era: 0,
    steps: 0,
  };
  return {
    heldAt(now) {
      const hold = inForce(memory);
      return isHeld(hold, now) ? hold : undefined;
    },
    until: () => inForce(memory)?.until,
    probing: () => memory.probes.size > 0 && inForce(memory) !== undefined,
    kind: () => (inForce(memory) === undefined ? undefined : memory.kind),
    enter(early = false) {
      forgetOldKey(memory);
      return createPass(memory, { early, begun: memory.era, isProbe: memory.hold !== undefined });
    },
    era() {
      forgetOldKey(memory);
      return memory.era;
    },
    passSince: (begun) => createPass(memory, { early: false, begun, isProbe: false }),
    clear: () => clear(memory),
  };
}

function inForce({ hold, version, keyVersion }: Memory): Hold | undefined {
  return hold !== undefined && keyVersion() === version ? hold : undefined;
}

function clear(memory: Memory): void {
  memory.era += 1;
  memory.hold = undefined;
  memory.probes.clear();
  memory.steps = 0;
}

/** A key that changed without a word to us is seen by its version. */
function forgetOldKey(memory: Memory): void {
  if (memory.hold !== undefined && inForce(memory) === undefined) clear(memory);
}

function begin(memory: Memory, request: HoldRequest): void {
  const ms = statedMs(request) ?? memory.lengthMs(memory.steps, request.now);
  if (memory.hold === undefined) memory.era += 1;
  memory.steps += 1;
  memory.hold = { since: request.now, until: request.now + ms };
  memory.kind = request.kind;
  memory.version = memory.keyVersion();
}

/** Attempts that were under way when the lockout began: only a later stated time is news. */
function lengthen(memory: Memory, hold: Hold, request: HoldRequest): boolean {
  const until = request.now + (statedMs(request) ?? 0);
  if (until <= hold.until) return false;
  memory.hold = { since: hold.since, until };
  memory.kind = request.kind;
  return true;
}

interface Entered {
  readonly early: boolean;
  readonly begun: number;
  readonly isProbe: boolean;
}

function createPass(memory: Memory, { early, begun, isProbe }: Entered): LockoutPass {
  const self = {};
  if (isProbe) memory.probes.add(self);
  return {
    probe: isProbe,
    succeeded() {
      if (memory.probes.has(self)) clear(memory);
    },
    refused: (request) => refused(memory, { self, begun, early }, request),
    release() {
      memory.probes.delete(self);
    },
  };
}

function refused(
  memory: Memory,
  { self, begun, early }: { readonly self: object; readonly begun: number; readonly early: boolean },
  request: HoldRequest,
): 'began' | 'longer' | undefined {
  forgetOldKey(memory);
  const isProbe = memory.probes.delete(self);
  if (isProbe && memory.hold !== undefined && early)
    return lengthen(memory, memory.hold, request) ? 'longer' : undefined;
  if (isProbe) {
    begin(memory, request);
    return 'longer';
  }
  if (memory.hold !== undefined)
    return begun === memory.era - 1 && lengthen(memory, memory.hold, request) ? 'longer' : undefined;
  // What it reports is of a time before the latest end.
  if (begun !== memory.era) return undefined;
  begin(memory, request);
  return 'began';
}
