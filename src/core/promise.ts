/** Follows what a host's function returned though it should have returned at once: a promise left alone that rejects ends the process. */
export function unawaited(returned: unknown, onRejected: (reason: unknown) => void = () => {}): void {
  if (typeof (returned as PromiseLike<unknown> | null | undefined)?.then !== 'function') return;
  Promise.resolve(returned as PromiseLike<unknown>).then(undefined, onRejected);
}
