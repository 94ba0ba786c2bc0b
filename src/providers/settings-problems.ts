import { isFunction, isObject, isString, must } from '../core/check.ts';

/** Without its scheme, `localhost:4000/v1` would be a URL all the same, of the scheme `localhost`. */
export const baseURLRule = must(
  'expected an absolute URL, with http:// or https://',
  (value) => isString(value) && /^https?:\/\//i.test(value) && URL.canParse(value),
);

/** The faults of a settings form. An empty base URL would be no setting to the SDK, which then asks the vendor itself. */
export function settingsProblems({ apiKey, baseURL }: { apiKey?: unknown; baseURL?: unknown }): string[] {
  const problems: string[] = [];
  if (apiKey !== undefined && !isFunction(apiKey) && (!isString(apiKey) || apiKey === ''))
    problems.push('apiKey: expected a key that is not empty, or a function');
  if (baseURL !== undefined)
    problems.push(...baseURLRule(baseURL).map(({ message }) => `baseURL: ${message}`));
  return problems;
}

/**
 * What to say where a factory was given no options, but nothing, a bare key or a bare client. The value stands in no
 * message, since it can be a key.
 */
export function noOptions(
  factory: string,
  given: unknown,
  isClient: (given: Readonly<Record<string, any>>) => boolean,
): string | undefined {
  if (!isObject(given)) return `expected ${factory}({ client }) or ${factory}({ apiKey }), got no object`;
  return given['client'] === undefined && isClient(given)
    ? `expected ${factory}({ client }), got the client itself`
    : undefined;
}
