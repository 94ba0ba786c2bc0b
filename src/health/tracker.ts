import type { RouterEvent } from '../core/events.ts';
import type { Runtime } from '../core/runtime.ts';
import { createBackend, type Backend } from './backend.ts';
import { cusum, type EvidenceRule } from './evidence.ts';
import { createProviderScope, type ProviderScope } from './provider-scope.ts';
import { createTarget, type Target } from './target.ts';
import type { TargetRef, Tracker } from './target-health.ts';

export interface TrackerOptions {
  readonly runtime: Runtime;
  /** Must not throw. */
  readonly emit: (event: RouterEvent) => void;
  /** How results are weighed. @default cusum() */
  readonly evidence?: EvidenceRule;
}

interface Entry {
  ref: TargetRef;
  readonly backend: Backend;
  readonly target: Target;
}

/** A provider object: what its models have in common, and each of them. */
interface Models {
  readonly scope: ProviderScope;
  readonly backends: Map<string, Backend>;
}

/** Backends by provider object and model, and targets by id. */
export function createTracker({ runtime, emit, evidence = cusum() }: TrackerOptions): Tracker {
  const providers = new Map<object, Models>();
  const entries = new Map<string, Entry>();

  function backendOf(ref: TargetRef): Backend {
    const { scope, backends } = providers.get(ref.provider) ?? {
      scope: createProviderScope(ref.provider, { runtime, emit }),
      backends: new Map<string, Backend>(),
    };
    providers.set(ref.provider, { scope, backends });
    const backend = backends.get(ref.model) ?? createBackend(ref, { runtime, emit, evidence, scope });
    backends.set(ref.model, backend);
    return backend;
  }

  function forget(id: string): void {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entries.delete(id);
    entry.target.leave();
    entry.backend.targets.delete(id);
    if (entry.backend.targets.size > 0) return;
    const { provider, model } = entry.ref;
    entry.backend.scope.leave(entry.backend);
    const backends = providers.get(provider)?.backends;
    backends?.delete(model);
    if (backends?.size === 0) providers.delete(provider);
  }

  return {
    register(ref) {
      const known = entries.get(ref.id);
      if (known?.ref.provider === ref.provider && known.ref.model === ref.model) {
        known.ref = ref;
        known.target.setLimits(ref.limits);
        return known.target.health;
      }
      forget(ref.id);
      const backend = backendOf(ref);
      backend.targets.add(ref.id);
      const target = createTarget(ref, { runtime, emit, backend });
      entries.set(ref.id, { ref, backend, target });
      return target.health;
    },
    forget,
  };
}
