import { loadSdk } from '../load-sdk.ts';
import { keyRing, type KeyRing } from '../keys.ts';
import {
  defaultBaseURL,
  type OpenAIClient,
  type OpenAIClientOptions,
  type OpenAIOptions,
  type OpenAISettings,
} from './options.ts';

/** Where requests go: a client, and the headers that this attempt needs beside the caller's. */
export interface Connection {
  readonly client: OpenAIClient;
  readonly headers: Readonly<Record<string, string>>;
}

/** How a provider reaches its vendor. */
export interface Access {
  readonly baseURL: string | undefined;
  connect(): Promise<Connection>;
  readonly ring: KeyRing | undefined;
  readonly problems: readonly string[];
  secrets(): string[];
}

interface SdkModule {
  readonly OpenAI: new (options: Record<string, unknown>) => OpenAIClient;
}

export function accessOf(options: OpenAIOptions): Access {
  return options.client === undefined ? settingsAccess(options) : clientAccess(options);
}

function clientAccess({ client }: OpenAIClientOptions): Access {
  const connection: Connection = { client, headers: {} };
  const connected = Promise.resolve(connection);
  return {
    baseURL: client.baseURL,
    connect: () => connected,
    ring: undefined,
    problems: [],
    secrets: () => keysOf(client),
  };
}

/** The key that a client shows; one made with a function has none before its first request. */
function keysOf(client: object): string[] {
  const { apiKey, adminAPIKey } = client as { apiKey?: unknown; adminAPIKey?: unknown };
  return [apiKey, adminAPIKey].filter((key) => typeof key === 'string' && key !== '') as string[];
}

function settingsAccess(settings: OpenAISettings): Access {
  const sdk = loadSdk('openai', () => import('openai') as unknown as Promise<SdkModule>);
  const ring = keyRing(settings.apiKey);
  const baseURL = settings.baseURL ?? defaultBaseURL;
  const problem = sdk.problem();
  let client: OpenAIClient | undefined;
  return {
    baseURL,
    async connect() {
      client ??= new (await sdk.load()).OpenAI(clientOptions(settings, baseURL));
      return { client, headers: { authorization: `Bearer ${await ring.get()}` } };
    },
    ring,
    problems: problem === undefined ? [] : [problem],
    secrets: () => ring.secrets(),
  };
}

/** All that the SDK would else read from the environment is said here. */
function clientOptions({ headers, fetch }: OpenAISettings, baseURL: string): Record<string, unknown> {
  return {
    // The true key goes with each request.
    apiKey: 'set-by-request',
    baseURL,
    organization: null,
    project: null,
    webhookSecret: null,
    adminAPIKey: null,
    logLevel: 'off',
    maxRetries: 0,
    fetchOptions: { redirect: 'manual' },
    defaultHeaders: { ...strayHeaders(), ...headers },
    fetch,
  };
}

/** The SDK adds every header of OPENAI_CUSTOM_HEADERS, which no option turns off; `null` takes each out again. */
function strayHeaders(): Record<string, null> {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } };
  const lines = process?.env?.['OPENAI_CUSTOM_HEADERS']?.split('\n') ?? [];
  const names = lines
    .filter((line) => line.includes(':'))
    .map((line) => line.slice(0, line.indexOf(':')).trim());
  return Object.fromEntries(names.filter((name) => name !== '').map((name) => [name.toLowerCase(), null]));
}
