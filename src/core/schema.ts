import { Validator, type OutputUnit, type SchemaDraft } from '@cfworker/json-schema';
import { safeParseAsync, toJSONSchema, type $ZodType } from 'zod/v4/core';
import type { JsonSchema, Schema, StandardSchema } from './request.ts';
import { schemaFault } from './schema-fault.ts';

/** What validation says of a value. */
export type Validated =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly issues: string };

/** A schema that was read once: as JSON Schema for the vendor, as a validator for the reply. */
export interface CompiledSchema {
  readonly json: JsonSchema;
  validate(value: unknown): Promise<Validated>;
}

const compiled = new WeakMap<object, CompiledSchema>();

/**
 * Reads a zod 4 schema, a Standard Schema that can give its JSON Schema, or plain JSON Schema.
 *
 * @throws Error saying what cannot be read or checked
 */
export function compileSchema(schema: Schema): CompiledSchema {
  const known = compiled.get(schema);
  if (known) return known;
  const made = isStandard(schema) ? compileStandard(schema) : compilePlain(schema);
  compiled.set(schema, made);
  return made;
}

/** The JSON Schema alone: for tools' parameters, which the vendor holds the model to. */
export function jsonSchemaOf(schema: Schema): JsonSchema {
  return isStandard(schema) ? compileSchema(schema).json : schema;
}

function isStandard(schema: Schema): schema is StandardSchema {
  return '~standard' in schema;
}

interface StandardIssue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
  /** zod's. */
  readonly code?: unknown;
}

interface StandardResult {
  readonly value?: unknown;
  readonly issues?: readonly StandardIssue[] | undefined;
}

function compileStandard(schema: StandardSchema): CompiledSchema {
  const json = withoutDialect(jsonOfStandard(schema));
  return {
    json,
    async validate(value) {
      const result = isZod(schema) ? await checkByZod(schema, value) : await checkByStandard(schema, value);
      return result.issues
        ? { ok: false, issues: describeIssues(result.issues) }
        : { ok: true, value: result.value };
    },
  };
}

function isZod(schema: object): schema is $ZodType {
  return '_zod' in schema;
}

/**
 * Asynchronous from the start: the standard way tries it synchronously first, so that asynchronous refinements run twice, and
 * one of the first run that rejects is nobody's.
 */
async function checkByZod(schema: $ZodType, value: unknown): Promise<StandardResult> {
  const { data, error } = await safeParseAsync(schema, value);
  return error ? { issues: error.issues } : { value: data };
}

async function checkByStandard(schema: StandardSchema, value: unknown): Promise<StandardResult> {
  return (await schema['~standard'].validate(value)) as StandardResult;
}

function jsonOfStandard(schema: StandardSchema): JsonSchema {
  const standard = schema['~standard'] as StandardSchema['~standard'] & {
    jsonSchema?: { input(options: { target: string }): JsonSchema };
  };
  // What the model writes is the schema's input: its transformations run afterwards, here.
  if (standard.jsonSchema) return standard.jsonSchema.input({ target: 'draft-2020-12' });
  if (isZod(schema)) return toJSONSchema(schema, { io: 'input' });
  throw new Error(`a ${standard.vendor} schema that gives no JSON Schema; use zod 4, or plain JSON Schema`);
}

function compilePlain(schema: JsonSchema): CompiledSchema {
  const fault = schemaFault(schema);
  if (fault !== undefined) throw new Error(fault);
  const json = withoutDialect(schema);
  const validator = new Validator(json, dialectOf(schema), false);
  // Tells now what would else be found with the first reply: a reference that leads nowhere.
  validator.validate({});
  return {
    json,
    validate(value) {
      const { valid, errors } = validator.validate(value);
      const result: Validated = valid ? { ok: true, value } : { ok: false, issues: describeErrors(errors) };
      return Promise.resolve(result);
    },
  };
}

function dialectOf({ $schema }: JsonSchema): SchemaDraft {
  const named = typeof $schema === 'string' ? /draft-0?(4|7)|(2019-09|2020-12)/.exec($schema) : null;
  return (named?.[1] ?? named?.[2] ?? '2020-12') as SchemaDraft;
}

/** The places in the schema that do not hold, innermost only; its author knows them, and no word of the reply is in them. */
function describeErrors(errors: readonly OutputUnit[]): string {
  const places = errors.map(({ keywordLocation }) => keywordLocation);
  const inner = places.filter(
    (place) => !places.some((other) => other !== place && other.startsWith(`${place}/`)),
  );
  return joinIssues([...new Set(inner)].map((place) => `${place} does not hold`));
}

/** `$schema` names the dialect; several vendors refuse it as an unknown keyword. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  if (!('$schema' in schema)) return schema;
  const { $schema: _, ...rest } = schema;
  return rest;
}

/** Where it does not fit, without the values, which are the model's words. */
function describeIssues(issues: readonly StandardIssue[]): string {
  return joinIssues(
    issues.map(({ path, message, code }) => {
      const where = (path ?? []).map(keyOf).join('.') || 'the root';
      return `${where}: ${code === 'unrecognized_keys' ? 'has keys that the schema does not know' : message}`;
    }),
  );
}

const shownIssues = 3;

function joinIssues(issues: readonly string[]): string {
  const more = issues.length - shownIssues;
  return issues.slice(0, shownIssues).join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function keyOf(segment: unknown): string {
  return String(typeof segment === 'object' && segment !== null && 'key' in segment ? segment.key : segment);
}

/** Parses a reply as JSON, also where the model put the whole of it into one code fence. */
export function parseObject(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(unfenced(text.trim())) };
  } catch {
    return { ok: false };
  }
}

const fence = '```';

/** By hand and in one pass: an expression that backtracks would stand still over a model that writes blank lines for ever. */
function unfenced(text: string): string {
  if (!text.startsWith(fence) || !text.endsWith(fence)) return text;
  const firstLineEnd = text.indexOf('\n');
  const language = text.slice(fence.length, Math.max(fence.length, firstLineEnd)).trim();
  if (language !== '' && language.toLowerCase() !== 'json') return text;
  return text.slice(firstLineEnd + 1, -fence.length);
}
