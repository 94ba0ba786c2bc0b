import type { Answer, Outgoing, Transport } from './transport.ts';

/** What is used of a `GoogleGenAI` (`@google/genai`), typed so that every major fits. */
export interface GenAIClient {
  readonly models: {
    generateContent(parameters: never): Promise<unknown>;
    generateContentStream(parameters: never): Promise<AsyncIterable<unknown>>;
  };
  readonly vertexai?: boolean;
}

type Fetch = typeof fetch;

/** What the host set on its client, as far as a request of ours has to heed or to undo it. */
interface HostOptions {
  readonly fetch?: Fetch;
  readonly retryOptions?: object;
}

/** The SDK's own object, which it does not type as public. */
interface Insides {
  readonly apiClient?: { readonly clientOptions?: { readonly httpOptions?: HostOptions } };
}

/**
 * Sends through `@google/genai`. The SDK builds the URL, authenticates and sends; the body goes whole by `extraBody`,
 * since it drops what it does not know and rewrites schemas; the response is taken at its `fetch`, since it hides
 * headers, swallows errors in streams and would open a new request by itself. Versions without a `fetch` of their own
 * (2.0) answer with what they read.
 */
export function genaiTransport(client: GenAIClient): Transport {
  const send = async (outgoing: Outgoing, method: 'generateContent' | 'generateContentStream') => {
    const host = (client as Insides).apiClient?.clientOptions?.httpOptions;
    const line = host ? tappedFetch(host.fetch, outgoing.signal) : undefined;
    const parameters = parametersOf(outgoing, host, line?.fetch);
    try {
      return await client.models[method](parameters as never);
    } catch (error) {
      const response = line?.response();
      if (response) return { tapped: response };
      throw error;
    }
  };
  return {
    route: client.vertexai ? 'vertex' : 'gemini',
    stream: async (outgoing) => {
      const result = (await send(outgoing, 'generateContentStream')) as Tapped | AsyncIterable<unknown>;
      return tappedOf(result) ?? { replies: result as AsyncIterable<unknown> };
    },
    complete: async (outgoing) => {
      const result = (await send(outgoing, 'generateContent')) as Tapped;
      return tappedOf(result) ?? { reply: result };
    },
  };
}

interface Tapped {
  readonly tapped?: Response;
}

function tappedOf(result: Tapped | AsyncIterable<unknown>): Answer | undefined {
  return 'tapped' in result && result.tapped ? { response: result.tapped } : undefined;
}

/** New objects for every attempt: the SDK writes into what it is given. */
function parametersOf({ model, body, signal, headers }: Outgoing, host?: HostOptions, fetch?: Fetch): object {
  return {
    model,
    // `extraBody` takes its place; the SDK insists on something.
    contents: [{ role: 'user', parts: [{ text: '-' }] }],
    config: {
      abortSignal: signal,
      // On by default since 3.0: one call would become several requests.
      automaticContinuation: false,
      httpOptions: {
        headers: { ...headers },
        extraBody: body,
        ...(fetch ? { fetch } : {}),
        ...(host?.retryOptions ? { retryOptions: { attempts: 1 } } : {}),
      },
    },
  };
}

/** One for all: an error made anew for each response would cost as much as the request does. */
const taken = new TypeError('failsoft has taken the response');

/** Ends the SDK's part in a request once the response is there; it lets go of its listeners and timers then. */
function tappedFetch(hostFetch: Fetch | undefined, signal: AbortSignal) {
  let response: Response | undefined;
  const tap: Fetch = async (input, init) => {
    const send = hostFetch ?? globalThis.fetch;
    // A redirect is told as what it is: the key would travel in a header that `fetch` takes along to any host.
    const received = await send(input, { ...init, signal, redirect: 'manual' });
    // A fetch that does not heed its signal: nobody waits for this any more.
    if (signal.aborted) received.body?.cancel().catch(() => {});
    response = received;
    throw taken;
  };
  return { fetch: tap, response: () => response };
}
