import type { JsonSchema } from '../../core/request.ts';
import type { ProviderRequest } from '../provider.ts';

/** Keywords that strict mode knows (OpenAI's guide to structured outputs, "Supported schemas"). */
const strictKeywords = new Set(
  (
    '$schema $id $ref $defs definitions type title description enum const properties required items anyOf ' +
    'additionalProperties pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems'
  ).split(' '),
);
const strictFormats = new Set('date-time time date duration email hostname ipv4 ipv6 uuid'.split(' '));

/** Whether a schema can be enforced in strict mode: closed objects, every property required, known keywords only. */
export function isStrictSchema(schema: JsonSchema): boolean {
  return schema['type'] === 'object' && schema['anyOf'] === undefined && isStrict(schema);
}

function isStrict(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const schema = value as JsonSchema;
  return (
    Object.keys(schema).every((key) => strictKeywords.has(key)) &&
    hasStrictText(schema) &&
    isClosed(schema) &&
    members(schema['properties']).every(isStrict) &&
    members(schema['$defs']).every(isStrict) &&
    members(schema['definitions']).every(isStrict) &&
    (schema['items'] === undefined || isStrict(schema['items'])) &&
    (schema['anyOf'] === undefined || (Array.isArray(schema['anyOf']) && schema['anyOf'].every(isStrict)))
  );
}

function hasStrictText({ pattern, format }: JsonSchema): boolean {
  // Assertions that look ahead or back are refused.
  const takesPattern = pattern === undefined || (typeof pattern === 'string' && !/\(\?[=!<]/.test(pattern));
  return takesPattern && (format === undefined || strictFormats.has(format as string));
}

function isClosed(schema: JsonSchema): boolean {
  const { type, properties, required, additionalProperties } = schema;
  const isObject =
    properties !== undefined || type === 'object' || (Array.isArray(type) && type.includes('object'));
  if (!isObject) return true;
  const names = Object.keys(properties ?? {});
  const listed = new Set(Array.isArray(required) ? (required as unknown[]) : []);
  return additionalProperties === false && names.every((name) => listed.has(name));
}

function members(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

/** Structured output as both surfaces describe it; undefined where none is asked for. */
export function formatOf(request: ProviderRequest): Record<string, unknown> | undefined {
  const { schema } = request;
  if (schema === undefined) return undefined;
  if (isAnyJson(schema)) return { type: 'json_object' };
  return { type: 'json_schema', name: 'response', schema, strict: isStrictSchema(schema) };
}

export function isAnyJson(schema: JsonSchema): boolean {
  return Object.keys(schema).every((key) => key === '$schema');
}

/**
 * OpenAI refuses `json_object` unless the prompt holds the word JSON (the Responses API: its input, where instructions
 * do not count). Undefined where it does, or none is needed.
 */
export function jsonReminder(request: ProviderRequest, system: string | undefined): string | undefined {
  if (request.schema === undefined || !isAnyJson(request.schema)) return undefined;
  if (/json/i.test(system ?? '')) return undefined;
  const isSaid = request.messages.some(({ content }) =>
    typeof content === 'string'
      ? /json/i.test(content)
      : content.some((part) => 'text' in part && /json/i.test(part.text)),
  );
  return isSaid ? undefined : 'Answer with a JSON object.';
}
