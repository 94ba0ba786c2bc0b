/** The clients that a service already has keep their settings; only their own retries are off, request by request. */
import { GoogleGenAI } from '@google/genai';
import { createRouter } from 'failsoft';
import { google } from 'failsoft/google';
import { openai } from 'failsoft/openai';
import { geminiEmulator, openaiEmulator } from 'failsoft/testing';
import OpenAI from 'openai';

// Stand-ins, so that this runs without a key.
await using openaiServer = await openaiEmulator({ faults: 'server-error' });
await using geminiServer = await geminiEmulator({ reply: 'Here to help.' });
const vault = { read: async (name: string) => `the key for ${name}` };

// As they stand in the service today.
const gpt = new OpenAI({
  apiKey: await vault.read('openai'),
  baseURL: `${openaiServer.url}/v1`,
  maxRetries: 5,
  defaultHeaders: { 'x-team': 'support' },
});
const gemini = new GoogleGenAI({
  apiKey: await vault.read('google'),
  httpOptions: { baseUrl: geminiServer.url, headers: { 'x-team': 'support' } },
});

await using router = createRouter({
  models: {
    chat: [
      { provider: openai({ client: gpt }), model: 'gpt-5.2' },
      { provider: google({ client: gemini }), model: 'gemini-2.5-flash' },
    ],
  },
});

const reply = await router.complete({ messages: [{ role: 'user', content: 'Anybody there?' }] });
console.log(`${reply.target.id}: ${reply.text}`);
// Five retries with growing waits would have kept the caller waiting; moving on took one request.
console.log(`requests that OpenAI saw: ${openaiServer.counters.requests}`);
console.log(`x-team at Google: ${String(geminiServer.requests[0]?.headers['x-team'])}`);
// The client goes on working as before for the rest of the service, retries and all.
console.log(`maxRetries of the client: ${gpt.maxRetries}`);
