const oneSchema =
  'not if then else contains propertyNames items additionalItems additionalProperties unevaluatedItems unevaluatedProperties';
const mapsOfSchemas = 'properties patternProperties $defs definitions dependentSchemas dependencies';
const listsOfSchemas = 'allOf anyOf oneOf prefixItems items';

const kinds = [oneSchema, mapsOfSchemas, listsOfSchemas].map((names) => new Set(names.split(' ')));
const [one, maps, lists] = kinds as [Set<string>, Set<string>, Set<string>];

/**
 * What a validator would only find while it checks a reply: something in the place of a schema that is none, and a
 * pattern that is no regular expression. Undefined where there is nothing of the kind.
 */
export function schemaFault(schema: unknown, path = '#'): string | undefined {
  if (typeof schema === 'boolean') return undefined;
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    return `${path}: expected a schema (an object, true or false), got ${JSON.stringify(schema)}`;
  for (const [keyword, value] of Object.entries(schema)) {
    const fault = keywordFault(keyword, value, `${path}/${keyword}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function keywordFault(keyword: string, value: unknown, path: string): string | undefined {
  if (keyword === 'pattern') return patternFault(value, path);
  if (Array.isArray(value)) return lists.has(keyword) ? faultAmong(value, path) : undefined;
  if (one.has(keyword)) return schemaFault(value, path);
  if (!maps.has(keyword)) return undefined;
  if (typeof value !== 'object' || value === null)
    return `${path}: expected an object of schemas, got ${JSON.stringify(value)}`;
  const patterns = keyword === 'patternProperties' ? Object.keys(value) : [];
  for (const pattern of patterns) {
    const fault = patternFault(pattern, path);
    if (fault !== undefined) return fault;
  }
  return faultAmong(value, path, keyword === 'dependencies');
}

/** In `dependencies` a list of names may stand for a schema. */
function faultAmong(schemas: object, path: string, mayBeNames = false): string | undefined {
  for (const [key, schema] of Object.entries(schemas)) {
    const fault = mayBeNames && Array.isArray(schema) ? undefined : schemaFault(schema, `${path}/${key}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function patternFault(pattern: unknown, path: string): string | undefined {
  try {
    new RegExp(pattern as string, 'u');
    return typeof pattern === 'string' ? undefined : `${path}: expected a string`;
  } catch {
    return `${path}: expected a regular expression (with the flag u), got ${JSON.stringify(pattern)}`;
  }
}
