import type { JsonSchema } from '../../core/request.ts';
import { isObject, type Json } from './wire.ts';

/** Keywords that the vendor takes as they are. Source: its page on structured outputs. */
const keptKeywords = new Set([
  'type',
  'enum',
  'const',
  'description',
  'title',
  'default',
  '$ref',
  'required',
]);
const keptFormats = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'uri',
  'ipv4',
  'ipv6',
  'uuid',
]);
/** Keywords that say something of the schema itself and nothing of the value. */
const droppedKeywords = new Set([
  '$schema',
  '$id',
  '$comment',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);
/** Keywords that would change what is meant if they were left out, and that the vendor cannot hold a reply to. */
const inexpressible = ['patternProperties', 'prefixItems', 'not', 'if', 'dependentSchemas', 'propertyNames'];

/**
 * A schema in the part of JSON Schema that the vendor holds a reply to: objects are closed, and bounds that it refuses
 * become words in the description (the caller's own schema still judges the reply). Undefined where that part of the
 * language cannot say it: maps of any keys, tuples, recursion.
 */
export function strictSchema(schema: JsonSchema): JsonSchema | undefined {
  if (Object.keys(schema).every((key) => droppedKeywords.has(key))) return undefined;
  return isRecursive(schema) ? undefined : strict(schema);
}

function strict(schema: Json): Json | undefined {
  if (inexpressible.some((keyword) => keyword in schema) || isOpenMap(schema)) return undefined;
  const result: Record<string, unknown> = {};
  const hints: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (droppedKeywords.has(keyword) || keyword === 'additionalProperties') continue;
    if (isKept(keyword, value)) result[keyword] = value;
    else if (!nestedKeywords.has(keyword)) hints.push(`${keyword}: ${JSON.stringify(value)}`);
    else if (!copyNested(result, keyword, value)) return undefined;
  }
  return {
    ...result,
    ...(isObjectSchema(schema) ? { additionalProperties: false } : {}),
    ...(hints.length > 0 ? { description: described(schema, hints) } : {}),
  };
}

function isKept(keyword: string, value: unknown): boolean {
  if (keyword === 'format') return keptFormats.has(value as string);
  if (keyword === 'minItems') return value === 0 || value === 1;
  return keptKeywords.has(keyword);
}

function described({ description }: Json, hints: readonly string[]): string {
  return `${typeof description === 'string' ? `${description} ` : ''}(${hints.join(', ')})`;
}

const nestedKeywords = new Set(['properties', '$defs', 'definitions', 'items', 'anyOf', 'oneOf', 'allOf']);

/** Copies a keyword that holds schemas; false where it is none, or one of them cannot be said. */
function copyNested(result: Record<string, unknown>, keyword: string, value: unknown): boolean {
  switch (keyword) {
    case 'properties':
    case '$defs':
    case 'definitions': {
      const entries = Object.entries(value as Json).map(([name, one]) => [name, nested(one)] as const);
      result[keyword] = Object.fromEntries(entries);
      return entries.every(([, one]) => one !== undefined);
    }
    case 'items': {
      const items = nested(value);
      result['items'] = items;
      return items !== undefined;
    }
    case 'anyOf':
    case 'oneOf':
    case 'allOf': {
      const variants = (value as unknown[]).map(nested);
      result[keyword === 'oneOf' ? 'anyOf' : keyword] = variants;
      return variants.every((variant) => variant !== undefined);
    }
    default:
      return false;
  }
}

function nested(schema: unknown): Json | undefined {
  return isObject(schema) ? strict(schema) : undefined;
}

function isObjectSchema(schema: Json): boolean {
  const { type } = schema;
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || 'properties' in schema;
}

/** An object of which the keys are not known: closed, it could only be empty. */
function isOpenMap(schema: Json): boolean {
  const { additionalProperties, properties } = schema;
  if (isObject(additionalProperties)) return true;
  const isEmpty = !isObject(properties) || Object.keys(properties).length === 0;
  return isObjectSchema(schema) && isEmpty && additionalProperties !== false;
}

/** Whether following the references leads back to a schema on the way. */
function isRecursive(root: JsonSchema): boolean {
  const resolve = (reference: string): unknown =>
    reference
      .replace(/^#\/?/, '')
      .split('/')
      .filter((step) => step !== '')
      .reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), root);
  const visit = (value: unknown, path: readonly string[]): boolean => {
    if (Array.isArray(value)) return value.some((one) => visit(one, path));
    if (!isObject(value)) return false;
    const reference = value['$ref'];
    if (typeof reference === 'string') {
      return path.includes(reference) || visit(resolve(reference), [...path, reference]);
    }
    return Object.entries(value).some(
      ([keyword, one]) => keyword !== '$defs' && keyword !== 'definitions' && visit(one, path),
    );
  };
  return visit(root, ['#']);
}

/** What is said to a model that cannot be held to a schema. */
export function schemaInstruction(schema: JsonSchema): string {
  const how = 'Answer with one JSON value and nothing else: no text around it and no code fence.';
  const isAny = Object.keys(schema).every((key) => droppedKeywords.has(key));
  return isAny ? how : `${how} It must be valid by this JSON Schema:\n${JSON.stringify(schema)}`;
}
