import { failureError, invalidResponse } from '../failure.ts';
import type { Sink } from '../sink.ts';
import { failureOf } from './errors.ts';
import type { ReplyReader } from './replies.ts';

/** Reads what the `chat` of a client that reads by itself resolved to. */
export async function readResult(
  result: unknown,
  reader: ReplyReader,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  const abort = () => abortResult(result);
  signal.addEventListener('abort', abort, { once: true });
  try {
    // A client that lets nobody at its `fetch` heard nothing of an abort until now.
    signal.throwIfAborted();
    for await (const reply of partsOf(result)) if (reader.accept(reply, sink)) return;
  } catch (error) {
    throw bareErrorAsFailure(error);
  } finally {
    signal.removeEventListener('abort', abort);
    // Leaving the SDK's iterator does not close the connection.
    abort();
  }
  throw invalidResponse('the stream ended without its last part', 'truncated');
}

function partsOf(result: unknown): AsyncIterable<unknown> | Iterable<unknown> {
  const isStream = typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
  return isStream ? (result as AsyncIterable<unknown>) : [result];
}

/** The SDK turns an error inside a stream into a bare `Error` with the server's words. */
function bareErrorAsFailure(error: unknown): unknown {
  const isBare =
    error instanceof Error && error.name === 'Error' && error.cause === undefined && !('code' in error);
  if (!isBare || /did not receive done/i.test(error.message)) return error;
  return failureError(failureOf(undefined, error.message), error);
}

/** Ends the request behind an iterator of the SDK's. */
function abortResult(result: unknown): void {
  const { abort } = (result ?? {}) as { abort?: unknown };
  if (typeof abort === 'function') abort.call(result);
}
