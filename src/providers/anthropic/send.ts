import type { ProviderCall } from '../provider.ts';
import type { Connection } from './client.ts';

/** The engine owns every deadline; stating one also keeps the SDK from refusing long answers without a stream. */
const sdkTimeoutMs = 24 * 3_600_000;

interface Created {
  readonly asResponse?: () => Promise<Response>;
}

/** What came back: a body for us to read, or what the client made of it, with the response where it gives one. */
export type Sent =
  | { readonly response: Response; readonly parsed?: undefined }
  | { readonly response?: Response; readonly parsed: { readonly reply: unknown } };

/** Sends one request, once; none where the call was aborted while its key or token was fetched. */
export async function send(
  connection: Connection,
  { headers: given, signal }: ProviderCall,
  body: Record<string, unknown>,
): Promise<Sent> {
  const { create, headers } = await connection.prepare(given);
  signal.throwIfAborted();
  const options = { signal, headers, maxRetries: 0, timeout: sdkTimeoutMs };
  const created = create(body, options) as Promise<unknown> & Created;
  if (typeof created?.asResponse !== 'function') return { parsed: { reply: await created } };
  const response = await created.asResponse();
  return isOurs(response) ? { response } : { response, parsed: { reply: await created } };
}

/**
 * Whether we can read a body. Clients for Bedrock of before 1.0 decode its binary frames only where the SDK parses, and
 * clients of before 0.50, or with a `fetch` of Node's old kind, give streams of Node's.
 */
function isOurs({ body, headers }: Response): boolean {
  const isReadable = !body || typeof (body as Partial<typeof body>).getReader === 'function';
  return isReadable && !/amazon\.eventstream/.test(headers.get('content-type') ?? '');
}
