/** What an operator sees and can do: read the health, take a target out, ask it by hand, take it back. */
import Anthropic from '@anthropic-ai/sdk';
import { createRouter } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';
import { anthropicEmulator, openaiEmulator } from 'failsoft/testing';
import OpenAI from 'openai';

// Stand-ins, so that this runs without a key.
await using openaiServer = await openaiEmulator();
await using anthropicServer = await anthropicEmulator();
const vault = { read: async (name: string) => `the key for ${name}` };
const gpt = new OpenAI({ apiKey: await vault.read('openai'), baseURL: `${openaiServer.url}/v1` });
const claude = new Anthropic({ apiKey: await vault.read('anthropic'), baseURL: anthropicServer.url });

await using router = createRouter({
  models: {
    chat: [
      { id: 'gpt', provider: openai({ client: gpt }), model: 'gpt-5.2' },
      { id: 'claude', provider: anthropic({ client: claude }), model: 'claude-sonnet-5', degraded: true },
    ],
  },
});
const ask = () => router.complete({ messages: [{ role: 'user', content: 'Hello' }] });
const show = (when: string) => {
  const { models, targets } = router.health();
  const rows = Object.entries(targets).map(
    ([id, target]) => `${id} ${target.blockedReason ?? target.breaker}`,
  );
  console.log(`${when}: chat is ${models['chat']?.state} (${rows.join(', ')})`);
};

show('at first');
console.log(`answered by ${(await ask()).target.id}`);

// Calls in flight finish, unless `cut: true`; `forMs` would bring it back by itself.
router.disable('gpt', { reason: 'invoice in dispute' });
show('disabled');
console.log(`answered by ${(await ask()).target.id}`);

// One small request, whatever the state of the target; its health learns from the answer.
console.log('probe finds it', (await router.probe('gpt'))['gpt']?.ok ? 'well' : 'down');
router.enable('gpt');
show('enabled');
