import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openai } from '../../../src/providers/openai/index.ts';
import { majors } from './clients.ts';
import { callOf, run } from './loopback.ts';

const mock = new LLMock({ port: 0, chunkSize: 3 });

beforeAll(async () => {
  mock.onMessage('Hello', { content: 'Hello yourself, wörld.' });
  mock.onMessage('Weather', { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] });
  const error = { message: 'slow down', type: 'rate_limit_error' };
  mock.onMessage('Limit', { error, status: 429, retryAfter: 3 });
  await mock.start();
});
afterAll(() => mock.stop());

const tools = [{ name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }];

describe.each(majors)('the mock server of aimock by %s', (_, { OpenAI }) => {
  describe.each(['chat', 'responses'] as const)('at %s', (api) => {
    const ask = (prompt: string, transport: string) => {
      const client = new OpenAI({ apiKey: 'key', baseURL: `${mock.url}/v1` });
      const messages = [{ role: 'user' as const, content: prompt }];
      return run(openai({ client, api }), callOf({ messages, tools }), transport);
    };

    it.each(['stream', 'unary'])('is understood by %s', async (transport) => {
      expect(await ask('Hello', transport)).toMatchObject({
        text: 'Hello yourself, wörld.',
        finishReason: 'stop',
        failure: undefined,
      });
    });

    it.each(['stream', 'unary'])('calls tools by %s', async (transport) => {
      const { toolCalls, failure } = await ask('Weather', transport);
      expect(failure).toBeUndefined();
      expect(toolCalls).toMatchObject([{ name: 'weather', arguments: { city: 'Oslo' } }]);
    });

    it('limits rates', async () => {
      const { failure } = await ask('Limit', 'stream');
      expect(failure).toMatchObject({ kind: 'rate-limit', status: 429, retryAfterMs: 3000 });
    });
  });
});
