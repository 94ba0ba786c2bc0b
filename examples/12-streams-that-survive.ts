/** A vendor breaks off in mid-answer. With `restart` a page takes the text back; with `continue` the text just goes on. */
import Anthropic from '@anthropic-ai/sdk';
import { createRouter } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';
import { anthropicEmulator, openaiEmulator } from 'failsoft/testing';
import OpenAI from 'openai';
import { showAnswer } from './browser/show-answer.ts';

// Stand-ins, so that this runs without a key. The first one breaks off after five words; the second one, asked to go
// on, repeats the last words as it is told to.
const tale = 'The lamp had burned for a hundred years, and nobody on the island could say who lit it.';
await using openaiServer = await openaiEmulator({ reply: tale, faults: { kind: 'truncate', tokens: 5 } });
await using anthropicServer = await anthropicEmulator({
  reply: ({ prompt }) => (prompt.includes('broke off') ? tale : 'Once there was a lamp that never went out.'),
});
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
});

for (const recovery of ['restart', 'continue'] as const) {
  const request = { messages: [{ role: 'user' as const, content: 'Tell me a tale.' }] };
  const stream = router.stream(request, { stream: { recovery } });
  let shown = '';
  console.log(`${recovery}:`);
  // The server's part is `return stream.toResponse()`; this is the page's, without a network in between.
  await showAnswer(stream.toResponse(), {
    append: (text) => (shown += text),
    clear() {
      console.log(`  taken back: ${shown}`);
      shown = '';
    },
    finished: () => console.log(`  in the end: ${shown}`),
    failed: (message) => console.log(`  ${message}`),
  });
  const { segments, attempts } = await stream.completion;
  console.log(`  ${attempts.map(({ target, decision }) => `${target}: ${decision}`).join(', ')}`);
  for (const { target, text } of segments) console.log(`  ${target} wrote “${text}”`);
}
