import { expect, onTestFinished } from 'vitest';
import {
  createRouter,
  isRouterError,
  type CallOptions,
  type Completion,
  type CompletionRequest,
  type CompletionStream,
  type Provider,
  type Router,
  type RouterError,
  type RouterEvent,
  type RouterOptions,
  type StreamEvent,
  type Target,
} from 'failsoft';
import {
  manualRuntime,
  scriptedProvider,
  type ManualRuntime,
  type Script,
  type ScriptedProvider,
  type ScriptedProviderOptions,
  type ScriptSource,
} from 'failsoft/testing';

export const messages = [{ role: 'user', content: 'Hello there.' }] as const;
export const question: CompletionRequest = { messages };

/** One target of a test: what its provider does, and what is not as usual about the two. */
export interface Part {
  readonly script: ScriptSource;
  readonly target?: Partial<Omit<Target, 'provider'>>;
  readonly provider?: ScriptedProviderOptions;
  /** Puts something around the scripted provider, or more methods on it. */
  readonly wrap?: (provider: ScriptedProvider, runtime: ManualRuntime) => Provider;
}

export interface Stage<Id extends string> {
  readonly runtime: ManualRuntime;
  readonly router: Router;
  /** By the target's id, which is also the provider's name. */
  readonly providers: Readonly<Record<Id, ScriptedProvider>>;
  readonly events: RouterEvent[];
  /** `complete()`, with time running until it has settled. */
  ask(request?: Partial<CompletionRequest>, options?: CallOptions): Promise<Completion>;
  /** The error of a call that has no answer. */
  fail(request?: Partial<CompletionRequest>, options?: CallOptions): Promise<RouterError>;
  stream(request?: Partial<CompletionRequest>, options?: CallOptions): CompletionStream;
  eventsOf<Type extends RouterEvent['type']>(type: Type): Extract<RouterEvent, { type: Type }>[];
  /** No timer and no attempt is left. Checked by itself when the test ends. */
  expectQuiet(): void;
}

type Options = Partial<Omit<RouterOptions, 'models' | 'defaultModel' | 'runtime'>> & {
  readonly seed?: number;
};

/** A router over scripted providers on a clock that stands still. A part is short for `{ script }`. */
export function arrange<const Id extends string>(
  parts: Readonly<Record<Id, ScriptSource | Part>>,
  { seed = 1, observers = [], ...options }: Options = {},
): Stage<Id> {
  const runtime = manualRuntime({ startAt: 1_000_000, seed });
  const events: RouterEvent[] = [];
  const providers = {} as Record<Id, ScriptedProvider>;
  const targets = Object.entries<ScriptSource | Part>(parts).map(([id, given]): Target => {
    const { script, target, provider, wrap } = isPart(given) ? given : { script: given };
    const scripted = scriptedProvider(script, { name: id, runtime, ...provider });
    providers[id as Id] = scripted;
    return { id, model: `model-of-${id}`, ...target, provider: wrap ? wrap(scripted, runtime) : scripted };
  });
  const router: Router = createRouter({
    ...options,
    models: { chat: targets },
    runtime,
    observers: [...observers, (event) => void events.push(event)],
  });
  const requestOf = (request: Partial<CompletionRequest> = {}) => ({ ...question, ...request });
  const stage: Stage<Id> = {
    runtime,
    router,
    providers,
    events,
    ask: (request, callOptions) => runtime.run(() => router.complete(requestOf(request), callOptions)),
    fail: (request, callOptions) =>
      runtime.run(() => errorOf(router.complete(requestOf(request), callOptions))),
    stream: (request, callOptions) => router.stream(requestOf(request), callOptions),
    eventsOf: <Type extends RouterEvent['type']>(type: Type) =>
      events.filter((event): event is Extract<RouterEvent, { type: Type }> => event.type === type),
    expectQuiet() {
      expect(runtime.pending(), 'sleeps left').toBe(0);
      for (const [id, { inFlight }] of Object.entries(router.health().targets))
        expect(inFlight, `attempts left at ${id}`).toBe(0);
    },
  };
  onTestFinished(stage.expectQuiet);
  return stage;
}

function isPart(given: ScriptSource | Part): given is Part {
  return typeof given === 'object' && !Array.isArray(given);
}

/** Settles with what a promise rejects with, which must be a RouterError. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<RouterError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) throw new Error(`expected an error, got ${JSON.stringify(outcome.value)}`);
  if (!isRouterError(outcome.error)) throw new Error('expected a RouterError', { cause: outcome.error });
  return outcome.error;
}

export interface Seen {
  readonly events: StreamEvent[];
  readonly error: RouterError | undefined;
}

/** Reads a stream to its end, also where that is an error. */
export async function read(stream: AsyncIterable<StreamEvent>): Promise<Seen> {
  const events: StreamEvent[] = [];
  try {
    for await (const event of stream) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    if (!isRouterError(error)) throw new Error('expected a RouterError', { cause: error });
    return { events, error };
  }
}

/** A short form of stream events: `start:a`, `text:Hello`, `finish`. */
export function brief(events: readonly StreamEvent[]): string[] {
  return events.map((event) => {
    switch (event.type) {
      case 'start':
      case 'restart':
        return `${event.type}:${event.target.id}`;
      case 'text':
      case 'reasoning':
        return `${event.type}:${event.text}`;
      case 'tool-call-delta':
        return `tool-call-delta:${event.delta}`;
      case 'tool-call':
        return `tool-call:${event.name}`;
      default:
        return event.type;
    }
  });
}

export function decisionsOf({ attempts }: { attempts: Completion['attempts'] }): string[] {
  return attempts.map(({ target, decision }) => `${target} ${decision}`);
}

/** Fails each call, then answers. */
export function failing(
  times: number,
  failure: Extract<Script[number], { fail: unknown }>['fail'],
): Script[] {
  return [...Array.from({ length: times }, (): Script => [{ fail: failure }]), 'Better now.'];
}

/** Lets promises settle without moving the clock. */
export async function settleNow({ runtime }: { runtime: ManualRuntime }): Promise<void> {
  await runtime.advance(0);
  await runtime.advance(0);
}
