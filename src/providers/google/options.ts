import { failureError } from '../failure.ts';
import type { WireBody } from './wire.ts';

type Json = { readonly [key: string]: unknown };

/** What the engine writes itself, under every name that the vendor knows it by. */
const owned = new Set(['model', 'contents', 'systemInstruction', 'system_instruction']);
/** More than one candidate would be paid for and thrown away. */
const ownedInConfig = new Set(['candidateCount', 'candidate_count']);

/**
 * Merges the caller's own options last: objects deeply, and `tools` (Google Search, code execution) beside the functions.
 * @throws a failure of kind `bad-request` for a key that the engine owns
 */
export function withOptions(body: WireBody, options: Json | undefined): WireBody {
  if (!options) return body;
  refuse(options, owned, 'providerOptions');
  if (isPlain(options['generationConfig'])) {
    refuse(options['generationConfig'], ownedInConfig, 'providerOptions.generationConfig');
  }
  const { tools, ...rest } = options;
  const merged = mergedDeep(body, rest);
  if (!Array.isArray(tools)) return merged as WireBody;
  return { ...(merged as WireBody), tools: [...((body['tools'] as unknown[] | undefined) ?? []), ...tools] };
}

function refuse(options: Json, keys: ReadonlySet<string>, where: string): void {
  const key = Object.keys(options).find((name) => keys.has(name));
  if (key === undefined) return;
  throw failureError({
    kind: 'bad-request',
    message: `${where}.${key}: expected no key that failsoft sets itself`,
    code: 'owned-option',
  });
}

function mergedDeep(base: Json, over: Json): Json {
  const result: { [key: string]: unknown } = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = isPlain(before) && isPlain(value) ? mergedDeep(before, value) : value;
  }
  return result;
}

function isPlain(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
