import type { RouterEvent, Observer } from '../../core/events.ts';
import type { Runtime } from '../../core/runtime.ts';
import { manualRuntime } from '../manual-runtime.ts';
import { promptOf, wholeAnswer } from './answer-text.ts';
import { castOf, forRole, usualCast, type Machine, type SimulatedTargetSpec } from './cast.ts';
import type { Fault } from './fault.ts';
import { measure } from './metrics/measure.ts';
import type { Metrics } from './metrics/meanings.ts';
import { graceMs } from './metrics/success.ts';
import type { CallRecord, RunRecord } from './record.ts';
import type { PassLine, Scenario, SimulatedOptions, SimulatedTargetOptions } from './scenario.ts';
import { timelineOf, type TimelineEntry } from './timeline.ts';
import { createTrace, type Trace } from './trace.ts';
import { defaultDeadlineMs, planTraffic } from './traffic.ts';
import { simulatedVendor, type SimulatedProvider, type World } from './vendor.ts';

/** One target as a scenario hands it to the router under test. */
export interface SimulatedTarget extends SimulatedTargetOptions {
  readonly id: string;
  readonly provider: SimulatedProvider;
  readonly model: string;
}

/** What a router under test is made of: to be handed to `createRouter` as it is, or with options of the host's own. */
export interface SimulatedParts {
  readonly models: { readonly chat: readonly SimulatedTarget[] };
  readonly runtime: Runtime;
  readonly observers: readonly Observer[];
  /** The options that the scenario uses. */
  readonly options: SimulatedOptions;
}

/** A request as the simulated callers make it. */
export interface SimulatedRequest {
  /** What the traffic asks for. By its type it is the usual one, so that a router which serves no other will do. */
  readonly model: 'chat';
  readonly messages: readonly { readonly role: 'user'; readonly content: string }[];
}

/** What a simulated caller asks with beside the request. */
export interface SimulatedCallOptions {
  readonly timeouts: { readonly totalMs: number };
}

/** What can be put under test: a router, or anything that answers like one. */
export interface SimulatedRouter {
  complete(request: SimulatedRequest, options: SimulatedCallOptions): Promise<{ readonly text: string }>;
  /** Its iterator throws where the call fails. */
  stream(
    request: SimulatedRequest,
    options: SimulatedCallOptions,
  ): AsyncIterable<{ readonly type: string; readonly text?: string }>;
  /** Read where `sampleEveryMs` asks for it. */
  readonly health?: (() => { readonly targets: Readonly<Record<string, SimulatedHealth>> }) | undefined;
}

/** What `router.health()` says of a target, as far as a simulation keeps it. */
export interface SimulatedHealth {
  readonly breaker: string;
  /** How much of its usual share it gets, from 0 to 1. */
  readonly share: number;
  readonly blockedReason?: string | undefined;
}

/** What a router said of its targets at one time. */
export interface HealthSample {
  /** Since the start of the simulation, in milliseconds. */
  readonly at: number;
  readonly targets: Readonly<Record<string, SimulatedHealth>>;
}

/** Which scenario, which luck, and what is put under test. */
export interface SimulateOptions {
  readonly scenario: Scenario;
  /** The same seed gives the same calls, the same faults and the same trace. @default 1 */
  readonly seed?: number | undefined;
  /** The targets of the simulated world. @default `a`, `b` and `c`, like Claude Sonnet, GPT and Gemini Flash */
  readonly targets?: readonly SimulatedTargetSpec[] | undefined;
  /** Reads `health()` so often, for `report.health`. @default never */
  readonly sampleEveryMs?: number | undefined;
  /**
   * Makes the router. For a host's own options, hand them to `createRouter` beside the parts.
   *
   * @example
   * ({ models, runtime, observers, options }) => createRouter({ ...options, models, runtime, observers })
   */
  readonly router: (parts: SimulatedParts) => SimulatedRouter;
  /** Sees each line of the trace: who was asked when, and what came of it. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** One pass line, as it was met. */
export interface LineResult extends PassLine {
  readonly value: number;
  readonly passed: boolean;
}

/** One provider's model in a simulation. */
export interface CastMember {
  /** The id of its target; of the first one, where several share provider and model. */
  readonly id: string;
  /** Whose part of the scenario it had: `a` is the first. */
  readonly role: string;
  readonly faults: readonly Fault[];
}

/** What came of a simulation. */
export interface SimulationReport {
  readonly scenario: string;
  readonly seed: number;
  /** Tells two runs apart, or that they are the same. */
  readonly trace: string;
  readonly metrics: Metrics;
  readonly lines: readonly LineResult[];
  /** Whether all lines were met. */
  readonly passed: boolean;
  /** Who was there, and what went wrong with whom. */
  readonly cast: readonly CastMember[];
  readonly timeline: readonly TimelineEntry[];
  /** What `health()` said every `sampleEveryMs`. */
  readonly health: readonly HealthSample[];
  readonly record: RunRecord;
}

/**
 * Runs a scenario against a router, in virtual time: the router is the real one, its providers and its clock are not.
 *
 * @example
 * const report = await simulate({
 *   scenario: scenarios.S2,
 *   seed: 7,
 *   router: ({ models, runtime, observers, options }) => createRouter({ ...options, models, runtime, observers }),
 * });
 * report.metrics.success;   // 0.998
 */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const { scenario, seed = 1, targets = usualCast, sampleEveryMs = Infinity, onLine } = options;
  const runtime = manualRuntime({ seed });
  const trace = createTrace(onLine);
  const deadlineMs = scenario.traffic.deadlineMs ?? defaultDeadlineMs;
  const calls = planTraffic(scenario.traffic, scenario.lastsMs, seed).map((call) => ({
    ...call,
    attempts: 0,
  }));
  const record: RunRecord = { calls, attempts: [], changes: [], alerts: 0, earlyAttempts: 0 };
  const cast = castOf(targets);
  const chat = targetsOf(targets, scenario, { cast, world: { runtime, seed, record, trace } });
  const observers = [(event: RouterEvent) => observe(event, record, { trace, cast })];
  const router = options.router({ models: { chat }, runtime, observers, options: scenario.options ?? {} });
  const health: HealthSample[] = [];
  await runtime.run(
    async () => {
      void sample(router, health, { runtime, everyMs: sampleEveryMs, lastsMs: scenario.lastsMs });
      for (const call of calls) {
        await runtime.sleep(call.at - runtime.now());
        void ask(router, call, { runtime, trace, deadlineMs, model: scenario.traffic.model ?? 'chat' });
      }
      await runtime.sleep(longestEnd(calls, scenario.lastsMs, deadlineMs) - runtime.now());
    },
    { limitMs: Infinity },
  );
  const metrics = measure(record, scenario, cast);
  const lines = scenario.lines.map((line) => judge(line, metrics[line.metric]));
  return {
    scenario: scenario.name,
    seed,
    trace: trace.hash(),
    metrics,
    lines,
    passed: lines.every(({ passed }) => passed),
    cast: cast.map(({ id, role }) => ({ id, role, faults: forRole(scenario.faults, role) ?? [] })),
    timeline: timelineOf(record, scenario, cast),
    health,
    record,
  };
}

/** When the last call must have ended, a moment later. */
function longestEnd(calls: readonly CallRecord[], lastsMs: number, usualDeadlineMs: number): number {
  const last = calls.reduce(
    (latest, { at, deadlineMs = 0 }) => Math.max(latest, at + deadlineMs),
    lastsMs + usualDeadlineMs,
  );
  return last + graceMs + 1;
}

interface Stage {
  readonly cast: readonly Machine[];
  readonly world: World;
}

/** The targets as they are handed to the router; those of one provider share the object. */
function targetsOf(
  specs: readonly SimulatedTargetSpec[],
  { faults, usual, targets }: Scenario,
  { cast, world }: Stage,
): SimulatedTarget[] {
  const providers = new Map<string, SimulatedProvider>();
  for (const name of new Set(cast.map(({ provider }) => provider))) {
    const machines = cast
      .filter(({ provider }) => provider === name)
      .map((machine) => ({ machine, faults: forRole(faults, machine.role) ?? [], ...(usual && { usual }) }));
    providers.set(name, simulatedVendor(name, machines, world));
  }
  return specs.map(({ id }) => {
    const { provider, model, role } = cast.find((machine) => machine.targets.includes(id)) as Machine;
    return { id, provider: providers.get(provider) as SimulatedProvider, model, ...forRole(targets, role) };
  });
}

function observe(
  event: RouterEvent,
  record: RunRecord,
  { trace, cast }: { readonly trace: Trace; readonly cast: readonly Machine[] },
): void {
  if (event.type === 'alert') record.alerts += 1;
  if (event.type !== 'breaker') return;
  const { at, from, to, reason } = event;
  const machine = cast.find(({ targets }) => event.targets.some((id) => targets.includes(id)));
  const provider = machine?.id ?? event.provider;
  if (event.scope) {
    // Its models may have breakers of their own, which are what is counted.
    trace.add(`${at} host of ${event.provider}: ${from} -> ${to}`);
    return;
  }
  trace.add(`${at} breaker of ${provider}: ${from} -> ${to}`);
  record.changes.push({ at, provider, from, to, reason });
}

interface Sampling {
  readonly runtime: Runtime;
  readonly everyMs: number;
  readonly lastsMs: number;
}

/** Reads the router's health from time to time. That changes nothing. */
async function sample(
  router: SimulatedRouter,
  into: HealthSample[],
  { runtime, everyMs, lastsMs }: Sampling,
): Promise<void> {
  if (router.health === undefined || everyMs === Infinity) return;
  while (runtime.now() < lastsMs) {
    const read = Object.entries(router.health().targets);
    const targets = Object.fromEntries(
      read.map(([id, { breaker, share, blockedReason }]) => [id, { breaker, share, blockedReason }]),
    );
    into.push({ at: runtime.now(), targets });
    await runtime.sleep(everyMs);
  }
}

interface Asking {
  readonly runtime: Runtime;
  readonly trace: Trace;
  readonly deadlineMs: number;
  readonly model: string;
}

/** One caller. Never rejects. */
async function ask(
  router: SimulatedRouter,
  call: CallRecord,
  { runtime, trace, deadlineMs, model }: Asking,
): Promise<void> {
  const content = promptOf(call.number, call.inputTokens);
  const asked = (call.model ?? model) as 'chat';
  const request = { model: asked, messages: [{ role: 'user', content }] } as const;
  const options = { timeouts: { totalMs: call.deadlineMs ?? deadlineMs } };
  const expected = wholeAnswer(call.number, call.outputTokens);
  let text = '';
  try {
    if (call.streamed) {
      for await (const event of router.stream(request, options)) {
        // What came before is void.
        if (event.type === 'restart') text = '';
        if (event.type !== 'text') continue;
        call.firstTextAt ??= runtime.now();
        text += event.text ?? '';
      }
    } else text = (await router.complete(request, options)).text;
    call.outcome = 'answer';
    if (text !== expected) call.isCorrupt = true;
  } catch (error) {
    call.outcome = 'error';
    call.error = String((error as { readonly code?: unknown } | null)?.code ?? error);
    // A caller who is told of the failure may keep what he has read: that must be true as far as it goes.
    if (!expected.startsWith(text)) call.isCorrupt = true;
  }
  call.endedAt = runtime.now();
  trace.add(`${call.endedAt} #${call.number} ends: ${call.error ?? call.outcome}`);
}

function judge(line: PassLine, value: number): LineResult {
  const { atMost = Infinity, atLeast = -Infinity } = line;
  return { ...line, value, passed: value <= atMost && value >= atLeast };
}
