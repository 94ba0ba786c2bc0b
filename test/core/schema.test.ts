import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compileSchema, parseObject } from '../../src/core/schema.ts';

describe('compileSchema', () => {
  it('gives the input side of a zod schema to the vendor, and its output to the caller', async () => {
    const compiled = compileSchema(z.object({ day: z.string().transform((text) => text.length) }));
    expect(compiled.json).toMatchObject({ type: 'object', properties: { day: { type: 'string' } } });
    expect(compiled.json).not.toHaveProperty('$schema');
    expect(await compiled.validate({ day: 'Monday' })).toEqual({ ok: true, value: { day: 6 } });
  });

  it('checks plain JSON Schema and returns the very value', async () => {
    const { validate } = compileSchema({
      type: 'object',
      properties: { list: { type: 'array', items: { $ref: '#/$defs/item' } } },
      required: ['list'],
      additionalProperties: false,
      $defs: { item: { type: 'integer', minimum: 2 } },
    });
    const value = { list: [2, 3] };
    expect(await validate(value)).toEqual({ ok: true, value });
    expect(await validate({ list: [1] })).toMatchObject({ ok: false });
    expect(await validate({ list: [2], more: 1 })).toMatchObject({ ok: false });
    expect(await validate({})).toMatchObject({ ok: false });
  });

  it.each([
    [{ required: ['a'] }, {}],
    [{ type: 'array', minItems: 2 }, [1]],
    [{ allOf: [{ required: ['a'] }, { required: ['b'] }] }, { a: 1 }],
    [{ not: { type: 'string' } }, 'x'],
    [{ if: { type: 'string' }, then: { minLength: 3 } }, 'x'],
    [{ type: 'object', dependentRequired: { a: ['b'] } }, { a: 1 }],
    [{ type: 'object', properties: { a: { type: 'string', default: 'x' } }, required: ['a'] }, {}],
    [{ $ref: '#/definitions/x', definitions: { x: { required: ['v'] } } }, {}],
  ])('holds a value to every keyword: %j refuses %j', async (schema, value) => {
    expect(await compileSchema(schema).validate(value)).toMatchObject({ ok: false });
  });

  it('takes {} as any JSON', async () => {
    const { validate } = compileSchema({});
    for (const value of [null, 1, 'text', [1], { a: 1 }])
      expect(await validate(value)).toEqual({ ok: true, value });
  });

  it('never shows the values of a reply in what it says of them', async () => {
    const { validate } = compileSchema(z.object({ age: z.number() }));
    const result = await validate({ age: 'CANARY-7f3a' });
    expect(JSON.stringify(result)).not.toContain('CANARY-7f3a');
    expect(result).toMatchObject({ ok: false, issues: expect.stringContaining('age') as string });
  });

  it('refuses a schema that gives no JSON Schema, and one that cannot be checked', () => {
    const foreign = { '~standard': { version: 1, vendor: 'other', validate: () => ({ value: 1 }) } } as const;
    expect(() => compileSchema(foreign)).toThrow(/other schema that gives no JSON Schema/);
    expect(() => compileSchema({ $ref: '#/$defs/absent' })).toThrow(/absent/);
  });

  it.each([
    [{ properties: { day: { pattern: '(' } } }, '#/properties/day/pattern: expected a regular expression'],
    [{ patternProperties: { '[': true } }, '#/patternProperties: expected a regular expression'],
    [{ items: { oneOf: [true, null] } }, '#/items/oneOf/1: expected a schema'],
    [{ items: [{}, 5] }, '#/items/1: expected a schema'],
    [{ additionalProperties: null }, '#/additionalProperties: expected a schema'],
    [{ $defs: 'none' }, '#/$defs: expected an object of schemas'],
    [{ pattern: null }, '#/pattern: expected a string'],
  ])('says at once what no reply could be held to: %j', (schema, message) => {
    expect(() => compileSchema(schema)).toThrow(message);
  });

  it.each([
    { properties: { pattern: { type: 'string' }, items: { const: null } } },
    { dependencies: { a: ['b'], c: { required: ['d'] } }, enum: [null], default: null },
    { type: 'object', examples: [null, { items: null }], required: ['items'] },
  ])('takes what only looks like it: %j', (schema) => {
    expect(() => compileSchema(schema)).not.toThrow();
  });
});

describe('parseObject', () => {
  it('reads JSON, also in one code fence around the whole', () => {
    expect(parseObject('{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
    expect(parseObject('```json\n{"a":1}\n```\n')).toEqual({ ok: true, value: { a: 1 } });
    expect(parseObject('```\n[1]\n```')).toEqual({ ok: true, value: [1] });
  });

  it('reads nothing out of prose', () => {
    expect(parseObject('Sure! {"a":1}')).toEqual({ ok: false });
    expect(parseObject('{"a":')).toEqual({ ok: false });
    expect(parseObject('')).toEqual({ ok: false });
    expect(parseObject('```')).toEqual({ ok: false });
    expect(parseObject('```json```')).toEqual({ ok: false });
    expect(parseObject('```python\n1\n```')).toEqual({ ok: false });
  });

  it.each([
    ['after a fence', `\`\`\`json\n${'\n'.repeat(100_000)}x`],
    ['before the end of a fence', `\`\`\`\n{}${'\n'.repeat(100_000)}\``],
    ['and nothing else', ' \n'.repeat(100_000)],
  ])('is done at once with a model that writes blank lines for ever, %s', (_, text) => {
    expect(parseObject(text)).toEqual({ ok: false });
  });
});
