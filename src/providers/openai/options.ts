import {
  aFunction,
  all,
  anything,
  describeProblem,
  fault,
  isFunction,
  isString,
  mapOf,
  must,
  name,
  object,
  oneOf,
  problemsOf as faultsOf,
  string,
  when,
  type Rule,
} from '../../core/check.ts';
import { each } from '../../core/each.ts';
import type { ApiKey } from '../keys.ts';
import { baseURLRule, noOptions } from '../settings-problems.ts';

/** Which of OpenAI's two surfaces serves a request. */
export type OpenAIApi = 'chat' | 'responses';

/**
 * The part of a client that is used: that of `OpenAI` and `AzureOpenAI` in every supported major, and of whatever wraps
 * them.
 */
export interface OpenAIClient {
  readonly baseURL?: string | undefined;
  readonly chat?: { readonly completions: { create(body: any, options?: any): any } } | undefined;
  readonly responses?: { create(body: any, options?: any): any } | undefined;
}

interface CommonOptions {
  /** Stands in `target.provider`, events and `providerState`. @default 'openai', 'azure' for an `AzureOpenAI` client */
  readonly name?: string | undefined;
  /**
   * Which surface is used. `auto` asks the Responses API where the endpoint is OpenAI's own (`api.openai.com` and its
   * regions, or the v1 surface of Azure) and the model reasons (o1 and later, gpt-5 and later but for the `-chat` ones),
   * is served only there (`-pro`, `-codex`, `-deep-research`, `computer-use`), or the request holds a file as URL; a
   * request with `stop` goes to Chat Completions, which alone has it. Every other endpoint gets Chat Completions:
   * `AzureOpenAI`, OpenRouter, LiteLLM, DeepSeek, Mistral, vLLM and their like. @default 'auto'
   */
  readonly api?: 'auto' | OpenAIApi | undefined;
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
  readonly baseURL?: string | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** @default the platform's */
  readonly fetch?: typeof fetch | undefined;
}

/** A client of the host's, or settings for one of our own. */
export type OpenAIOptions = OpenAIClientOptions | OpenAISettings;

export const defaultBaseURL = 'https://api.openai.com/v1';

const common = { name, api: oneOf(['auto', 'chat', 'responses']) };
const settingsRule = object(
  {
    ...common,
    baseURL: baseURLRule,
    headers: mapOf(string),
    fetch: aFunction,
  },
  {
    apiKey: must(
      'expected a client, or an apiKey that is a string or a function',
      (value) => isFunction(value) || (isString(value) && value !== ''),
    ),
  },
);

const noSetting = must('belongs to the settings form and has no effect beside a client', () => false);
const clientFields = object({
  ...common,
  client: anything,
  ...each('apiKey baseURL headers fetch', noSetting),
});
const clientMethod: Rule = (options) => {
  const { client, api } = options as OpenAIClientOptions;
  const [resource, method] =
    api === 'responses'
      ? [client?.responses, 'responses.create']
      : [client?.chat?.completions, 'chat.completions.create'];
  return typeof resource?.create === 'function'
    ? []
    : fault(`expected an OpenAI client with ${method}`, '.client');
};

const optionsRule = when(
  (options) => (options as OpenAIOptions | undefined)?.client === undefined,
  settingsRule,
  all(clientFields, clientMethod),
);

/** Every fault of the options, as a line each. */
export function problemsOf(options: OpenAIOptions): string[] {
  const mistaken = noOptions('openai', options, isClient);
  return mistaken ? [mistaken] : faultsOf(optionsRule, options).map(describeProblem);
}

function isClient({ chat, responses }: Readonly<Record<string, any>>): boolean {
  return isFunction(chat?.completions?.create) || isFunction(responses?.create);
}
