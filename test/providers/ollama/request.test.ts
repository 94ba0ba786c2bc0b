import { expect, it, describe } from 'vitest';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import { ollama } from '../../../src/providers/ollama/index.ts';
import { callOf, eventsIn, streamed } from './calls.ts';

const last = '{"message":{"role":"assistant","content":"Hi"},"done":true,"done_reason":"stop"}\n';

/** What a request becomes on the wire, and what came back of it. */
async function sent(
  request: Partial<ProviderRequest>,
  model = 'llama3.3',
  headers: Record<string, string> = {},
) {
  const requests: { url: string; headers: Record<string, string>; body: any }[] = [];
  const fetch = (async (url: string, init: { headers: Record<string, string>; body: string }) => {
    requests.push({ url, headers: init.headers, body: JSON.parse(init.body) });
    return new Response(last);
  }) as unknown as typeof globalThis.fetch;
  const provider = ollama({ fetch });
  const outcome = await streamed(provider, callOf(request, { model, headers }));
  return { ...requests[0]!, count: requests.length, ...outcome, provider };
}

const tools = [{ name: 'weather', description: 'Tells it', parameters: { type: 'object' }, strict: true }];

describe('a request', () => {
  it('asks that nothing be cut off, in one shape', async () => {
    const { url, body } = await sent({ system: 'Be brief', contextWindow: 8192, maxTokens: 50 });
    expect(url).toBe('http://127.0.0.1:11434/api/chat');
    expect(body).toEqual({
      model: 'llama3.3',
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'Hello' },
      ],
      stream: true,
      truncate: false,
      shift: false,
      options: { num_ctx: 8192, num_predict: 50 },
    });
  });

  it('carries wishes by the names of the server', async () => {
    const { body, events } = await sent({
      temperature: 0.1,
      topP: 0.2,
      topK: 3,
      seed: 4,
      presencePenalty: 0.5,
      frequencyPenalty: 0.6,
      stop: ['END'],
      parallelToolCalls: true,
    });
    expect(body.options).toEqual({
      temperature: 0.1,
      top_p: 0.2,
      top_k: 3,
      seed: 4,
      presence_penalty: 0.5,
      frequency_penalty: 0.6,
      stop: ['END'],
    });
    expect(eventsIn(events, 'meta')).toEqual([]);
  });

  it('names first what it leaves out', async () => {
    const { body, events } = await sent({
      seed: 1,
      refused: new Set(['seed'] as const),
      parallelToolCalls: false,
    });
    expect(body.options).toEqual({});
    expect(events[0]).toEqual({ type: 'meta', ignored: ['seed', 'parallelToolCalls'] });
  });

  it('asks for a schema, or for any JSON', async () => {
    expect((await sent({ schema: { type: 'object' } })).body.format).toEqual({ type: 'object' });
    expect((await sent({ schema: {} })).body.format).toBe('json');
  });

  it('offers tools, and honours `none` by leaving them away', async () => {
    const { body } = await sent({ tools });
    expect(body.tools).toEqual([
      {
        type: 'function',
        function: { name: 'weather', description: 'Tells it', parameters: { type: 'object' } },
      },
    ]);
    expect(await sent({ tools, toolChoice: 'none' })).not.toHaveProperty('body.tools');
  });

  it.each([['required' as const], [{ name: 'weather' }]])(
    'is refused before it is sent with the tool choice %j',
    async (toolChoice) => {
      const { count, failure, provider } = await sent({ tools, toolChoice });
      expect(count).toBe(0);
      expect(failure).toMatchObject({ kind: 'unsupported', feature: 'toolChoice' });
      expect(provider.supports?.('any')).toMatchObject({
        toolChoice: ['none'],
        files: false,
        imageUrls: false,
      });
    },
  );

  it('takes no tools beside a schema', () => {
    const messages = [{ role: 'user', content: 'x' }] as const;
    const { refuses } = ollama();
    expect(refuses?.('any', { messages, tools, schema: {} })).toMatch(/tools/);
    expect(refuses?.('any', { messages, tools, schema: {}, toolChoice: 'none' })).toBeUndefined();
    expect(refuses?.('any', { messages, tools })).toBeUndefined();
  });

  it('merges options last, those of the model one by one', async () => {
    const { body } = await sent({
      maxTokens: 5,
      contextWindow: 100,
      options: { keep_alive: '5m', options: { num_ctx: 200, num_gpu: 1 } },
    });
    expect(body).toMatchObject({ keep_alive: '5m', options: { num_predict: 5, num_ctx: 200, num_gpu: 1 } });
  });

  it.each(['model', 'messages', 'stream', 'tools', 'format'])(
    'refuses an option that sets %s',
    async (key) => {
      const { count, failure } = await sent({ options: { [key]: 'x' } });
      expect(count).toBe(0);
      expect(failure).toMatchObject({ kind: 'bad-request', message: expect.stringContaining(key) });
    },
  );

  it('sends the headers of the call, in the place of any of the same name', async () => {
    const { headers } = await sent({}, 'llama3.3', { 'x-trace': '1', 'user-agent': 'mine' });
    expect(headers).toMatchObject({ 'x-trace': '1', 'user-agent': 'mine' });
    expect(Object.keys(headers).filter((name) => name.toLowerCase() === 'user-agent')).toHaveLength(1);
  });

  it.each([
    ['qwen3:8b', { effort: 'high' }, true, ['reasoning']],
    ['qwen3:8b', { effort: 'none' }, false, undefined],
    ['gpt-oss:20b', { effort: 'medium' }, 'medium', undefined],
    ['gpt-oss:20b', { budgetTokens: 20_000 }, 'high', ['reasoning']],
    ['gpt-oss:20b', { effort: 'none' }, 'low', ['reasoning']],
    ['llama3.3', { effort: 'none' }, undefined, undefined],
    ['unheard-of', { effort: 'none' }, undefined, ['reasoning']],
    ['unheard-of', { effort: 'low' }, true, ['reasoning']],
  ] as const)('lets %s think for %j as %s', async (model, reasoning, think, ignored) => {
    const { body, events } = await sent({ reasoning }, model);
    expect(body.think).toBe(think);
    expect(eventsIn(events, 'meta')[0]?.ignored).toEqual(ignored);
  });

  it('does not ask a model to think that cannot', async () => {
    const { count, failure, provider } = await sent({ reasoning: { effort: 'low' } });
    expect(count).toBe(0);
    expect(failure).toMatchObject({ kind: 'unsupported', feature: 'reasoning' });
    expect(provider.supports?.('llama3.3')?.reasoning).toBe(false);
  });
});

describe('a history', () => {
  it('keeps calls and results in order, with ids and names', async () => {
    const { body } = await sent({
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: [
            {
              type: 'reasoning',
              text: 'hm',
              providerState: { provider: 'ollama', state: { model: 'llama3.3' } },
            },
            { type: 'text', text: 'Let me see.' },
            { type: 'tool-call', id: 'a', name: 'weather', arguments: { city: 'Oslo' } },
            { type: 'tool-call', id: 'b', name: 'weather', arguments: [1] },
          ],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'b', content: 'no such city', isError: true },
            { type: 'tool-result', toolCallId: 'a', content: [{ type: 'text', text: '7 degrees' }] },
          ],
        },
        { role: 'system', content: 'Now in verse.' },
        { role: 'user', content: 'Go on' },
      ],
    });
    expect(body.messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: 'Let me see.',
        thinking: 'hm',
        tool_calls: [
          { id: 'a', function: { name: 'weather', arguments: { city: 'Oslo' } } },
          { id: 'b', function: { name: 'weather', arguments: { value: [1] } } },
        ],
      },
      { role: 'tool', content: '7 degrees', tool_name: 'weather', tool_call_id: 'a' },
      { role: 'tool', content: 'Error: no such city', tool_name: 'weather', tool_call_id: 'b' },
      { role: 'system', content: 'Now in verse.' },
      { role: 'user', content: 'Go on' },
    ]);
  });

  it('shows a model no thoughts but its own', async () => {
    const state = { provider: 'ollama', state: { model: 'qwen3:8b' } };
    const { body } = await sent({
      messages: [
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'theirs', providerState: state },
            { type: 'reasoning', text: 'nobody knows whose' },
            { type: 'text', text: 'Hello' },
          ],
        },
        { role: 'user', content: 'And?' },
      ],
    });
    expect(body.messages[1]).toEqual({ role: 'assistant', content: 'Hello' });
  });

  it('takes no document and no URL', async () => {
    const withPart = async (part: object) => {
      const { count, failure } = await sent({ messages: [{ role: 'user', content: [part as any] }] });
      expect(count).toBe(0);
      return failure;
    };
    expect(await withPart({ type: 'file', data: 'AAAA', mediaType: 'application/pdf' })).toMatchObject({
      kind: 'unsupported',
      feature: 'files',
    });
    expect(await withPart({ type: 'image', url: 'http://127.0.0.1/x.png' })).toMatchObject({
      kind: 'unsupported',
      feature: 'images',
    });
    expect(await withPart({ type: 'image', data: '../secret.png', mediaType: 'image/png' })).toMatchObject({
      kind: 'bad-request',
    });
  });
});
