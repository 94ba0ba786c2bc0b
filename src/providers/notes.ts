import type { ProviderEvent, ProviderRequest } from './provider.ts';

/** What a request had to do without, as the event that stands before the answer; none where there is nothing to say. */
export function notesOf(ignored: readonly string[], warnings: readonly string[]): ProviderEvent[] {
  if (ignored.length === 0 && warnings.length === 0) return [];
  return [{ type: 'meta', ...(ignored.length > 0 && { ignored }), ...(warnings.length > 0 && { warnings }) }];
}

/** For a vendor that holds no tool's arguments to their schema: one warning for each that should be. */
export function strictToolWarnings({ tools = [] }: ProviderRequest): string[] {
  return tools
    .filter(({ strict }) => strict)
    .map(({ name }) => `tool "${name}": its arguments cannot be held to its schema here`);
}
