import { connectionRefusedCode } from '../../../core/failure.ts';
import type { Effect, Fault, Refusal } from '../fault.ts';
import type { PassLine, Scenario } from '../scenario.ts';

// One timeline for most scenarios: a minute of health, two of trouble, two to recover in.
export const faultFromMs = 60_000;
export const faultUntilMs = 180_000;
export const lastsMs = 300_000;

export const traffic = { callsPerSecond: 10 } as const;

export const refusals = {
  unavailable: { kind: 'overloaded', status: 503 },
  internal: { kind: 'server-error', status: 500 },
  overloaded: { kind: 'overloaded', status: 529 },
  reset: { kind: 'network', code: 'ECONNRESET' },
  refused: { kind: 'network', code: connectionRefusedCode },
  unknownHost: { kind: 'network', code: 'ENOTFOUND' },
  expired: { kind: 'network', code: 'CERT_HAS_EXPIRED' },
  unauthorised: { kind: 'auth', status: 401 },
  noQuota: { kind: 'quota', status: 429, code: 'insufficient_quota' },
  spendLimit: { kind: 'quota', status: 429, code: 'enforced_spend_limit_reached' },
  slowDown: { kind: 'rate-limit', status: 429, code: 'slow_down' },
} as const satisfies Record<string, Refusal>;

/** Throughout the fault. */
export function throughout(effect: Effect): Fault {
  return { ...effect, fromMs: faultFromMs, untilMs: faultUntilMs };
}

export function allRefused(refusal: Refusal): Effect {
  return { effect: 'refuse', share: 1, refusal, afterMs: [50, 50] };
}

/** A scenario on the usual timeline in which only `a` has a fault. */
export function scenarioOfA(
  name: string,
  title: string,
  faults: readonly Fault[],
  rest: Pick<Scenario, 'lines'> & Partial<Scenario>,
): Scenario {
  return { name, title, traffic, lastsMs, faultFromMs, faultUntilMs, faults: { a: faults }, ...rest };
}

/** What is to follow a stream that broke off past its first text. */
export type Recovery = 'restart' | 'continue';

/** The options of a scenario of broken streams, and how it says so. */
export function optionsWith(recovery?: Recovery): Pick<Scenario, 'options' | 'note'> {
  if (recovery) return { options: { stream: { recovery } }, note: `with \`recovery: '${recovery}'\`` };
  return { note: 'with no recovery, as by default: a stream broken past its first text ends in an error' };
}

/** Where streams recover, nearly every call is answered. */
export function successWith(recovery?: Recovery): PassLine[] {
  return recovery ? [{ metric: 'successInFault', atLeast: 0.999 }] : [];
}
