import type { Runtime } from '../core/runtime.ts';
import type { ProviderCall } from '../providers/provider.ts';
import type { FailureInput } from './staged-failure.ts';

/** What can be made to go wrong with a call, whatever the provider. `after` counts pieces of content. */
export type ProviderFault =
  | {
      readonly kind: 'fail';
      readonly failure?: FailureInput | undefined;
      readonly after?: number | undefined;
    }
  /** Says nothing more, until the call is aborted or the fault is taken back. */
  | { readonly kind: 'stall'; readonly after?: number | undefined }
  /** Ends without `finish`. */
  | { readonly kind: 'cut'; readonly after?: number | undefined }
  /** Waits before the first piece of content, and before each one. */
  | { readonly kind: 'slow'; readonly firstMs?: number | undefined; readonly eachMs?: number | undefined };

/** Which calls go wrong, and how. */
export interface FaultPlan {
  /** The share of calls that fail, from 0 to 1, drawn at random; left aside where there is a schedule. @default 1 */
  rate?: number | undefined;
  /** What a failing call meets, drawn at random. @default a server error */
  faults?: readonly ProviderFault[] | undefined;
  /**
   * Instead of chance: one entry for each of the next calls (null: healthy; after its end all are), or a function of
   * the call, which counts from 1.
   */
  schedule?:
    | readonly (ProviderFault | null)[]
    | ((number: number, call: ProviderCall) => ProviderFault | null | undefined)
    | undefined;
  /** The calls that it is about, by `target`, `scope`, `metadata` or `model`; all others stay as they are. @default all */
  only?: ((call: ProviderCall) => boolean) | undefined;
  /** For how long: after it no call is struck any more. @default until it is taken back */
  forMs?: number | undefined;
  /** Told of each call that is struck, before it is. What it throws reaches nobody. */
  onFault?: ((fault: ProviderFault, call: ProviderCall) => void) | undefined;
  /** Numbers in [0, 1). @default the Runtime's */
  random?: (() => number) | undefined;
}

/** A plan in force. */
export interface Episode {
  /** What this call meets; undefined: nothing. */
  strike(call: ProviderCall): ProviderFault | undefined;
  /** Waits until `wait` ends or the plan is taken back; rejects if the call is aborted. */
  hold(call: ProviderCall, wait: (signal: AbortSignal) => Promise<unknown>): Promise<void>;
  /** Takes the plan back: nobody is struck any more, and whoever is held goes on. */
  end(): void;
}

export function beginEpisode(plan: FaultPlan | null, runtime: Runtime): Episode {
  const pick = plan ? faultPicker(plan, runtime) : () => undefined;
  const until = plan?.forMs === undefined ? Infinity : runtime.now() + plan.forMs;
  const held = new Set<() => void>();
  let isOver = false;
  return {
    strike(call) {
      if (isOver || runtime.now() >= until) return undefined;
      const fault = pick(call);
      if (fault) tell(plan, fault, call);
      return fault;
    },
    async hold(call, wait) {
      call.signal.throwIfAborted();
      if (isOver) return;
      const waiting = new AbortController();
      const release = () => waiting.abort();
      held.add(release);
      call.signal.addEventListener('abort', release, { once: true });
      try {
        await wait(waiting.signal);
      } catch (error) {
        if (!waiting.signal.aborted) throw error;
      } finally {
        held.delete(release);
        call.signal.removeEventListener('abort', release);
      }
      call.signal.throwIfAborted();
    },
    end() {
      isOver = true;
      for (const release of held) release();
    },
  };
}

function tell(plan: FaultPlan | null, fault: ProviderFault, call: ProviderCall): void {
  try {
    plan?.onFault?.(fault, call);
  } catch {
    // It watches; a call must not fail in a way that nobody planned.
  }
}

function faultPicker(
  { rate = 1, faults = [{ kind: 'fail' }], schedule, only, random }: FaultPlan,
  runtime: Runtime,
): (call: ProviderCall) => ProviderFault | undefined {
  const draw = random ?? (() => runtime.random());
  let number = 0;
  return (call) => {
    if (only && !only(call)) return undefined;
    number += 1;
    if (typeof schedule === 'function') return schedule(number, call) ?? undefined;
    if (schedule) return schedule[number - 1] ?? undefined;
    if (draw() >= rate) return undefined;
    return faults.length === 1 ? faults[0] : faults[Math.floor(draw() * faults.length)];
  };
}
