import type { Runtime } from '../core/runtime.ts';
import type { Call } from './call.ts';
import type { Racer } from './race.ts';

const nothing = () => undefined;

/**
 * What a piece of the host's own code comes to: it may take its time, but it cannot hold a call. Undefined where it takes
 * longer than `longestMs` or than the call may last, or where the call is cancelled or the race is lost meanwhile.
 */
export async function waitForHost<T>(
  work: Promise<T>,
  longestMs: number,
  {
    call,
    runtime,
    race,
  }: { readonly call: Call; readonly runtime: Runtime; readonly race?: Racer | undefined },
): Promise<{ readonly value: T } | undefined> {
  const waiting = new AbortController();
  const end = (reason: unknown) => waiting.abort(reason);
  const off = call.cancellation.on(end);
  const offRace = race?.onLost(end);
  const offDeadline = call.deadline.on(() => end(new Error('the deadline of the call has passed')));
  const tooLong = runtime.sleep(longestMs, waiting.signal).then(nothing, nothing);
  try {
    return await Promise.race([work.then((value) => ({ value })), tooLong]);
  } finally {
    off();
    offRace?.();
    offDeadline();
    waiting.abort();
  }
}
