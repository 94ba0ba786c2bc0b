import { fromJSONSchema, toJSONSchema } from 'zod';
import type { JsonSchema, Schema, StandardSchema } from './request.ts';

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

interface StandardResult {
  readonly value?: unknown;
  readonly issues?:
    readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] | undefined;
}

function compileStandard(schema: StandardSchema): CompiledSchema {
  const json = withoutDialect(jsonOfStandard(schema));
  return {
    json,
    async validate(value) {
      const result = (await schema['~standard'].validate(value)) as StandardResult;
      return result.issues
        ? { ok: false, issues: describeIssues(result.issues) }
        : { ok: true, value: result.value };
    },
  };
}

function jsonOfStandard(schema: StandardSchema): JsonSchema {
  const standard = schema['~standard'] as StandardSchema['~standard'] & {
    jsonSchema?: { input(options: { target: string }): JsonSchema };
  };
  // What the model writes is the schema's input: its transformations run afterwards, here.
  if (standard.jsonSchema) return standard.jsonSchema.input({ target: 'draft-2020-12' });
  if (standard.vendor === 'zod' && '_zod' in schema) return toJSONSchema(schema as never, { io: 'input' });
  throw new Error(`a ${standard.vendor} schema that gives no JSON Schema; use zod 4, or plain JSON Schema`);
}

function compilePlain(schema: JsonSchema): CompiledSchema {
  const validator = fromJSONSchema(schema);
  return {
    json: withoutDialect(schema),
    async validate(value) {
      const result = await validator.safeParseAsync(value);
      // The value itself, not the validator's copy: plain JSON Schema checks, and changes nothing.
      return result.success
        ? { ok: true, value }
        : { ok: false, issues: describeIssues(result.error.issues) };
    },
  };
}

/** `$schema` names the dialect; several vendors refuse it as an unknown keyword. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  if (!('$schema' in schema)) return schema;
  const { $schema: _, ...rest } = schema;
  return rest;
}

const shownIssues = 3;

/** Where it does not fit, without the values, which are the model's words. */
function describeIssues(issues: NonNullable<StandardResult['issues']>): string {
  const shown = issues
    .slice(0, shownIssues)
    .map(({ path, message }) => `${(path ?? []).map(keyOf).join('.') || 'the root'}: ${message}`);
  const more = issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

function keyOf(segment: unknown): string {
  return String(typeof segment === 'object' && segment !== null && 'key' in segment ? segment.key : segment);
}

/** Parses a reply as JSON, also where the model put the whole of it into one code fence. */
export function parseObject(text: string): { ok: true; value: unknown } | { ok: false } {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/i.exec(text);
  try {
    return { ok: true, value: JSON.parse(fenced?.[1] ?? text) };
  } catch {
    return { ok: false };
  }
}
