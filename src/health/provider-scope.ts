import type { RouterEvent } from '../core/events.ts';
import { isUnreachable, type Failure } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { createCommonCause, type CommonCause } from './common-cause.ts';
import { shownAt, type HoldRequest } from './hold.ts';
import { createHostOutage, type HostOutage, type HostWay } from './host-outage.ts';
import { allChanged, idsOf, type ScopeMember } from './scope-members.ts';
import { createSharedHold, type SharedHold, type SharedPass } from './shared-hold.ts';
import type { ProviderHold, ProviderIdentity } from './target-health.ts';
import type { Verdict } from './track-record.ts';

/** What all models of one provider object have in common: a key with its quota, a host, and perhaps what brings them down. */
export interface ProviderScope {
  /** For a refused key and a used-up quota. */
  readonly key: SharedHold<ScopeMember>;
  /** For a host that cannot be reached. */
  readonly host: SharedHold<ScopeMember>;
  join(member: ScopeMember): void;
  leave(member: ScopeMember): void;
  admits(member: ScopeMember, now: number, lastResort: boolean): boolean;
  enter(member: ScopeMember, now: number): ScopePass;
  /** A member that was in use was taken out of it, for what may have befallen others too. */
  opened(member: ScopeMember, now: number): void;
  /** How many ordinary failures one of this member counts for, by what befell others. */
  strictness(member: ScopeMember, now: number): number;
  holdOf(member: ScopeMember, now: number): ProviderHold | undefined;
  /** Lets this member try at once; where it is the only one, nothing is held any more. */
  invite(member: ScopeMember, now: number): void;
  /** It is another one, or was accepted. */
  clearKey(): void;
}

/** One attempt's way through it. Once its member has left, it says nothing any more of those that stay. */
export interface ScopePass {
  readonly probe: boolean;
  /** An answer has begun. */
  answered(now: number): void;
  /** What the refusal of key or quota has allChanged for all; undefined: it is the model's own matter. */
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
  readonly members: Set<ScopeMember>;
  readonly key: SharedHold<ScopeMember>;
  readonly host: HostOutage;
  readonly cause: CommonCause<ScopeMember>;
  /** The model whose key or quota was refused last. */
  refusedModel: string;
}

export interface ProviderScopeOptions {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
}

export function createProviderScope(
  provider: ProviderIdentity,
  { runtime, emit }: ProviderScopeOptions,
): ProviderScope {
  const members = new Set<ScopeMember>();
  const key = createSharedHold<ScopeMember>({ version: () => provider.keyVersion?.() });
  const host = createHostOutage({ provider: provider.name, members, runtime, emit });
  const cause = createCommonCause<ScopeMember>();
  const memory: Memory = { members, key, host, cause, refusedModel: '' };
  return {
    key,
    host: host.hold,
    join: (member) => void members.add(member),
    leave(member) {
      members.delete(member);
      for (const one of [key, host, cause]) one.forget(member);
    },
    admits: (member, now, lastResort) => [key, host.hold].every((one) => one.admits(member, now, lastResort)),
    enter: (member, now) => enter(memory, member, now),
    opened(member, now) {
      if (members.has(member)) cause.opened(member, now);
    },
    strictness: (member, now) => cause.strictness(member, now),
    holdOf: (member, now) => holdOf(memory, member, now),
    invite(member, now) {
      for (const one of [key, host.hold]) {
        if (members.size > 1) one.invite(member);
        else one.clear();
      }
      host.enabled(now);
      allChanged(members);
    },
    clearKey() {
      key.clear();
      allChanged(members);
    },
  };
}

function holdOf(memory: Memory, member: ScopeMember, now: number): ProviderHold | undefined {
  const { key, host, members } = memory;
  const isOfHost = host.hold.kind() !== undefined;
  const hold = isOfHost ? host.hold : key;
  const kind = hold.kind();
  // A key that one model alone has is told of as its own lockout.
  if (kind === undefined || (!isOfHost && members.size < 2)) return undefined;
  return {
    reason: isOfHost ? 'host' : kind === 'quota' ? 'quota' : 'key',
    kind,
    model: isOfHost ? host.model() : memory.refusedModel,
    until: shownAt(hold.heldAt(member, now)?.until),
  };
}

/** An attempt as those that it has to pass know it. */
interface Ways {
  readonly member: ScopeMember;
  /** Its way through what was held for the key when it began; undefined: nothing was. */
  key: SharedPass<ScopeMember> | undefined;
  readonly keyEra: number;
  readonly host: HostWay;
}

function enter(memory: Memory, member: ScopeMember, now: number): ScopePass {
  const { members, key, host } = memory;
  const ways: Ways = {
    member,
    key: key.kind() === undefined ? undefined : key.enter(member, now),
    keyEra: key.era(),
    // Last, since it tells: an observer may make a call at once.
    host: host.enter(member, now),
  };
  const probe = ways.host.pass?.probe === true || ways.key?.probe === true;
  if (probe) allChanged(members);
  return {
    probe,
    answered(at) {
      if (!members.has(member)) return;
      host.reached(ways.host, at);
      if (ways.key === undefined) key.answered(member);
      else if (ways.key.succeeded()) allChanged(members);
    },
    refused: (request) => (members.has(member) ? refused(memory, ways, request) : undefined),
    end(failure, verdict, at) {
      if (members.has(member)) ended(memory, ways, { failure, verdict, at });
      if (probe) allChanged(members);
      ways.key?.release();
      ways.host.pass?.release();
    },
  };
}

interface End {
  readonly failure: Failure | undefined;
  readonly verdict: Verdict;
  readonly at: number;
}

function ended({ cause, host }: Memory, ways: Ways, { failure, verdict, at }: End): void {
  cause.ended(ways.member, verdict.kind);
  const weight = verdict.kind === 'failure' ? verdict.weight : 0;
  if (failure && isUnreachable(failure)) host.unreached(ways.host, failure, { weight, at });
  // Whoever refuses is there.
  else if (failure?.status !== undefined) host.reached(ways.host, at);
}

function refused(memory: Memory, ways: Ways, request: HoldRequest): ScopeChange | undefined {
  const { key, members } = memory;
  const { member } = ways;
  if (key.isAlone(member)) return undefined;
  ways.key ??= key.passSince(member, ways.keyEra);
  const change = ways.key.refused(request);
  if (change !== undefined) {
    memory.refusedModel = member.model;
    allChanged(members);
  }
  const until = key.heldAt(member, request.now)?.until ?? request.now;
  return { change, until, targets: members.size > 1 ? idsOf(members) : undefined };
}
