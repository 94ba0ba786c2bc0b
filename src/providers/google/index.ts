import { isObject, notKnown } from '../../core/check.ts';
import type { Provider } from '../provider.ts';
import { eventsOf, streamOf } from '../sink.ts';
import { noOptions, settingsProblems } from '../settings-problems.ts';
import { askFor, type Connect, type Connection } from './answer.ts';
import { refusalOf } from './body.ts';
import { familyOf } from './families.ts';
import { genaiTransport, type GenAIClient } from './genai.ts';
import { generativeAITransport, type GenerativeAIClient } from './generative-ai.ts';
import { ownConnection, type GoogleSettings, type OwnConnection } from './settings.ts';
import { classifyThrown } from './thrown.ts';
import type { Route } from './wire.ts';

export type { ApiKey, ExpiringKey } from '../keys.ts';
export type { GenAIClient } from './genai.ts';
export type { GenerativeAIClient } from './generative-ai.ts';
export type { GoogleSettings } from './settings.ts';

/** A client that the host made: `GoogleGenAI`, also on Vertex, or `GoogleGenerativeAI`. */
export type GoogleClient = GenAIClient | GenerativeAIClient;

/** A client of the host's. What was set on it holds, but for its retries. */
export interface GoogleClientOptions {
  readonly client: GoogleClient;
  /** Stands in `target.provider`, events and `providerState`. @default 'google', or 'vertex' for a client on Vertex */
  readonly name?: string | undefined;
}

/** Settings, from which failsoft makes the client. */
export interface GoogleSettingsOptions extends GoogleSettings {
  /** @default 'google' */
  readonly name?: string | undefined;
}

/** A client of the host's, or settings for one of our own. */
export type GoogleOptions = GoogleClientOptions | GoogleSettingsOptions;

const knownOptions = new Set(['client', 'name', 'apiKey', 'baseURL', 'headers', 'fetch', 'sdk']);

/**
 * Gemini, through `@google/genai` (2 and 3, also on Vertex) or `@google/generative-ai` (0.24).
 *
 * Throws nothing: what is wrong with the options is reported by `createRouter`, with all other faults.
 *
 * @example
 * google({ apiKey: () => vault.read('google') });
 * google({ client: new GoogleGenAI({ vertexai: true, project: 'my-project', location: 'europe-west4' }) });
 */
export function google(given: GoogleOptions): Provider {
  const options = (isObject(given) ? given : {}) as GoogleOptions;
  const { client, apiKey } = options as Partial<GoogleClientOptions & GoogleSettingsOptions>;
  const problems = problemsOf(given);
  const own = apiKey === undefined || client ? undefined : ownConnection(options as GoogleSettings);
  const route: Route = (client as GenAIClient | undefined)?.vertexai ? 'vertex' : 'gemini';
  const connect: Connect = own ? own.connect : hostConnection(client);
  const askStreamed = askFor(connect, 'stream');
  const askWhole = askFor(connect, 'complete');
  return {
    name: options.name ?? (route === 'vertex' ? 'vertex' : 'google'),
    kind: 'google',
    problems: [...problems, ...(own?.problems ?? [])],
    stream: (call) => streamOf(call, askStreamed),
    complete: (call) => eventsOf(call, askWhole),
    classify: classifyThrown,
    supports: (model) => familyOf(model, route).supports,
    refuses: (model, request) => refusalOf(model, route, request),
    secrets: () => own?.ring.secrets() ?? secretsOf(client),
    ...(own ? keyMethods(own, options as GoogleSettingsOptions) : {}),
  };
}

function keyMethods({ ring }: OwnConnection, options: GoogleSettingsOptions): Partial<Provider> {
  return {
    refreshKey: ring.refresh,
    setKey: (key) => ring.set(key),
    withKey: (apiKey) => google({ ...options, apiKey }),
    keyVersion: () => ring.version(),
  };
}

function problemsOf(options: GoogleOptions): string[] {
  const mistaken = noOptions('google', options, (given) => isGenAI(given) || isGenerativeAI(given));
  if (mistaken) return [mistaken];
  const { client, apiKey } = options as Partial<GoogleClientOptions & GoogleSettingsOptions>;
  const problems = Object.keys(options)
    .filter((key) => !knownOptions.has(key))
    .map((key) => `${key} ${notKnown(key, [...knownOptions])}`);
  if (client && apiKey !== undefined) problems.push('client and apiKey: expected one of the two, got both');
  if (!client && apiKey === undefined)
    problems.push('client or apiKey: expected one of the two, got neither');
  if (client) problems.push(...problemsOfClient(options));
  else problems.push(...settingsProblems(options as GoogleSettingsOptions));
  return problems;
}

function problemsOfClient(options: GoogleOptions): string[] {
  const { client, ...rest } = options as GoogleClientOptions;
  const problems = ['baseURL', 'headers', 'fetch', 'sdk']
    .filter((key) => key in rest)
    .map((key) => `${key}: belongs to the settings; beside client it is set on the client`);
  if (!isGenAI(client) && !isGenerativeAI(client)) {
    problems.push(
      'client: expected a GoogleGenAI (models.generateContentStream) or a GoogleGenerativeAI (getGenerativeModel)',
    );
  }
  return problems;
}

function isGenAI(client: unknown): client is GenAIClient {
  const models = (client as Partial<GenAIClient> | null | undefined)?.models;
  return typeof models?.generateContentStream === 'function';
}

function isGenerativeAI(client: unknown): client is GenerativeAIClient {
  return typeof (client as Partial<GenerativeAIClient> | null | undefined)?.getGenerativeModel === 'function';
}

function hostConnection(client: GoogleClient | undefined): Connect {
  let connection: Connection | undefined;
  return () => {
    connection ??= {
      transport: isGenAI(client)
        ? genaiTransport(client)
        : generativeAITransport(client as GenerativeAIClient),
      headers: {},
    };
    return connection;
  };
}

function secretsOf(client: GoogleClient | undefined): string[] {
  const { apiKey } = (client ?? {}) as { apiKey?: unknown };
  return typeof apiKey === 'string' ? [apiKey] : [];
}
