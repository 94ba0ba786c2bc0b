import { toBase64 } from '../../core/binary.ts';
import type { BinaryData } from '../../core/request.ts';
import { failureOfResponse } from './errors.ts';
import { checkedLines } from './lines.ts';
import type { OllamaBody } from './wire.ts';

/** The part of the SDK's client that is used; any object with a `chat` of this form will do. */
export interface OllamaClient {
  chat(request: any): Promise<unknown>;
}

/** What the SDK's own client has beside it, found by looking. */
interface SdkClient extends OllamaClient {
  readonly fetch?: unknown;
  readonly config?: { readonly headers?: unknown };
}

/** What one attempt adds to the client. */
export interface Attempt {
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  /** Replaces the `Authorization` that the SDK would send; null takes it away, undefined leaves it. */
  readonly authorization: string | null | undefined;
}

/** The reply as the server sent it, or, where the client reads it by itself, what its `chat` resolved to. */
export type Answer = { readonly response: Response } | { readonly result: unknown };

/**
 * Has the client send a request. Its `chat` takes no signal, prints replies that it cannot parse, and leaves the
 * connection open when its iterator is left; so each attempt uses an object that inherits from the client, with a
 * `fetch` of its own: it adds the signal and the headers, takes errors in hand and keeps the reply for reading it here.
 * A client that was extended reads by itself, from a body that was checked.
 *
 * @throws failures for what the server refuses, what `fetch` throws where nobody answers
 */
export async function ask(client: OllamaClient, body: OllamaBody, attempt: Attempt): Promise<Answer> {
  attempt.signal.throwIfAborted();
  const { fetch } = client as SdkClient;
  if (typeof fetch !== 'function') return { result: await client.chat(body) };
  const isPlain = readsWithoutHelp(client);
  let response: Response | undefined;

  const attemptFetch = async (input: string, init: RequestInit = {}): Promise<Response> => {
    const received = await (fetch as typeof globalThis.fetch)(input, withAttempt(init, attempt, isPlain));
    if (!received.ok) throw await failureOfResponse(received);
    if (!isPlain) return body.stream ? checkedLines(received) : received;
    response = received;
    return standIn;
  };
  const result = await askInherited(client, body, attemptFetch);
  return response === undefined ? { result } : { response };
}

/** What the SDK is given in the place of a reply that is read here. */
const standIn = { ok: true, status: 200, body: {}, json: async () => ({}) } as unknown as Response;

async function askInherited(client: OllamaClient, body: OllamaBody, fetch: unknown): Promise<unknown> {
  const inherited = Object.create(client, {
    fetch: { value: fetch },
    // Left iterators pile up here, and `client.abort()` of the host's must not reach into this attempt's.
    ongoingStreamedRequests: { value: [], writable: true },
    // The SDK's own looks for a file of that name first.
    encodeImage: { value: async (image: BinaryData) => toBase64(image) },
  }) as OllamaClient;
  try {
    return await inherited.chat(body);
  } catch (error) {
    if (!isAboutPrivateFields(error)) throw error;
    return client.chat(body);
  }
}

/** A class with `#private` fields cannot be inherited from by an object; it fails before anything is sent. */
function isAboutPrivateFields(error: unknown): boolean {
  return error instanceof TypeError && /private|receiver must be/i.test(error.message);
}

/** Whether a client's `chat` is the SDK's own: it stands where the method that it calls stands. */
function readsWithoutHelp(client: OllamaClient): boolean {
  const home = homeOf(client, 'processStreamableRequest');
  return home !== undefined && home !== client && home === homeOf(client, 'chat');
}

function homeOf(client: object, method: string): object | undefined {
  let home: object | null = client;
  while (home !== null && !Object.hasOwn(home, method)) home = Object.getPrototypeOf(home) as object | null;
  return home ?? undefined;
}

function withAttempt(init: RequestInit, { signal, headers, authorization }: Attempt, isPlain: boolean) {
  const merged = { ...(init.headers as Record<string, string>) };
  const put = (name: string, value: string | null): void => {
    const same = Object.keys(merged).filter((key) => key.toLowerCase() === name.toLowerCase());
    for (const key of same) delete merged[key];
    if (value !== null) merged[name] = value;
  };
  if (authorization !== undefined) put('Authorization', authorization);
  for (const [name, value] of Object.entries(headers)) put(name, value);
  // A client that reads by itself ends its request by its own signal when its iterator is aborted.
  const both = isPlain || !init.signal ? signal : AbortSignal.any([signal, init.signal]);
  return { ...init, headers: merged, signal: both };
}

/** The credentials that a client shows, for scrubbing. */
export function secretsOf(client: OllamaClient): string[] {
  return secretsOfHeaders((client as SdkClient).config?.headers);
}

/** The credentials in headers of any form that `fetch` takes. */
export function secretsOfHeaders(headers: unknown): string[] {
  const authorization = authorizationOf(headers);
  return authorization === undefined ? [] : [authorization.replace(/^\w+\s+/, '')];
}

export function authorizationOf(headers: unknown): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  return new Headers(headers).get('authorization') ?? undefined;
}
