/** A picture in the question: who cannot see is not asked, and the plan says why. */
import Anthropic from '@anthropic-ai/sdk';
import { createRouter, type CompletionRequest } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { ollama } from 'failsoft/ollama';
import { anthropicEmulator, ollamaEmulator } from 'failsoft/testing';
import { Ollama } from 'ollama';

// Stand-ins, so that this runs without a key.
await using ollamaServer = await ollamaEmulator();
await using anthropicServer = await anthropicEmulator({ reply: 'A single red pixel.' });
const vault = { read: async (name: string) => `the key for ${name}` };
const local = new Ollama({ host: ollamaServer.url });
const claude = new Anthropic({ apiKey: await vault.read('anthropic'), baseURL: anthropicServer.url });

await using router = createRouter({
  models: {
    vision: [
      // What a vendor's model takes is known by family; for one of your own you say it.
      {
        id: 'local',
        provider: ollama({ client: local }),
        model: 'our-finetune',
        supports: { images: false },
      },
      { id: 'claude', provider: anthropic({ client: claude }), model: 'claude-sonnet-5' },
    ],
  },
});

// Bytes or base64, or `{ url }`, which goes to the vendor as it is; never a path.
const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==';
const request: CompletionRequest<'vision'> = {
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is in the picture?' },
        { type: 'image', data: Buffer.from(png, 'base64'), mediaType: 'image/png' },
      ],
    },
  ],
};

const { order, rejected } = router.plan(request);
console.log(
  'would ask',
  order.map(({ id }) => id),
);
console.log('would not', rejected);
console.log((await router.complete(request)).text);
