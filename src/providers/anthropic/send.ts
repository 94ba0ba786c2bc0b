import type { ProviderCall } from '../provider.ts';
import type { Connection } from './client.ts';

/** The engine owns every deadline; stating one also keeps the SDK from refusing long answers without a stream. */
const sdkTimeoutMs = 24 * 3_600_000;

interface Created {
  readonly asResponse?: () => Promise<Response>;
}

/** What came back: a response of which nothing has been read, or what a client without responses made of it. */
export type Sent = { readonly response: Response } | { readonly parsed: unknown };

/** Sends one request, once. Ends at once when the call is aborted, also while a key or a token is fetched. */
export async function send(
  connection: Connection,
  call: ProviderCall,
  body: Record<string, unknown>,
): Promise<Sent> {
  const { signal } = call;
  const { create, headers } = await untilAborted(connection.prepare(call.headers), signal);
  const options = { signal, headers, maxRetries: 0, timeout: sdkTimeoutMs };
  const created = create(body, options) as Promise<unknown> & Created;
  if (typeof created?.asResponse !== 'function') {
    return { parsed: await untilAborted(Promise.resolve(created), signal) };
  }
  const response = await untilAborted(created.asResponse(), signal, discard);
  // Clients for Bedrock of before 1.0 decode the binary frames only where the SDK parses.
  return isBinary(response) ? { parsed: await created } : { response };
}

function isBinary(response: Response): boolean {
  return /amazon\.eventstream/.test(response.headers.get('content-type') ?? '');
}

/** Closes the connection of a response that nobody has begun to read. */
export function discard(response: Response): void {
  if (response.body && !response.body.locked) response.body.cancel().catch(() => {});
}

/** Settles with the promise, or rejects as soon as the signal aborts; what then still comes is handed to `drop`. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal, drop?: (late: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason);
      promise.then(drop, () => {});
    };
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    const settled = (): void => signal.removeEventListener('abort', abort);
    promise.then(
      (value) => {
        settled();
        resolve(value);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
  });
}
