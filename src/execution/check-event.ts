import { invalidResponse } from '../providers/failure.ts';
import type { ProviderEvent } from '../providers/provider.ts';

/**
 * Before anybody sees it: what was shown of a stream cannot be taken back, and a host's own provider may yield anything.
 *
 * @throws a failure of kind `invalid-response`
 */
export function checkEvent(event: ProviderEvent): void {
  switch (event.type) {
    case 'text':
    case 'reasoning':
      if (typeof event.text !== 'string') throw malformed(event);
      break;
    case 'tool-call-delta':
      if (![event.delta, event.id, event.name].every((part) => typeof part === 'string'))
        throw malformed(event);
      break;
    case 'tool-call':
      checkCall(event);
  }
}

/**
 * The letters of a string are no events.
 *
 * @throws a failure of kind `invalid-response`
 */
export function listOfEvents(resolved: unknown): readonly ProviderEvent[] {
  if (Array.isArray(resolved)) return resolved as readonly ProviderEvent[];
  throw invalidResponse(
    `the provider's complete() must resolve to a list of events that ends with a finish, not to ${resolved === null ? 'null' : `a value of type ${typeof resolved}`}`,
    'no-events',
  );
}

function malformed({ type }: ProviderEvent): Error {
  return invalidResponse(`the provider yielded a '${type}' event without what belongs into it`);
}

function checkCall(call: Extract<ProviderEvent, { type: 'tool-call' }>): void {
  if (!isNamed(call)) throw malformedCall('a tool call without its name or id');
  if (!isJsonObject(call.arguments))
    throw malformedCall(`the arguments of the call for '${call.name}' are no object`);
}

function malformedCall(message: string): Error {
  return invalidResponse(message, 'malformed-tool-call');
}

function isNamed({ id, name }: { readonly id: unknown; readonly name: unknown }): boolean {
  return [id, name].every((part) => typeof part === 'string' && part !== '');
}

/** Arguments go into messages, and those must survive JSON: a cycle or a BigInt would be found by the next call only. */
function isJsonObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return JSON.stringify(value).startsWith('{');
  } catch {
    return false;
  }
}
