import type { Fault } from './fault.ts';
import type { MetricName } from './metrics/meanings.ts';
import type { UsualErrors } from './profiles.ts';
import type { Traffic } from './traffic.ts';

/** What a scenario demands of a router, by one figure. */
export interface PassLine {
  readonly metric: MetricName;
  readonly atMost?: number | undefined;
  readonly atLeast?: number | undefined;
  /** How the line came to be worded so, where the reference left it open. */
  readonly note?: string | undefined;
}

/** The settings of one target that a scenario uses. */
export interface SimulatedTargetOptions {
  readonly limits?:
    | {
        readonly rpm?: number | undefined;
        readonly tpm?: number | undefined;
        readonly concurrency?: number | undefined;
      }
    | undefined;
}

/** The options of a router that a scenario uses; everything else is left at its default. */
export interface SimulatedOptions {
  readonly timeouts?:
    { readonly firstTokenMs?: number | undefined; readonly idleMs?: number | undefined } | undefined;
  readonly hedge?: boolean | undefined;
  readonly stream?: { readonly recovery?: 'none' | 'restart' | 'continue' | undefined } | undefined;
}

/** Traffic, what goes wrong when, and what a router must make of it. Instants are milliseconds since the start. */
export interface Scenario {
  /** Short, such as `S2-60`. */
  readonly name: string;
  /** What goes wrong, for a table. */
  readonly title: string;
  readonly traffic: Traffic;
  readonly lastsMs: number;
  /** When something is wrong with `a`; what is measured "in fault" is measured of the calls that begin then. */
  readonly faultFromMs: number;
  readonly faultUntilMs: number;
  /** By who has it: `a` is the first target, `b` the second; further ones share what `c` has, unless they are named. */
  readonly faults: Readonly<Record<string, readonly Fault[]>>;
  /** @default 0.4 % of calls fail, before the first token */
  readonly usual?: UsualErrors | undefined;
  readonly options?: SimulatedOptions | undefined;
  readonly targets?: Readonly<Record<string, SimulatedTargetOptions>> | undefined;
  readonly lines: readonly PassLine[];
  /** What it needs that is not there, or leaves out of the reference. */
  readonly note?: string | undefined;
}
