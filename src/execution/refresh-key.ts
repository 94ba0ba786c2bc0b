import type { Provider } from '../providers/provider.ts';
import type { Call, ExecutionTarget, AttemptParts } from './call.ts';
import { waitForHost } from './host-code.ts';
import type { Racer } from './race.ts';

/** How long a key function may take to give another key. */
const refreshMs = 10_000;

export interface RefusedKey {
  readonly call: Call;
  readonly target: ExecutionTarget;
  /** The version of the key that was refused. */
  readonly keyVersion: number | undefined;
  /** Where another attempt runs beside the refused one: its answer does not wait for a key. */
  readonly race: Racer | undefined;
}

/** Fetches the key anew after a refusal; resolves to whether there is another one now. */
export async function refreshKey(
  { call, target: { provider }, keyVersion, race }: RefusedKey,
  { runtime, emit }: AttemptParts,
): Promise<boolean> {
  // Of several attempts that were refused at once, the first has fetched the key for all; or it was replaced meanwhile.
  if (keyVersion && provider.keyVersion?.() !== keyVersion) return true;
  if (!provider.refreshKey) return false;
  const changed = await fetchAnew(provider, { call, runtime, race });
  const action = changed ? 'refreshed' : 'refused';
  const reason = changed ? 'fetched anew after a refusal' : 'refused, and no other key was to be had';
  emit({ type: 'key', at: runtime.now(), callId: call.id, provider: provider.name, action, reason });
  return changed;
}

async function fetchAnew(provider: Provider, during: Parameters<typeof waitForHost>[2]): Promise<boolean> {
  try {
    const refreshed = await waitForHost(provider.refreshKey!(), refreshMs, during);
    return refreshed?.value === true;
  } catch {
    return false;
  }
}
