/** When nobody can answer: a few true words for the user, everything that happened for the operator. */
import Anthropic from '@anthropic-ai/sdk';
import { createRouter, isRouterError, logTo } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';
import { anthropicEmulator, openaiEmulator } from 'failsoft/testing';
import OpenAI from 'openai';

// Stand-ins, so that this runs without a key. One has run out of money, the other one limits.
await using openaiServer = await openaiEmulator({ faults: 'quota' });
await using anthropicServer = await anthropicEmulator({ faults: { kind: 'rate-limit', afterMs: 45_000 } });
const vault = { read: async (name: string) => `the key for ${name}` };
const gpt = new OpenAI({ apiKey: await vault.read('openai'), baseURL: `${openaiServer.url}/v1` });
const claude = new Anthropic({ apiKey: await vault.read('anthropic'), baseURL: anthropicServer.url });

await using router = createRouter({
  models: {
    chat: [
      { id: 'gpt', provider: openai({ client: gpt }), model: 'gpt-5.2' },
      { id: 'claude', provider: anthropic({ client: claude }), model: 'claude-sonnet-5' },
    ],
  },
  // One line for each decision, or any function of the event: no prompt, answer or key is in one.
  observers: [logTo(console)],
});

try {
  await router.complete({ messages: [{ role: 'user', content: 'Are you there?' }] });
} catch (error) {
  if (!isRouterError(error)) throw error;
  console.log('\nfor the operator, one row for each attempt:');
  console.log(String(error));
  // Plain JSON without provider, model, host, key or prompt: safe to hand to anybody.
  console.log('\nfor the user:');
  console.log(JSON.stringify(error.toPublic(), undefined, 2));
}
