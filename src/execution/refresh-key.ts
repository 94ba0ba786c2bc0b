import type { Call, ExecutionTarget, Parts } from './call.ts';

/** How long a key function may take to give another key. */
const refreshMs = 10_000;

/** Fetches the key anew after a refusal; resolves to whether there is another one now. */
export async function refreshKey(
  call: Call,
  { provider }: ExecutionTarget,
  { runtime, emit }: Parts,
): Promise<boolean> {
  if (!provider.refreshKey) return false;
  const waiting = new AbortController();
  const off = call.cancellation.on((reason) => waiting.abort(reason));
  const tooLong = runtime.sleep(refreshMs, waiting.signal).then(() => false);
  tooLong.catch(() => {});
  try {
    const changed = await Promise.race([provider.refreshKey(), tooLong]);
    const action = changed ? 'refreshed' : 'refused';
    const reason = changed ? 'fetched anew after a refusal' : 'refused, and no other key was to be had';
    emit({ type: 'key', at: runtime.now(), callId: call.id, provider: provider.name, action, reason });
    return changed;
  } catch {
    return false;
  } finally {
    off();
    waiting.abort();
  }
}
