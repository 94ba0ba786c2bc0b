import type { ApiKey } from '../keys.ts';
import type { OllamaClient } from './client.ts';

/** A client that the host has made. */
export interface OllamaClientOptions {
  /** An `Ollama` of the package `ollama` 0.6, or anything with its `chat`. */
  readonly client: OllamaClient;
  /** Stands in `target.provider`, events and `providerState`. @default 'ollama' */
  readonly name?: string | undefined;
}

/** Settings from which a client is made at the first call. */
export interface OllamaSettings {
  /** @default 'http://127.0.0.1:11434' */
  readonly host?: string | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** @default the global one at the time of the call */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** For ollama.com or a proxy: sent as a bearer token. No environment variable is read. */
  readonly apiKey?: ApiKey | undefined;
  /** Stands in `target.provider`, events and `providerState`. @default 'ollama' */
  readonly name?: string | undefined;
}

/** A client of the host's, or settings for one of our own. */
export type OllamaOptions = OllamaClientOptions | OllamaSettings;
