import { failureError } from '../failure.ts';
import { keyRing, type ApiKey, type KeyRing } from '../keys.ts';
import { loadSdk } from '../load-sdk.ts';
import type { Connection } from './answer.ts';
import { genaiTransport, type GenAIClient } from './genai.ts';
import { generativeAITransport, type GenerativeAIClient } from './generative-ai.ts';
import type { Transport } from './transport.ts';

/** Where and how to reach Gemini's own API, for a client that failsoft makes. */
export interface GoogleSettings {
  /** A key, or a function, perhaps asynchronous, that returns one or `{ key, expiresAt }`. */
  readonly apiKey: ApiKey;
  /** The host, with or without the API's version. @default 'https://generativelanguage.googleapis.com/v1beta' */
  readonly baseURL?: string | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Used for every request; needs `@google/genai`. @default the global `fetch` at the time of the call */
  readonly fetch?: typeof fetch | undefined;
  /** Which package to go through. @default 'genai' if it is installed, else 'generative-ai' */
  readonly sdk?: 'genai' | 'generative-ai' | undefined;
}

interface GenAIModule {
  readonly GoogleGenAI: new (options: object) => GenAIClient;
}
interface GenerativeAIModule {
  readonly GoogleGenerativeAI: new (apiKey: string) => GenerativeAIClient;
}

const genai = loadSdk<GenAIModule>('@google/genai', () => import('@google/genai'));
const generativeAI = loadSdk<GenerativeAIModule>(
  '@google/generative-ai',
  () => import('@google/generative-ai'),
);

const defaultHost = 'https://generativelanguage.googleapis.com';
const defaultVersion = 'v1beta';
/** Never sent: the real key goes by a header of each request. */
const standInKey = 'set-for-each-request';

/** A connection made from settings, and what is wrong with them. */
export interface OwnConnection {
  readonly ring: KeyRing;
  readonly problems: readonly string[];
  readonly connect: () => Promise<Connection>;
}

export function ownConnection(settings: GoogleSettings): OwnConnection {
  const ring = keyRing(settings.apiKey);
  const headers = settings.headers ?? {};
  const usesGenai = settings.sdk
    ? settings.sdk === 'genai'
    : genai.problem() === undefined || generativeAI.problem() !== undefined;
  const problem = (usesGenai ? genai : generativeAI).problem();
  const problems = problem === undefined ? [] : [problem];
  if (settings.fetch && !usesGenai)
    problems.push('fetch: @google/generative-ai takes none; use sdk: "genai"');
  return {
    ring,
    problems,
    connect: usesGenai
      ? genaiConnection(settings, ring, headers)
      : generativeAIConnection(settings, ring, headers),
  };
}

type Headers = Readonly<Record<string, string>>;

function genaiConnection(
  settings: GoogleSettings,
  ring: KeyRing,
  headers: Headers,
): () => Promise<Connection> {
  let transport: Transport | undefined;
  return async () => {
    transport ??= genaiTransport(await genaiClient(settings));
    return { transport, headers: { ...headers, 'x-goog-api-key': await ring.get() } };
  };
}

async function genaiClient({ baseURL, fetch }: GoogleSettings): Promise<GenAIClient> {
  const { GoogleGenAI } = await genai.load();
  const { host, version } = placeOf(baseURL);
  // Everything that an environment variable would set otherwise is stated.
  const client = new GoogleGenAI({
    apiKey: standInKey,
    vertexai: false,
    apiVersion: version,
    httpOptions: { baseUrl: host, ...(fetch ? { fetch } : {}) },
  });
  if (fetch && !takesFetch(client)) {
    throw failureError({
      kind: 'unknown',
      message: 'this version of @google/genai takes no fetch; install a newer one',
      code: 'sdk-too-old',
    });
  }
  return client;
}

function takesFetch(client: GenAIClient): boolean {
  const { apiClient } = client as { apiClient?: { getFetch?: unknown } };
  return typeof apiClient?.getFetch === 'function';
}

function generativeAIConnection(
  { baseURL }: GoogleSettings,
  ring: KeyRing,
  headers: Headers,
): () => Promise<Connection> {
  const { host, version } = placeOf(baseURL);
  let made: { readonly key: string; readonly transport: Transport } | undefined;
  return async () => {
    const { GoogleGenerativeAI } = await generativeAI.load();
    const key = await ring.get();
    // The key belongs to the client and cannot be set for a request.
    if (made?.key !== key) {
      const client = new GoogleGenerativeAI(key);
      made = { key, transport: generativeAITransport(client, { baseUrl: host, apiVersion: version }) };
    }
    return { transport: made.transport, headers };
  };
}

function placeOf(baseURL = defaultHost): { host: string; version: string } {
  const [, host, version] = /^(.*?)\/*(?:\/(v\d+\w*))?\/*$/.exec(baseURL) as unknown as [
    string,
    string,
    string?,
  ];
  return { host, version: version ?? defaultVersion };
}
