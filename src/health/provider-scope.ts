import type { BreakerState, RouterEvent } from '../core/events.ts';
import { isUnreachable, type Failure } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { tellBreaker } from './announcements.ts';
import { createCommonCause, type CommonCause } from './common-cause.ts';
import { shownAt, type HoldRequest } from './hold.ts';
import { createOpenings, type Openings } from './openings.ts';
import { createRow, type Row } from './row.ts';
import { createSharedHold, type SharedHold, type SharedPass } from './shared-hold.ts';
import type { ProviderHold, ProviderIdentity } from './target-health.ts';
import type { Verdict } from './track-record.ts';

/** While nobody else can serve, nobody is kept from an unreachable host for longer than from a model that is down. */
const longestLastResortMs = 2_000;

/** One model of the provider. */
export interface ScopeMember {
  readonly model: string;
  /** The ids of its targets. */
  readonly targets: ReadonlySet<string>;
  /** Called when anything changes that a view shows. */
  readonly watchers: ReadonlySet<() => void>;
  /** Lets its breaker be probed at once. */
  inviteBreaker(now: number, reason: string): void;
}

/** What all models of one provider object have in common: a key with its quota, a host, and perhaps what brings them down. */
export interface ProviderScope {
  /** For a refused key and a used-up quota. */
  readonly key: SharedHold<ScopeMember>;
  /** For a host that cannot be reached. */
  readonly host: SharedHold<ScopeMember>;
  readonly cause: CommonCause<ScopeMember>;
  join(member: ScopeMember): void;
  leave(member: ScopeMember): void;
  admits(member: ScopeMember, now: number, lastResort: boolean): boolean;
  enter(member: ScopeMember, now: number): ScopePass;
  holdOf(member: ScopeMember, now: number): ProviderHold | undefined;
  /** Lets this member try at once; where it is the only one, nothing is held any more. */
  invite(member: ScopeMember, now: number): void;
  /** It is another one, or was accepted. */
  clearKey(): void;
}

/** One attempt's way through it. */
export interface ScopePass {
  readonly probe: boolean;
  /** An answer has begun. */
  answered(now: number): void;
  /** What the refusal of key or quota has changed for all; undefined: it is the model's own matter. */
  refused(request: HoldRequest): ScopeChange | undefined;
  /** To be called once. `verdict`: what its end says of the model. */
  end(failure: Failure | undefined, verdict: Verdict, now: number): void;
}

export interface ScopeChange {
  readonly change: 'began' | 'longer' | undefined;
  readonly until: number;
  /** Those that are held together, where they are more than one model's. */
  readonly targets: string[] | undefined;
}

interface Memory {
  readonly provider: string;
  readonly emit: (event: RouterEvent) => void;
  readonly members: Set<ScopeMember>;
  readonly key: SharedHold<ScopeMember>;
  readonly host: SharedHold<ScopeMember>;
  readonly cause: CommonCause<ScopeMember>;
  readonly openings: Openings;
  /** Attempts that did not reach the host, at whatever model. */
  readonly row: Row;
  /** Those models. */
  readonly unreached: Set<ScopeMember>;
  /** Who met last what all are held for. */
  readonly last: { key: string; host: string };
  /** What was told of the host last. */
  phase: BreakerState;
}

export interface ProviderScopeOptions {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
}

export function createProviderScope(
  provider: ProviderIdentity,
  { runtime, emit }: ProviderScopeOptions,
): ProviderScope {
  const openings = createOpenings(runtime);
  const members = new Set<ScopeMember>();
  const key = createSharedHold<ScopeMember>({ version: () => provider.keyVersion?.() });
  const host = createSharedHold<ScopeMember>({
    version: () => undefined,
    lengthMs: (steps, now) => openMs(openings, steps, now),
    lastResortMs: longestLastResortMs,
  });
  const cause = createCommonCause<ScopeMember>();
  const memory: Memory = {
    ...{
      provider: provider.name,
      emit,
      members,
      key,
      host,
      cause,
      openings,
      row: createRow(),
      unreached: new Set(),
    },
    last: { key: '', host: '' },
    phase: 'closed',
  };
  return {
    ...{ key, host, cause },
    join: (member) => void members.add(member),
    leave(member) {
      members.delete(member);
      memory.unreached.delete(member);
      for (const one of [key, host, cause]) one.forget(member);
    },
    admits: (member, now, lastResort) => [key, host].every((one) => one.admits(member, now, lastResort)),
    enter: (member, now) => enter(memory, member, now),
    holdOf: (member, now) => holdOf(memory, member, now),
    invite(member, now) {
      for (const one of [key, host]) {
        if (members.size > 1) one.invite(member);
        else one.clear();
      }
      if (host.kind() === undefined) turn(memory, 'closed', now, 'enabled');
      changed(memory);
    },
    clearKey() {
      key.clear();
      changed(memory);
    },
  };
}

/** As long as one breaker would be open. */
function openMs(openings: Openings, steps: number, now: number): number {
  if (steps === 0) openings.tripped(1, now);
  return openings.open(now).until - now;
}

function changed({ members }: Memory): void {
  for (const { watchers } of members) for (const tell of watchers) tell();
}

function idsOf({ members }: Memory): string[] {
  return [...members].flatMap(({ targets }) => [...targets]);
}

function holdOf({ key, host, members, last }: Memory, member: ScopeMember, now: number) {
  const held = host.kind() === undefined ? key : host;
  const kind = held.kind();
  // A key that one model alone has is told of as its own lockout.
  if (kind === undefined || (held === key && members.size < 2)) return undefined;
  const reason = held === host ? 'host' : kind === 'quota' ? 'quota' : 'key';
  const model = held === host ? last.host : last.key;
  return { reason, kind, model, until: shownAt(held.heldAt(member, now)?.until) } as const;
}

/** An attempt as those that it has to pass know it. */
interface Ways {
  readonly member: ScopeMember;
  /** Its way through what was held when it began; undefined: nothing was. */
  key: SharedPass<ScopeMember> | undefined;
  host: SharedPass<ScopeMember> | undefined;
  readonly keyEra: number;
  readonly hostEra: number;
  readonly place: number;
}

function enter(memory: Memory, member: ScopeMember, now: number): ScopePass {
  const { key, host, row, openings } = memory;
  const isEarly = host.heldAt(member, now) !== undefined;
  if (host.kind() === undefined) openings.called(now);
  const ways: Ways = {
    member,
    key: key.kind() === undefined ? undefined : key.enter(member, now),
    host: host.kind() === undefined ? undefined : host.enter(member, now),
    keyEra: key.era(),
    hostEra: host.era(),
    place: row.begin(),
  };
  const isHostProbe = ways.host?.probe === true;
  const probe = isHostProbe || ways.key?.probe === true;
  if (probe) changed(memory);
  if (isHostProbe)
    turn(memory, 'half-open', now, isEarly ? 'nobody else can serve' : 'the open time is over');
  return {
    probe,
    answered(at) {
      reached(memory, ways, at);
      if (ways.key === undefined) key.answered(member);
      else if (ways.key.succeeded()) changed(memory);
    },
    refused: (request) => refused(memory, ways, request),
    end(failure, verdict, at) {
      memory.cause.ended(member, verdict.kind);
      const weight = verdict.kind === 'failure' ? verdict.weight : 0;
      if (failure && isUnreachable(failure)) unreached(memory, ways, { failure, weight, at });
      // Whoever refuses is there.
      else if (failure?.status !== undefined) reached(memory, ways, at);
      if (probe) changed(memory);
      ways.key?.release();
      ways.host?.release();
    },
  };
}

function refused(memory: Memory, ways: Ways, request: HoldRequest): ScopeChange | undefined {
  const { member } = ways;
  if (memory.key.isAlone(member)) return undefined;
  ways.key ??= memory.key.passSince(member, ways.keyEra);
  const change = ways.key.refused(request);
  if (change !== undefined) {
    memory.last.key = member.model;
    changed(memory);
  }
  const until = memory.key.heldAt(member, request.now)?.until ?? request.now;
  return { change, until, targets: memory.members.size > 1 ? idsOf(memory) : undefined };
}

function reached(memory: Memory, { member: answered, host, place }: Ways, at: number): void {
  memory.row.answered(place);
  memory.unreached.clear();
  if (host === undefined) return memory.host.answered(answered);
  const freed = host.succeeded();
  if (freed === undefined) return;
  memory.openings.recovered(at);
  turn(memory, 'closed', at, 'it was reached');
  for (const member of freed) member.inviteBreaker(at, 'the host was reached');
}

interface Unreached {
  readonly failure: Failure;
  readonly weight: number;
  readonly at: number;
}

function unreached(memory: Memory, ways: Ways, { failure, weight, at }: Unreached): void {
  const { row, members } = memory;
  const { member, place } = ways;
  // Where there is but one model, its breaker sees to it.
  if (members.size < 2 || memory.host.isAlone(member)) return;
  row.failed(place, weight);
  memory.unreached.add(member);
  if (!ways.host?.probe && !row.isDown()) return;
  ways.host ??= memory.host.passSince(member, ways.hostEra);
  const change = ways.host.refused({ kind: failure.kind, now: at });
  if (change === undefined) return;
  memory.last.host = member.model;
  row.end();
  memory.unreached.forEach((one) => memory.host.own(one));
  memory.unreached.clear();
  turn(memory, 'open', at, `unreachable: ${failure.code}`);
}

/** Tells what has become of the host. */
function turn(memory: Memory, to: BreakerState, at: number, reason: string): void {
  const { provider, emit, phase: from, last, host } = memory;
  changed(memory);
  memory.phase = to;
  if (from === to) return;
  const targets = idsOf(memory);
  const openUntil = to === 'open' ? host.until() : undefined;
  const subject = { provider, model: last.host, targets, emit };
  tellBreaker(subject, { at, from, to, reason, openUntil }, 'provider');
}
