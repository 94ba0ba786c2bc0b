import type { RouterEvent } from '../core/events.ts';
import type { Runtime } from '../core/runtime.ts';
import { createBackend, type Backend, type BackendOptions } from './backend.ts';
import { cusum, type EvidenceRule } from './evidence.ts';
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

/** Backends by provider object and model, and targets by id. */
export function createTracker({ runtime, emit, evidence = cusum() }: TrackerOptions): Tracker {
  const options: BackendOptions = { runtime, emit, evidence };
  const backends = new Map<object, Map<string, Backend>>();
  const entries = new Map<string, Entry>();

  function backendOf(ref: TargetRef): Backend {
    const ofProvider = backends.get(ref.provider) ?? new Map<string, Backend>();
    backends.set(ref.provider, ofProvider);
    const backend = ofProvider.get(ref.model) ?? createBackend(ref, options);
    ofProvider.set(ref.model, backend);
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
    const ofProvider = backends.get(provider);
    ofProvider?.delete(model);
    if (ofProvider?.size === 0) backends.delete(provider);
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
