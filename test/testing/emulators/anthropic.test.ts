import { Anthropic } from '@anthropic-ai/sdk';
import OldAnthropic from 'anthropic-sdk-0';
import { describe, expect, it } from 'vitest';
import {
  anthropicEmulator,
  type AnthropicEmulatorOptions,
} from '../../../src/testing/emulators/anthropic.ts';
import { bedrockClient, vertexClient } from '../../providers/anthropic/clouds.ts';

const headers = { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };
const user = { role: 'user', content: 'Hi' };

async function asked(
  body: object,
  options: AnthropicEmulatorOptions = {},
  extra: Record<string, string> = {},
) {
  await using emulator = await anthropicEmulator(options);
  const response = await fetch(`${emulator.url}/v1/messages`, {
    method: 'POST',
    headers: { ...headers, ...extra },
    body: JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 2_000, messages: [user], ...body }),
  });
  const answer = (await response.json()) as any;
  return { status: response.status, answer, message: answer.error?.message as string | undefined };
}

const call = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} });
const result = (id: string, extra: object = {}) => ({ type: 'tool_result', tool_use_id: id, ...extra });
const tools = [{ name: 'f', input_schema: { type: 'object' } }];
const round = (calls: object[], results: object[]) => ({
  tools,
  messages: [user, { role: 'assistant', content: calls }, { role: 'user', content: results }],
});
const forced = { tools, tool_choice: { type: 'any' } };
const schema = (inner: object) => ({ output_config: { format: { type: 'json_schema', schema: inner } } });
const image = (source: object) => ({
  messages: [{ role: 'user', content: [{ type: 'image', source }] }],
});

describe('the emulator of Anthropic', () => {
  it('answers the SDK with and without a stream', async () => {
    await using emulator = await anthropicEmulator({
      reply: {
        text: 'Hello there.',
        reasoning: 'Let me think.',
        toolCalls: [
          { name: 'f', arguments: { city: 'Köln', days: [1, 2, 3] } },
          { name: 'g', arguments: {} },
        ],
      },
    });
    const client = new Anthropic({ apiKey: 'k', baseURL: emulator.url });
    const request = {
      model: 'claude-opus-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'Hi' }],
      thinking: { type: 'adaptive', display: 'summarized' },
    } as const;
    const whole = await client.messages.create({ ...request, messages: [...request.messages] });
    expect(whole.content).toMatchObject([
      { type: 'thinking', thinking: 'Let me think.' },
      { type: 'text', text: 'Hello there.' },
      { type: 'tool_use', name: 'f', input: { city: 'Köln', days: [1, 2, 3] } },
      { type: 'tool_use', name: 'g', input: {} },
    ]);
    expect(whole.stop_reason).toBe('tool_use');
    const streamed = await client.messages
      .stream({ ...request, messages: [...request.messages] })
      .finalMessage();
    expect(streamed.content.map((block) => ({ ...block, id: 0 }))).toEqual(
      whole.content.map((block) => ({ ...block, id: 0 })),
    );
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  it('answers the SDK of before 1.0, which sends another version and another header', async () => {
    await using emulator = await anthropicEmulator({ reply: 'Hello.', keys: ['right'] });
    const client = new OldAnthropic({ apiKey: 'right', baseURL: emulator.url });
    const whole = await client.messages.create({
      model: 'claude-haiku-4-5',
      max_tokens: 10,
      temperature: 0.5,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(whole.content).toMatchObject([{ text: 'Hello.' }]);
    expect(emulator.requests[0]?.headers).toMatchObject({
      'x-api-key': 'right',
      'anthropic-version': '2023-06-01',
    });
  });

  it('answers the SDK of Bedrock, signed, with a binary stream', async () => {
    await using emulator = await anthropicEmulator({ reply: 'Grüße, 世界!', keys: ['AKID'] });
    const client = bedrockClient(emulator.url, {
      apiKey: null,
      awsAccessKey: 'AKID',
      awsSecretKey: 'secret',
      maxRetries: 0,
    });
    const request = {
      model: 'eu.anthropic.claude-sonnet-5-v1:0',
      max_tokens: 100,
      messages: [{ role: 'user' as const, content: 'Hi' }],
    };
    const streamed = await client.messages.stream(request).finalMessage();
    expect(streamed.content).toMatchObject([{ text: 'Grüße, 世界!' }]);
    expect(streamed.stop_reason).toBe('end_turn');
    const whole = await client.messages.create(request);
    expect(whole.content).toMatchObject([{ text: 'Grüße, 世界!' }]);
    expect(emulator.requests.map(({ path }) => path.split('/').at(-1))).toEqual([
      'invoke-with-response-stream',
      'invoke',
    ]);
    const stranger = client.withOptions({ awsAccessKey: 'OTHER', awsSecretKey: 'secret' });
    await expect(stranger.messages.create(request)).rejects.toMatchObject({ status: 403 });
  });

  it('answers the SDK of Vertex, and refuses in the words of Google', async () => {
    await using emulator = await anthropicEmulator({ reply: 'Hello.', keys: ['token'] });
    const clientWith = (token: string) => vertexClient(emulator.url, token);
    const request = {
      model: 'claude-sonnet-5@20260701',
      max_tokens: 100,
      messages: [{ role: 'user' as const, content: 'Hi' }],
    };
    const streamed = await clientWith('token').messages.stream(request).finalMessage();
    expect(streamed.content).toMatchObject([{ text: 'Hello.' }]);
    expect((await clientWith('token').messages.create(request)).content).toMatchObject([{ text: 'Hello.' }]);
    await expect(clientWith('wrong').messages.create(request)).rejects.toMatchObject({
      status: 401,
      error: [{ error: { status: 'UNAUTHENTICATED' } }],
    });
  });

  it.each<[string, object, RegExp]>([
    ['no max_tokens', { max_tokens: undefined }, /max_tokens: Field required/],
    ['no model', { model: undefined }, /model: Field required/],
    ['no messages', { messages: [] }, /at least one message/],
    ['an unknown field', { seed: 1 }, /seed: Extra inputs are not permitted/],
    ['an unknown field of a message', { messages: [{ ...user, name: 'x' }] }, /0\.name: Extra inputs/],
    ['a system message', { messages: [user, { role: 'system', content: 'x' }] }, /role: Input should be/],
    [
      'a first message of the assistant',
      { messages: [{ role: 'assistant', content: 'x' }, user] },
      /first message must use/,
    ],
    ['an empty message', { messages: [{ role: 'user', content: '' }] }, /non-empty content/],
    [
      'an empty text block',
      { messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
      /must be non-empty/,
    ],
    [
      'a blank text block',
      { messages: [{ role: 'user', content: [{ type: 'text', text: ' ' }] }] },
      /non-whitespace/,
    ],
    [
      'white space at the end of prefill',
      { messages: [user, { role: 'assistant', content: 'a ' }] },
      /trailing whitespace/,
    ],
    [
      'prefill where it is banned',
      { model: 'claude-sonnet-4-6', messages: [user, { role: 'assistant', content: 'a' }] },
      /does not support assistant message prefill/,
    ],
    [
      'a call without a result',
      { tools, messages: [user, { role: 'assistant', content: [call('a')] }, user] },
      /without `tool_result` blocks immediately after: a/,
    ],
    [
      'a call at the end',
      { tools, messages: [user, { role: 'assistant', content: [call('a')] }] },
      /without `tool_result` blocks/,
    ],
    ['one result of two', round([call('a'), call('b')], [result('a')]), /immediately after: b/],
    [
      'a result after other blocks',
      round([call('a')], [{ type: 'text', text: 'x' }, result('a')]),
      /immediately after: a/,
    ],
    [
      'a result of nothing',
      { tools, messages: [{ role: 'user', content: [result('a')] }] },
      /unexpected `tool_use_id`/,
    ],
    [
      'a second result',
      round([call('a')], [result('a'), result('a')]),
      /multiple `tool_result` blocks with id: a/,
    ],
    ['calls of one id', round([call('a'), call('a')], [result('a')]), /ids must be unique/],
    ['an id of other characters', round([call('a.b')], [result('a.b')]), /should match pattern/],
    [
      'an id of 65 characters',
      round([call('a'.repeat(65))], [result('a'.repeat(65))]),
      /should match pattern/,
    ],
    ['calls without tools', { ...round([call('a')], [result('a')]), tools: undefined }, /must define tools/],
    [
      'an error with an image',
      round(
        [call('a')],
        [
          result('a', {
            is_error: true,
            content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }],
          }),
        ],
      ),
      /must be type "text"/,
    ],
    [
      'an image of another type',
      image({ type: 'base64', media_type: 'image/tiff', data: 'AAAA' }),
      /media_type/,
    ],
    ['an image by a file URL', image({ type: 'url', url: 'file:///x.png' }), /Only HTTP URLs/],
    [
      'sampling where it is banned',
      { model: 'claude-opus-4-7', temperature: 1 },
      /`temperature` is deprecated for this model/,
    ],
    ['two ways of sampling', { temperature: 1, top_p: 0.9 }, /cannot both be specified/],
    ['temperature above 1', { temperature: 1.5 }, /temperature: range/],
    [
      'a budget where it is banned',
      { model: 'claude-opus-4-8', thinking: { type: 'enabled', budget_tokens: 1_024 } },
      /"thinking.type.enabled" is not supported/,
    ],
    [
      'adaptive thinking of an old model',
      { thinking: { type: 'adaptive' } },
      /"thinking.type.adaptive" is not supported/,
    ],
    [
      'thinking off where it is always on',
      { model: 'claude-opus-5-5', thinking: { type: 'disabled' } },
      /"thinking.type.disabled" is not supported/,
    ],
    [
      'a budget as large as max_tokens',
      { thinking: { type: 'enabled', budget_tokens: 2_000 } },
      /must be greater than `thinking.budget_tokens`/,
    ],
    [
      'a small budget',
      { thinking: { type: 'enabled', budget_tokens: 1_000 } },
      /greater than or equal to 1024/,
    ],
    ['effort of an old model', { output_config: { effort: 'low' } }, /effort parameter/],
    [
      'a forced tool with thinking',
      { ...forced, thinking: { type: 'enabled', budget_tokens: 1_024 } },
      /Thinking may not be enabled/,
    ],
    [
      'a forced tool with thinking unasked',
      { ...forced, model: 'claude-sonnet-5' },
      /Thinking may not be enabled/,
    ],
    [
      'a forced tool of 5.5',
      { ...forced, model: 'claude-sonnet-5-5', thinking: { type: 'between_tools' } },
      /"any" is not supported/,
    ],
    ['a tool choice without tools', { tool_choice: { type: 'auto' } }, /while providing tools/],
    ['an unknown tool', { tools, tool_choice: { type: 'tool', name: 'g' } }, /Tool 'g' not found/],
    ['tools of one name', { tools: [...tools, ...tools] }, /names must be unique/],
    [
      'a tool whose schema is no object',
      { tools: [{ name: 'f', input_schema: {} }] },
      /Input should be 'object'/,
    ],
    [
      'an open object',
      schema({ type: 'object', properties: {} }),
      /'additionalProperties' must be explicitly set to false/,
    ],
    ['bounds in a schema', schema({ type: 'number', minimum: 1 }), /'minimum' is not supported/],
    [
      'a format of an old model',
      { model: 'claude-sonnet-4-0', ...schema({ type: 'string' }) },
      /not supported for this model/,
    ],
    ['stop sequences of white space', { stop_sequences: ['\n\n'] }, /non-whitespace/],
    [
      'five cache marks',
      {
        system: Array.from({ length: 5 }, () => ({
          type: 'text',
          text: 'x',
          cache_control: { type: 'ephemeral' },
        })),
      },
      /maximum of 4 blocks/,
    ],
  ])('refuses %s', async (_, body, words) => {
    const { status, answer, message } = await asked(body);
    expect(status).toBe(400);
    expect(answer).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    expect(message).toMatch(words);
  });

  it('refuses sampling under the newer version, whatever the model', async () => {
    const { message } = await asked({ temperature: 1 }, {}, { 'anthropic-version': '2026-10-21' });
    expect(message).toBe('temperature: Extra inputs are not permitted');
    expect(await asked({ temperature: 1 })).toMatchObject({ status: 200 });
  });

  it('refuses a request without a version, with a wrong key, for an unknown model, or too long', async () => {
    expect(await asked({}, {}, { 'anthropic-version': '' })).toMatchObject({ status: 400 });
    expect(await asked({}, { keys: ['other'] })).toMatchObject({
      status: 401,
      answer: { error: { type: 'authentication_error' } },
    });
    expect(await asked({}, { models: ['claude-opus-5'] })).toMatchObject({
      status: 404,
      message: 'model: claude-haiku-4-5',
    });
    expect(await asked({ system: 'x'.repeat(500) }, { contextWindow: 100 })).toMatchObject({
      status: 400,
      message: expect.stringMatching(/^prompt is too long: \d+ tokens > 100 maximum$/) as string,
    });
  });

  it.each([false, true])(
    'knows its own thinking again, and no other (redacted: %s)',
    async (redactsThinking) => {
      await using emulator = await anthropicEmulator({
        redactsThinking,
        reply: { reasoning: 'Step by step.', toolCalls: [{ name: 'f', arguments: { a: 1 } }] },
      });
      const send = async (body: object) => {
        const response = await fetch(`${emulator.url}/v1/messages`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 2_000, tools, ...body }),
        });
        return (await response.json()) as any;
      };
      const thinking = { type: 'enabled', budget_tokens: 1_024 };
      const { content } = await send({ messages: [user], thinking });
      expect(content[0].type).toBe(redactsThinking ? 'redacted_thinking' : 'thinking');
      const next = (blocks: object[], extra: object = {}) =>
        send({
          thinking,
          messages: [
            user,
            { role: 'assistant', content: blocks },
            { role: 'user', content: [result(content[1].id)] },
          ],
          ...extra,
        });
      expect(await next(content)).toMatchObject({ type: 'message' });
      const altered = { ...content[0], [redactsThinking ? 'data' : 'thinking']: 'Something else.' };
      expect(await next([altered, content[1]])).toMatchObject({
        error: { message: /Invalid `(signature|data)`/ },
      });
      expect(await next(content, { model: 'claude-sonnet-4-5' })).toMatchObject({
        error: { message: /Invalid/ },
      });
      expect(await next([content[1]])).toMatchObject({
        error: { message: /must start with a thinking block/ },
      });
      expect(await next([content[1], content[0]])).toMatchObject({
        error: { message: /cannot be `thinking`/ },
      });
    },
  );

  it('keeps newer models from showing their thinking until they are asked to', async () => {
    const reply = { reasoning: 'Secret.', text: 'Hi.' };
    const { answer } = await asked({ model: 'claude-opus-5' }, { reply });
    expect(answer.content[0]).toMatchObject({ type: 'thinking', thinking: '' });
    const old = await asked({}, { reply });
    expect(old.answer.content).toMatchObject([{ type: 'text' }]);
  });

  it('tells its limits in headers and its request ids everywhere', async () => {
    await using emulator = await anthropicEmulator();
    const post = (body: object) =>
      fetch(`${emulator.url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify(body) });
    const fine = await post({ model: 'claude-haiku-4-5', max_tokens: 5, messages: [user] });
    expect(fine.headers.get('anthropic-ratelimit-requests-remaining')).toBe('3999');
    expect(fine.headers.get('request-id')).toMatch(/^req_/);
    const refused = await post({});
    expect(((await refused.json()) as any).request_id).toBe(refused.headers.get('request-id'));
  });

  it.each(['server-error', 'overloaded', 'rate-limit', 'quota', 'auth', 'permission'] as const)(
    'fails with %s in the words of each door',
    async (kind) => {
      await using emulator = await anthropicEmulator({ faults: kind });
      const errorAt = async (path: string) => {
        const response = await fetch(`${emulator.url}${path}`, { method: 'POST', headers, body: '{}' });
        return { headers: response.headers, body: (await response.json()) as any, ok: response.ok };
      };
      expect(await errorAt('/v1/messages')).toMatchObject({ ok: false, body: { type: 'error' } });
      const bedrock = await errorAt('/model/m/invoke');
      expect(bedrock.headers.get('x-amzn-errortype')).toMatch(/Exception/);
      expect(Object.keys(bedrock.body)).toEqual(['message']);
      const vertex = await errorAt('/projects/p/locations/l/publishers/anthropic/models/m:rawPredict');
      expect(vertex.body).toMatchObject([
        { error: { status: expect.stringMatching(/^[A-Z_]+$/) as string } },
      ]);
    },
  );

  it('fails inside the binary stream with an exception', async () => {
    await using emulator = await anthropicEmulator({
      faults: { kind: 'stream-error', tokens: 1, error: 'rate-limit' },
      reply: 'One two three.',
    });
    const client = bedrockClient(emulator.url);
    const events: unknown[] = [];
    const reading = async () => {
      const stream = await client.messages.create({
        model: 'm',
        max_tokens: 5,
        messages: [{ role: 'user', content: 'Hi' }],
        stream: true,
      });
      for await (const event of stream) events.push(event);
    };
    await expect(reading()).rejects.toMatchObject({ type: 'throttlingException' });
    expect(JSON.stringify(events)).toContain('One');
  });
});
