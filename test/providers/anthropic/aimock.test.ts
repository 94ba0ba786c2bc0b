import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anthropic } from '../../../src/providers/anthropic/index.ts';
import { eventsOf, failureOf, summaryOf } from './support.ts';

const mock = new LLMock({ port: 0, chunkSize: 3 });

beforeAll(async () => {
  mock.onMessage('Hello', { content: 'Hello yourself, wörld.' });
  mock.onMessage('Weather', { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] });
  mock.onMessage('Limit', {
    error: { message: 'slow down', type: 'rate_limit_error' },
    status: 429,
    retryAfter: 3,
  });
  mock.onMessage('Cut', { content: 'This one will not be whole.' }, { truncateAfterChunks: 3, latency: 5 });
  await mock.start();
});
afterAll(() => mock.stop());

const tools = [{ name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }];
const asking = (content: string) => ({ messages: [{ role: 'user', content }] as const });

describe.each([false, true])('the mock server of aimock (unary: %s)', (unary) => {
  const provider = () => anthropic({ apiKey: 'k', baseURL: mock.url });

  it('is understood', async () => {
    const summary = summaryOf(await eventsOf(provider(), asking('Hello'), { unary }));
    expect(summary).toMatchObject({ text: 'Hello yourself, wörld.', finishReason: 'stop' });
  });

  it('calls tools', async () => {
    const summary = summaryOf(await eventsOf(provider(), { ...asking('Weather'), tools }, { unary }));
    expect(summary.toolCalls).toMatchObject([{ name: 'weather', arguments: { city: 'Oslo' } }]);
    expect(summary.finishReason).toBe('tool-calls');
  });

  it('limits rates', async () => {
    const failure = await failureOf(provider(), asking('Limit'), { unary });
    expect(failure).toMatchObject({ kind: 'rate-limit', status: 429, retryAfterMs: 3_000 });
  });
});

it('cuts a stream, which is no answer', async () => {
  const { kind } = await failureOf(anthropic({ apiKey: 'k', baseURL: mock.url }), asking('Cut'));
  expect(['network', 'invalid-response']).toContain(kind);
});
