import { GoogleGenAI } from '@google/genai';
import { GoogleGenerativeAI } from '@google/generative-ai';
import { GoogleGenAI as GoogleGenAI2 } from 'google-genai-2';
import { GoogleGenerativeAI as OldestGenerativeAI } from 'google-generative-ai-0.24.0';
import { classifyError } from '../../../src/providers/failure.ts';
import { google } from '../../../src/providers/google/index.ts';
import type {
  Provider,
  ProviderCall,
  ProviderEvent,
  ProviderRequest,
} from '../../../src/providers/provider.ts';
import type { Failure } from '../../../src/core/failure.ts';

/** A provider over each supported package, on a client that a host made. */
export const hostClients: readonly (readonly [string, (baseUrl: string) => Provider])[] = [
  [
    '@google/genai 3',
    (baseUrl) => google({ client: new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl } }) }),
  ],
  [
    '@google/genai 2',
    (baseUrl) => google({ client: new GoogleGenAI2({ apiKey: 'key', httpOptions: { baseUrl } }) }),
  ],
  ['@google/generative-ai', (baseUrl) => google({ client: legacyAt(baseUrl) })],
  ['@google/generative-ai 0.24.0', (baseUrl) => google({ client: legacyAt(baseUrl, OldestGenerativeAI) })],
];

/** On Vertex, where a key is enough in its express mode. */
export const vertexAt = (baseUrl: string): Provider =>
  google({ client: new GoogleGenAI({ vertexai: true, apiKey: 'key', httpOptions: { baseUrl } }) });

/** What is used of the package's class, whichever version it is. */
type LegacyClass = new (
  key: string,
) => Pick<GoogleGenerativeAI, 'apiKey'> & { getGenerativeModel(...given: any[]): any };

/** The package's client knows no base URL: a host gives it with each model, as this one does. */
export function legacyAt(baseUrl: string, Client: LegacyClass = GoogleGenerativeAI) {
  const client = new Client('key');
  return {
    apiKey: client.apiKey,
    getGenerativeModel: (parameters: { model: string }, options?: object) =>
      client.getGenerativeModel(parameters, { ...options, baseUrl }),
  };
}

export function callOf(
  request: Partial<ProviderRequest> = {},
  more: Partial<ProviderCall> = {},
): ProviderCall {
  return {
    model: 'gemini-2.5-flash',
    request: { messages: [{ role: 'user', content: 'Hello' }], ...request },
    signal: new AbortController().signal,
    headers: {},
    ...more,
  };
}

/** What came of a stream: its events, and the failure that ended it. */
export interface Outcome {
  readonly events: ProviderEvent[];
  readonly failure?: Failure;
}

export async function streamed(provider: Provider, call: ProviderCall = callOf()): Promise<Outcome> {
  const events: ProviderEvent[] = [];
  try {
    for await (const event of provider.stream!(call)) events.push(event);
    return { events };
  } catch (error) {
    return { events, failure: classifyError(provider, error) };
  }
}

export async function completed(provider: Provider, call: ProviderCall = callOf()): Promise<Outcome> {
  try {
    return { events: [...(await provider.complete!(call))] };
  } catch (error) {
    return { events: [], failure: classifyError(provider, error) };
  }
}

export function textIn(events: readonly ProviderEvent[], type: 'text' | 'reasoning' = 'text'): string {
  return events.map((event) => (event.type === type ? event.text : '')).join('');
}

export function eventsIn<Type extends ProviderEvent['type']>(events: readonly ProviderEvent[], type: Type) {
  return events.filter((event): event is Extract<ProviderEvent, { type: Type }> => event.type === type);
}
