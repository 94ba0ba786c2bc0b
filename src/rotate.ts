import { operatorError, RouterError } from './core/errors.ts';
import type { ExecutionTarget } from './execution/call.ts';
import type { OperationParts } from './operations.ts';
import { probeWith } from './probe.ts';
import type { Provider } from './providers/provider.ts';

interface Rotation {
  /** The provider object, or its name. */
  readonly provider: Provider | string;
  readonly key: string;
  /** Ask with the new key first, and keep the old one where it is refused. */
  readonly verify: boolean;
}

/** Which rotation of this router each provider's key is of, by their order. */
export interface Rotations {
  begun: number;
  readonly applied: WeakMap<Provider, number>;
}

/** Replaces a provider's key for attempts to come. */
export async function rotateKey(
  { provider, key, verify }: Rotation,
  { begun, applied }: Rotations,
  parts: OperationParts,
): Promise<void> {
  const targets = targetsOf(provider, parts);
  const providers = [...new Set(targets.map((target) => target.provider))];
  for (const one of providers) {
    if (!one.setKey)
      throw operatorError(
        `'${one.name}' keeps its own key: it was made from a client; make it from settings with apiKey`,
      );
    if (verify && !one.withKey)
      throw operatorError(
        `'${one.name}' cannot ask with a new key before the old one goes: it has no withKey(); rotate without verify`,
      );
  }
  if (verify) await askWith(key, targets[0]!, parts);
  const overtaken = providers.find((one) => applied.get(one)! > begun);
  if (overtaken) throw operatorError(`'${overtaken.name}': a later rotate() was quicker, and its key stays`);
  for (const one of providers) {
    one.setKey?.(key);
    applied.set(one, begun);
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

/**
 * Asks with the new key beside all calls, which go on with the old one; what comes of it says nothing of the target.
 * Only a refusal of the key speaks against it: a vendor that is down just now says nothing.
 */
async function askWith(key: string, target: ExecutionTarget, parts: OperationParts): Promise<void> {
  const { provider } = target;
  const trial = { ...target, provider: provider.withKey!(key), standsInFor: provider };
  const { failure } = await probeWith(undefined, trial, 'rotate', parts);
  if (failure?.kind !== 'auth' && failure?.kind !== 'permission') return;
  const message = `the new key was refused, and the old one stays: ${failure.message}`;
  throw new RouterError({ code: 'bad-request', message, failure });
}
