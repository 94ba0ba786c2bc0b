import { expect, it } from 'vitest';
import { createRouter, isRouterError, type Provider } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';

const apiKey = 'any-key';
/** `fetch` sends nothing to the port of tcpmux. */
const blocked = 'http://127.0.0.1:1';

it.each<[string, Provider]>([
  ['openai', openai({ apiKey, baseURL: `${blocked}/v1` })],
  ['anthropic', anthropic({ apiKey, baseURL: blocked })],
  ['google', google({ apiKey, baseURL: blocked })],
  ['ollama', ollama({ host: blocked })],
])('a port that fetch blocks is named as the cause: %s', async (_, provider) => {
  const router = createRouter({ models: { chat: [{ provider, model: 'm' }] }, retry: 0 });
  const error: unknown = await router
    .complete({ messages: [{ role: 'user', content: 'Hi' }] })
    .catch((thrown: unknown) => thrown);
  expect(isRouterError(error) && error.failure).toMatchObject({
    kind: 'network',
    message: 'connection failed: bad port',
  });
});
