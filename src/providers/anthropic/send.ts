import { noReason } from '../http.ts';
import type { ProviderCall } from '../provider.ts';
import type { Connection } from './client.ts';

/** The engine owns every deadline; stating one also keeps the SDK from refusing long answers without a stream. */
const sdkTimeoutMs = 24 * 3_600_000;

interface Created {
  readonly asResponse?: () => Promise<Response>;
}

/** What came back. */
export interface Sent {
  /** Undefined where a client gives none. */
  readonly response: Response | undefined;
  /** What the client made of the reply; undefined where the response has not been read and is ours to read. */
  readonly parsed: { readonly reply: unknown } | undefined;
  /** To be called once, whatever happens. Closes the connection unless the answer was read to its end. */
  readonly leave: (isWhole: boolean) => void;
}

/** Sends one request, once. Ends at once when the call is aborted, also while a key or a token is fetched. */
export async function send(
  connection: Connection,
  call: ProviderCall,
  body: Record<string, unknown>,
): Promise<Sent> {
  // A signal of our own: leaving a stream of Bedrock's does not close its connection, only an abort does.
  const controller = new AbortController();
  const abort = (): void => controller.abort(call.signal.reason);
  const leave = (isWhole: boolean): void => {
    call.signal.removeEventListener('abort', abort);
    if (!isWhole) controller.abort(noReason);
  };
  if (call.signal.aborted) abort();
  else call.signal.addEventListener('abort', abort, { once: true });
  try {
    return { ...(await sendUntil(controller.signal, { connection, call, body })), leave };
  } catch (error) {
    leave(false);
    throw error;
  }
}

interface Sending {
  readonly connection: Connection;
  readonly call: ProviderCall;
  readonly body: Record<string, unknown>;
}

async function sendUntil(
  signal: AbortSignal,
  { connection, call, body }: Sending,
): Promise<Pick<Sent, 'response' | 'parsed'>> {
  const { create, headers } = await untilAborted(connection.prepare(call.headers), signal);
  const options = { signal, headers, maxRetries: 0, timeout: sdkTimeoutMs };
  const created = create(body, options) as Promise<unknown> & Created;
  if (typeof created?.asResponse !== 'function') {
    return { response: undefined, parsed: { reply: await untilAborted(Promise.resolve(created), signal) } };
  }
  const response = await untilAborted(created.asResponse(), signal);
  return { response, parsed: isOurs(response) ? undefined : { reply: await untilAborted(created, signal) } };
}

/**
 * Whether we can read a body. Clients for Bedrock of before 1.0 decode its binary frames only where the SDK parses, and
 * clients of before 0.50, or with a `fetch` of Node's old kind, give streams of Node's.
 */
function isOurs({ body, headers }: Response): boolean {
  const isReadable = !body || typeof (body as Partial<typeof body>).getReader === 'function';
  return isReadable && !/amazon\.eventstream/.test(headers.get('content-type') ?? '');
}

/** Settles with the promise, or rejects as soon as the signal aborts. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(settled);
  });
}
