import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { arrange, decisionsOf, failing } from './arrange.ts';

const city = z.object({ name: z.string(), since: z.string().transform((year) => Number(year)) });
const plain = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: { name: { type: 'string' } },
  required: ['name'],
  additionalProperties: false,
};

describe('structured output', () => {
  it('is parsed and validated by a zod schema, with its transformations', async () => {
    const stage = arrange({ a: '{"name":"Wien","since":"1137"}' });
    const reply = await stage.ask({ schema: city });
    expect(reply.object).toEqual({ name: 'Wien', since: 1137 });
    expect(reply.text).toBe('{"name":"Wien","since":"1137"}');
  });

  it('is asked of the provider as the JSON Schema of what it has to write', async () => {
    const stage = arrange({ a: '{"name":"Wien","since":"1137"}' });
    await stage.ask({ schema: city });
    expect(stage.providers.a.calls[0]?.request.schema).toMatchObject({
      type: 'object',
      properties: { name: { type: 'string' }, since: { type: 'string' } },
    });
    expect(stage.providers.a.calls[0]?.request.schema).not.toHaveProperty('$schema');
  });

  it('is parsed and checked by plain JSON Schema', async () => {
    const stage = arrange({ a: ['{"name":"Wien"}', '{"name":7}'], b: '{"name":"Graz"}' });
    expect((await stage.ask({ schema: plain })).object).toEqual({ name: 'Wien' });
    expect((await stage.ask({ schema: plain })).object).toEqual({ name: 'Graz' });
  });

  it('by {} is any JSON, and only JSON', async () => {
    for (const [text, object] of [
      ['{"any":[1,2]}', { any: [1, 2] }],
      ['[1]', [1]],
      ['7', 7],
      ['"text"', 'text'],
      ['null', null],
      ['false', false],
    ] as const) {
      const stage = arrange({ a: text });
      expect((await stage.ask({ schema: {} })).object).toEqual(object);
    }
    const stage = arrange({ a: 'No JSON.', b: '{}' });
    expect((await stage.ask({ schema: {} })).target.id).toBe('b');
  });

  it.each(['```json\n{"name":"Wien"}\n```', '```\n{"name":"Wien"}\n```', '  \n{"name":"Wien"}\n'])(
    'is read out of one code fence or blanks around it: %j',
    async (text) => {
      const stage = arrange({ a: text });
      expect((await stage.ask({ schema: plain })).object).toEqual({ name: 'Wien' });
    },
  );

  it.each([
    ['prose around it', 'Here it is: {"name":"Wien"}'],
    ['half of it', '{"name":"Wi'],
    ['something else', '{"name":"Wien","more":1}'],
    ['nothing', ''],
  ])('that is %s is a failure of the attempt', async (_what, text) => {
    const stage = arrange({ a: [{ text }, { finish: 'stop' }], b: '{"name":"Graz"}' });
    const reply = await stage.ask({ schema: plain });
    expect(decisionsOf(reply)).toEqual(['a next', 'b answer']);
    expect(reply.attempts[0]?.failure?.kind).toBe('invalid-response');
  });

  it('that does not fit is asked for again where nobody else is left', async () => {
    const stage = arrange({ a: ['{"name":7}', '{"name":"Wien"}'] });
    const reply = await stage.ask({ schema: plain });
    expect(decisionsOf(reply)).toEqual(['a retry', 'a answer']);
    expect(reply.attempts[0]?.failure).toMatchObject({
      code: 'schema-mismatch',
      message: expect.stringContaining('name') as string,
    });
  });

  it('that never fits is an error that names what did not, without the words of the model', async () => {
    const stage = arrange({ a: '{"name":{"canary-answer":1}}' });
    const error = await stage.fail({ schema: plain });
    expect(error.code).toBe('all-targets-failed');
    expect(error.message).not.toContain('canary-answer');
  });

  it('that does not fit is no evidence against the provider', async () => {
    const stage = arrange({ a: '{"name":7}' });
    for (let call = 0; call < 20; call += 1) await stage.fail({ schema: plain }, { retry: 0 });
    expect(stage.providers.a.calls).toHaveLength(20);
    expect(stage.eventsOf('breaker')).toEqual([]);
  });

  it('is not held to a reply that ended otherwise: what was cut by the token limit is told as that', async () => {
    const stage = arrange({ a: [{ text: '{"name":"Wi' }, { finish: 'length' }], b: 'unused' });
    const reply = await stage.ask({ schema: plain });
    expect(reply).toMatchObject({ finishReason: 'length', text: '{"name":"Wi', object: undefined });
  });

  it('gives way to tool calls', async () => {
    const stage = arrange({ a: [{ toolCall: { name: 'look', arguments: { at: 1 } } }] });
    const tools = [{ name: 'look', parameters: z.object({ at: z.number() }) }];
    const reply = await stage.ask({ schema: plain, tools });
    expect(reply).toMatchObject({
      finishReason: 'tool-calls',
      toolCalls: [{ name: 'look' }],
      object: undefined,
    });
    expect(stage.providers.a.calls[0]?.request.tools?.[0]?.parameters).toMatchObject({ type: 'object' });
  });

  it('by a schema whose own code throws fails the attempt, and no more than that', async () => {
    const broken = z.object({ name: z.string() }).refine(() => {
      throw new Error('broken check');
    });
    const stage = arrange({ a: '{"name":"Wien"}' });
    const error = await stage.fail({ schema: broken }, { retry: 0 });
    expect(error).toMatchObject({ code: 'all-targets-failed', failure: { code: 'schema-mismatch' } });
  });

  it('by a schema that never says a word ends with the deadline of the call', async () => {
    const silent = z.string().refine(() => new Promise<boolean>(() => {}));
    const stage = arrange({ a: '"Wien"' });
    const error = await stage.fail({ schema: silent }, { timeouts: { totalMs: 20_000 } });
    expect(stage.runtime.now()).toBe(1_020_000);
    expect(error.code).toBe('timeout');
  });

  it('is a condition: who takes no schema is not asked', async () => {
    const stage = arrange({
      a: { script: '{"name":"Wien"}', target: { supports: { schema: false } } },
      b: '{"name":"Graz"}',
    });
    expect((await stage.ask({ schema: plain })).object).toEqual({ name: 'Graz' });
  });

  it('comes with a stream, too, in its finish', async () => {
    const stage = arrange({ a: failing(1, 'overloaded'), b: [{ text: ['{"name":', '"Wien"}'] }] });
    const completion = await stage.runtime.run(stage.stream({ schema: plain }).completion);
    expect(completion.object).toEqual({ name: 'Wien' });
  });
});
