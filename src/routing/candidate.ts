import type { Price } from '../core/price.ts';
import type { RequestSettings } from '../core/request.ts';
import type { HealthView } from '../health/target-health.ts';
import type { Supports } from '../providers/provider.ts';

/** A target as one call sees it. */
export interface Candidate {
  readonly id: string;
  /** The provider's name. */
  readonly provider: string;
  /** The provider's model. */
  readonly model: string;
  /** Its place in the model's list, from 0. */
  readonly position: number;
  /** Lower first; a higher number only when no lower one can serve. */
  readonly priority: number;
  /** Its share within its priority, as stated. */
  readonly weight?: number;
  readonly degraded: boolean;
  readonly price?: Price;
  readonly region?: string;
  readonly tags?: readonly string[];
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  /** What the target states, else what its provider knows. */
  readonly supports: Supports;
  /** What the target makes of each request. */
  readonly overrides?: RequestSettings;
  readonly health: HealthView;
  /** The counter of its place in smooth weighted selection; starts at 0. */
  readonly credit: number;
  /** Why its provider cannot express this request, where it cannot. */
  readonly refusal?: string;
}
