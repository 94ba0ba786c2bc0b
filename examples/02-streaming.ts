/** The same as a stream: a vendor that accepts the request and then stays silent is left for the next one. */
import { GoogleGenAI } from '@google/genai';
import { createRouter } from 'failsoft';
import { google } from 'failsoft/google';
import { openai } from 'failsoft/openai';
import { geminiEmulator, openaiEmulator } from 'failsoft/testing';
import OpenAI from 'openai';

// Stand-ins, so that this runs without a key.
await using openaiServer = await openaiEmulator({ faults: 'stall-before-first-token' });
await using geminiServer = await geminiEmulator({
  reply: 'Rain on the tin roof, nobody hurries home.',
  tokenDelayMs: 50,
});
const vault = { read: async (name: string) => `the key for ${name}` };
const gpt = new OpenAI({ apiKey: await vault.read('openai'), baseURL: `${openaiServer.url}/v1` });
const gemini = new GoogleGenAI({
  apiKey: await vault.read('google'),
  httpOptions: { baseUrl: geminiServer.url },
});

await using router = createRouter({
  models: {
    chat: [
      { id: 'gpt', provider: openai({ client: gpt }), model: 'gpt-5.2' },
      { id: 'gemini', provider: google({ client: gemini }), model: 'gemini-2.5-flash' },
    ],
  },
  // How long to wait for the first word. The default of 10 s would be long to watch.
  timeouts: { firstTokenMs: 500 },
});

const stream = router.stream({ messages: [{ role: 'user', content: 'A haiku on rain, please.' }] });
for await (const text of stream.textStream) process.stdout.write(text);

const { target, attempts, finishReason } = await stream.completion;
console.log(
  `\n${finishReason} by ${target.id}; before it ${attempts[0]?.target}: ${attempts[0]?.failure?.message}`,
);
