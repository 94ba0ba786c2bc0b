import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/request.ts';
import { openai } from '../../../src/providers/openai/index.ts';
import { openaiEmulator } from '../../../src/testing/emulators/openai.ts';
import { compatibleAt, majors, officialAt } from './clients.ts';
import { callOf, hello, helloStream, json, loopback, messageItem, responseOf, run, sse } from './loopback.ts';

const refusal = (message: string, param: string | null, code: string | null = 'unsupported_parameter') =>
  json({ error: { message, type: 'invalid_request_error', param, code } }, 400);

const adapted = { kind: 'unsupported', code: 'adapted' };

/** One request, and never a second in silence: the engine is told, and its next attempt is made differently. */
describe('what a refusal teaches', () => {
  it.each([
    ['max_tokens', 'max_completion_tokens', 'llama'],
    ['max_completion_tokens', 'max_tokens', 'gpt-5.1'],
  ])('%s is called %s from then on', async (refused, taken, model) => {
    const message = `Unsupported parameter: '${refused}' is not supported with this model. Use '${taken}' instead.`;
    await using server = await loopback(refusal(message, refused), json(hello));
    const provider = compatibleAt(server.baseURL);
    const call = callOf({ maxTokens: 9 }, { model });
    const first = await run(provider, call, 'unary');
    expect(first.failure).toMatchObject(adapted);
    expect(first.failure?.feature).toBeUndefined();
    expect(server.received).toHaveLength(1);
    expect((await run(provider, call, 'unary')).text).toBe('Hello');
    expect(server.received[0]?.body[refused]).toBe(9);
    expect(server.received[1]?.body[taken]).toBe(9);
    expect(server.received[1]?.body).not.toHaveProperty(refused);
  });

  it('a model that refuses both names of the limit is not asked for ever', async () => {
    const answer = refusal("Unsupported parameter: 'max_tokens' or 'max_completion_tokens'", 'max_tokens');
    await using server = await loopback(answer);
    const provider = compatibleAt(server.baseURL);
    const call = callOf({ maxTokens: 9 });
    expect((await run(provider, call)).failure).toMatchObject(adapted);
    expect((await run(provider, call)).failure?.code).not.toBe('adapted');
  });

  it('stream_options are left out', async () => {
    const answer = refusal('Unrecognized request argument supplied: stream_options', null, null);
    await using server = await loopback(answer, sse(helloStream.slice(0, 4)));
    const provider = compatibleAt(server.baseURL);
    expect((await run(provider, callOf())).failure).toMatchObject(adapted);
    expect(await run(provider, callOf())).toMatchObject({ text: 'Hello', failure: undefined });
    expect(server.received[0]?.body.stream_options).toEqual({ include_usage: true });
    expect(server.received[1]?.body).not.toHaveProperty('stream_options');
  });

  it('summaries of reasoning are not asked for', async () => {
    const message = 'Your organization must be verified to generate reasoning summaries.';
    await using server = await loopback(
      refusal(message, 'reasoning.summary', 'unsupported_value'),
      json(responseOf([messageItem('ok')])),
    );
    const provider = officialAt(server.url);
    const call = callOf({ reasoning: { effort: 'high' } }, { model: 'gpt-5.2' });
    expect((await run(provider, call, 'unary')).failure).toMatchObject(adapted);
    expect((await run(provider, call, 'unary')).text).toBe('ok');
    expect(server.received[0]?.body.reasoning).toEqual({ effort: 'high', summary: 'auto' });
    expect(server.received[1]?.body.reasoning).toEqual({ effort: 'high' });
  });

  it('an effort that a model does not know becomes the nearest that it knows', async () => {
    const message = "Unsupported value: 'low' is not supported with this model.";
    await using server = await loopback(
      refusal(message, 'reasoning.effort', 'unsupported_value'),
      json(responseOf([messageItem('ok')])),
    );
    const provider = officialAt(server.url);
    const call = callOf({ reasoning: { effort: 'low' } }, { model: 'gpt-5.2' });
    expect((await run(provider, call, 'unary')).failure).toMatchObject(adapted);
    expect((await run(provider, call, 'unary')).ignored).toEqual(['reasoning']);
    expect(server.received[1]?.body.reasoning.effort).toBe('medium');
  });

  it('sealed reasoning that this account cannot read is not sent again', async () => {
    const message = 'The encrypted content for item rs_1 could not be verified.';
    await using server = await loopback(
      refusal(message, null, 'invalid_encrypted_content'),
      json(responseOf([messageItem('ok')])),
    );
    const item = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'sealed' };
    const providerState = { provider: 'openai', state: { model: 'gpt-5.2', item } };
    const messages: Message[] = [
      { role: 'user', content: 'One' },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: '', providerState },
          { type: 'text', text: 'Two' },
        ],
      },
      { role: 'user', content: 'Three' },
    ];
    const provider = officialAt(server.url);
    const call = callOf({ messages }, { model: 'gpt-5.2' });
    expect((await run(provider, call, 'unary')).failure).toMatchObject(adapted);
    expect((await run(provider, call, 'unary')).text).toBe('ok');
    expect(JSON.stringify(server.received[1]?.body)).not.toMatch('sealed');
  });

  it('the role developer becomes system', async () => {
    const message = "Unsupported value: 'messages[0].role' does not support 'developer' with this model.";
    await using server = await loopback(refusal(message, 'messages[0].role'), json(hello));
    const provider = officialAt(server.url, { api: 'chat' });
    const call = callOf({ system: 'Be kind.' }, { model: 'o3' });
    expect((await run(provider, call, 'unary')).failure).toMatchObject(adapted);
    await run(provider, call, 'unary');
    expect(server.received.map(({ body }) => body.messages[0].role)).toEqual(['developer', 'system']);
  });

  it.each(majors)(
    'tools and reasoning do not go together on Chat Completions (%s)',
    async (_, { OpenAI }) => {
      await using emulator = await openaiEmulator();
      const client = new OpenAI({ apiKey: 'key', baseURL: `${emulator.url}/v1` });
      const provider = openai({ client });
      const tools = [{ name: 'one', parameters: { type: 'object' } }];
      const call = callOf({ tools, reasoning: { effort: 'high' } }, { model: 'gpt-5.4' });
      expect(provider.refuses?.('gpt-5.4', call.request)).toBeUndefined();
      expect((await run(provider, call)).failure).toMatchObject(adapted);
      expect(provider.refuses?.('gpt-5.4', call.request)).toMatch('Responses API');
      expect((await run(provider, callOf({ tools }, { model: 'gpt-5.4' }))).failure).toBeUndefined();
    },
  );

  it('one model teaches nothing about another', async () => {
    await using server = await loopback(
      refusal("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", 'max_tokens'),
      json(hello),
    );
    const provider = compatibleAt(server.baseURL);
    await run(provider, callOf({ maxTokens: 9 }, { model: 'one' }), 'unary');
    await run(provider, callOf({ maxTokens: 9 }, { model: 'two' }), 'unary');
    expect(server.received[1]?.body.max_tokens).toBe(9);
  });
});
