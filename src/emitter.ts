import { messageOf } from './core/failure.ts';
import type { Observer, RouterEvent } from './core/events.ts';
import { unawaited } from './core/promise.ts';
import { plainCopy } from './core/stated.ts';

/**
 * Tells every observer, in order. They get a copy, so that nothing that one of them does to it reaches the call; what one
 * throws, or rejects with later, is told to the others.
 */
export function createEmitter(observers: () => readonly Observer[]): (event: RouterEvent) => void {
  return (event) => {
    const all = observers();
    if (all.length === 0) return;
    const copy = copyOf(event);
    for (const observer of all) {
      const report = (error: unknown) => reportBroken(all, observer, error, event.at);
      try {
        unawaited(observer(copy), report);
      } catch (error) {
        report(error);
      }
    }
  };
}

function reportBroken(all: readonly Observer[], broken: Observer, error: unknown, at: number): void {
  const message = messageOf(error);
  for (const observer of all) {
    if (observer === broken) continue;
    try {
      unawaited(observer({ type: 'observer', at, message }));
    } catch {
      // Two broken observers must not report each other for ever.
    }
  }
}

/** An event can carry the host's own metadata, which may not be the plain data that it should be. */
function copyOf(event: RouterEvent): RouterEvent {
  try {
    return plainCopy(event);
  } catch {
    const { type, at, callId } = event;
    return {
      type: 'observer',
      at,
      callId,
      message: `a '${type}' event could not be copied: is its metadata plain JSON?`,
    };
  }
}
