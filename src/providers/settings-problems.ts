import { isFunction, isString } from '../core/check.ts';

/** The faults of a settings form. An empty base URL would be no setting to the SDK, which then asks the vendor itself. */
export function settingsProblems({ apiKey, baseURL }: { apiKey?: unknown; baseURL?: unknown }): string[] {
  const problems: string[] = [];
  if (apiKey !== undefined && !isFunction(apiKey) && (!isString(apiKey) || apiKey === ''))
    problems.push('apiKey: expected a key that is not empty, or a function');
  if (baseURL !== undefined && !(isString(baseURL) && URL.canParse(baseURL)))
    problems.push('baseURL: expected an absolute URL');
  return problems;
}
