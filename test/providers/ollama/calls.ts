import type { Failure } from '../../../src/core/failure.ts';
import { classifyError } from '../../../src/providers/failure.ts';
import type {
  Provider,
  ProviderCall,
  ProviderEvent,
  ProviderRequest,
} from '../../../src/providers/provider.ts';

/** A call as the engine makes it, frozen to its depths. */
export function callOf(
  request: Partial<ProviderRequest> = {},
  call: Partial<ProviderCall> = {},
): ProviderCall {
  const messages = request.messages ?? [{ role: 'user', content: 'Hello' }];
  return {
    model: 'llama3.3',
    request: frozen({ ...request, messages }),
    signal: new AbortController().signal,
    headers: {},
    ...call,
  };
}

function frozen<T>(value: T): T {
  // Bytes cannot be frozen.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Set)
    return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

/** What an attempt came to: its events, and the failure that ended it. */
export interface Outcome {
  readonly events: ProviderEvent[];
  readonly failure: Failure | undefined;
}

export async function streamed(provider: Provider, call: ProviderCall): Promise<Outcome> {
  const events: ProviderEvent[] = [];
  try {
    for await (const event of provider.stream!(call)) events.push(event);
  } catch (error) {
    return { events, failure: classifyError(provider, error) };
  }
  return { events, failure: undefined };
}

export async function completed(provider: Provider, call: ProviderCall): Promise<Outcome> {
  try {
    return { events: [...(await provider.complete!(call))], failure: undefined };
  } catch (error) {
    return { events: [], failure: classifyError(provider, error) };
  }
}

export function textIn(events: readonly ProviderEvent[], type: 'text' | 'reasoning' = 'text'): string {
  return events.map((event) => (event.type === type ? event.text : '')).join('');
}

export function eventsIn<Type extends ProviderEvent['type']>(
  events: readonly ProviderEvent[],
  type: Type,
): Extract<ProviderEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<ProviderEvent, { type: Type }> => event.type === type);
}
