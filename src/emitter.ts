import type { Observer, RouterEvent } from './core/events.ts';

/** Tells every observer, in order; what one of them throws is told to the others and reaches no call. */
export function createEmitter(observers: () => readonly Observer[]): (event: RouterEvent) => void {
  return (event) => {
    const all = observers();
    for (const observer of all) {
      try {
        observer(event);
      } catch (error) {
        reportBroken(all, observer, error, event.at);
      }
    }
  };
}

function reportBroken(all: readonly Observer[], broken: Observer, error: unknown, at: number): void {
  const message = error instanceof Error ? error.message : String(error);
  for (const observer of all) {
    if (observer === broken) continue;
    try {
      observer({ type: 'observer', at, message });
    } catch {
      // Two broken observers must not report each other for ever.
    }
  }
}
