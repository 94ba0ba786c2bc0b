import type { Provider } from '../../providers/provider.ts';
import type { FaultSchedule } from '../emulators/faults.ts';
import type { Reply } from '../emulators/reply.ts';

/** What the vendor is to do while a provider is looked at. */
export interface ConformanceScenario {
  /** Stable; `skip` and a stage of one's own go by it. */
  readonly name: string;
  /** What is answered; nothing means a text with the question in it. */
  readonly reply?: Reply;
  /** What goes wrong. */
  readonly faults?: FaultSchedule;
}

/** A vendor that plays one scenario. */
export interface ConformanceStage {
  /** Where it listens. */
  readonly url: string;
  /** How many requests have arrived. */
  requests(): number;
  /** Resolves once that many requests have arrived. */
  received(count: number): Promise<void>;
  /** Resolves to whether the client closed the connection of the last request before its answer was whole. */
  leftByClient(): Promise<boolean>;
  close(): Promise<void>;
}

/** What one check works with. */
export interface Scene {
  readonly provider: Provider;
  readonly model: string;
  readonly stage: ConformanceStage;
}

/** One check: a scenario, and what must hold in it. */
export interface Check extends ConformanceScenario {
  readonly title: string;
  readonly run: (scene: Scene) => Promise<void>;
}
