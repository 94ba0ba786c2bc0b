import { profiles, type ProfileName, type ProviderProfile } from './profiles.ts';

/** One target of the simulated world. */
export interface SimulatedTargetSpec {
  /** As `target.id`. */
  readonly id: string;
  /** How it behaves on a good day. */
  readonly profile: ProfileName | ProviderProfile;
  /** The provider's name of the model. @default the profile's, else the id */
  readonly model?: string | undefined;
  /**
   * Targets that name the same provider share one provider object, as they do with one client; with the same `model` they are
   * one machine, and meet the same faults. @default the id
   */
  readonly provider?: string | undefined;
  /** Takes long to begin with, as Ollama does: see `Provider.slowStart`. @default false */
  readonly slowStart?: boolean | undefined;
}

/** One provider's model: what answers, and what fails. */
export interface Machine {
  /** The id of its first target. */
  readonly id: string;
  /** Counts from 0; luck is drawn by it. */
  readonly index: number;
  /** Whose part it has in a scenario: `a` is the first. */
  readonly role: string;
  readonly provider: string;
  readonly model: string;
  readonly profile: ProviderProfile;
  /** The ids of its targets. */
  readonly targets: readonly string[];
  readonly slowStart: boolean;
}

/** Three unlike each other, for scenarios that do not say otherwise. */
export const usualCast: readonly SimulatedTargetSpec[] = [
  { id: 'a', profile: 'sonnet-like' },
  { id: 'b', profile: 'gpt-like' },
  { id: 'c', profile: 'flash-like' },
];

/** `a`, `b`, `c`, …, by place. */
export function roleAt(index: number): string {
  return index < 26 ? String.fromCharCode(97 + index) : `t${index + 1}`;
}

const lastRoleOfScenarios = 'c';

/** What a scenario has for a role. Those beyond the third share what befalls the third, unless they are named. */
export function forRole<T>(byRole: Readonly<Record<string, T>> | undefined, role: string): T | undefined {
  const isBeyond = !['a', 'b', lastRoleOfScenarios].includes(role);
  return byRole?.[role] ?? (isBeyond ? byRole?.[lastRoleOfScenarios] : undefined);
}

/** Who plays whom: targets of one provider and model are one machine, in the order in which they come. */
export function castOf(specs: readonly SimulatedTargetSpec[]): Machine[] {
  const machines = new Map<string, Machine & { readonly targets: string[] }>();
  for (const { id, profile, model, provider = id, slowStart = false } of specs) {
    const behaviour = typeof profile === 'string' ? profiles[profile] : profile;
    const named = model ?? behaviour.model ?? id;
    const key = JSON.stringify([provider, named]);
    const known = machines.get(key);
    known?.targets.push(id);
    if (known) continue;
    const index = machines.size;
    machines.set(key, {
      id,
      index,
      role: roleAt(index),
      provider,
      model: named,
      profile: behaviour,
      targets: [id],
      slowStart,
    });
  }
  return [...machines.values()];
}
