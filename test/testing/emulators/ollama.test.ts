import { Ollama } from 'ollama';
import { describe, expect, it } from 'vitest';
import { ollamaEmulator, type OllamaEmulatorOptions } from '../../../src/testing/emulators/ollama.ts';

async function asked(
  body: object,
  options: OllamaEmulatorOptions = {},
  headers: Record<string, string> = {},
) {
  await using emulator = await ollamaEmulator(options);
  const given = { model: 'llama3.3', messages: [{ role: 'user', content: 'Hi' }], stream: false, ...body };
  const response = await fetch(`${emulator.url}/api/chat`, {
    method: 'POST',
    body: JSON.stringify(given),
    headers,
  });
  const text = await response.text();
  return { status: response.status, type: response.headers.get('content-type'), text };
}

const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
const long = { messages: [{ role: 'user', content: 'word '.repeat(5_000) }] };

describe('the emulator of Ollama', () => {
  it('answers the SDK with and without a stream', async () => {
    await using emulator = await ollamaEmulator({
      reply: {
        text: 'Hello there.',
        reasoning: 'Let me think.',
        toolCalls: [{ name: 'f', arguments: { a: 1 } }],
      },
    });
    const client = new Ollama({ host: emulator.url });
    const messages = [{ role: 'user', content: 'Hi' }];
    const whole = await client.chat({ model: 'qwen3', messages });
    expect(whole.message).toMatchObject({
      content: 'Hello there.',
      thinking: 'Let me think.',
      tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }],
    });
    expect(whole).toMatchObject({ done: true, done_reason: 'stop' });
    const parts = [];
    for await (const part of await client.chat({ model: 'qwen3', messages, stream: true })) parts.push(part);
    expect(parts.map((part) => part.message.content).join('')).toBe('Hello there.');
    expect(parts.map((part) => part.message.thinking ?? '').join('')).toBe('Let me think.');
    expect(parts.flatMap((part) => part.message.tool_calls ?? [])).toHaveLength(1);
    expect(parts.at(-1)).toMatchObject({ done: true, eval_count: whole.eval_count });
  });

  it('streams lines of JSON where nothing else is asked', async () => {
    const { type, text } = await asked({ stream: undefined });
    expect(type).toBe('application/x-ndjson');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { done: boolean });
    expect(lines.map(({ done }) => done)).toEqual([...lines.slice(1).map(() => false), true]);
  });

  it('hides thoughts that were switched off', async () => {
    const { text } = await asked({ think: false }, { reply: { text: 'a', reasoning: 'b' } });
    expect(text).not.toContain('thinking');
  });

  it('tells of a model that was only loaded', async () => {
    expect((await asked({ messages: [] })).text).toContain('"done_reason":"load"');
  });

  it.each([
    ['an unknown model', { model: 'x' }, 404, "model 'x' not found"],
    ['no model', { model: undefined }, 400, 'model is required'],
    ['tools for a model without', { model: 'gemma3', tools }, 400, 'registry.ollama.ai/library/gemma3 does not support tools'],
    ['thinking of a model without', { model: 'gemma3', think: true }, 400, '"gemma3" does not support thinking'],
    ['an image for a model without eyes', { model: 'gemma3', messages: [{ role: 'user', content: '', images: ['AAAA'] }] }, 500, 'image input'],
    ['a level for a model that knows on and off', { think: 'high' }, 400, 'think value'],
    ['an unknown level', { think: 'extreme' }, 400, 'invalid think value'],
    ['arguments as text', { messages: [{ role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }] }, 400, 'cannot unmarshal string'],
    ['content in parts', { messages: [{ role: 'user', content: [] }] }, 400, 'cannot unmarshal array'],
    ['an image that is a path', { messages: [{ role: 'user', content: '', images: ['./cat.png'] }] }, 400, 'illegal base64'],
    ['an unknown role', { messages: [{ role: 'developer', content: '' }] }, 400, 'invalid role'],
    ['a tool without parameters', { tools: [{ type: 'function', function: { name: 'f' } }] }, 400, 'invalid tool'],
    ['an invalid format', { format: 'yaml' }, 500, 'invalid format'],
    ['a prompt that does not fit', { ...long, truncate: false }, 400, 'exceeds the available context size (4096 tokens)'],
  ])('refuses %s', async (_, body, status, words) => {
    const answer = await asked(body, {
      models: ['llama3.3', 'gemma3'],
      abilities: { gemma3: { tools: false, thinking: false, vision: false } },
    });
    expect(answer.status).toBe(status);
    expect((JSON.parse(answer.text) as { error: string }).error).toContain(words);
  }); // prettier-ignore

  it('does not know another path', async () => {
    await using emulator = await ollamaEmulator();
    const response = await fetch(`${emulator.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
  });

  it('asks for a key only where it has one', async () => {
    expect((await asked({})).status).toBe(200);
    expect((await asked({}, { keys: ['k'] })).status).toBe(401);
    expect((await asked({}, { keys: ['k'] }, { authorization: 'Bearer k' })).status).toBe(200);
  });

  it.each([
    ['where it may', long, {}],
    ['an old one, whatever it is asked', { ...long, truncate: false }, { alwaysCuts: true }],
  ])('cuts a prompt that does not fit, and counts what is left: %s', async (_, body, options) => {
    const { status, text } = await asked(body, options);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ prompt_eval_count: 2050 });
  });

  it('takes the window of the request', async () => {
    const { text } = await asked({ ...long, truncate: false, options: { num_ctx: 16_384 } });
    expect((JSON.parse(text) as { prompt_eval_count: number }).prompt_eval_count).toBeGreaterThan(5_000);
  });

  it('fails where the model writes a call that does not parse', async () => {
    const reply = { toolCalls: [{ name: 'f', arguments: '{"a":' }] };
    expect(await asked({ tools }, { reply })).toMatchObject({ status: 500 });
  });

  it('says what it serves', async () => {
    await using emulator = await ollamaEmulator({ models: ['a'] });
    const client = new Ollama({ host: emulator.url });
    expect((await client.list()).models).toMatchObject([{ name: 'a' }]);
    expect(await client.version()).toHaveProperty('version');
  });

  it.each([
    'server-error',
    'overloaded',
    'rate-limit',
    'quota',
    'auth',
    'permission',
    'model-not-found',
    'context-length',
    'bad-request',
  ] as const)('plays %s in its own shape', async (kind) => {
    const { status, text } = await asked({}, { faults: kind });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(text)).toEqual({ error: expect.any(String) });
  });

  it('puts an error in the middle of a stream', async () => {
    const { text } = await asked({ stream: true }, { faults: 'stream-error' });
    expect(JSON.parse(text.trimEnd().split('\n').at(-1)!)).toHaveProperty('error');
  });
});
