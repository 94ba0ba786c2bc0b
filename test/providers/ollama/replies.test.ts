import { describe, expect, it } from 'vitest';
import { ollama } from '../../../src/providers/ollama/index.ts';
import type { ProviderRequest } from '../../../src/providers/provider.ts';
import { callOf, completed, eventsIn, streamed, textIn } from './calls.ts';

function answering(body: string, { status = 200, type = 'application/x-ndjson', headers = {} } = {}) {
  const fetch = async () => new Response(body, { status, headers: { 'content-type': type, ...headers } });
  return ollama({ fetch });
}

const lines = (...parts: object[]) => parts.map((part) => `${JSON.stringify(part)}\n`).join('');
const say = (message: object, rest: object = {}) => ({ message: { role: 'assistant', content: '', ...message }, done: false, ...rest }); // prettier-ignore
const end = (rest: object = {}) => ({ ...say({}), done: true, done_reason: 'stop', ...rest });

async function failureFor(body: string, options?: Parameters<typeof answering>[1]) {
  const { events, failure } = await streamed(answering(body, options), callOf());
  expect(eventsIn(events, 'finish')).toEqual([]);
  return failure;
}

describe('a stream', () => {
  it('closes reasoning with a mark of the model before the answer begins', async () => {
    const provider = answering(
      lines(say({ thinking: 'a' }), say({ thinking: 'b' }), say({ content: 'c' }), end()),
    );
    const { events } = await streamed(provider, callOf({}, { model: 'qwen3' }));
    expect(events.slice(0, 4)).toEqual([
      { type: 'reasoning', text: 'a' },
      { type: 'reasoning', text: 'b' },
      { type: 'reasoning', text: '', providerState: { model: 'qwen3' } },
      { type: 'text', text: 'c' },
    ]);
  });

  it('makes ids where the server gives none, gives them twice, or gives them empty', async () => {
    const call = (id?: string) => ({
      ...(id === undefined ? {} : { id }),
      function: { name: 'f', arguments: {} },
    });
    const provider = answering(lines(say({ tool_calls: [call('x'), call('x'), call(), call('')] }), end()));
    const ids = eventsIn((await streamed(provider, callOf())).events, 'tool-call').map(({ id }) => id);
    expect(ids[0]).toBe('x');
    expect(new Set(ids).size).toBe(4);
    expect(ids.every((id) => /^[\w-]+$/.test(id))).toBe(true);
  });

  it('parses arguments that a proxy sends as text', async () => {
    const provider = answering(
      lines(say({ tool_calls: [{ function: { name: 'f', arguments: '{"a":1}' } }] }), end()),
    );
    expect(eventsIn((await streamed(provider, callOf())).events, 'tool-call')[0]?.arguments).toEqual({
      a: 1,
    });
  });

  it.each([['"[1]"'], ['"{"'], ['[1]'], ['7']])('fails on the arguments %s', async (given) => {
    const body = lines(
      say({ tool_calls: [{ function: { name: 'f', arguments: JSON.parse(given) } }] }),
      end(),
    );
    expect(await failureFor(body)).toMatchObject({ kind: 'invalid-response' });
  });

  it('may lack the last line feed, and hold empty lines', async () => {
    const body = `\n${lines(say({ content: 'a' }))}\r\n\n${JSON.stringify(end())}`;
    const { events, failure } = await streamed(answering(body), callOf());
    expect(failure).toBeUndefined();
    expect(textIn(events)).toBe('a');
  });

  it('fails on a line that is no JSON instead of going on without it', async () => {
    const failure = await failureFor(`${lines(say({ content: 'a' }))}{"oops\n${lines(end())}`);
    expect(failure).toMatchObject({ kind: 'invalid-response', code: 'malformed-json' });
    expect(failure?.message).not.toContain('oops');
  });

  it.each([
    ['nothing', ''],
    ['an empty object', '{}'],
    ['HTML', '<!DOCTYPE html><html>\n</html>'],
    ['a string', '"it works"'],
    ['a list', '[]\n'],
    ['null', 'null\n'],
    ['another shape', '{"choices":[]}\n'],
    ['a loaded model', lines(end({ done_reason: 'load' }))],
    ['an unloaded model', lines(end({ done_reason: 'unload' }))],
  ])('fails on %s with status 200', async (_, body) => {
    expect(await failureFor(body)).toMatchObject({ kind: 'invalid-response' });
  });

  it.each([
    ['llama runner process has terminated', 'server-error'],
    ['model requires more system memory (5.6 GiB) than is available (2 GiB)', 'server-error'],
    ['error parsing tool call: raw=', 'invalid-response'],
    ['server busy, please try again', 'overloaded'],
    [{ message: 'boom', type: 'api_error' }, 'server-error'],
  ])('takes %j inside it for a failure', async (error, kind) => {
    expect(await failureFor(lines(say({ content: 'a' }), { error }))).toMatchObject({ kind });
  });

  it('believes the status of an error inside it', async () => {
    expect(await failureFor(lines({ error: 'slow down', status: 429 }))).toMatchObject({ kind: 'rate-limit', status: 429 }); // prettier-ignore
  });

  it('explains an empty answer by a stop sequence only where tokens were made for it', async () => {
    const finishOf = async (request: Partial<ProviderRequest>, evalCount: number) =>
      (await streamed(answering(lines(end({ eval_count: evalCount }))), callOf(request))).events.at(-1);
    expect(await finishOf({ stop: ['x'] }, 4)).toMatchObject({ stopSequence: true });
    expect(await finishOf({ stop: ['x'] }, 1)).not.toHaveProperty('stopSequence');
    expect(await finishOf({}, 4)).not.toHaveProperty('stopSequence');
  });
});

describe('a reply without a stream', () => {
  it('comes with the whole of what the server sent', async () => {
    const reply = end({ prompt_eval_count: 3, eval_count: 4, message: { content: 'Hi', thinking: 'hm' } });
    const { events } = await completed(answering(JSON.stringify(reply)), callOf());
    expect(events).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'reasoning', text: '', providerState: { model: 'llama3.3' } },
      { type: 'text', text: 'Hi' },
      {
        type: 'finish',
        finishReason: 'stop',
        usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
        raw: reply,
      },
    ]);
  });

  it.each([
    ['{}'],
    ['<html>'],
    [''],
    ['{"message":{"content":"Hi"},"done":false}'],
    ['{"message":'],
    ['null'],
    ['{"error":"x"}'],
  ])(
    // prettier-ignore
    'fails on %s',
    async (body) => {
      const { failure } = await completed(answering(body, { type: 'application/json' }), callOf());
      expect(failure?.kind).toMatch(/invalid-response|server-error/);
    },
  );
});

describe('a refusal', () => {
  it.each([
    [
      400,
      'registry.ollama.ai/library/gemma3:4b does not support tools',
      { kind: 'unsupported', feature: 'tools' },
    ],
    [400, '"llama3" does not support thinking', { kind: 'unsupported', feature: 'reasoning' }],
    [
      400,
      'think value "high" is not supported for this model',
      { kind: 'unsupported', feature: 'reasoning' },
    ],
    [
      400,
      'request (12008 tokens) exceeds the available context size (2048 tokens)',
      { kind: 'context-length' },
    ],
    [400, 'the input length exceeds the context length', { kind: 'context-length' }],
    [400, { message: 'too much', type: 'exceed_context_size_error' }, { kind: 'context-length' }],
    [400, 'invalid role', { kind: 'bad-request' }],
    [401, 'unauthorized: tools', { kind: 'auth' }],
    [402, 'payment required', { kind: 'quota' }],
    [403, 'this model requires a subscription', { kind: 'permission' }],
    [404, "model 'x' not found", { kind: 'model-not-found' }],
    [413, '', { kind: 'context-length' }],
    [429, 'too many requests', { kind: 'rate-limit', retryAfterMs: 7_000 }],
    [429, 'you have reached your weekly usage limit', { kind: 'quota', retryAfterMs: 7_000 }],
    [500, 'error parsing tool call: raw=', { kind: 'invalid-response', code: 'malformed-tool-call' }],
    [500, 'model requires more system memory', { kind: 'server-error', code: 'out-of-memory' }],
    [500, 'this model is missing data required for image input', { kind: 'unsupported', feature: 'images' }],
    [500, 'invalid format: "x"; expected "json"', { kind: 'unsupported', feature: 'schema' }],
    [500, { nothing: 'known' }, { kind: 'server-error' }],
    [502, 'cloud unreachable', { kind: 'server-error' }],
    [503, 'server busy, maximum pending requests exceeded', { kind: 'overloaded' }],
  ])('with %i and %j is told by its meaning', async (status, error, expected) => {
    const headers = { 'retry-after': '7', 'x-request-id': 'r1' };
    const body = JSON.stringify({ error });
    const failure = await failureFor(body, { status, type: 'application/json', headers });
    expect(failure).toMatchObject({ ...expected, status, requestId: 'r1' });
    expect(failure?.message).not.toContain('[object');
  });

  it('as a page of a proxy is told by its status, without the page', async () => {
    const failure = await failureFor('<html>bad gateway</html>', { status: 502, type: 'text/html' });
    expect(failure).toMatchObject({ kind: 'server-error', status: 502 });
    expect(failure?.message).not.toContain('html');
  });

  it('is told from what the SDK throws, too', () => {
    const { classify } = ollama();
    const thrown = (error: unknown, status_code: number) =>
      Object.assign(new Error('[object Object]'), { name: 'ResponseError', error, status_code });
    expect(classify?.(thrown({ message: 'no such model', code: 404 }, 404))).toMatchObject({
      kind: 'model-not-found',
      message: 'no such model',
    });
    expect(classify?.(new Error('Did not receive done or success response in stream.'))).toMatchObject({
      kind: 'invalid-response',
    });
    expect(classify?.(new TypeError('fetch failed'))).toBeUndefined();
  });
});

describe('a prompt that was cut', () => {
  const words = (count: number) => 'word '.repeat(count);
  async function failureAfter(
    count: number,
    read: number | undefined,
    request: Partial<ProviderRequest> = {},
  ) {
    const provider = answering(lines(say({ content: 'a' }), end({ prompt_eval_count: read })));
    const messages = [{ role: 'user', content: words(count) }] as const;
    return (await streamed(provider, callOf({ messages, ...request }))).failure;
  }

  it('is found by a count that only a cut leaves', async () => {
    expect(await failureAfter(7_000, 2_050)).toMatchObject({ kind: 'context-length', code: 'prompt-cut' });
    expect(await failureAfter(7_000, 4_096)).toMatchObject({ kind: 'context-length' });
  });

  it('is not suspected where the rest was in the cache, or nothing was counted', async () => {
    expect(await failureAfter(7_000, 1_234)).toBeUndefined();
    expect(await failureAfter(7_000, undefined)).toBeUndefined();
    expect(await failureAfter(7_000, 9_100)).toBeUndefined();
    expect(await failureAfter(2_000, 2_050)).toBeUndefined();
  });

  it('is found by any count from half of a known window on', async () => {
    const window = { contextWindow: 8_000 };
    expect(await failureAfter(7_900, 5_432, window)).toMatchObject({ kind: 'context-length' });
    expect(await failureAfter(7_900, 120, window)).toBeUndefined();
    expect(await failureAfter(7_900, 7_950, window)).toBeUndefined();
    expect(await failureAfter(1_000, 900, { contextWindow: 1_800_000 })).toBeUndefined();
  });

  it('is not even sent where it cannot fit', async () => {
    let requests = 0;
    const provider = ollama({
      fetch: async () => {
        requests += 1;
        return new Response(lines(end()));
      },
    });
    const messages = [{ role: 'user', content: words(5_000) }] as const;
    const { failure } = await streamed(provider, callOf({ messages, contextWindow: 4_096 }));
    expect(failure).toMatchObject({ kind: 'context-length' });
    expect(requests).toBe(0);
  });

  it('is what a host may ask for', async () => {
    expect(await failureAfter(7_000, 2_050, { options: { truncate: true } })).toBeUndefined();
    expect(
      await failureAfter(7_000, 900, { contextWindow: 2_048, options: { truncate: true } }),
    ).toBeUndefined();
  });
});
