import type { Failure } from '../../core/failure.ts';
import { classifyError } from '../../providers/failure.ts';
import type { Provider, ProviderCall, ProviderEvent, ProviderRequest } from '../../providers/provider.ts';
import { assert } from './assert.ts';

/** One way to ask a provider, and its name. */
export interface Way {
  readonly name: 'stream' | 'complete';
  readonly read: (call: ProviderCall, onEvent?: (event: ProviderEvent) => void) => Promise<ProviderEvent[]>;
}

/** The methods that a provider has. */
export function waysOf(provider: Provider): Way[] {
  const ways: Way[] = [];
  const { name } = provider;
  if (provider.stream)
    ways.push({ name: 'stream', read: (call, onEvent) => readStream(provider, call, onEvent) });
  if (provider.complete) {
    ways.push({ name: 'complete', read: async (call) => [...(await provider.complete!(call))] });
  }
  assert(ways.length > 0, `the provider ${name} has a method stream or complete`);
  return ways;
}

async function readStream(
  provider: Provider,
  call: ProviderCall,
  onEvent: (event: ProviderEvent) => void = () => {},
): Promise<ProviderEvent[]> {
  const events: ProviderEvent[] = [];
  for await (const event of provider.stream!(call)) {
    events.push(event);
    onEvent(event);
  }
  return events;
}

/** A call as the engine makes it, frozen: a provider that writes into it throws. */
export function callOf(
  model: string,
  request: Partial<ProviderRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): ProviderCall {
  const messages = request.messages ?? [{ role: 'user', content: 'Hello' }];
  return Object.freeze({
    model,
    request: deeplyFrozen({ ...request, messages }),
    signal,
    headers: Object.freeze({}),
  });
}

function deeplyFrozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deeplyFrozen(inner);
  return Object.freeze(value);
}

/** The events of an attempt that ends in failure, and the failure as the engine would see it. */
export async function failing(
  provider: Provider,
  way: Way,
  call: ProviderCall,
): Promise<{ readonly failure: Failure; readonly events: readonly ProviderEvent[] }> {
  const events: ProviderEvent[] = [];
  try {
    const read = await way.read(call, (event) => events.push(event));
    if (way.name === 'complete') events.push(...read);
  } catch (error) {
    return { failure: classifyError(provider, error), events };
  }
  // The engine finds what a provider cannot name: no end, or an end without anything before it.
  assert(!hasAnswer(events), `${way.name}: expected a failure, got ${describe(events)}`);
  return { failure: { kind: 'invalid-response', message: 'no answer' }, events };
}

function hasAnswer(events: readonly ProviderEvent[]): boolean {
  // An empty text may stand for private state alone.
  const isContent = (event: ProviderEvent) =>
    event.type === 'tool-call' || (event.type === 'text' && event.text !== '');
  return events.some(isContent) && events.at(-1)?.type === 'finish';
}

function describe(events: readonly ProviderEvent[]): string {
  return `${events.length} events that end in ${events.at(-1)?.type ?? 'nothing'}`;
}

/** What holds for every answer: one end, nothing after it, whole calls with ids of their own. */
export function assertLawful(events: readonly ProviderEvent[], way: string): void {
  const types = events.map(({ type }) => type);
  const finishes = types.filter((type) => type === 'finish').length;
  assert(finishes === 1, `${way}: expected exactly one finish, got ${finishes} in ${types.join(' ')}`);
  assert(types.at(-1) === 'finish', `${way}: expected nothing after finish, got ${types.join(' ')}`);
  const calls = eventsIn(events, 'tool-call');
  const ids = new Set(calls.map(({ id }) => id));
  assert(ids.size === calls.length, `${way}: expected an id for each tool call, got ${[...ids].join(', ')}`);
  for (const { id, name, arguments: given } of calls) {
    assert(id !== '' && name !== '', `${way}: expected an id and a name for every tool call`);
    assert(
      typeof given === 'object' && given !== null && !Array.isArray(given),
      `${way}: expected parsed arguments that are an object for ${name}`,
    );
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
