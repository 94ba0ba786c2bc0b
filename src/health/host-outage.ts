import type { BreakerState, RouterEvent } from '../core/events.ts';
import type { Failure } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { tellBreaker } from './announcements.ts';
import { createOpenings, longestLastResortMs, type Openings } from './openings.ts';
import { createRow, type Row } from './row.ts';
import { allChanged, idsOf, type ScopeMember, type ScopeMembers } from './scope-members.ts';
import { createSharedHold, type SharedHold, type SharedPass } from './shared-hold.ts';

/** Whether the host of a provider object can be reached, by attempts at any of its models. */
export interface HostOutage {
  /** In force while it cannot. */
  readonly hold: SharedHold<ScopeMember>;
  /** The model that met it last. */
  model(): string;
  enter(member: ScopeMember, now: number): HostWay;
  /** Somebody is there: an answer has begun, or a refusal came. */
  reached(way: HostWay, at: number): void;
  /** `weight`: what that says of the model. */
  unreached(way: HostWay, failure: Failure, how: { readonly weight: number; readonly at: number }): void;
  /** Members were let in by hand: perhaps nothing is held any more. */
  enabled(now: number): void;
  forget(member: ScopeMember): void;
}

/** One attempt as the outage knows it. */
export interface HostWay {
  readonly member: ScopeMember;
  /** Its way through what was held when it began; undefined: nothing was. */
  pass: SharedPass<ScopeMember> | undefined;
  readonly era: number;
  readonly place: number;
}

export interface HostOutageOptions {
  /** Its name. */
  readonly provider: string;
  readonly members: ScopeMembers;
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
}

interface Memory extends HostOutageOptions {
  readonly hold: SharedHold<ScopeMember>;
  readonly openings: Openings;
  /** Attempts that did not reach it, at whatever model. */
  readonly row: Row;
  /** Those models. */
  readonly unreached: Set<ScopeMember>;
  /** The one that met it last. */
  model: string;
  /** What was told of it last. */
  phase: BreakerState;
}

export function createHostOutage(options: HostOutageOptions): HostOutage {
  const openings = createOpenings(options.runtime);
  const hold = createSharedHold<ScopeMember>({
    version: () => undefined,
    lengthMs: (steps, now) => openMs(openings, steps, now),
    lastResortMs: longestLastResortMs,
  });
  const memory: Memory = {
    ...options,
    hold,
    openings,
    row: createRow(),
    unreached: new Set(),
    model: '',
    phase: 'closed',
  };
  return {
    hold,
    model: () => memory.model,
    enter: (member, now) => enter(memory, member, now),
    reached: (way, at) => reached(memory, way, at),
    unreached: (way, failure, how) => unreached(memory, way, failure, how),
    enabled(now) {
      if (hold.kind() === undefined) turn(memory, 'closed', now, 'enabled');
    },
    forget(member) {
      hold.forget(member);
      memory.unreached.delete(member);
    },
  };
}

/** As long as one breaker would be open. */
function openMs(openings: Openings, steps: number, now: number): number {
  if (steps === 0) openings.tripped(1, now);
  return openings.open(now).until - now;
}

function enter(memory: Memory, member: ScopeMember, now: number): HostWay {
  const { hold, row, openings } = memory;
  const isEarly = hold.heldAt(member, now) !== undefined;
  const isHeld = hold.kind() !== undefined;
  if (!isHeld) openings.called(now);
  const pass = isHeld ? hold.enter(member, now) : undefined;
  const way: HostWay = { member, pass, era: hold.era(), place: row.begin() };
  if (pass?.probe)
    turn(memory, 'half-open', now, isEarly ? 'nobody else can serve' : 'the open time is over');
  return way;
}

function reached(memory: Memory, way: HostWay, at: number): void {
  const { row, openings } = memory;
  const isOfNow = row.answered(way.place);
  memory.unreached.clear();
  const freed = freedBy(memory.hold, way, isOfNow);
  if (freed === undefined) return;
  openings.recovered(at);
  turn(memory, 'closed', at, 'it was reached');
  for (const one of freed) one.inviteBreaker(at, 'the host was reached');
}

/** Those that were held, where this answer ends it. */
function freedBy(
  hold: HostOutage['hold'],
  { member, pass }: HostWay,
  isOfNow: boolean,
): readonly ScopeMember[] | undefined {
  if (pass) return pass.succeeded();
  // It began before all were held, but after the first that did not get there.
  if (isOfNow && hold.kind() !== undefined) return hold.end(member);
  hold.answered(member);
  return undefined;
}

function unreached(
  memory: Memory,
  way: HostWay,
  { kind, code }: Failure,
  { weight, at }: { readonly weight: number; readonly at: number },
): void {
  const { hold, row, members } = memory;
  const { member, place } = way;
  // Where there is but one model, its breaker sees to it.
  if (members.size < 2 || hold.isAlone(member)) return;
  row.failed(place, weight);
  memory.unreached.add(member);
  if (!way.pass?.probe && !row.isDown()) return;
  way.pass ??= hold.passSince(member, way.era);
  if (way.pass.refused({ kind, now: at }) === undefined) return;
  memory.model = member.model;
  row.end();
  memory.unreached.forEach((one) => hold.own(one));
  memory.unreached.clear();
  turn(memory, 'open', at, `unreachable: ${code}`);
}

/** Tells what has become of it. */
function turn(memory: Memory, to: BreakerState, at: number, reason: string): void {
  const { provider, members, emit, phase: from, model, hold } = memory;
  allChanged(members);
  memory.phase = to;
  if (from === to) return;
  const openUntil = to === 'open' ? hold.until() : undefined;
  const subject = { provider, model, targets: idsOf(members), emit };
  tellBreaker(subject, { at, from, to, reason, openUntil }, 'provider');
}
