import { closedError, operatorError, RouterError } from './core/errors.ts';
import { messageOf } from './core/failure.ts';
import { scrub } from './core/scrub.ts';
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
  const [{ provider: owner }] = targets;
  if (!owner.setKey)
    throw operatorError(
      `'${owner.name}' keeps its own key: it was made from a client; make it from settings with apiKey`,
    );
  if (verify && !owner.withKey)
    throw operatorError(
      `'${owner.name}' cannot ask with a new key before the old one goes: it has no withKey(); rotate without verify`,
    );
  if (verify && parts.isClosed()) throw closedError();
  if (verify) await askWith(key, targets[0], parts);
  if (applied.get(owner)! > begun)
    throw operatorError(`'${owner.name}': a later rotate() was quicker, and its key stays`);
  handOver(owner, key, () => owner.setKey?.(key));
  applied.set(owner, begun);
  for (const target of targets) target.health.clearLockout();
  parts.emit({
    type: 'key',
    at: parts.runtime.now(),
    provider: owner.name,
    action: 'rotated',
    reason: 'rotate()',
  });
}

/** The targets of the one provider that is meant. */
function targetsOf(
  provider: Provider | string,
  { lineup }: OperationParts,
): [ExecutionTarget, ...ExecutionTarget[]] {
  const [first, ...others] = [...lineup().targets.values()].filter((target) =>
    typeof provider === 'string' ? target.provider.name === provider : target.provider === provider,
  );
  if (!first)
    throw operatorError(
      `no target has the provider '${typeof provider === 'string' ? provider : String((provider as Provider | null)?.name)}'`,
    );
  const { size } = new Set([first, ...others].map((target) => target.provider));
  // Providers of one name may be of several accounts and hosts, and none may see another's key.
  if (size > 1)
    throw operatorError(
      `${size} providers are named '${first.provider.name}': hand in the provider object, or give each a \`name\``,
    );
  return [first, ...others];
}

/**
 * Asks with the new key beside all calls, which go on with the old one; what comes of it says nothing of the target.
 * Only a refusal of the key speaks against it: a vendor that is down just now says nothing.
 */
async function askWith(key: string, target: ExecutionTarget, parts: OperationParts): Promise<void> {
  const { provider } = target;
  const other = handOver(provider, key, () => provider.withKey!(key));
  const trial = { ...target, provider: other, standsInFor: provider };
  const { failure } = await probeWith(undefined, trial, 'rotate', parts);
  if (failure?.kind !== 'auth' && failure?.kind !== 'permission') return;
  const message = `the new key was refused, and the old one stays: ${failure.message}`;
  throw new RouterError({ code: 'bad-request', message, failure });
}

/** A provider can be the host's own code, which may throw what it likes, and quote the key. */
function handOver<T>({ name }: Provider, key: string, take: () => T): T {
  try {
    return take();
  } catch (cause) {
    const why = scrub(messageOf(cause), { keys: [key], prompts: [] });
    throw new RouterError({
      code: 'bad-request',
      message: `'${name}' did not take the new key: ${why}`,
      cause,
    });
  }
}
