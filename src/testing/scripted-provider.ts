import type { FinishReason, Usage } from '../core/completion.ts';
import { systemRuntime, type Runtime } from '../core/runtime.ts';
import type { Provider, ProviderCall, ProviderEvent, Supports } from '../providers/provider.ts';
import { stage, stagedFailure, untilAborted, type FailureInput } from './staged-failure.ts';

type FinishOptions = Omit<Extract<ProviderEvent, { type: 'finish' }>, 'type' | 'finishReason'> & {
  readonly finishReason?: FinishReason | undefined;
};

/** One thing that a scripted provider does. */
export type ScriptStep =
  /** Text; a list is several pieces. */
  | { readonly text: string | readonly string[]; readonly providerState?: unknown }
  | { readonly reasoning: string | readonly string[]; readonly providerState?: unknown }
  | {
      /** A whole call. @default id: `call_<number>` */
      readonly toolCall: {
        readonly name: string;
        readonly arguments: unknown;
        readonly id?: string | undefined;
      };
      readonly providerState?: unknown;
    }
  /** Any event as it is, also one that a provider should not send. */
  | { readonly event: ProviderEvent }
  /** Waits on the Runtime, in milliseconds. */
  | { readonly waitMs: number }
  /** Throws a failure, by its kind or in full. */
  | { readonly fail: FailureInput }
  /** Throws any value, to be classified by the general rules. */
  | { readonly throw: unknown }
  /** Ends without `finish`. */
  | { readonly cut: true }
  /** Says nothing more, until the call is aborted. */
  | { readonly hang: true }
  /** Ends well, in a way of its own. Without any ending, a script ends with `stop`, or `tool-calls` after a call. */
  | { readonly finish: FinishReason | FinishOptions };

/** What one call does: steps in order, or a text. */
export type Script = string | readonly ScriptStep[];

/** What all calls do, what each does, or a function that says so. */
export type ScriptSource =
  | Script
  /** One for each call; the last repeats. */
  | readonly Script[]
  /** Called for each call, which counts from 1. */
  | ((call: ProviderCall, number: number) => Script);

/** What became of a call. `left`: nobody wanted the rest. */
export type ScriptOutcome = 'finished' | 'failed' | 'cut' | 'aborted' | 'left';

/** A call that a scripted provider was asked. */
export interface ScriptedCall extends ProviderCall {
  /** Counts from 1. */
  readonly number: number;
  /** By the Runtime. */
  readonly at: number;
  /** Undefined while it is under way. */
  readonly outcome: ScriptOutcome | undefined;
}

/** What a scripted provider looks like from outside. */
export interface ScriptedProviderOptions {
  /** @default 'scripted' */
  name?: string | undefined;
  kind?: string | undefined;
  /** For waits. @default the system's */
  runtime?: Runtime | undefined;
  /** In every `finish` that states none. */
  usage?: Usage | undefined;
  supports?: (Supports | ((model: string) => Supports)) | undefined;
  /** The methods that it has. @default both */
  transport?: 'stream' | 'unary' | 'both' | undefined;
  slowStart?: boolean | undefined;
}

/** A provider that remembers what it was asked. */
export interface ScriptedProvider extends Provider {
  /** Every call so far, in order. */
  readonly calls: readonly ScriptedCall[];
  /** Changes what calls to come do; a list begins anew. */
  script(source: ScriptSource): void;
}

/**
 * A provider that does what a script says, obeys the signal, and remembers its calls: for tests of what happens around
 * providers, without a server.
 *
 * @example
 * const flaky = scriptedProvider([[{ text: 'Hel' }, { fail: 'overloaded' }], 'Hello again.']);
 * const router = createRouter({ models: { chat: [{ provider: flaky, model: 'any' }] } });
 * await router.complete({ messages: [{ role: 'user', content: 'Hi' }] });
 * flaky.calls.length;   // 2
 */
export function scriptedProvider(
  source: ScriptSource,
  options: ScriptedProviderOptions = {},
): ScriptedProvider {
  const {
    name = 'scripted',
    kind,
    runtime = systemRuntime,
    supports,
    transport = 'both',
    slowStart,
  } = options;
  const calls: (ScriptedCall & { outcome: ScriptOutcome | undefined })[] = [];
  let next = scriptPicker(source);

  async function* stream(call: ProviderCall): AsyncGenerator<ProviderEvent> {
    const number = calls.length + 1;
    const recorded = { ...call, number, at: runtime.now(), outcome: undefined as ScriptOutcome | undefined };
    calls.push(recorded);
    let outcome: ScriptOutcome = 'left';
    try {
      for await (const event of play(next(call, number), { call, number, runtime, usage: options.usage })) {
        if (event.type === 'finish') outcome = 'finished';
        yield event;
      }
      if (outcome === 'left') outcome = 'cut';
    } catch (error) {
      outcome = call.signal.aborted ? 'aborted' : 'failed';
      throw error;
    } finally {
      recorded.outcome = outcome === 'left' && call.signal.aborted ? 'aborted' : outcome;
    }
  }

  return {
    name,
    calls,
    script: (changed) => void (next = scriptPicker(changed)),
    classify: stagedFailure,
    ...(kind === undefined ? {} : { kind }),
    ...(slowStart === undefined ? {} : { slowStart }),
    ...(supports === undefined
      ? {}
      : { supports: typeof supports === 'function' ? supports : () => supports }),
    ...(transport === 'unary' ? {} : { stream }),
    ...(transport === 'stream' ? {} : { complete: (call) => collect(stream(call)) }),
  };
}

async function collect(events: AsyncIterable<ProviderEvent>): Promise<ProviderEvent[]> {
  const collected: ProviderEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

type Picker = (call: ProviderCall, number: number) => Script;

function scriptPicker(source: ScriptSource): Picker {
  if (typeof source === 'function') return source;
  if (!isListOfScripts(source)) return () => source;
  let taken = 0;
  return () => {
    const script = source[Math.min(taken, source.length - 1)];
    taken += 1;
    return script as Script;
  };
}

/** Steps are objects, scripts are strings or lists: the first entry tells which list it is. */
function isListOfScripts(source: Script | readonly Script[]): source is readonly Script[] {
  return Array.isArray(source) && (typeof source[0] === 'string' || Array.isArray(source[0]));
}

interface Stage {
  readonly call: ProviderCall;
  readonly number: number;
  readonly runtime: Runtime;
  readonly usage: Usage | undefined;
}

async function* play(script: Script, stageOf: Stage): AsyncGenerator<ProviderEvent> {
  const { signal } = stageOf.call;
  let called = 0;
  for (const step of typeof script === 'string' ? [{ text: script }] : script) {
    signal.throwIfAborted();
    if ('cut' in step) return;
    if ('fail' in step) throw stage(step.fail);
    if ('throw' in step) throw step.throw;
    if ('hang' in step) await untilAborted(signal);
    if ('waitMs' in step) await stageOf.runtime.sleep(step.waitMs, signal);
    if ('toolCall' in step) called += 1;
    for (const event of eventsOf(step, stageOf, called)) {
      yield event;
      if (event.type === 'finish') return;
      signal.throwIfAborted();
    }
  }
  yield finishEvent(called > 0 ? 'tool-calls' : 'stop', stageOf.usage);
}

function eventsOf(step: ScriptStep, { number, usage }: Stage, called: number): readonly ProviderEvent[] {
  if ('event' in step) return [step.event];
  if ('text' in step) return increments('text', step.text, step.providerState);
  if ('reasoning' in step) return increments('reasoning', step.reasoning, step.providerState);
  if ('finish' in step) return [finishEvent(step.finish, usage)];
  if (!('toolCall' in step)) return [];
  const { name, arguments: given, id = `call_${number}_${called}` } = step.toolCall;
  return [{ type: 'tool-call', id, name, arguments: given, ...stateOf(step.providerState) }];
}

/** Private state belongs to all the text since its part began: the last piece carries it. */
function increments(
  type: 'text' | 'reasoning',
  given: string | readonly string[],
  state: unknown,
): ProviderEvent[] {
  const pieces = typeof given === 'string' ? [given] : given;
  return pieces.map((text, index) => ({
    type,
    text,
    ...(index === pieces.length - 1 ? stateOf(state) : {}),
  }));
}

function stateOf(providerState: unknown): { providerState?: unknown } {
  return providerState === undefined ? {} : { providerState };
}

function finishEvent(given: FinishReason | FinishOptions, usage: Usage | undefined): ProviderEvent {
  const options = typeof given === 'string' ? { finishReason: given } : given;
  return { type: 'finish', finishReason: 'stop', ...(usage === undefined ? {} : { usage }), ...options };
}
