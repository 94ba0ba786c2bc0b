import type { WireRequest } from '../dialect.ts';

/** Names a request among all emulators: the ids of two of them, met in one history, must not be the same. */
export function serialOf(request: WireRequest): string {
  const port = /:(\d+)$/.exec(request.headers.host ?? '')?.[1] ?? '0';
  return `${port}_${request.number}`;
}
