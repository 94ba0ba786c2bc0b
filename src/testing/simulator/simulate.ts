import type { RouterEvent, Observer } from '../../core/events.ts';
import type { Runtime } from '../../core/runtime.ts';
import { manualRuntime } from '../manual-runtime.ts';
import { promptOf, wholeAnswer } from './answer-text.ts';
import { graceMs, measure, type Metrics } from './metrics.ts';
import { profiles, providerIds, type ProviderId } from './profiles.ts';
import type { CallRecord, RunRecord } from './record.ts';
import type { PassLine, Scenario, SimulatedOptions, SimulatedTargetOptions } from './scenario.ts';
import { timelineOf, type TimelineEntry } from './timeline.ts';
import { createTrace, type Trace } from './trace.ts';
import { defaultDeadlineMs, planTraffic } from './traffic.ts';
import { simulatedVendor, type SimulatedProvider } from './vendor.ts';

/** One target as a scenario hands it to the router under test. */
export interface SimulatedTarget extends SimulatedTargetOptions {
  readonly id: ProviderId;
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
}

/** Which scenario, which luck, and what is put under test. */
export interface SimulateOptions {
  readonly scenario: Scenario;
  /** The same seed gives the same calls, the same faults and the same trace. @default 1 */
  readonly seed?: number;
  /**
   * Makes the router. For a host's own options, hand them to `createRouter` beside the parts.
   *
   * @example
   * ({ models, runtime, observers, options }) => createRouter({ ...options, models, runtime, observers })
   */
  readonly router: (parts: SimulatedParts) => SimulatedRouter;
  /** Sees each line of the trace: who was asked when, and what came of it. */
  readonly onLine?: (line: string) => void;
}

/** One pass line, as it was met. */
export interface LineResult extends PassLine {
  readonly value: number;
  readonly passed: boolean;
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
  readonly timeline: readonly TimelineEntry[];
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
  const { scenario, seed = 1, router: makeRouter, onLine } = options;
  const runtime = manualRuntime({ seed });
  const trace = createTrace(onLine);
  const deadlineMs = scenario.traffic.deadlineMs ?? defaultDeadlineMs;
  const calls = planTraffic(scenario.traffic, scenario.lastsMs, seed).map((call) => ({
    ...call,
    attempts: 0,
  }));
  const record: RunRecord = { calls, attempts: [], changes: [], alerts: 0, earlyAttempts: 0 };
  const chat = providerIds.map((id) => targetOf(id, scenario, { runtime, seed, record, trace }));
  const observers = [(event: RouterEvent) => observe(event, record, trace)];
  const router = makeRouter({ models: { chat }, runtime, observers, options: scenario.options ?? {} });
  await runtime.run(
    async () => {
      for (const call of calls) {
        await runtime.sleep(call.at - runtime.now());
        void ask(router, call, { runtime, trace, deadlineMs });
      }
      await runtime.sleep(scenario.lastsMs + deadlineMs + graceMs + 1 - runtime.now());
    },
    { limitMs: Infinity },
  );
  const metrics = measure(record, scenario);
  const lines = scenario.lines.map((line) => judge(line, metrics[line.metric]));
  return {
    scenario: scenario.name,
    seed,
    trace: trace.hash(),
    metrics,
    lines,
    passed: lines.every(({ passed }) => passed),
    timeline: timelineOf(record, scenario),
    record,
  };
}

function targetOf(
  id: ProviderId,
  scenario: Scenario,
  world: Parameters<typeof simulatedVendor>[3],
): SimulatedTarget {
  const profile = { ...profiles[id], usual: scenario.usual ?? profiles[id].usual };
  const provider = simulatedVendor(id, profile, scenario.faults[id] ?? [], world);
  return { id, provider, model: profile.model, ...scenario.targets?.[id] };
}

function observe(event: RouterEvent, record: RunRecord, trace: Trace): void {
  if (event.type === 'alert') record.alerts += 1;
  if (event.type !== 'breaker') return;
  const { at, provider, from, to, reason } = event;
  trace.add(`${at} breaker of ${provider}: ${from} -> ${to}`);
  if (provider === 'a') record.changes.push({ at, provider, from, to, reason });
}

interface Asking {
  readonly runtime: Runtime;
  readonly trace: Trace;
  readonly deadlineMs: number;
}

/** One caller. Never rejects. */
async function ask(
  router: SimulatedRouter,
  call: CallRecord,
  { runtime, trace, deadlineMs }: Asking,
): Promise<void> {
  const request = { model: 'chat', messages: [{ role: 'user', content: promptOf(call.number) }] } as const;
  const options = { timeouts: { totalMs: deadlineMs } };
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
