import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { google } from '../../../src/providers/google/index.ts';
import { callOf, completed, eventsIn, hostClients, streamed, textIn } from './clients.ts';

const mock = new LLMock({ port: 0, chunkSize: 3 });

beforeAll(async () => {
  mock.onMessage('Hello', { content: 'Hello yourself, wörld.' });
  mock.onMessage('Weather', { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] });
  mock.onMessage('Limit', {
    error: { message: 'slow down', type: 'rate_limit_error' },
    status: 429,
    retryAfter: 3,
  });
  await mock.start();
});
afterAll(() => mock.stop());

// A client of version 3 asks v1 by default, which the mock does not know; settings ask v1beta.
const clients = [
  ['settings', (baseURL: string) => google({ apiKey: 'key', baseURL })] as const,
  ...hostClients.slice(1),
];

describe.each(clients)('the mock server of aimock through %s', (_, providerAt) => {
  it.each([
    ['streamed', streamed],
    ['whole', completed],
  ])('is understood: %s', async (_, ask) => {
    const provider = providerAt(mock.url);
    const { events, failure } = await ask(provider, callOf());
    expect(failure).toBeUndefined();
    expect(textIn(events)).toBe('Hello yourself, wörld.');
    expect(events.at(-1)).toMatchObject({ type: 'finish', finishReason: 'stop' });
  });

  it.each([
    ['streamed', streamed],
    ['whole', completed],
  ])('calls tools: %s', async (_, ask) => {
    const tools = [
      { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    ];
    const messages = [{ role: 'user', content: 'Weather' }] as const;
    const { events } = await ask(providerAt(mock.url), callOf({ messages, tools }));
    expect(eventsIn(events, 'tool-call')).toMatchObject([{ name: 'weather', arguments: { city: 'Oslo' } }]);
  });

  it('limits rates', async () => {
    const { failure } = await streamed(
      providerAt(mock.url),
      callOf({ messages: [{ role: 'user', content: 'Limit' }] }),
    );
    expect(failure).toMatchObject({ kind: 'rate-limit', status: 429 });
  });
});
