/** A game day: a share of live calls is made to fail, one kind of fault at a time, until all is seen or a caller is hurt. */
import Anthropic from '@anthropic-ai/sdk';
import { createRouter, type RouterEvent } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';
import { anthropicEmulator, openaiEmulator, withFaults, type ProviderFault } from 'failsoft/testing';
import OpenAI from 'openai';

// Stand-ins, so that this runs without a key.
await using openaiServer = await openaiEmulator({ reply: 'All is well here.' });
await using anthropicServer = await anthropicEmulator({ reply: 'All is well here.' });
const vault = { read: async (name: string) => `the key for ${name}` };
const gptClient = new OpenAI({ apiKey: await vault.read('openai'), baseURL: `${openaiServer.url}/v1` });
const claude = new Anthropic({ apiKey: await vault.read('anthropic'), baseURL: anthropicServer.url });

// In production from its first day on: it is the provider as it is, until somebody says otherwise.
const gpt = withFaults(openai({ client: gptClient }), { rate: 0 });

/** The drill under way; what it struck, by the id of the call. */
const drill = { struck: new Map<string, string>(), failovers: 0, hurt: 0 };

/** Ends the drill as soon as one caller has no answer: nobody has to be quick. */
function watch(event: RouterEvent): void {
  if (event.type === 'failover') drill.failovers += 1;
  if (event.type !== 'call' || event.outcome === 'answer' || event.outcome === 'aborted') return;
  drill.hurt += 1;
  gpt.fault(null);
}

await using router = createRouter({
  models: {
    chat: [
      { id: 'gpt', provider: gpt, model: 'gpt-5.2' },
      { id: 'claude', provider: anthropic({ client: claude }), model: 'claude-sonnet-5' },
    ],
  },
  stream: { recovery: 'continue' },
  observers: [watch],
});

const steps: Record<string, ProviderFault> = {
  'slow by 50 ms': { kind: 'slow', firstMs: 50 },
  'cut in mid-answer': { kind: 'cut', after: 2 },
  'a server error': { kind: 'fail', failure: 'server-error' },
};
for (const [name, fault] of Object.entries(steps)) {
  Object.assign(drill, { struck: new Map(), failovers: 0, hurt: 0 });
  gpt.fault({
    rate: 0.2, // in production: 0.01
    faults: [fault],
    only: ({ scope }) => scope !== 'gold', // whom it must not meet
    forMs: 600_000, // ends by itself, should nobody end it
    onFault: (_fault, { callId = '' }) => drill.struck.set(callId, name),
  });
  const scopes = Array.from({ length: 100 }, (_, number) => (number % 4 === 0 ? 'gold' : 'others'));
  await Promise.all(
    scopes.map((scope) => router.stream({ scope, messages: [{ role: 'user', content: 'Hi' }] }).completion),
  );
  gpt.fault(null); // whoever is stalled or slowed now goes on
  const { breaker, share = 1 } = router.health().targets['gpt'] ?? {};
  const { struck, failovers, hurt } = drill;
  console.log(
    `${name}: ${struck.size} of 100 calls struck, ${failovers} failovers, ${hurt} callers hurt; breaker ${breaker}, share ${share.toFixed(2)}`,
  );
  if (breaker !== 'closed' || share < 1)
    console.log('  on the day itself the next step waits until the breaker is closed and share is 1');
}
