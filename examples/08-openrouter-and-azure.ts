/** Endpoints that speak OpenAI's language: Azure by its own client, OpenRouter and the like by a base URL. */
import { createRouter } from 'failsoft';
import { openai } from 'failsoft/openai';
import { openaiEmulator } from 'failsoft/testing';
import OpenAI, { AzureOpenAI } from 'openai';

// Stand-ins, so that this runs without a key. In production `https://<resource>.openai.azure.com` and
// `https://openrouter.ai`.
await using azureServer = await openaiEmulator({ faults: { kind: 'rate-limit', afterMs: 30_000 } });
await using openrouterServer = await openaiEmulator({ reply: 'Bonjour !' });
const vault = { read: async (name: string) => `the key for ${name}` };

const azure = new AzureOpenAI({
  endpoint: azureServer.url,
  apiKey: await vault.read('azure'),
  apiVersion: '2025-04-01-preview',
});
const openrouter = new OpenAI({
  apiKey: await vault.read('openrouter'),
  baseURL: `${openrouterServer.url}/api/v1`,
});

await using router = createRouter({
  models: {
    chat: [
      // On Azure the model is the name of your deployment. The provider's name is `azure` by itself.
      { id: 'azure-eu', provider: openai({ client: azure }), model: 'our-gpt-deployment', region: 'eu' },
      {
        id: 'openrouter',
        // A name tells it apart in events, logs and provider options.
        provider: openai({ client: openrouter, name: 'openrouter' }),
        model: 'mistralai/mistral-large',
        // Merged last into the body of this provider's requests, and of nobody else's.
        defaults: { providerOptions: { openrouter: { provider: { sort: 'throughput' } } } },
      },
    ],
  },
});

const reply = await router.complete({ messages: [{ role: 'user', content: 'Say hello in French.' }] });
console.log(`${reply.target.provider}: ${reply.text}`);
console.log(`azure-eu: ${router.health().targets['azure-eu']?.blockedReason}`);
console.log('sent to OpenRouter:', openrouterServer.requests[0]?.body['provider']);
