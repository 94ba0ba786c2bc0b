import {
  createRouter,
  isRouterError,
  type CallOptions,
  type Completion,
  type CompletionStream,
  type Provider,
  type ProviderCall,
  type ProviderEvent,
  type Router,
  type RouterEvent,
  type RouterOptions,
  type Runtime,
  type StreamEvent,
  type Target,
} from 'failsoft';
import { manualRuntime, scriptedProvider, type ManualRuntime } from 'failsoft/testing';
import { labelOf, scriptOf, supportsOf } from './answers.ts';
import type { Act, Operation, World, WorldCall, WorldTarget } from './world.ts';

/** One request as the provider saw it. */
export interface Asked {
  readonly target: string;
  /** The index of the call; NaN: nobody's, a probe of the operator's. */
  readonly call: number;
  readonly startedAt: number;
  endedAt: number | undefined;
  readonly signal: AbortSignal;
  /** Whether it sent its `finish`. */
  finished: boolean;
  text: string;
}

/** What became of one call, as its caller saw it. */
export interface Outcome {
  readonly plan: WorldCall;
  readonly startedAt: number;
  settledAt: number;
  /** How often its promise called back. */
  settled: number;
  completion?: Completion;
  error?: unknown;
  /** What its reader saw. */
  readonly events: StreamEvent[];
  readonly texts: string[];
  /** How reading ended; undefined where nobody read. */
  reading?: { readonly left: boolean; readonly error?: unknown };
  /** What listens on the caller's signal after the end. */
  listeners: number;
  /** Requests of this call that were still under way when it had settled. */
  unfinished: number;
}

/** A world, and all that is recorded of it. */
export interface Stage {
  readonly world: World;
  readonly runtime: ManualRuntime;
  readonly router: Router;
  readonly asked: Asked[];
  readonly events: RouterEvent[];
  /** From now on every provider answers at once. */
  heal(): void;
}

/** A world after it was played. */
export interface Played extends Stage {
  readonly outcomes: readonly Outcome[];
}

/** A router in a world in which nothing has happened yet. `clock`: what the router sees of the time, where that is not the time. */
export function set(
  world: World,
  more: Partial<RouterOptions> = {},
  clock: (runtime: ManualRuntime) => Runtime = (runtime) => runtime,
): Stage {
  const runtime = manualRuntime({ startAt: 1_000_000, seed: world.seed });
  const asked: Asked[] = [];
  const events: RouterEvent[] = [];
  const props: Props = { runtime, asked, isHealed: false };
  const providers = world.targets.map((target, index) => providerOf(target, `t${index}`, props));
  const observers = [(event: RouterEvent) => void events.push(event)];
  const targets = world.targets.map((target, index) => targetOf(target, index, providers));
  const router: Router = createRouter({
    models: { chat: targets },
    runtime: clock(runtime),
    observers,
    strategy: world.strategy,
    ...more,
  });
  return { world, runtime, router, asked, events, heal: () => void (props.isHealed = true) };
}

/** What providers share. */
interface Props {
  readonly runtime: ManualRuntime;
  readonly asked: Asked[];
  isHealed: boolean;
}

const atOnce: Act = { act: 'answer', words: 1, eachMs: 0 };

function targetOf(target: WorldTarget, index: number, providers: readonly Provider[]): Target {
  return {
    id: `t${index}`,
    model: 'm',
    provider: providers[index]!,
    priority: target.priority,
    weight: target.weight,
    limits: target.limits,
    price: { input: index, output: index },
  };
}

/** Acts by the call and its number at this target, so that what other calls do changes nothing for it. */
function providerOf(target: WorldTarget, id: string, props: Props): Provider {
  const { runtime, asked } = props;
  const inner = scriptedProvider(
    (call) => {
      const label = labelOf(call.request.messages);
      const earlier = asked.filter((one) => one.target === id && Object.is(one.call, label)).length - 1;
      const own = target.acts[(label + earlier) % target.acts.length];
      const act = props.isHealed || own === undefined ? atOnce : own;
      return scriptOf(act, call, `${id}.${label}.${earlier}`, target.habit);
    },
    { name: id, runtime },
  );
  async function* stream(call: ProviderCall): AsyncGenerator<ProviderEvent> {
    const one: Asked = {
      target: id,
      call: labelOf(call.request.messages),
      startedAt: runtime.now(),
      endedAt: undefined,
      signal: call.signal,
      finished: false,
      text: '',
    };
    asked.push(one);
    try {
      for await (const event of inner.stream!(call)) {
        if (event.type === 'text') one.text += event.text;
        if (event.type === 'finish') one.finished = true;
        yield event;
      }
    } finally {
      one.endedAt = runtime.now();
    }
  }
  return {
    name: id,
    classify: inner.classify,
    supports: supportsOf(target),
    stream,
    setKey: () => {},
    async complete(call) {
      const events: ProviderEvent[] = [];
      for await (const event of stream(call)) events.push(event);
      return events;
    },
  };
}

/** Plays all of it: the calls at their times, and what the operator does meanwhile. */
export async function play(world: World, stage: Stage = set(world)): Promise<Played> {
  const { runtime } = stage;
  const calls = world.calls.map((plan, index) => carryOut(plan, index, stage));
  const operations = world.operations.map((operation) => operate(operation, stage));
  const outcomes = await runtime.run(Promise.all(calls));
  await runtime.run(Promise.all(operations));
  return { ...stage, outcomes };
}

/** Makes one call and waits for its end. */
export async function carryOut(plan: WorldCall, index: number, stage: Stage): Promise<Outcome> {
  const { runtime, router, asked } = stage;
  await runtime.sleep(plan.afterMs);
  const caller = countedController();
  const outcome: Outcome = {
    plan,
    startedAt: runtime.now(),
    settledAt: NaN,
    settled: 0,
    events: [],
    texts: [],
    listeners: 0,
    unfinished: 0,
  };
  const stopTimer = abortLater(plan.abortAfterMs, caller.controller, runtime);
  const options = { ...optionsOf(plan), signal: caller.controller.signal };
  const request = { messages: [{ role: 'user', content: `Call ${index}.` }] } as const;
  const stream = plan.streams ? router.stream(request, options) : undefined;
  const reading = stream && read(stream, outcome);
  const settle = (end: Partial<Outcome>) =>
    Object.assign(outcome, end, { settled: outcome.settled + 1, settledAt: runtime.now() });
  await (stream?.completion ?? router.complete(request, options)).then(
    (completion) => settle({ completion }),
    (error: unknown) => settle({ error }),
  );
  outcome.listeners = caller.listeners();
  // Everything that settles in this tick has done so; no time has passed.
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  outcome.unfinished = asked.filter(
    (one) => one.call === index && one.endedAt === undefined && !one.signal.aborted,
  ).length;
  stopTimer();
  outcome.reading = await reading;
  return outcome;
}

function optionsOf({
  timeouts,
  totalMs,
  retry,
  maxAttempts,
  transport,
  hedge,
  streams,
  stream,
}: WorldCall): CallOptions {
  return {
    timeouts: { ...timeouts, totalMs },
    retry,
    maxAttempts,
    transport,
    hedge,
    ...(streams ? { stream } : {}),
  };
}

function abortLater(
  afterMs: number | undefined,
  controller: AbortController,
  runtime: ManualRuntime,
): () => void {
  const timer = new AbortController();
  if (afterMs !== undefined) {
    runtime.sleep(afterMs, timer.signal).then(
      () => controller.abort(new Error('the caller has had enough')),
      () => {},
    );
  }
  return () => timer.abort();
}

async function read(stream: CompletionStream, outcome: Outcome): Promise<Outcome['reading']> {
  const { reader, leaveAfter = Infinity } = outcome.plan;
  if (reader === 'nobody') return undefined;
  const seen = reader === 'text' ? outcome.texts : outcome.events;
  try {
    for await (const piece of reader === 'text' ? stream.textStream : stream) {
      (seen as unknown[]).push(piece);
      if (seen.length > leaveAfter) return { left: true };
    }
    return { left: false };
  } catch (error) {
    return { left: false, error };
  }
}

/** What an operator may do, they may do at any time: only a closed router refuses. */
async function operate(operation: Operation, stage: Stage): Promise<void> {
  const { runtime, router, world } = stage;
  await runtime.sleep(operation.afterMs);
  const id = 'target' in operation ? `t${operation.target % world.targets.length}` : '';
  try {
    switch (operation.does) {
      case 'disable':
        return router.disable(id, { forMs: operation.forMs, cut: operation.cut });
      case 'enable':
        return router.enable(id);
      case 'rotate':
        return await router.rotate(id, 'new');
      case 'probe':
        return void (await router.probe(id));
      case 'update':
        return update(operation.target, stage);
      case 'close':
        return await router.close({ graceMs: operation.graceMs });
    }
  } catch (error) {
    // `update` may have taken the target away, and `close` all of them.
    if (!isRouterError(error) || !['bad-request', 'closed'].includes(error.code)) throw error;
  }
}

function update(target: number, { world, router, runtime, asked, events }: Stage): void {
  const props = { runtime, asked, isHealed: false };
  const gone = target % world.targets.length;
  const targets = world.targets.flatMap((one, index) =>
    index === gone && world.targets.length > 1
      ? []
      : [
          {
            ...targetOf(one, index, []),
            provider: providerOf(one, `t${index}`, props),
            weight: 1 + index,
          },
        ],
  );
  router.update({ models: { chat: targets }, observers: [(event) => void events.push(event)] });
}

/** A controller that counts who listens on its signal. */
export function countedController(): {
  readonly controller: AbortController;
  readonly listeners: () => number;
} {
  const controller = new AbortController();
  const { signal } = controller;
  const listening = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listening.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listening.delete(args[1]);
    remove(...args);
  };
  // Those who asked to be told once have been.
  add('abort', () => listening.clear());
  return { controller, listeners: () => listening.size };
}
