import type { JsonObject } from '../dialect.ts';
import { isObject, listOf } from './json.ts';

const refusedKeywords = [
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['maxItems', 'uniqueItems', 'contains', 'patternProperties', 'prefixItems', 'not', 'oneOf'],
];

/** What is refused in a schema that the vendor is to hold an answer to. */
export function schemaRefusal(schema: JsonObject, at: string): string | undefined {
  if (Object.keys(schema).length === 0) return `${at}: an empty schema is not supported`;
  const { type } = schema;
  if (type === 'object' && schema['additionalProperties'] !== false) {
    return `${at}: For 'object' type, 'additionalProperties' must be explicitly set to false`;
  }
  const refused = refusedKeywords.find((keyword) => keyword in schema);
  if (refused) return `${at}: For '${String(type)}' type, property '${refused}' is not supported`;
  if (Number(schema['minItems'] ?? 0) > 1)
    return `${at}: 'minItems' values other than 0 or 1 are not supported`;
  for (const nested of nestedOf(schema)) {
    const refusal = isObject(nested) ? schemaRefusal(nested, at) : `${at}: boolean schemas are not supported`;
    if (refusal) return refusal;
  }
  return undefined;
}

function nestedOf({ properties, $defs, items, anyOf, allOf }: JsonObject): unknown[] {
  return [
    ...valuesOf(properties),
    ...valuesOf($defs),
    ...(items === undefined ? [] : [items]),
    ...listOf(anyOf),
    ...listOf(allOf),
  ];
}

function valuesOf(value: unknown): unknown[] {
  return isObject(value) ? Object.values(value) : [];
}
