import { createRouter, type CompletionRequest, type Provider, type Router, type Target } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import { expect, describe, it } from 'vitest';
import { isRouterError } from '../../src/core/errors.ts';
import { question } from './arrange.ts';

type Fetch = typeof fetch;
type Sent = Record<string, any>;

const vendors: Record<string, (fetch: Fetch) => Provider> = {
  openai: (fetch) => openai({ apiKey: 'k', fetch }),
  anthropic: (fetch) => anthropic({ apiKey: 'k', fetch }),
  google: (fetch) => google({ apiKey: 'k', fetch }),
  ollama: (fetch) => ollama({ fetch }),
};

/** What one target is sent, and the wishes that it does without. */
async function sentTo(vendor: string, target: Omit<Target, 'provider'>, request: Partial<CompletionRequest>) {
  const bodies: Sent[] = [];
  const recording: Fetch = async (_, init) => {
    bodies.push(JSON.parse(init?.body as string) as Sent);
    return new Response('{"error":{"message":"no"}}', {
      status: 500,
      headers: { 'content-type': 'application/json' },
    });
  };
  const provider = vendors[vendor]!(recording);
  const router: Router = createRouter({ models: { chat: [{ ...target, provider }] }, retry: 0 });
  const error: unknown = await router
    .complete({ ...question, ...request })
    .catch((thrown: unknown) => thrown);
  const attempts = isRouterError(error) ? error.attempts : [];
  return {
    body: bodies[0],
    ignored: attempts[0]?.ignored,
    code: isRouterError(error) ? error.code : undefined,
  };
}

const tools = [{ name: 'weather', parameters: { type: 'object', properties: {} } }];

describe('what the host states of a target wins over what is known of its model', () => {
  it.each<[string, string, Target['supports'], Partial<CompletionRequest>, (body: Sent) => unknown]>([
    ['openai', 'o3', { temperature: true }, { temperature: 0.5 }, (body) => body['temperature']],
    [
      'openai',
      'gpt-4.1',
      { reasoning: true },
      { reasoning: { effort: 'low' } },
      (body) => body['reasoning_effort'],
    ],
    [
      'anthropic',
      'claude-opus-5',
      { temperature: true },
      { temperature: 0.5 },
      (body) => body['temperature'],
    ],
    [
      'anthropic',
      'claude-2.1',
      { reasoning: true },
      { reasoning: { effort: 'low' } },
      (body) => body['thinking'],
    ],
    [
      'anthropic',
      'claude-opus-5-5',
      { toolChoice: true },
      { tools, toolChoice: 'required' },
      (body) => body['tool_choice']?.type === 'any',
    ],
    [
      'anthropic',
      'claude-opus-4-0',
      { schema: true },
      { schema: { type: 'object', properties: { a: { type: 'string' } } } },
      (body) => body['output_config']?.format,
    ],
    [
      'google',
      'gemini-2.0-flash',
      { reasoning: true },
      { reasoning: { effort: 'low' } },
      (body) => body['generationConfig']?.thinkingConfig?.thinkingBudget,
    ],
    ['ollama', 'llama3.1', { reasoning: true }, { reasoning: { effort: 'low' } }, (body) => body['think']],
  ])('%s, %s: %j', async (vendor, model, supports, request, found) => {
    const without = await sentTo(vendor, { model }, request);
    expect(without.body === undefined || !found(without.body) || without.ignored!.length > 0).toBe(true);
    const stated = await sentTo(vendor, { model, supports }, request);
    expect(found(stated.body!)).toBeTruthy();
    expect(stated.ignored).toEqual(request.reasoning && vendor === 'ollama' ? ['reasoning'] : []);
  });

  it.each(Object.keys(vendors))('also where %s is said not to take a wish', async (vendor) => {
    const request = { temperature: 0.5, seed: 5 };
    const supports = { temperature: false, seed: false };
    const { body, ignored } = await sentTo(vendor, { model: 'any', supports }, request);
    expect(JSON.stringify(body)).not.toMatch(/temperature|seed/);
    expect(ignored!.toSorted()).toEqual(['seed', 'temperature']);
  });

  it.each(['tools', 'images', 'files', 'schema', 'reasoning', 'stop'] as const)(
    'and makes it ineligible without %s, where the request has any',
    async (feature) => {
      const file = { data: 'AAAA', mediaType: 'image/png' };
      const requests: Record<typeof feature, Partial<CompletionRequest>> = {
        tools: { tools },
        images: { messages: [{ role: 'user', content: [{ type: 'image', ...file }] }] },
        files: { messages: [{ role: 'user', content: [{ type: 'file', ...file }] }] },
        schema: { schema: {} },
        reasoning: { reasoning: { effort: 'low' } },
        stop: { stop: 'END' },
      };
      const target = { model: 'any', supports: { [feature]: false } };
      expect(await sentTo('openai', target, requests[feature])).toMatchObject({
        body: undefined,
        code: 'no-eligible-target',
      });
      expect((await sentTo('openai', target, {})).body).toBeDefined();
    },
  );
});
