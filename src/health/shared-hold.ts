import type { FailureKind } from '../core/failure.ts';
import type { Hold, HoldRequest } from './hold.ts';
import { createLockout, type Lockout, type LockoutPass } from './lockout.ts';

/** However long one of them is told to wait, the others are not kept away for longer before one of them has tried. */
const longestDoubtMs = 60_000;

/** What one of those who share it was refused for holds all of them, until an attempt of any succeeds. */
export interface SharedHold<Member> {
  /** In force for this member, for a time. */
  heldAt(member: Member, now: number): Hold | undefined;
  /** While it is: from when the member may be asked if nobody else can serve; undefined: no sooner. */
  lastResortAt(member: Member, now: number): number | undefined;
  /** An attempt that decides is under way. */
  probing(): boolean;
  /** The kind of the failure, for as long as no attempt has succeeded. */
  kind(): FailureKind | undefined;
  /** When it ends for those that were refused. */
  until(): number | undefined;
  /** The member was refused too, before there was enough to hold all. */
  own(member: Member): void;
  /** Whether the member itself was refused. */
  isOwn(member: Member): boolean;
  /** Whether others were answered where it was refused: then what it is refused for is its own matter. */
  isAlone(member: Member): boolean;
  admits(member: Member, now: number, lastResort: boolean): boolean;
  enter(member: Member, now: number): SharedPass<Member>;
  /** Counts the beginnings and ends. */
  era(): number;
  /** The pass of an attempt that began in that era, while nothing was held: most end without a need of it. */
  passSince(member: Member, era: number): SharedPass<Member>;
  /** An attempt that began while nothing was held is answered. */
  answered(member: Member): void;
  /** It is over by the answer of this member; those that were refused. */
  end(member: Member): readonly Member[];
  /** Lets this member try at once. */
  invite(member: Member): void;
  clear(): void;
  forget(member: Member): void;
}

/** One attempt's way through a hold that several share. */
export interface SharedPass<Member> {
  readonly probe: boolean;
  /** Those that were refused, where this answer has ended the hold. */
  succeeded(): readonly Member[] | undefined;
  /** `began`: a new hold; `longer`: the one in force lasts longer now. */
  refused(request: HoldRequest): 'began' | 'longer' | undefined;
  /** Gives the probe back, if it is still held. */
  release(): void;
}

export interface SharedHoldOptions {
  /** What it is held for is void once this changes. */
  readonly version: () => number | undefined;
  /** For how long, after so many refusals before. @default as a lockout */
  readonly lengthMs?: (steps: number, now: number) => number;
  /** After so long whoever was refused is asked again, if nobody else can serve. @default no sooner than by anybody */
  readonly lastResortMs?: number;
}

interface Memory<Member> extends SharedHoldOptions {
  readonly lockout: Lockout;
  /** Those that were refused themselves since it began. */
  readonly owners: Set<Member>;
  /** Those that are alone with it, and the version that they were refused with. */
  readonly alone: Map<Member, number | undefined>;
  /** Those with an attempt under way that decides: which one. */
  readonly trying: Map<Member, LockoutPass>;
  /** Who may try at once. */
  readonly invited: Set<Member>;
}

/**
 * Whether what one was refused for is the matter of all is not known until another one has tried. So those that were not
 * refused themselves try first, at half of the time, or at once where nobody else can serve: then each of them, since an
 * answer of one may take minutes. If one of them is answered, the hold ends, and those that were refused are alone with it until they are answered too.
 */
export function createSharedHold<Member>(options: SharedHoldOptions): SharedHold<Member> {
  const lockout = createLockout(options.version, options.lengthMs);
  const memory: Memory<Member> = {
    ...options,
    lockout,
    owners: new Set(),
    alone: new Map(),
    trying: new Map(),
    invited: new Set(),
  };
  const { owners, alone } = memory;
  function forget(member: Member): void {
    owners.delete(member);
    alone.delete(member);
    memory.invited.delete(member);
  }
  return {
    heldAt: (member, now) => heldAt(memory, member, now),
    lastResortAt: (member, now) => lastResortAt(memory, member, now),
    probing: () => lockout.probing(),
    kind: () => lockout.kind(),
    until: () => lockout.until(),
    own: (member) => void owners.add(member),
    isOwn: (member) => owners.has(member),
    isAlone: (member) => alone.has(member) && alone.get(member) === options.version(),
    admits: (member, now, lastResort) => admits(memory, member, { now, lastResort }),
    enter: (member, now) => enter(memory, member, now),
    era: () => lockout.era(),
    passSince: (member, era) => passOf(memory, member, lockout.passSince(era)),
    answered: (member) => void alone.delete(member),
    end(member) {
      lockout.clear();
      return narrow(memory, member);
    },
    invite(member) {
      forget(member);
      if (lockout.kind() !== undefined) memory.invited.add(member);
    },
    clear() {
      lockout.clear();
      owners.clear();
      alone.clear();
      memory.invited.clear();
    },
    forget,
  };
}

function heldAt<Member>(
  { lockout, owners, invited }: Memory<Member>,
  member: Member,
  now: number,
): Hold | undefined {
  const hold = lockout.heldAt(now);
  if (hold === undefined || owners.has(member)) return hold;
  const until = Math.min((hold.since + hold.until) / 2, hold.since + longestDoubtMs);
  return invited.has(member) || now >= until ? undefined : { since: hold.since, until };
}

function lastResortAt<Member>(memory: Memory<Member>, member: Member, now: number): number | undefined {
  // Whoever has nobody else does not wait for what another one is about to find out, which may take minutes.
  if (memory.lockout.probing()) return mayJoin(memory, member) ? now : undefined;
  const hold = heldAt(memory, member, now);
  if (hold === undefined || !memory.owners.has(member)) return hold?.since;
  const { lastResortMs } = memory;
  return lastResortMs === undefined ? undefined : Math.min(hold.until, hold.since + lastResortMs);
}

/** Each of those that were not refused themselves by one attempt. */
function mayJoin<Member>({ owners, trying }: Memory<Member>, member: Member): boolean {
  return !owners.has(member) && !trying.has(member);
}

function admits<Member>(
  memory: Memory<Member>,
  member: Member,
  { now, lastResort }: { readonly now: number; readonly lastResort: boolean },
): boolean {
  if (memory.lockout.probing()) return lastResort && mayJoin(memory, member);
  if (heldAt(memory, member, now) === undefined) return true;
  return lastResort && (lastResortAt(memory, member, now) ?? Infinity) <= now;
}

function enter<Member>(memory: Memory<Member>, member: Member, now: number): SharedPass<Member> {
  const { lockout, owners, trying } = memory;
  // What one more is refused for while all are held is no news.
  const pass = lockout.enter(lockout.heldAt(now) !== undefined && !owners.has(member));
  if (pass.probe) trying.set(member, pass);
  return passOf(memory, member, pass);
}

function passOf<Member>(memory: Memory<Member>, member: Member, pass: LockoutPass): SharedPass<Member> {
  const { lockout, owners, alone, trying } = memory;
  return {
    probe: pass.probe,
    succeeded() {
      const wasProbing = lockout.probing();
      pass.succeeded();
      if (wasProbing && lockout.kind() === undefined) return narrow(memory, member);
      alone.delete(member);
      return undefined;
    },
    refused(request) {
      const change = pass.refused(request);
      if (change === 'began') {
        owners.clear();
        trying.clear();
      }
      // Also one that was under way when the others were held.
      if (change !== undefined || lockout.kind() === request.kind) owners.add(member);
      memory.invited.delete(member);
      return change;
    },
    release() {
      pass.release();
      if (trying.get(member) === pass) trying.delete(member);
    },
  };
}

function narrow<Member>(memory: Memory<Member>, member: Member): readonly Member[] {
  const { owners, alone, version } = memory;
  const freed = [...owners];
  if (!owners.has(member)) for (const other of freed) alone.set(other, version());
  owners.clear();
  memory.invited.clear();
  return freed;
}
