import type { ApiKey } from '../keys.ts';

/** Which of OpenAI's two surfaces serves a request. */
export type OpenAIApi = 'chat' | 'responses';

/**
 * The part of a client that is used: that of `OpenAI` and `AzureOpenAI` in every supported major, and of whatever wraps
 * them.
 */
export interface OpenAIClient {
  readonly baseURL?: string;
  readonly chat?: { readonly completions: { create(body: any, options?: any): any } };
  readonly responses?: { create(body: any, options?: any): any };
}

interface CommonOptions {
  /** Stands in `target.provider`, events and `providerState`. @default 'openai', 'azure' for an `AzureOpenAI` client */
  readonly name?: string;
  /**
   * Which surface is used. `auto` asks the Responses API where the endpoint is OpenAI's own (`api.openai.com` and its
   * regions, or the v1 surface of Azure) and the model reasons (o1 and later, gpt-5 and later but for the `-chat` ones),
   * is served only there (`-pro`, `-codex`, `-deep-research`, `computer-use`), or the request holds a file as URL; a
   * request with `stop` goes to Chat Completions, which alone has it. Every other endpoint gets Chat Completions:
   * `AzureOpenAI`, OpenRouter, LiteLLM, DeepSeek, Mistral, vLLM and their like. @default 'auto'
   */
  readonly api?: 'auto' | OpenAIApi;
}

/** A client that the host made. Its own retries are turned off request by request. */
export interface OpenAIClientOptions extends CommonOptions {
  readonly client: OpenAIClient;
  readonly apiKey?: undefined;
}

/** What a client is made from at the first call. Variables of the environment do not reach it. */
export interface OpenAISettings extends CommonOptions {
  readonly client?: undefined;
  /** The key, or a function that fetches it. */
  readonly apiKey: ApiKey;
  /** With its version: `https://openrouter.ai/api/v1`. @default 'https://api.openai.com/v1' */
  readonly baseURL?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default the platform's */
  readonly fetch?: typeof fetch;
}

/** A client of the host's, or settings for one of our own. */
export type OpenAIOptions = OpenAIClientOptions | OpenAISettings;

export const defaultBaseURL = 'https://api.openai.com/v1';

const knownOptions = ['client', 'apiKey', 'baseURL', 'headers', 'fetch', 'name', 'api'];
const settingsOnly = ['apiKey', 'baseURL', 'headers', 'fetch'] as const;

/** Every fault of the options, as a line each. */
export function problemsOf(options: OpenAIOptions): string[] {
  const given = options as unknown as Record<string, unknown>;
  const problems = Object.keys(given)
    .filter((key) => !knownOptions.includes(key))
    .map((key) => `unknown option "${key}"; known are ${knownOptions.join(', ')}`);
  if (given['api'] !== undefined && !['auto', 'chat', 'responses'].includes(given['api'] as string)) {
    problems.push(`api: expected 'auto', 'chat' or 'responses', got ${JSON.stringify(given['api'])}`);
  }
  return given['client'] === undefined
    ? [...problems, ...settingsProblems(given)]
    : [...problems, ...clientProblems(given, options.client as OpenAIClient, options.api)];
}

function settingsProblems(given: Record<string, unknown>): string[] {
  const { apiKey, baseURL } = given;
  const problems: string[] = [];
  const isKey = typeof apiKey === 'function' || (typeof apiKey === 'string' && apiKey !== '');
  if (!isKey) problems.push('expected a client, or an apiKey that is a string or a function');
  if (baseURL !== undefined && (typeof baseURL !== 'string' || !URL.canParse(baseURL))) {
    problems.push('baseURL: expected an absolute URL');
  }
  return problems;
}

function clientProblems(
  given: Record<string, unknown>,
  client: OpenAIClient | null,
  api: CommonOptions['api'],
): string[] {
  const problems = settingsOnly
    .filter((key) => given[key] !== undefined)
    .map((key) => `${key}: belongs to the settings form and has no effect beside a client`);
  if (api !== 'responses' && typeof client?.chat?.completions?.create !== 'function') {
    problems.push('client: expected an OpenAI client with chat.completions.create');
  }
  if (api === 'responses' && typeof client?.responses?.create !== 'function') {
    problems.push('client: expected an OpenAI client with responses.create');
  }
  return problems;
}
