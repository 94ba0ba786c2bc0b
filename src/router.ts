import type { Completion, TargetInfo } from './core/completion.ts';
import type { Rejection } from './core/events.ts';
import type { CompletionRequest, InferObject, Schema } from './core/request.ts';
import type { Runtime } from './core/runtime.ts';
import { plainCopy } from './core/stated.ts';
import { createEmitter } from './emitter.ts';
import { createEngine, type Engine } from './engine.ts';
import { closing } from './execution/report.ts';
import { createStream, type CompletionStream } from './execution/stream.ts';
import { createTracker } from './health/tracker.ts';
import { createInFlight, type InFlight } from './in-flight.ts';
import { createLineup, healthOf, type Health } from './lineup.ts';
import { checkClose, createOperations, type Operations } from './operations.ts';
import type { CallOptions, RouterOptions } from './options.ts';
import { createProber } from './prober.ts';
import type { Candidate } from './routing/candidate.ts';
import { settle } from './settings.ts';

/** Who may serve a request, in order, and who may not and why. */
export interface RoutePlan {
  /** `share` and `shareReason`: as in `health()`, where it gets less than its usual share of the calls. */
  order: (TargetInfo & { share?: number; shareReason?: string })[];
  rejected: Rejection[];
  /** Nobody is free: the ids of the targets for which a call would wait in the queue. */
  waitsFor?: string[];
}

/** Answers calls while providers fail. Its methods are plain functions: they can be taken off it and handed around. */
export interface Router<Model extends string = string> extends Operations<Model>, AsyncDisposable {
  /**
   * Answers a request with the first target that gives a whole answer.
   *
   * @throws RouterError, always: `code` says what ended the call, `attempts` what happened at each target
   * @example
   * const reply = await router.complete({ model: 'chat', messages: [{ role: 'user', content: 'Hello' }] });
   */
  complete<S extends Schema = Schema>(
    request: CompletionRequest<Model, S>,
    options?: CallOptions,
  ): Promise<Completion<InferObject<S>>>;
  /**
   * The same as a stream of events. It starts at once and never throws; its iterator and `completion` do.
   *
   * @example
   * for await (const text of router.stream({ model: 'chat', messages }).textStream) process.stdout.write(text);
   */
  stream<S extends Schema = Schema>(
    request: CompletionRequest<Model, S>,
    options?: CallOptions,
  ): CompletionStream<InferObject<S>>;
  /**
   * Explains who would serve a request now. Asks nobody and changes nothing.
   *
   * @throws RouterError `bad-request`
   */
  plan(request: CompletionRequest<Model>, options?: CallOptions): RoutePlan;
  /** The state of every model and target, as plain JSON. */
  health(): Health;
  /**
   * Ends the router: new calls end with `closed`, those in flight finish, or are aborted after `graceMs` milliseconds. Clients
   * of the host stay open.
   *
   * @param options `graceMs`: how long calls in flight may take. @default 10_000
   */
  close(options?: { graceMs?: number | undefined }): Promise<void>;
}

/**
 * Builds a router over providers that the host made. Checks everything first.
 *
 * @throws RouterError `invalid-config` with every problem found
 * @example
 * const router = createRouter({
 *   models: {
 *     chat: [
 *       { provider: openai({ client }), model: 'gpt-5.2', weight: 5 },
 *       { provider: anthropic({ client: claude }), model: 'claude-sonnet-5', weight: 3 },
 *     ],
 *   },
 * });
 */
export function createRouter<const Model extends string>(options: RouterOptions<Model>): Router<Model> {
  let settings = settle(options);
  const { runtime } = settings;
  const emit = createEmitter(() => settings.observers ?? []);
  const tracker = createTracker({ runtime, emit });
  let lineup = createLineup(settings, tracker);
  const inFlight = createInFlight();
  let closed: Promise<void> | undefined;
  const isClosed = () => closed !== undefined;
  const engine = createEngine({
    settings: () => settings,
    lineup: () => lineup,
    emit,
    inFlight,
    isClosed,
  });
  const prober = createProber({ runtime, emit, inFlight, lineup: () => lineup });
  prober.set(settings.probes);
  const operations = createOperations({
    runtime,
    isClosed,
    emit,
    inFlight,
    tracker,
    lineup: () => lineup,
    replace(next) {
      // The clock stays: what is remembered is written in its time. So do observers, unless others are named: a router that
      // goes on without a word is found out too late.
      settings = { ...next, runtime, observers: next.observers ?? settings.observers };
      lineup = createLineup(settings, tracker, lineup);
      prober.set(settings.probes);
    },
  });

  async function close(closeOptions: { graceMs?: number | undefined } = {}): Promise<void> {
    checkClose(closeOptions);
    prober.close();
    closed ??= shutDown(inFlight, runtime, closeOptions.graceMs ?? 10_000);
    await closed;
  }

  const router = {
    complete: (request: CompletionRequest, callOptions: CallOptions = {}) =>
      engine.launch(request, callOptions).done,
    stream: (request: CompletionRequest, callOptions: CallOptions = {}) =>
      streamOf(engine, request, callOptions),
    plan(request: CompletionRequest, callOptions: CallOptions = {}): RoutePlan {
      const { order, rejected, waitsFor } = engine.plan(request, callOptions);
      return {
        order: order.toArray().map(shown),
        rejected: [...rejected],
        ...(waitsFor.length > 0 && { waitsFor }),
      };
    },
    health: () => plainCopy(healthOf(lineup, runtime.now())),
    ...operations,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
  // The names of the models and the type of `object` are known to the compiler only.
  return router as unknown as Router<Model>;
}

function shown({
  id,
  provider,
  model,
  health: { share, shareReason },
}: Candidate): RoutePlan['order'][number] {
  return { id, provider, model, ...(share < 1 && { share, shareReason }) };
}

function streamOf(engine: Engine, request: CompletionRequest, options: CallOptions): CompletionStream {
  let cancel: (reason: unknown) => void = () => {};
  return createStream(
    (reader) => {
      const launched = engine.launch(request, options, reader);
      cancel = launched.cancel;
      return launched.done;
    },
    (reason) => cancel(reason),
  );
}

/** Lets the calls in flight finish, and aborts what is left after the grace. */
async function shutDown(inFlight: InFlight, runtime: Runtime, graceMs: number): Promise<void> {
  const grace = new AbortController();
  const idle = inFlight.idle().then(() => grace.abort());
  await runtime.sleep(graceMs, grace.signal).then(
    () => inFlight.cancelCalls(closing),
    () => {},
  );
  await idle;
}
