import type { OpenAIClient } from './options.ts';

/**
 * Whose server answers, as far as its address tells: OpenAI's own and Azure's v1 surface (`openai`), Azure's older one
 * (`azure`), OpenRouter, Mistral, or any other that speaks the same format.
 */
export type Endpoint = 'openai' | 'azure' | 'openrouter' | 'mistral' | 'compatible';

const azureHost = /\.(openai\.azure\.(com|us|cn)|cognitiveservices\.azure\.com|services\.ai\.azure\.com)$/;

/** Reads the endpoint from a client; one that does not tell its address is taken as a compatible one. */
export function endpointOf(client: OpenAIClient): Endpoint {
  if (isAzureClient(client)) return 'azure';
  return endpointAt(typeof client.baseURL === 'string' ? client.baseURL : '');
}

export function endpointAt(baseURL: string): Endpoint {
  if (!URL.canParse(baseURL)) return 'compatible';
  const { hostname, pathname } = new URL(baseURL);
  if (hostname === 'api.openai.com' || hostname.endsWith('.api.openai.com')) return 'openai';
  if (azureHost.test(hostname)) return /\/v1\/?$/.test(pathname) ? 'openai' : 'azure';
  if (hostname.endsWith('openrouter.ai')) return 'openrouter';
  return hostname.endsWith('mistral.ai') ? 'mistral' : 'compatible';
}

/** By shape, since every build of the SDK has a class of its own. */
export function isAzureClient(client: OpenAIClient): boolean {
  return 'apiVersion' in client || 'deploymentName' in client || client.constructor?.name === 'AzureOpenAI';
}
