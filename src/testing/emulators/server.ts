import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Rules } from '../../core/check.ts';
import { checkOptions, checkReply } from './check-options.ts';
import type { Dialect, DialectSettings } from './dialect.ts';
import { exchangeOf, type Exchange } from './exchange.ts';
import { faultPlan, type FaultPlan, type FaultSchedule } from './faults.ts';
import { playAnswer, playInstead } from './play.ts';
import { portHolder, type PortHolder } from './port.ts';
import { record, textOf, type Entry, type RecordedRequest } from './record.ts';
import { replyFunction, type Reply, type ReplyRequest, type ReplySource } from './reply.ts';

/** What every emulator takes. All of it is optional. */
export interface EmulatorOptions {
  /** What is answered. @default a short text with the question in it */
  reply?: ReplySource | undefined;
  /** What goes wrong. @default nothing */
  faults?: FaultSchedule | undefined;
  /** The keys that are accepted. @default any that is not empty */
  keys?: readonly string[] | undefined;
  /** The models that are known. @default all */
  models?: readonly string[] | undefined;
  /** Between the tokens of a stream, in milliseconds. @default 0 */
  tokenDelayMs?: number | undefined;
  /** @default 0: any that is free */
  port?: number | undefined;
}

/** What an emulator has seen since it started. */
export interface EmulatorCounters {
  /** All that arrived. */
  readonly requests: number;
  /** Answered whole, without a fault; what is no completion counts here too. */
  readonly answered: number;
  /** Refused as the vendor refuses what is not valid. */
  readonly refused: number;
  /** Met a fault of the schedule. */
  readonly faulted: number;
  /** Left by the client before the answer was whole. */
  readonly abortedByClient: number;
  /** Under way now. */
  readonly open: number;
  /** Open sockets, idle ones too. */
  readonly sockets: number;
}

/** A vendor on loopback: a real server that speaks its wire format, refuses what it refuses, and fails on demand. */
export interface Emulator {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
  readonly counters: EmulatorCounters;
  /** Changes what is answered from now on. */
  reply(reply: ReplySource | undefined): void;
  /**
   * Changes what goes wrong from now on; nothing, or null, makes it healthy again. With `refuse`, to or from, wait for
   * the promise: the port is closed or open once it settles.
   */
  fault(schedule?: FaultSchedule): Promise<void>;
  /** Resolves once that many requests have arrived in all. */
  received(count: number): Promise<void>;
  /** Stops at once: open exchanges are cut, no timer and no socket is left. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
}

/** What an emulator knows while it runs. */
interface State {
  readonly dialect: Dialect;
  readonly tokenDelayMs: number;
  readonly settings: DialectSettings;
  readonly requests: RecordedRequest[];
  readonly exchanges: Set<Exchange>;
  readonly waiters: Set<Waiter>;
  readonly counts: { answered: number; refused: number; faulted: number; abortedByClient: number };
  replyTo: (request: ReplyRequest) => Reply;
  plan: FaultPlan;
}

/** Starts a server on 127.0.0.1 that speaks a dialect. */
export async function startEmulator(
  dialect: Dialect,
  options: EmulatorOptions = {},
  ownOptions: Rules = {},
): Promise<Emulator> {
  checkOptions(options, ownOptions);
  const state = stateOf(dialect, options);
  const port = portHolder((incoming, response) => void receive(state, incoming, response));
  await port.open(options.port ?? 0);
  await settlePort(port, state.plan);
  return emulatorOf(state, port);
}

function stateOf(dialect: Dialect, options: EmulatorOptions): State {
  const { keys, models } = options;
  const state: State = {
    dialect,
    tokenDelayMs: options.tokenDelayMs ?? 0,
    settings: {
      acceptsKey: (key) => key !== undefined && key !== '' && (keys?.includes(key) ?? true),
      hasModel: (model) => models?.includes(model) ?? true,
      reply: (request) => state.replyTo(request),
    },
    requests: [],
    exchanges: new Set(),
    waiters: new Set(),
    counts: { answered: 0, refused: 0, faulted: 0, abortedByClient: 0 },
    replyTo: replyFunction(options.reply),
    plan: faultPlan(options.faults),
  };
  return state;
}

function emulatorOf(state: State, port: PortHolder): Emulator {
  const { requests, exchanges, waiters, counts } = state;
  const close = async (): Promise<void> => {
    for (const exchange of exchanges) exchange.reset();
    await port.close();
  };
  return {
    get url() {
      return `http://127.0.0.1:${port.number()}`;
    },
    get port() {
      return port.number();
    },
    requests,
    get counters() {
      return { requests: requests.length, ...counts, open: exchanges.size, sockets: port.sockets() };
    },
    reply(reply) {
      checkReply(reply);
      state.replyTo = replyFunction(reply);
    },
    async fault(schedule) {
      state.plan = faultPlan(schedule);
      await settlePort(port, state.plan);
    },
    received(count) {
      if (requests.length >= count) return Promise.resolve();
      return new Promise((resolve) => waiters.add({ count, resolve }));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function receive(state: State, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const exchange = exchangeOf(incoming, response);
  state.exchanges.add(exchange);
  void exchange.ended.then((ending) => {
    state.exchanges.delete(exchange);
    if (ending === 'aborted') state.counts.abortedByClient += 1;
  });
  const text = await textOf(incoming);
  if (exchange.isOver) return;
  const { recorded, update } = record(incoming, text, state.requests.length + 1, exchange);
  state.requests.push(recorded);
  void exchange.ended.then((ending) =>
    update({ aborted: ending === 'aborted', status: response.headersSent ? response.statusCode : undefined }),
  );
  for (const waiter of [...state.waiters]) if (state.requests.length >= waiter.count) waiter.resolve();
  try {
    await serve(state, recorded, update, exchange);
  } catch (error) {
    // A reply function or a schedule of the test has thrown: told where the test can see it.
    if (response.headersSent) exchange.reset();
    else exchange.whole({ status: 599, body: `the emulator failed: ${String(error)}` });
  }
}

async function serve(
  state: State,
  request: RecordedRequest,
  update: Entry['update'],
  exchange: Exchange,
): Promise<void> {
  const { dialect, settings, counts, tokenDelayMs } = state;
  const scene = { dialect, request, exchange, tokenDelayMs };
  const aside = dialect.aside?.(request, settings);
  const fault = aside ? undefined : state.plan.next(request);
  update({ fault });
  if (fault) counts.faulted += 1;
  if (fault && playInstead(scene, fault)) return;
  const answer = aside ?? dialect.handle(request, fault?.kind === 'empty' ? emptied(settings) : settings);
  if (answer.kind === 'error') counts.refused += 1;
  await playAnswer(scene, answer, fault);
  if (answer.kind === 'error' || fault) return;
  if ((await exchange.ended) === 'answered') counts.answered += 1;
}

function emptied(settings: DialectSettings): DialectSettings {
  return { ...settings, reply: () => ({ text: '' }) };
}

async function settlePort(port: PortHolder, plan: FaultPlan): Promise<void> {
  if (plan.refuses) await port.shut();
  else await port.open(port.number());
}
