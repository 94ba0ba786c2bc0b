import type { Answer, Outgoing, Transport } from './transport.ts';

/** What is used of a `GoogleGenerativeAI` (`@google/generative-ai`). */
export interface GenerativeAIClient {
  getGenerativeModel(parameters: never, requestOptions?: never): GenerativeModel;
}

interface GenerativeModel {
  generateContent(request: never, options?: never): Promise<{ readonly response: unknown }>;
  generateContentStream(
    request: never,
    options?: never,
  ): Promise<{ readonly stream: AsyncIterable<unknown>; readonly response: Promise<unknown> }>;
}

/** Where the requests go, which a client of this package does not know itself. */
export interface RequestOptions {
  readonly baseUrl?: string;
  readonly apiVersion?: string;
}

/**
 * Sends through `@google/generative-ai`, which is at its end of life: no `fetch` can be given, so its reading of
 * the stream is all there is. `timeout` is never set: its timer is never cleared.
 */
export function generativeAITransport(
  client: GenerativeAIClient,
  requestOptions: RequestOptions = {},
): Transport {
  const modelFor = ({ model }: Outgoing) =>
    client.getGenerativeModel({ model } as never, requestOptions as never);
  return {
    route: 'gemini',
    async stream(outgoing): Promise<Answer> {
      const { stream, response } = await modelFor(outgoing).generateContentStream(...argumentsOf(outgoing));
      // The SDK reads the stream twice; the second reading fails as well, and nobody would hear of it.
      response.catch(() => {});
      return { replies: stream };
    },
    async complete(outgoing): Promise<Answer> {
      const { response } = await modelFor(outgoing).generateContent(...argumentsOf(outgoing));
      return { reply: response };
    },
  };
}

function argumentsOf({ body, signal, headers }: Outgoing): [never, never] {
  return [body as never, { signal, customHeaders: { ...headers } } as never];
}
