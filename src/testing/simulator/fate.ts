import { isActive, type Fault, type GarbageForm, type Refusal } from './fault.ts';
import type { VendorLimits } from '../../core/vendor-limits.ts';
import type { Entered, Gate } from './gates.ts';
import { fewErrors, type ProviderProfile } from './profiles.ts';
import { between, fromQuantiles, lognormal, oneOf, type Random } from './sampling.ts';

/** What becomes of one request, if nobody gives it up. */
export interface Fate {
  /** Until the first token, or until it is refused. */
  readonly waitMs: number;
  /** From one token to the next, on average. */
  readonly gapMs: number;
  /** How many tokens come before the ending. */
  readonly tokens: number;
  readonly ending: Ending;
  /** Whether one of the faults had a part in it, beside what goes wrong on any day. */
  readonly struck: boolean;
  /** What is told of the limits beside the answer. */
  readonly limits?: VendorLimits;
}

export type Ending =
  | { readonly how: 'finish' }
  | { readonly how: 'refuse'; readonly refusal: Refusal }
  | { readonly how: 'cut' }
  | { readonly how: 'silence'; readonly pings: boolean }
  | { readonly how: 'garbage'; readonly form: GarbageForm };

export interface FateInput {
  readonly profile: ProviderProfile;
  readonly faults: readonly Fault[];
  readonly gates: readonly Gate[];
  readonly at: number;
  readonly outputTokens: number;
  /** Of this request alone. */
  readonly random: Random;
}

const refusalMs = [50, 500] as const;
const quickRefusalMs = 50;
/** How different one answer's speed is from another's; a guess. */
const sigmaOfSpeed = 0.25;

/** Draws it. The faults are asked in their order, and the first that strikes decides how the request ends. */
export function drawFate(input: FateInput): Fate {
  const { profile, outputTokens, random } = input;
  const usual = drawUsual(input);
  const waitMs = fromQuantiles(profile.firstTokenMs, random);
  const gapMs = lognormal(1_000 / profile.tokensPerSecond, sigmaOfSpeed, random);
  const { factor, end } = strike(input);
  const struck = factor !== 1 || end !== undefined;
  const whole: Fate = {
    waitMs: waitMs * factor,
    gapMs: gapMs * factor,
    tokens: outputTokens,
    ending: { how: 'finish' },
    struck,
  };
  // Who refuses at the door has no queue behind it.
  if (end?.waitMs !== undefined) return { ...whole, ...end };
  const gated = passGates(input);
  if ('refusal' in gated) return { ...whole, ...refusedAtOnce(gated.refusal), struck: true };
  const fate = { ...whole, ...(end ?? usual) };
  const { waitMs: queuedMs, limits } = gated;
  return { ...fate, waitMs: fate.waitMs + queuedMs, ...(limits && { limits }) };
}

/** What the faults that are active do to a request. */
function strike({ faults, at, outputTokens, random }: FateInput) {
  let factor = 1;
  let end: Partial<Fate> | undefined;
  for (const fault of faults) {
    if (!isActive(fault, at) || !('share' in fault) || random() >= fault.share) continue;
    if (fault.effect === 'slow') factor *= fault.factor;
    else end ??= endBy(fault, outputTokens, random);
  }
  return { factor, end };
}

function refusedAtOnce(refusal: Refusal): Partial<Fate> {
  return { waitMs: quickRefusalMs, tokens: 0, ending: { how: 'refuse', refusal } };
}

function passGates({ gates, at }: FateInput): Entered | { readonly refusal: Refusal } {
  let waitMs = 0;
  let limits: VendorLimits | undefined;
  for (const gate of gates) {
    if (!isActive(gate.fault, at)) continue;
    const entered = gate.enter(at);
    if ('refusal' in entered) return entered;
    waitMs += entered.waitMs;
    limits ??= entered.limits;
  }
  return { waitMs, ...(limits && { limits }) };
}

/** How a fault ends a request that it strikes; undefined for those that end none. */
function endBy(fault: Fault, outputTokens: number, random: Random): Partial<Fate> | undefined {
  const some = (range: readonly [number, number]) =>
    Math.min(outputTokens - 1, Math.round(between(range, random)));
  switch (fault.effect) {
    case 'refuse':
      return {
        waitMs: between(fault.afterMs, random),
        tokens: 0,
        ending: { how: 'refuse', refusal: fault.refusal },
      };
    case 'break':
      return { tokens: some(fault.afterTokens), ending: { how: 'refuse', refusal: fault.refusal } };
    case 'cut':
      return { tokens: some(fault.afterTokens), ending: { how: 'cut' } };
    case 'silence':
      return {
        tokens: some(fault.afterTokens),
        ending: { how: 'silence', pings: random() < (fault.pings ?? 0) },
      };
    case 'garbage':
      return { tokens: 0, ending: { how: 'garbage', form: oneOf(fault.forms, random) } };
    default:
      return undefined;
  }
}

/** What goes wrong on any day. */
function drawUsual({
  profile: { usual = fewErrors },
  outputTokens,
  random,
}: FateInput): Partial<Fate> | undefined {
  const waitMs = between(refusalMs, random);
  const half = Math.floor(outputTokens * random());
  let luck = random();
  const meets = (share: number) => (luck -= share) < 0;
  const refused = (refusal: Refusal): Partial<Fate> => ({
    waitMs,
    tokens: 0,
    ending: { how: 'refuse', refusal },
  });
  if (meets(usual.rateLimit)) return refused({ kind: 'rate-limit', status: 429 });
  if (meets(usual.serverError)) return refused({ kind: 'server-error', status: 500 });
  if (meets(usual.reset)) return refused({ kind: 'network', code: 'ECONNRESET' });
  if (meets(usual.silence)) return { tokens: half, ending: { how: 'silence', pings: true } };
  if (meets(usual.truncation)) return { tokens: half, ending: { how: 'cut' } };
  return undefined;
}
