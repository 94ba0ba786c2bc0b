import { systemRuntime, type Runtime } from '../core/runtime.ts';
import type { Provider, ProviderCall, ProviderEvent } from '../providers/provider.ts';
import { stage, stagedFailure, untilAborted, type FailureInput } from './staged-failure.ts';

/** What can be made to go wrong with a call, whatever the provider. `after` counts pieces of content. */
export type ProviderFault =
  | { readonly kind: 'fail'; readonly failure?: FailureInput; readonly after?: number }
  /** Says nothing more, until the call is aborted. */
  | { readonly kind: 'stall'; readonly after?: number }
  /** Ends without `finish`. */
  | { readonly kind: 'cut'; readonly after?: number }
  /** Waits before the first piece of content, and before each one. */
  | { readonly kind: 'slow'; readonly firstMs?: number; readonly eachMs?: number };

/** Which calls go wrong, and how. */
export interface FaultOptions {
  /** The share of calls that fail, from 0 to 1, drawn at random; left aside where there is a schedule. @default 1 */
  rate?: number;
  /** What a failing call meets, drawn at random. @default a server error */
  faults?: readonly ProviderFault[];
  /**
   * Instead of chance: one entry for each of the next calls (null: healthy; after its end all are), or a function of
   * the call, which counts from 1.
   */
  schedule?:
    | readonly (ProviderFault | null)[]
    | ((number: number, call: ProviderCall) => ProviderFault | null | undefined);
  /** Numbers in [0, 1). @default the Runtime's */
  random?: () => number;
  /** For waits and chance. @default the system's */
  runtime?: Runtime;
}

/**
 * Wraps any provider, real or scripted, and makes some of its calls fail.
 *
 * @example
 * const brownout = withFaults(provider, { rate: 0.3, faults: [{ kind: 'fail' }, { kind: 'stall', after: 5 }], runtime });
 */
export function withFaults<P extends Provider>(provider: P, options: FaultOptions = {}): P {
  const { runtime = systemRuntime } = options;
  const pick = faultPicker(options, runtime);
  const wrapped: Partial<Provider> = {
    classify: (error) => stagedFailure(error) ?? provider.classify?.(error),
  };
  if (provider.stream) {
    const start = (call: ProviderCall) => provider.stream?.(call) ?? [];
    wrapped.stream = (call) => disturbed(start, pick(call), call, runtime);
  }
  if (provider.complete) {
    const start = (call: ProviderCall) => eventsOf(provider.complete?.(call));
    wrapped.complete = (call) => collect(disturbed(start, pick(call), call, runtime));
  }
  return layered(provider, wrapped);
}

/** All else is the provider's own, asked on the provider itself, so that whatever it is made of goes on working. */
function layered<P extends Provider>(provider: P, layer: Partial<Provider>): P {
  // A target of its own: a proxy must not answer anything new for the fixed properties of a frozen one.
  return new Proxy(Object.create(provider) as P, {
    get(_target, key) {
      if (Object.hasOwn(layer, key)) return Reflect.get(layer, key) as unknown;
      const value: unknown = Reflect.get(provider, key);
      return typeof value === 'function' ? (value.bind(provider) as unknown) : value;
    },
  });
}

async function* eventsOf(
  events: Promise<readonly ProviderEvent[]> | undefined,
): AsyncGenerator<ProviderEvent> {
  yield* (await events) ?? [];
}

async function collect(events: AsyncIterable<ProviderEvent>): Promise<ProviderEvent[]> {
  const collected: ProviderEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

function faultPicker(
  { rate = 1, faults = [{ kind: 'fail' }], schedule, random }: FaultOptions,
  runtime: Runtime,
): (call: ProviderCall) => ProviderFault | undefined {
  const draw = random ?? (() => runtime.random());
  let number = 0;
  return (call) => {
    number += 1;
    if (typeof schedule === 'function') return schedule(number, call) ?? undefined;
    if (schedule) return schedule[number - 1] ?? undefined;
    if (draw() >= rate) return undefined;
    return faults.length === 1 ? faults[0] : faults[Math.floor(draw() * faults.length)];
  };
}

const contentTypes = new Set<ProviderEvent['type']>(['text', 'reasoning', 'tool-call', 'tool-call-delta']);

type Start = (call: ProviderCall) => AsyncIterable<ProviderEvent> | Iterable<ProviderEvent>;

async function* disturbed(
  start: Start,
  fault: ProviderFault | undefined,
  call: ProviderCall,
  runtime: Runtime,
): AsyncGenerator<ProviderEvent> {
  if (!fault) yield* start(call);
  else if (fault.kind === 'slow') yield* slowed(start, fault, call, runtime);
  else yield* struck(start, fault, call);
}

async function* slowed(
  start: Start,
  { firstMs = 0, eachMs = 0 }: Extract<ProviderFault, { kind: 'slow' }>,
  call: ProviderCall,
  runtime: Runtime,
): AsyncGenerator<ProviderEvent> {
  let waitMs = firstMs + eachMs;
  for await (const event of start(call)) {
    if (contentTypes.has(event.type)) {
      await runtime.sleep(waitMs, call.signal);
      waitMs = eachMs;
    }
    yield event;
  }
}

type StrikingFault = Exclude<ProviderFault, { kind: 'slow' }>;

async function* struck(
  start: Start,
  fault: StrikingFault,
  call: ProviderCall,
): AsyncGenerator<ProviderEvent> {
  const { after = 0 } = fault;
  // Before any content no answer is needed: the provider is not asked, and nothing is spent.
  if (after === 0) return strike(fault, call.signal);
  let pieces = 0;
  for await (const event of start(call)) {
    const isContent = contentTypes.has(event.type);
    // An answer that is shorter than `after` must not reach its end either.
    if (event.type === 'finish' || (isContent && pieces === after)) return strike(fault, call.signal);
    if (isContent) pieces += 1;
    yield event;
  }
}

async function strike(fault: StrikingFault, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (fault.kind === 'fail') throw stage(fault.failure ?? 'server-error');
  if (fault.kind === 'stall') await untilAborted(signal);
}
