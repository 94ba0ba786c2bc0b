import type { Transport } from '../core/completion.ts';
import type { Feature } from '../core/failure.ts';
import type { CompletionRequest, Requirements } from '../core/request.ts';

/** What a request needs of a target, worked out once for each call. */
export interface Demand {
  readonly request: CompletionRequest;
  /** The features that are conditions here; wishes are never among them. */
  readonly features: readonly Feature[];
  /** With `toolChoice` among the features: which kind. */
  readonly toolChoice?: 'none' | 'required' | 'named';
  /** Whether an image or a file is given by its URL. */
  readonly imageUrls: boolean;
  readonly fileUrls: boolean;
  readonly require?: Requirements;
  /** The ids that may serve; undefined: all. */
  readonly targets?: ReadonlySet<string>;
  /** An estimate, worked out when first asked for. */
  readonly inputTokens: number;
  readonly maxTokens?: number;
  readonly scope?: string;
}

export interface DemandOptions {
  /** The call's allow-list of target ids. */
  readonly targets?: readonly string[];
  /** Streaming is a condition only where the call insists on it. */
  readonly transport?: Transport | 'auto';
}

export declare function demandOf(request: CompletionRequest, options?: DemandOptions): Demand;
