import type { ProviderRequest } from './provider.ts';
import type { Sink } from './sink.ts';

/** Tells what a request had to do without, before its answer; says nothing where there is nothing to say. */
export function tellNotes(sink: Sink, ignored: readonly string[], warnings: readonly string[]): void {
  if (ignored.length === 0 && warnings.length === 0) return;
  sink.push({
    type: 'meta',
    ...(ignored.length > 0 && { ignored }),
    ...(warnings.length > 0 && { warnings }),
  });
}

/** For a vendor that holds no tool's arguments to their schema: one warning for each that should be. */
export function strictToolWarnings({ tools = [] }: ProviderRequest): string[] {
  return tools
    .filter(({ strict }) => strict)
    .map(({ name }) => `tool "${name}": its arguments cannot be held to its schema here`);
}
