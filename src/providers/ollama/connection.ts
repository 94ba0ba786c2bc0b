import { notKnown } from '../../core/check.ts';
import { keyRing, type KeyRing } from '../keys.ts';
import { loadSdk } from '../load-sdk.ts';
import { noOptions } from '../settings-problems.ts';
import { authorizationOf, secretsOf, secretsOfHeaders, type OllamaClient } from './client.ts';
import type { OllamaClientOptions, OllamaOptions, OllamaSettings } from './options.ts';

/** How a provider reaches its server: the same for both forms of the options. */
export interface Connection {
  readonly problems: readonly string[];
  readonly ring: KeyRing | undefined;
  client(): Promise<OllamaClient> | OllamaClient;
  /** The `Authorization` to send; null for none, undefined for whatever the client sends. */
  authorization(): Promise<string | null | undefined>;
  secrets(): string[];
}

interface OllamaSdk {
  readonly Ollama: new (config: object) => OllamaClient;
}

export function connectionOf(options: OllamaOptions): Connection {
  const mistaken = noOptions('ollama', options, ({ chat }) => typeof chat === 'function');
  if (mistaken) return { ...settingsConnection({}), problems: [mistaken] };
  return 'client' in options && options.client !== undefined
    ? clientConnection(options)
    : settingsConnection(options);
}

function clientConnection(options: OllamaClientOptions): Connection {
  const { client } = options;
  return {
    problems: problemsOfClient(options),
    ring: undefined,
    client: () => client,
    authorization: async () => undefined,
    secrets: () => secretsOf(client),
  };
}

function settingsConnection(settings: OllamaSettings): Connection {
  const { host = defaultHost, headers, apiKey } = settings;
  const ring = apiKey === undefined ? undefined : keyRing(apiKey);
  // The build for browsers: the same client without its reading of files.
  const sdk = loadSdk<OllamaSdk>('ollama', () => import('ollama/browser'));
  const hasOwnAuthorization = authorizationOf(headers) !== undefined;
  let client: Promise<OllamaClient> | undefined;
  const make = async (): Promise<OllamaClient> => {
    const { Ollama } = await sdk.load();
    const fetch: typeof globalThis.fetch = settings.fetch ?? ((input, init) => globalThis.fetch(input, init));
    return new Ollama({ host, headers: { ...headers }, fetch });
  };
  return {
    problems: [
      ...problemsOfSettings(settings),
      ...[sdk.problem()].filter((problem) => problem !== undefined),
    ],
    ring,
    client: () =>
      (client ??= make().catch((error: unknown) => {
        client = undefined;
        throw error;
      })),
    async authorization() {
      if (ring) return `Bearer ${await ring.get()}`;
      // For ollama.com the SDK would put in the key of the environment.
      return hasOwnAuthorization ? undefined : null;
    },
    secrets: () => [...(ring?.secrets() ?? []), ...secretsOfHeaders(headers)],
  };
}

const defaultHost = 'http://127.0.0.1:11434';
const settingNames = ['host', 'headers', 'fetch', 'apiKey', 'name'];

function problemsOfClient(options: OllamaClientOptions): string[] {
  const beside = Object.keys(options).filter((key) => key !== 'client' && key !== 'name');
  const client = options.client as { chat?: unknown } | null;
  return [
    ...beside.map((key) => `${key}: expected nothing beside client but name`),
    ...(typeof client?.chat === 'function'
      ? []
      : ['client: expected an Ollama client, got one without chat()']),
  ];
}

function problemsOfSettings(settings: OllamaSettings): string[] {
  const { host, fetch, apiKey } = settings;
  const unknown = Object.keys(settings).filter((key) => key !== 'client' && !settingNames.includes(key));
  return [
    ...unknown.map((key) => `${key} ${notKnown(key, ['client', ...settingNames])}`),
    ...(host === undefined || isHost(host) ? [] : [`host: expected a URL or host:port, got ${String(host)}`]),
    ...(fetch === undefined || typeof fetch === 'function' ? [] : ['fetch: expected a function']),
    ...(apiKey === undefined || typeof apiKey === 'function' || (typeof apiKey === 'string' && apiKey !== '')
      ? []
      : ['apiKey: expected a string that is not empty, or a function']),
  ];
}

/** The forms that the SDK takes: with a scheme, `host:port`, `:port`. */
function isHost(host: unknown): boolean {
  if (typeof host !== 'string' || host === '') return false;
  const url = host.includes('://') ? host : `http://${host.startsWith(':') ? '127.0.0.1' : ''}${host}`;
  return URL.canParse(url);
}
