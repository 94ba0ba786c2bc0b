import type { Runtime } from '../core/runtime.ts';
import type { Provider } from '../providers/provider.ts';
import type { Call, ExecutionTarget, AttemptParts } from './call.ts';
import { waitForHost } from './host-code.ts';

/** How long a key function may take to give another key. */
const refreshMs = 10_000;

export interface RefusedKey {
  readonly call: Call;
  readonly target: ExecutionTarget;
  /** The version of the key that was refused. */
  readonly keyVersion: number | undefined;
}

/** Fetches the key anew after a refusal; resolves to whether there is another one now. */
export async function refreshKey(
  { call, target: { provider }, keyVersion }: RefusedKey,
  { runtime, emit }: AttemptParts,
): Promise<boolean> {
  if (!provider.refreshKey) return false;
  // Of several attempts that were refused at once, the first has fetched the key for all.
  if (keyVersion && provider.keyVersion?.() !== keyVersion) return true;
  const changed = await fetchAnew(call, provider, runtime);
  const action = changed ? 'refreshed' : 'refused';
  const reason = changed ? 'fetched anew after a refusal' : 'refused, and no other key was to be had';
  emit({ type: 'key', at: runtime.now(), callId: call.id, provider: provider.name, action, reason });
  return changed;
}

async function fetchAnew(call: Call, provider: Provider, runtime: Runtime): Promise<boolean> {
  try {
    const refreshed = await waitForHost(provider.refreshKey!(), refreshMs, { call, runtime });
    return refreshed?.value === true;
  } catch {
    return false;
  }
}
