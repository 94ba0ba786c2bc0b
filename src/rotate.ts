import { operatorError, RouterError } from './core/errors.ts';
import type { ExecutionTarget } from './execution/call.ts';
import type { OperationParts } from './operations.ts';
import { probeTarget } from './probe.ts';
import type { Provider } from './providers/provider.ts';

interface Rotation {
  /** The provider object, or its name. */
  readonly provider: Provider | string;
  readonly key: string;
  /** Ask with the new key first, and keep the old one where it is refused. */
  readonly verify: boolean;
}

/** Replaces a provider's key for attempts to come. */
export async function rotateKey({ provider, key, verify }: Rotation, parts: OperationParts): Promise<void> {
  const targets = targetsOf(provider, parts);
  const providers = [...new Set(targets.map((target) => target.provider))];
  const fixed = providers.find((one) => !one.setKey);
  if (fixed) {
    throw operatorError(
      `'${fixed.name}' keeps its own key: it was made from a client; make it from settings with apiKey`,
    );
  }
  const before = providers.map((one) => one.secrets?.()[0]);
  const undone = providers.map((one) => one.setKey?.(key));
  if (verify && targets[0]) {
    const refusal = await refusalOf(targets[0], parts);
    if (refusal) {
      providers.forEach((one, index) => {
        const undo = undone[index];
        if (undo) undo();
        else if (before[index] !== undefined) one.setKey?.(before[index]);
      });
      throw refusal;
    }
  }
  for (const target of targets) target.health.clearLockout();
  for (const one of providers) {
    parts.emit({
      type: 'key',
      at: parts.runtime.now(),
      provider: one.name,
      action: 'rotated',
      reason: 'rotate()',
    });
  }
}

function targetsOf(provider: Provider | string, { lineup }: OperationParts): ExecutionTarget[] {
  const found = [...lineup().targets.values()].filter((target) =>
    typeof provider === 'string' ? target.provider.name === provider : target.provider === provider,
  );
  if (found.length > 0) return found;
  throw operatorError(
    `no target has the provider '${typeof provider === 'string' ? provider : String((provider as Provider | null)?.name)}'`,
  );
}

/** Only a refusal of the key speaks against it: a vendor that is down just now says nothing. */
async function refusalOf(target: ExecutionTarget, parts: OperationParts): Promise<RouterError | undefined> {
  const { ok, failure } = await probeTarget(target, 'rotate', parts);
  if (ok || (failure?.kind !== 'auth' && failure?.kind !== 'permission')) return undefined;
  const message = `the new key was refused, and the old one stays: ${failure.message}`;
  return new RouterError({ code: 'bad-request', message, failure });
}
