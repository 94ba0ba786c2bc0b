import type { Runtime } from '../../core/runtime.ts';
import { failureError, invalidResponse } from '../../providers/failure.ts';
import type { Provider, ProviderCall, ProviderEvent } from '../../providers/provider.ts';
import { answerPart, readAsked, startBehind, type Start } from './answer-text.ts';
import { drawFate, type Ending } from './fate.ts';
import type { Fault, GarbageForm, Refusal } from './fault.ts';
import { gateOf, type Gate } from './gates.ts';
import type { Machine } from './cast.ts';
import { gapFactors, type ProviderProfile, type UsualErrors } from './profiles.ts';
import type { AttemptRecord, RunRecord } from './record.ts';
import { fromQuantiles, keyedRandom } from './sampling.ts';
import type { Trace } from './trace.ts';
import type { PlannedCall } from './traffic.ts';

/** A provider that behaves like a vendor on a good day, with what goes wrong put on top. */
export interface SimulatedProvider extends Provider {
  stream(call: ProviderCall): AsyncIterable<ProviderEvent>;
  complete(call: ProviderCall): Promise<readonly ProviderEvent[]>;
  /** The same, as the vendor's bare SDK shows it: what is cut or garbage may look like an answer. */
  asSdk(call: ProviderCall): AsyncIterable<ProviderEvent>;
}

/** What all simulated providers share. */
export interface World {
  readonly runtime: Runtime;
  readonly seed: number;
  readonly record: RunRecord;
  readonly trace: Trace;
}

/** Tokens arrive in pieces of so many: one by one they would cost most of the time of a simulation. */
const tokensOfPiece = 32;
const usualInputTokens = 1_000;
const pingMs = 5_000;
const longestSilenceMs = 600_000;
/** How many of those who are told to go on say the last words again first, as they are asked to; a guess. */
const shareThatRepeats = 0.5;
const charactersOfLastWords = 60;

interface Vendor {
  readonly machine: Machine;
  readonly profile: ProviderProfile;
  /** Those that are active now, if asked in the order of time. */
  readonly faultsAt: (at: number) => readonly Fault[];
  readonly gates: readonly Gate[];
  readonly world: World;
  /** Until when it has asked to be left alone, as the latest refusals said. */
  pausedUntil: number;
}

/** A machine, and what goes wrong with it. */
export interface Ailing {
  readonly machine: Machine;
  readonly faults: readonly Fault[];
  /** What fails on any day, where the scenario says so. @default the profile's */
  readonly usual?: UsualErrors;
}

/** One provider object, with a machine for each of its models. */
export function simulatedVendor(name: string, machines: readonly Ailing[], world: World): SimulatedProvider {
  const vendors = new Map(machines.map((ailing) => [ailing.machine.model, vendorOf(ailing, world)]));
  const asked = (call: ProviderCall): Vendor => {
    const vendor = vendors.get(call.model);
    if (!vendor) throw new Error(`the simulated provider '${name}' has no model '${call.model}'`);
    return vendor;
  };
  return {
    name,
    ...(machines.some(({ machine }) => machine.slowStart) ? { slowStart: true } : {}),
    stream: (call) => answer(asked(call), call, false),
    complete: (call) => collect(answer(asked(call), call, false)),
    asSdk: (call) => answer(asked(call), call, true),
  };
}

function vendorOf({ machine, faults, usual = machine.profile.usual }: Ailing, world: World): Vendor {
  const gates = faults.flatMap((fault) => gateOf(fault) ?? []);
  const profile = { ...machine.profile, ...(usual && { usual }) };
  return { machine, profile, faultsAt: inTurn(faults), gates, world, pausedUntil: -Infinity };
}

async function collect(events: AsyncIterable<ProviderEvent>): Promise<ProviderEvent[]> {
  const all: ProviderEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** A year has hundreds of faults: only those that have begun and are not over are looked at. */
function inTurn(faults: readonly Fault[]): Vendor['faultsAt'] {
  const coming = [...faults].sort((one, other) => other.fromMs - one.fromMs);
  let active: readonly Fault[] = [];
  return (at) => {
    const begun: Fault[] = [];
    while ((coming.at(-1)?.fromMs ?? Infinity) <= at) begun.push(coming.pop() as Fault);
    if (begun.length > 0 || active.some(({ untilMs }) => untilMs <= at))
      active = faults.filter(
        (fault) => fault.untilMs > at && (active.includes(fault) || begun.includes(fault)),
      );
    return active;
  };
}

async function* answer(vendor: Vendor, call: ProviderCall, bare: boolean): AsyncGenerator<ProviderEvent> {
  const { signal } = call;
  signal.throwIfAborted();
  const { attempt, fate, random, start, lead } = begin(vendor, call);
  const end = (outcome: NonNullable<AttemptRecord['outcome']>) => conclude(vendor, attempt, outcome);
  signal.addEventListener('abort', () => end('left'), { once: true });
  const { runtime } = vendor.world;
  await runtime.sleep(fate.waitMs, signal);
  if (fate.limits) yield { type: 'meta', limits: fate.limits };
  for (let sent = 0; sent < fate.tokens;) {
    signal.throwIfAborted();
    const next = sent === 0 ? 1 : Math.min(fate.tokens, sent + tokensOfPiece);
    attempt.lastTokenAt = runtime.now();
    attempt.firstTokenAt ??= attempt.lastTokenAt;
    const text = answerPart(attempt.call, start.token + sent, start.token + next);
    yield { type: 'text', text: sent === 0 ? lead + text.slice(start.characters) : text };
    const pauseMs = fate.gapMs * (Math.min(fate.tokens, next + tokensOfPiece) - next);
    sent = next;
    if (pauseMs > 0) await runtime.sleep(pauseMs * fromQuantiles(gapFactors, random), signal);
  }
  signal.throwIfAborted();
  if (fate.ending.how === 'silence') yield* silence(vendor, fate.ending.pings, signal);
  end(fate.ending.how === 'finish' ? 'answered' : 'failed');
  yield* ending(vendor, fate.ending, { attempt, start, bare });
}

function begin(vendor: Vendor, { request }: ProviderCall) {
  const { world, machine, profile, faultsAt, gates } = vendor;
  const { record, runtime, seed, trace } = world;
  const { call: number, before, isInstructed } = readAsked(request.messages);
  const call = record.calls[number];
  if (call === undefined) throw new Error(`a simulated provider was asked something else than '${number}'`);
  const at = runtime.now();
  call.attempts += 1;
  const random = keyedRandom(seed, 2 + machine.index, number, call.attempts);
  const start = startBehind(before, number, call.outputTokens);
  const goesOn = start.characters + start.token > 0;
  const outputTokens = call.outputTokens - start.token;
  const fate = drawFate({ profile, faults: faultsAt(at), gates, at, outputTokens, random });
  const attempt: AttemptRecord = {
    provider: machine.id,
    call: number,
    number: call.attempts,
    at,
    struck: fate.struck,
    ...(fate.tokens === 0 && fate.ending.how === 'refuse' ? { refusedFor: fate.ending.refusal.kind } : {}),
  };
  record.attempts.push(attempt);
  if (at < vendor.pausedUntil) record.earlyAttempts += 1;
  trace.add(`${at} ${machine.id} is asked ${goesOn ? 'to go on with ' : ''}#${number}`);
  // Drawn last: a call that is not cut has the luck that it always had.
  const repeats = goesOn && isInstructed && random() < shareThatRepeats;
  return { attempt, fate, random, start, lead: repeats ? before.slice(-charactersOfLastWords) : '' };
}

function conclude(
  { world: { runtime, trace } }: Vendor,
  attempt: AttemptRecord,
  outcome: NonNullable<AttemptRecord['outcome']>,
): void {
  if (attempt.outcome !== undefined) return;
  attempt.outcome = outcome;
  attempt.endedAt = runtime.now();
  trace.add(`${attempt.endedAt} ${attempt.provider} ${outcome} #${attempt.call}`);
}

/** Until it is given up, or whoever stands between closes the connection. */
async function* silence(
  { world: { runtime } }: Vendor,
  pings: boolean,
  signal: AbortSignal,
): AsyncGenerator<ProviderEvent> {
  const stepMs = pings ? pingMs : longestSilenceMs;
  for (let lastedMs = 0; lastedMs < longestSilenceMs; lastedMs += stepMs) {
    await runtime.sleep(stepMs, signal);
    if (pings) yield { type: 'meta' };
  }
}

function* ending(
  vendor: Vendor,
  by: Ending,
  { attempt: { call }, start, bare }: { attempt: AttemptRecord; start: Start; bare: boolean },
): Generator<ProviderEvent> {
  if (by.how === 'refuse') throw refused(vendor, by.refusal);
  if (by.how === 'silence') throw refused(vendor, { kind: 'network', code: 'ECONNRESET' });
  if (by.how === 'garbage') yield* garbage(by.form, call, bare);
  if (by.how === 'finish') {
    const { inputTokens = usualInputTokens, outputTokens } = vendor.world.record.calls[call] as PlannedCall;
    const usage = {
      inputTokens: inputTokens + start.token,
      outputTokens: outputTokens - start.token,
    };
    yield { type: 'finish', finishReason: 'stop', usage };
  }
}

function refused(vendor: Vendor, { kind, status, code, retryAfterMs, hint }: Refusal): Error {
  const message = `simulated: ${code ?? status ?? kind}`;
  const now = vendor.world.runtime.now();
  if (retryAfterMs === undefined) return failureError({ kind, message, status, code });
  const until = hint === 'http-date' ? Math.floor((now + retryAfterMs) / 1_000) * 1_000 : now + retryAfterMs;
  vendor.pausedUntil = Math.max(vendor.pausedUntil, until);
  return failureError({ kind, message, status, code, retryAfterMs: until - now });
}

/** What failsoft's own providers make of it; bare, what the SDKs make of it, as measured on loopback. */
function* garbage(form: GarbageForm, call: number, bare: boolean): Generator<ProviderEvent> {
  if (form === 'wrong-script') yield { type: 'text', text: `#${call} ลาก่อน 再见` };
  else if (bare && form === 'html') yield { type: 'text', text: '<html>Welcome</html>' };
  else if (bare && form !== 'no-content') throw new TypeError(`cannot read 'choices' of ${form}`);
  else if (form !== 'no-content') throw invalidResponse(`the reply is ${form}`, form);
  yield { type: 'finish', finishReason: 'stop' };
}
