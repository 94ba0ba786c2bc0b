export { openai } from './openai.ts';
export type {
  OpenAIApi,
  OpenAIClient,
  OpenAIClientOptions,
  OpenAIOptions,
  OpenAISettings,
} from './options.ts';
export type { ApiKey, ExpiringKey } from '../keys.ts';
