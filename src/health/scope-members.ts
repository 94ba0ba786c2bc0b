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

/** Something changed that its views show. */
export function changed({ watchers }: Pick<ScopeMember, 'watchers'>): void {
  for (const tell of watchers) tell();
}

export function allChanged(members: ScopeMembers): void {
  for (const member of members) changed(member);
}

export function idsOf(members: ScopeMembers): string[] {
  return [...members].flatMap(({ targets }) => [...targets]);
}
