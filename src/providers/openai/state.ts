import type { ProviderState } from '../../core/request.ts';

/** What this provider keeps beside a part of an answer; of use to the same model only. */
export interface PartState {
  readonly model: string;
  /** Responses: the reasoning item as it came. */
  readonly item?: Readonly<Record<string, unknown>>;
  /** Responses: whether a message is commentary or the final answer. */
  readonly phase?: string;
  /** OpenRouter: what it wants to see again, unmodified. */
  readonly details?: readonly Readonly<Record<string, unknown>>[];
  /** The field that reasoning came in, at servers that want it back between tool calls (DeepSeek, Moonshot). */
  readonly field?: string;
}

/** A part's state where it was made by the model that is asked now. */
export function stateOf(
  part: { readonly providerState?: ProviderState | undefined },
  model: string,
): PartState | undefined {
  const wrapped = part.providerState;
  if (typeof wrapped !== 'object' || wrapped === null) return undefined;
  const state = ('state' in wrapped && 'provider' in wrapped ? wrapped.state : wrapped) as
    PartState | null | undefined;
  return state?.model === model ? state : undefined;
}
