import type { JsonObject } from '../dialect.ts';
import { emptyArray, invalidType, missingParameter, unknownParameter, type Refusal } from './errors.ts';
import { strictFault } from './strict-schema.ts';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The first refusal of a list of values. */
export function firstRefusal<T>(
  values: readonly T[],
  check: (value: T, index: number) => Refusal | undefined,
): Refusal | undefined {
  for (const [index, value] of values.entries()) {
    const refusal = check(value, index);
    if (refusal) return refusal;
  }
  return undefined;
}

export function unknownKey(value: JsonObject, known: readonly string[], prefix = ''): Refusal | undefined {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  return unknown === undefined ? undefined : unknownParameter(prefix + unknown);
}

export function lengthRefusal(value: string, max: number, param: string): Refusal | undefined {
  if (value.length <= max) return undefined;
  const rule = `Expected a string with maximum length ${max}, but got a string with length ${value.length} instead.`;
  return { message: `Invalid '${param}': string too long. ${rule}`, param, code: 'string_above_max_length' };
}

export function arrayRefusal(value: unknown, max: number, param: string): Refusal | undefined {
  if (!Array.isArray(value)) return invalidType(param, 'an array', value);
  if (value.length === 0) return emptyArray(param);
  if (value.length <= max) return undefined;
  const rule = `Expected an array with maximum length ${max}, but got an array with length ${value.length} instead.`;
  return { message: `Invalid '${param}': array too long. ${rule}`, param, code: 'array_above_max_length' };
}

/** Names of tools and schemas: letters, digits, `_` and `-`, at most 64. */
export function nameRefusal(name: unknown, param: string): Refusal | undefined {
  if (!isGiven(name)) return missingParameter(param);
  if (typeof name !== 'string') return invalidType(param, 'a string', name);
  if (!/^[a-zA-Z0-9_-]+$/.test(name)) {
    const rule = "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
    return {
      message: `Invalid '${param}': string does not match pattern. ${rule}`,
      param,
      code: 'invalid_value',
    };
  }
  return lengthRefusal(name, 64, param);
}

interface Range {
  readonly min: number;
  readonly max?: number;
  readonly isInteger?: boolean;
}

/** A number that stands in the body must lie within its range. */
export function rangeRefusal(body: JsonObject, param: string, range: Range): Refusal | undefined {
  const value = body[param];
  if (!isGiven(value)) return undefined;
  const kind = range.isInteger ? 'integer' : 'decimal';
  if (typeof value !== 'number' || (range.isInteger && !Number.isInteger(value))) {
    return invalidType(param, range.isInteger ? 'an integer' : 'a decimal', value);
  }
  const below = value < range.min;
  if (!below && value <= (range.max ?? Infinity)) return undefined;
  const [edge, sign, limit] = below ? ['min', '>=', range.min] : ['max', '<=', range.max];
  const rule = `Expected a value ${sign} ${limit}, but got ${value} instead.`;
  return {
    message: `Invalid '${param}': ${kind} ${below ? 'below minimum' : 'above maximum'} value. ${rule}`,
    param,
    code: `${kind}_${below ? 'below' : 'above'}_${edge}_value`,
  };
}

/** A function's name, and its parameters: an object at the root, and strict where that is asked. */
export function functionRefusal(definition: JsonObject, prefix: string): Refusal | undefined {
  const { name, parameters, strict } = definition;
  const nameFault = nameRefusal(name, `${prefix}.name`);
  if (nameFault) return nameFault;
  const param = `${prefix}.parameters`;
  if (!isGiven(parameters)) return undefined;
  if (!isObject(parameters)) return invalidType(param, 'an object', parameters);
  const type = typeof parameters.type === 'string' ? parameters.type : 'None';
  const rootFault =
    type === 'object'
      ? undefined
      : `schema must be a JSON Schema of 'type: "object"', got 'type: "${type}"'.`;
  const fault = rootFault ?? (strict === true ? strictFault(parameters) : undefined);
  if (fault === undefined) return undefined;
  return {
    message: `Invalid schema for function '${String(name)}': ${fault}`,
    param,
    code: 'invalid_function_parameters',
  };
}

/** A JSON Schema format: its name, and strictness where that is asked. */
export function schemaFormatRefusal(
  format: JsonObject,
  prefix: string,
  schemaParam: string,
): Refusal | undefined {
  const nameFault = nameRefusal(format.name, `${prefix}.name`);
  if (nameFault) return nameFault;
  if (!isObject(format.schema)) return missingParameter(`${prefix}.schema`);
  const fault = format.strict === true ? strictFault(format.schema) : undefined;
  if (fault === undefined) return undefined;
  return {
    message: `Invalid schema for response_format '${String(format.name)}': ${fault}`,
    param: schemaParam,
    code: 'invalid_json_schema',
  };
}

/** An image must be a web address or a data URL of a kind that the models read. */
export function imageUrlRefusal(url: unknown, param: string): Refusal | undefined {
  if (typeof url === 'string' && /^https?:\/\//.test(url)) return undefined;
  if (typeof url === 'string' && /^data:image\/(png|jpe?g|webp|gif);base64,[A-Za-z0-9+/]+=*$/.test(url)) {
    return undefined;
  }
  const message =
    'Invalid image: expected a web address or a data URL of a png, jpeg, gif or webp image in base64.';
  return { message, param, code: 'invalid_image_format' };
}
