import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRouter, type Provider } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { openai } from 'failsoft/openai';
import { errorOf } from '../behaviour/arrange.ts';

const apiKey = 'canary-key-7f3a9c';

async function serve(answer: (url: string) => { status: number; location?: string }) {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    const { status, location } = answer(request.url ?? '/');
    response.writeHead(status, location === undefined ? {} : { location }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('a redirect to another host', () => {
  it.each<[string, (baseURL: string) => Provider, string]>([
    ['openai', (baseURL) => openai({ apiKey, baseURL: `${baseURL}/v1` }), 'gpt-4.1'],
    ['anthropic', (baseURL) => anthropic({ apiKey, baseURL }), 'claude-sonnet-4-5'],
    ['google', (baseURL) => google({ apiKey, baseURL }), 'gemini-2.5-flash'],
  ])('takes neither key nor prompt along: %s', async (_name, make, model) => {
    const elsewhere = await serve(() => ({ status: 500 }));
    const vendor = await serve((path) => ({ status: 307, location: `${elsewhere.url}${path}` }));
    const router = createRouter({ models: { chat: [{ provider: make(vendor.url), model }] }, retry: 0 });
    const error = await errorOf(router.complete({ messages: [{ role: 'user', content: 'Hello' }] }));
    expect(vendor.requests).toHaveLength(1);
    expect(elsewhere.requests).toHaveLength(0);
    expect(error.failure).toMatchObject({ kind: 'unknown', status: 307 });
    await router.close({ graceMs: 0 });
  });
});
