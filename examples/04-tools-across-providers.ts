/** A tool over two turns. The vendor that asked for it is gone when the result is there; another one ends the job. */
import Anthropic from '@anthropic-ai/sdk';
import { createRouter, type Message, type Tool } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';
import { anthropicEmulator, openaiEmulator } from 'failsoft/testing';
import OpenAI from 'openai';
import { z } from 'zod';

// Stand-ins, so that this runs without a key.
const toolCalls = [{ name: 'weather', arguments: { city: 'Oslo' } }];
await using openaiServer = await openaiEmulator({ reply: { toolCalls } });
await using anthropicServer = await anthropicEmulator({ reply: 'In Oslo it snows, at -3 °C. Take a coat.' });
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

const place = z.object({ city: z.string() });
const tools: Tool[] = [{ name: 'weather', description: 'The weather in a city, now.', parameters: place }];
const messages: Message[] = [{ role: 'user', content: 'Do I need a coat in Oslo?' }];

const first = await router.complete({ messages, tools });
messages.push(first.message);
// The router never runs a tool: what a model may do is for your code to decide.
for (const call of first.toolCalls) {
  const { city } = place.parse(call.arguments);
  console.log(`${first.target.id} asks for ${call.name}(${city})`);
  const content = JSON.stringify({ city, snow: true, celsius: -3 });
  messages.push({ role: 'tool', content: [{ type: 'tool-result', toolCallId: call.id, content }] });
}

await openaiServer.fault('refuse');

// The history that one vendor wrote is made valid for the other: ids, roles, private state.
const second = await router.complete({ messages, tools });
console.log(`${second.target.id} answers: ${second.text}`);
