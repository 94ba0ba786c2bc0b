import { AzureOpenAI, OpenAI } from 'openai';
import { AzureOpenAI as AzureOpenAI6, OpenAI as OpenAI6 } from 'openai-6';
import { openai, type OpenAIOptions } from '../../../src/providers/openai/index.ts';
import type { Provider } from '../../../src/providers/provider.ts';

/** Both ends of what is supported. */
export const majors = [
  ['openai 7', { OpenAI, AzureOpenAI }],
  ['openai 6', { OpenAI: OpenAI6, AzureOpenAI: AzureOpenAI6 }],
] as const;

export type Major = (typeof majors)[number][1];

/** A provider of OpenAI's own address, the requests of which arrive on loopback. */
export function officialAt(url: string, options: Partial<OpenAIOptions> = {}): Provider {
  const redirected: typeof fetch = (input, init) =>
    fetch((input as string).replace('https://api.openai.com', url), init);
  return openai({ apiKey: 'sk-official', fetch: redirected, ...options } as OpenAIOptions);
}

/** A provider of a compatible endpoint by settings. */
export function compatibleAt(baseURL: string, options: Partial<OpenAIOptions> = {}): Provider {
  return openai({ apiKey: 'sk-compatible', baseURL, ...options } as OpenAIOptions);
}
