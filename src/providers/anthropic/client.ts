import { keyRing, type ApiKey, type KeyRing } from '../keys.ts';
import { loadSdk } from '../load-sdk.ts';
import type { Json, Platform, Surface } from './wire.ts';

/** The part of a client that is used: `Anthropic`, `AnthropicBedrock`, `AnthropicVertex`, of every supported major. */
export interface AnthropicClient {
  readonly messages: { create(body: any, options?: any): any };
}

/** What a client is made from at the first call. Variables of the environment do not reach it. */
export interface AnthropicSettings {
  /** The key, or a function that fetches it. */
  apiKey: ApiKey;
  /** Without `/v1`. @default 'https://api.anthropic.com' */
  baseURL?: string | undefined;
  /** Sent with every request; `anthropic-version` chooses the API version. @default version 2023-06-01 */
  headers?: Readonly<Record<string, string>> | undefined;
  fetch?: typeof fetch | undefined;
}

/** How requests reach the vendor: by the host's client, or by one of our own. */
export interface Connection {
  readonly platform: Platform;
  readonly ring: KeyRing | undefined;
  /** What a request with these extra headers is sent through. */
  surface(headers: Readonly<Record<string, string>>): Surface;
  /** The client and the headers of one request; at once where nothing has to be fetched first. */
  prepare(headers: Readonly<Record<string, string>>): Promise<Prepared>;
  secrets(): string[];
  problem(): string | undefined;
}

export interface Prepared {
  /** Sends a body; returns the SDK's promise of a response. */
  readonly create: (body: Record<string, unknown>, options: object) => unknown;
  readonly headers: Readonly<Record<string, string | null>>;
}

type UnknownClient = AnthropicClient & { readonly [key: string]: any };

/** Looks at names and plain fields only: calling into a Vertex client could start a search for credentials. */
function platformOf(client: UnknownClient): Platform {
  const name: unknown = client['constructor']?.name;
  const named = typeof name === 'string' ? name : '';
  if (/bedrock/i.test(named) || 'awsRegion' in client) return 'bedrock';
  if (/vertex/i.test(named) || ('region' in client && 'projectId' in client)) return 'vertex';
  return 'anthropic';
}

const versionHeader = 'anthropic-version';
const firstVersion = '2023-06-01';
const secondVersion = '2026-10-21';

function versionIn(headers: unknown): string | undefined {
  const plain = headers instanceof Headers ? Object.fromEntries(headers) : ((headers ?? {}) as Json);
  const found = Object.entries(plain).find(([name]) => name.toLowerCase() === versionHeader);
  return typeof found?.[1] === 'string' ? found[1] : undefined;
}

/** The version that a client sends: what the host set, else what its major does. */
function versionOfClient(client: UnknownClient): string {
  const set = versionIn(client['_options']?.defaultHeaders);
  if (set) return set;
  const agent: unknown = typeof client['getUserAgent'] === 'function' ? client['getUserAgent']() : undefined;
  const major = /\/JS (\d+)\./.exec(typeof agent === 'string' ? agent : '')?.[1];
  return major === '0' ? firstVersion : secondVersion;
}

/** Sends through the host's own client, whose key, address and environment are the host's. */
export function hostConnection(client: AnthropicClient): Connection {
  const platform = platformOf(client);
  const version = versionOfClient(client);
  return {
    platform,
    ring: undefined,
    surface: (headers) => ({ platform, version: versionIn(headers) ?? version }),
    prepare: async (headers) => ({
      create: (body, options) => client.messages.create(body, options) as unknown,
      headers,
    }),
    secrets: () =>
      ['apiKey', 'authToken', 'awsSecretKey', 'awsSessionToken', 'accessToken']
        .map((name) => (client as UnknownClient)[name] as unknown)
        .filter((value): value is string => typeof value === 'string' && value !== ''),
    problem: () => undefined,
  };
}

interface OwnClient {
  post(path: string, options: object): unknown;
}

interface AnthropicModule {
  readonly Anthropic: new (options: object) => OwnClient;
}

/** Sends through a client of our own: nothing of the environment decides where a request goes or what it carries. */
export function ownConnection(settings: AnthropicSettings): Connection {
  const ring = keyRing(settings.apiKey);
  const sdk = loadSdk('@anthropic-ai/sdk', () => import('@anthropic-ai/sdk') as Promise<AnthropicModule>);
  const settingsHeaders = settings.headers ?? {};
  const versionOf = (headers: Readonly<Record<string, string>>): string =>
    versionIn(headers) ?? versionIn(settingsHeaders) ?? firstVersion;
  let client: OwnClient | undefined;

  async function prepare(headers: Readonly<Record<string, string>>): Promise<Prepared> {
    const own = (client ??= makeClient(await sdk.load(), settings));
    const key = await ring.get();
    return {
      // Not `messages.create`: that prints a line for each request to a model that will be retired some day.
      create: (body, options) =>
        own.post('/v1/messages', { body, stream: body['stream'] === true, ...options }),
      headers: {
        ...withoutEnvironment(),
        [versionHeader]: firstVersion,
        ...keyHeaders(key, versionOf(headers)),
        ...lowerCased(settingsHeaders),
        ...lowerCased(headers),
      },
    };
  }

  return {
    platform: 'anthropic',
    ring,
    surface: (headers) => ({ platform: 'anthropic', version: versionOf(headers) }),
    prepare,
    secrets: () => ring.secrets(),
    problem: () => sdk.problem(),
  };
}

/** Both majors of the SDK send the key as the version that we state expects it. */
function keyHeaders(key: string, version: string): Record<string, string | null> {
  return version < secondVersion
    ? { authorization: null, 'x-api-key': key }
    : { authorization: `Bearer ${key}`, 'x-api-key': null };
}

function makeClient({ Anthropic }: AnthropicModule, { baseURL, fetch }: AnthropicSettings): OwnClient {
  return new Anthropic({
    // Every request carries its own key; without one here the SDK would look for others in the environment.
    apiKey: 'set-for-each-request',
    authToken: null,
    baseURL: (baseURL ?? 'https://api.anthropic.com').replace(/\/+$/, '').replace(/\/v1$/, ''),
    maxRetries: 0,
    // `fetch` takes `x-api-key` along to whatever host a redirect names.
    fetchOptions: { redirect: 'manual' },
    // At its default level the SDK prints what it could not parse, which may be an answer.
    logLevel: 'off',
    openTelemetry: { propagation: false, traces: false },
    ...(fetch ? { fetch } : {}),
  });
}

/** The SDK adds `ANTHROPIC_CUSTOM_HEADERS` to every request, and only a null for each of them keeps them out. */
function withoutEnvironment(): Record<string, null> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const lines = process?.env?.['ANTHROPIC_CUSTOM_HEADERS']?.split('\n') ?? [];
  const names = lines.map((line) => line.split(':')[0]?.trim().toLowerCase()).filter((name) => !!name);
  return Object.fromEntries(names.map((name) => [name as string, null]));
}

/** One spelling for each header: two of one name would be sent as one list. */
function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
