import { systemRuntime, type Runtime } from '../core/runtime.ts';
import type { Provider, ProviderCall, ProviderEvent } from '../providers/provider.ts';
import { checkFaultOptions, checkFaultPlan } from './check-faults.ts';
import { beginEpisode, type Episode, type FaultPlan, type ProviderFault } from './fault-plan.ts';
import { stage, stagedFailure, untilAborted } from './staged-failure.ts';

/** What `withFaults` does from the beginning, and by which clock. */
export interface FaultOptions extends FaultPlan {
  /** For waits and chance. @default the system's */
  runtime?: Runtime | undefined;
}

/** How faults are changed while calls come. */
export interface FaultSwitch {
  /**
   * Replaces the plan for calls to come, and ends the one before at once: calls that it stalls or slows go on with the
   * provider's own answer. `null`: all is well.
   */
  fault(plan: FaultPlan | null): void;
}

/**
 * Wraps any provider, real or scripted, and makes some of its calls fail: in tests, and in production on a game day.
 *
 * @example
 * const brownout = withFaults(provider, { rate: 0.3, faults: [{ kind: 'fail' }, { kind: 'stall', after: 5 }], runtime });
 *
 * @example
 * const gpt = withFaults(openai({ client }), { rate: 0 });   // as it is, until somebody says otherwise
 * gpt.fault({ rate: 0.01, faults: [{ kind: 'stall' }], forMs: 600_000 });
 * gpt.fault(null);                                           // over, also for calls that are stalled now
 */
export function withFaults<P extends Provider>(provider: P, options: FaultOptions = {}): P & FaultSwitch {
  checkFaultOptions(options);
  const { runtime = systemRuntime } = options;
  let episode = beginEpisode(options, runtime);
  /** Whoever is spared gets what the provider hands out, untouched. */
  function unlessStruck<Result>(
    call: ProviderCall,
    spared: () => Result,
    struckBy: (scene: Scene) => Result,
  ): Result {
    const fault = episode.strike(call);
    return fault ? struckBy({ call, runtime, episode, fault }) : spared();
  }
  const layer: Partial<Provider> & FaultSwitch = {
    classify: (error) => stagedFailure(error) ?? provider.classify?.(error),
    fault(plan) {
      if (plan !== null) checkFaultPlan(plan);
      const next = beginEpisode(plan, runtime);
      episode.end();
      episode = next;
    },
  };
  if (provider.stream) {
    const stream = (call: ProviderCall) => provider.stream?.(call) as AsyncIterable<ProviderEvent>;
    layer.stream = (call) =>
      unlessStruck(
        call,
        () => stream(call),
        (scene) => disturbed(() => eventsOf(stream(call)), scene),
      );
  }
  if (provider.complete) {
    const complete = (call: ProviderCall) => provider.complete?.(call) as Promise<readonly ProviderEvent[]>;
    layer.complete = (call) =>
      unlessStruck(
        call,
        () => complete(call),
        (scene) => collect(disturbed(() => eventsOf(complete(call)), scene)),
      );
  }
  return layered(provider, layer);
}

/** All else is the provider's own, asked on the provider itself, so that whatever it is made of goes on working. */
function layered<P extends Provider, Layer extends object>(provider: P, layer: Layer): P & Layer {
  // A target of its own: a proxy must not answer anything new for the fixed properties of a frozen one.
  return new Proxy(Object.create(provider) as P & Layer, {
    get(_target, key) {
      if (Object.hasOwn(layer, key)) return Reflect.get(layer, key) as unknown;
      const value: unknown = Reflect.get(provider, key);
      return typeof value === 'function' ? (value.bind(provider) as unknown) : value;
    },
  });
}

type Events = Iterable<ProviderEvent> | AsyncIterable<ProviderEvent>;

/** Also of a host's own provider whose \`stream\` is an async function. */
async function* eventsOf(events: Events | Promise<Events>): AsyncGenerator<ProviderEvent> {
  yield* await events;
}

async function collect(events: AsyncIterable<ProviderEvent>): Promise<ProviderEvent[]> {
  const collected: ProviderEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const contentTypes = new Set<ProviderEvent['type']>(['text', 'reasoning', 'tool-call', 'tool-call-delta']);

type Start = () => AsyncIterable<ProviderEvent>;

interface Scene<Fault = ProviderFault> {
  readonly call: ProviderCall;
  readonly runtime: Runtime;
  readonly episode: Episode;
  readonly fault: Fault;
}

function disturbed(start: Start, scene: Scene): AsyncGenerator<ProviderEvent> {
  const { fault } = scene;
  return fault.kind === 'slow' ? slowed(start, { ...scene, fault }) : struck(start, { ...scene, fault });
}

async function* slowed(
  start: Start,
  { call, runtime, episode, fault }: Scene<Extract<ProviderFault, { kind: 'slow' }>>,
): AsyncGenerator<ProviderEvent> {
  const { firstMs = 0, eachMs = 0 } = fault;
  let waitMs = firstMs + eachMs;
  for await (const event of start()) {
    if (contentTypes.has(event.type)) {
      const duration = waitMs;
      await episode.hold(call, (signal) => runtime.sleep(duration, signal));
      waitMs = eachMs;
    }
    yield event;
  }
}

type StrikingScene = Scene<Exclude<ProviderFault, { kind: 'slow' }>>;

async function* struck(start: Start, scene: StrikingScene): AsyncGenerator<ProviderEvent> {
  const { after = 0 } = scene.fault;
  // Before any content no answer is needed: the provider is not asked, and nothing is spent.
  if (after === 0) {
    if ((await strike(scene)) === 'taken-back') yield* start();
    return;
  }
  let pieces = 0;
  let isSpared = false;
  for await (const event of start()) {
    const isContent = contentTypes.has(event.type);
    // An answer that is shorter than `after` must not reach its end either.
    if (!isSpared && (event.type === 'finish' || (isContent && pieces === after))) {
      if ((await strike(scene)) === 'ended') return;
      isSpared = true;
    }
    if (isContent) pieces += 1;
    yield event;
  }
}

/** A stall that is taken back leaves the rest of the answer to come; whatever else strikes ends it. */
async function strike({ fault, call, episode }: StrikingScene): Promise<'ended' | 'taken-back'> {
  call.signal.throwIfAborted();
  if (fault.kind === 'fail') throw stage(fault.failure ?? 'server-error');
  if (fault.kind === 'cut') return 'ended';
  await episode.hold(call, untilAborted);
  return 'taken-back';
}
