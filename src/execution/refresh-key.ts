import type { Call, ExecutionTarget, Parts } from './call.ts';
import { waitForHost } from './host-code.ts';

/** How long a key function may take to give another key. */
const refreshMs = 10_000;

/** Fetches the key anew after a refusal; resolves to whether there is another one now. */
export async function refreshKey(
  call: Call,
  { provider }: ExecutionTarget,
  { runtime, emit }: Parts,
): Promise<boolean> {
  if (!provider.refreshKey) return false;
  try {
    const refreshed = await waitForHost(provider.refreshKey(), refreshMs, { call, runtime });
    const changed = refreshed?.value === true;
    const action = changed ? 'refreshed' : 'refused';
    const reason = changed ? 'fetched anew after a refusal' : 'refused, and no other key was to be had';
    emit({ type: 'key', at: runtime.now(), callId: call.id, provider: provider.name, action, reason });
    return changed;
  } catch {
    return false;
  }
}
