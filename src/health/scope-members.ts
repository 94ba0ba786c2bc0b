/** One model of a provider object. */
export interface ScopeMember {
  readonly model: string;
  /** The ids of its targets. */
  readonly targets: ReadonlySet<string>;
  /** Called when anything changes that a view shows. */
  readonly watchers: ReadonlySet<() => void>;
  /** Lets its breaker be probed at once. */
  inviteBreaker(now: number, reason: string): void;
}

/** All models of one provider object that stand in its router. */
export type ScopeMembers = ReadonlySet<ScopeMember>;

/** Something changed that the view of each of them shows. */
export function changed(members: ScopeMembers): void {
  for (const { watchers } of members) for (const tell of watchers) tell();
}

export function idsOf(members: ScopeMembers): string[] {
  return [...members].flatMap(({ targets }) => [...targets]);
}
