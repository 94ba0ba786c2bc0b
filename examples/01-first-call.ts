/** One call, two vendors. The first one is overloaded, and the caller does not notice. */
import Anthropic from '@anthropic-ai/sdk';
import { createRouter } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';
import { anthropicEmulator, openaiEmulator } from 'failsoft/testing';
import OpenAI from 'openai';

// Stand-ins, so that this runs without a key. In production there is your secret store, and no `baseURL`.
await using openaiServer = await openaiEmulator({ faults: 'overloaded' });
await using anthropicServer = await anthropicEmulator({ reply: 'Hello! What are we building today?' });
const vault = { read: async (name: string) => `the key for ${name}` };

const gpt = new OpenAI({ apiKey: await vault.read('openai'), baseURL: `${openaiServer.url}/v1` });
const claude = new Anthropic({ apiKey: await vault.read('anthropic'), baseURL: anthropicServer.url });

await using router = createRouter({
  models: {
    // What callers ask for is called `chat`; who serves it is asked in this order.
    chat: [
      { id: 'gpt', provider: openai({ client: gpt }), model: 'gpt-5.2' },
      { id: 'claude', provider: anthropic({ client: claude }), model: 'claude-sonnet-5' },
    ],
  },
});

const reply = await router.complete({ model: 'chat', messages: [{ role: 'user', content: 'Hello' }] });

console.log(reply.text);
console.log(`answered by ${reply.target.id} (${reply.target.model}), ${reply.usage.totalTokens} tokens`);
for (const { target, failure } of reply.attempts) console.log(`- ${target}: ${failure?.kind ?? 'answered'}`);
