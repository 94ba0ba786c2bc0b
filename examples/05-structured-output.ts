/** An object instead of prose. A reply that does not fit the schema is a failure, and the next target is asked. */
import { createRouter } from 'failsoft';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import { ollamaEmulator, openaiEmulator } from 'failsoft/testing';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { z } from 'zod';

// Stand-ins, so that this runs without a key. The small model forgets a field.
await using ollamaServer = await ollamaEmulator({ reply: { object: { vendor: 'Nordlys AS' } } });
await using openaiServer = await openaiEmulator({
  reply: { object: { vendor: 'Nordlys AS', totalCents: 129_900, currency: 'NOK' } },
});
const vault = { read: async (name: string) => `the key for ${name}` };
const local = new Ollama({ host: ollamaServer.url });
const gpt = new OpenAI({ apiKey: await vault.read('openai'), baseURL: `${openaiServer.url}/v1` });

await using router = createRouter({
  models: {
    extract: [
      { id: 'local', provider: ollama({ client: local }), model: 'llama3.3' },
      { id: 'gpt', provider: openai({ client: gpt }), model: 'gpt-5.2' },
    ],
  },
});

const reply = await router.complete({
  model: 'extract',
  system: 'Read the invoice.',
  messages: [{ role: 'user', content: 'Nordlys AS, to pay: 1 299,00 NOK' }],
  schema: z.object({ vendor: z.string(), totalCents: z.int(), currency: z.enum(['NOK', 'EUR']) }),
});

// Parsed, validated, and typed by the schema.
const { vendor, totalCents, currency } = reply.object;
console.log(`${vendor}: ${(totalCents / 100).toFixed(2)} ${currency}`);
console.log(`${reply.attempts[0]?.target} was asked first: ${reply.attempts[0]?.failure?.message}`);
