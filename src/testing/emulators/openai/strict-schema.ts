import type { JsonObject } from '../dialect.ts';

/** Keywords that strict mode does not know. */
const refusedKeywords = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contains',
  'minContains',
  'maxContains',
  'uniqueItems',
  'minLength',
  'maxLength',
  'default',
];

const knownFormats = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);

type Path = readonly (string | number)[];

/** What strict mode refuses in a schema; undefined where it is strict throughout. */
export function strictFault(schema: unknown): string | undefined {
  if (!isObject(schema)) return faultAt([], 'schema must be an object.');
  if (schema.type !== 'object') {
    const type = typeof schema.type === 'string' ? schema.type : 'None';
    return `schema must be a JSON Schema of 'type: "object"', got 'type: "${type}"'.`;
  }
  if (schema.anyOf !== undefined) return faultAt([], "'anyOf' is not permitted at the root.");
  return faultIn(schema, []);
}

function faultIn(schema: unknown, path: Path): string | undefined {
  if (!isObject(schema)) return faultAt(path, 'schema must be an object.');
  const refused = refusedKeywords.find((keyword) => keyword in schema);
  if (refused !== undefined) return faultAt(path, `'${refused}' is not permitted.`);
  if (typeof schema.format === 'string' && !knownFormats.has(schema.format)) {
    return faultAt(path, `'${schema.format}' is not a valid format.`);
  }
  if (!['type', 'anyOf', '$ref', 'enum', 'const'].some((keyword) => keyword in schema)) {
    return faultAt(path, "schema must have a 'type' key.");
  }
  return objectFault(schema, path) ?? childFault(schema, path);
}

function objectFault(schema: JsonObject, path: Path): string | undefined {
  const isObjectType =
    schema.type === 'object' || (Array.isArray(schema.type) && schema.type.includes('object'));
  if (!isObjectType) return undefined;
  if (schema.additionalProperties !== false) {
    return faultAt(path, "'additionalProperties' is required to be supplied and to be false.");
  }
  const required = Array.isArray(schema.required) ? schema.required : [];
  const missing = Object.keys(isObject(schema.properties) ? schema.properties : {}).find(
    (name) => !required.includes(name),
  );
  if (missing === undefined) return undefined;
  const rule = "'required' is required to be supplied and to be an array including every key in properties.";
  return faultAt(path, `${rule} Missing '${missing}'.`);
}

function childFault(schema: JsonObject, path: Path): string | undefined {
  for (const group of ['properties', '$defs', 'definitions']) {
    for (const [name, child] of Object.entries(isObject(schema[group]) ? schema[group] : {})) {
      const fault = faultIn(child, [...path, group, name]);
      if (fault !== undefined) return fault;
    }
  }
  if (schema.items !== undefined) {
    const fault = faultIn(schema.items, [...path, 'items']);
    if (fault !== undefined) return fault;
  }
  const branches = Array.isArray(schema.anyOf) ? (schema.anyOf as unknown[]) : [];
  for (const [index, branch] of branches.entries()) {
    const fault = faultIn(branch, [...path, 'anyOf', index]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultAt(path: Path, what: string): string {
  const names = path.map((step) => (typeof step === 'number' ? `'${step}'` : `'${step}'`));
  return `In context=(${names.join(', ')}${names.length === 1 ? ',' : ''}), ${what}`;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
