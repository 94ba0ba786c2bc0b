import { show, type Check } from './check.ts';

export const transports = ['auto', 'stream', 'unary'];
export const efforts = ['none', 'low', 'medium', 'high'];

const timeoutKeys = ['firstTokenMs', 'idleMs', 'attemptMs', 'totalMs'];
const retryKeys = ['limit', 'baseDelayMs', 'maxDelayMs'];
const settingKeys = ['maxTokens', 'temperature', 'topP', 'stop', 'seed', 'reasoning', 'providerOptions'];
/** The fields of `stream` that a later version brings. */
const laterStreamKeys = ['holdMs', 'holdTokens'];

/** Faults for options of the contract that this version does not have yet. */
export function checkLater(
  check: Check,
  path: string,
  options: Record<string, unknown>,
  later: readonly string[],
): void {
  for (const key of later) {
    if (options[key] === undefined) continue;
    check.fault(
      path === '' ? key : `${path}.${key}`,
      'is not available in this version of failsoft; leave it out',
    );
  }
}

export function checkTimeouts(check: Check, path: string, timeouts: unknown): void {
  if (timeouts === undefined || !check.object(path, timeouts, timeoutKeys)) return;
  for (const key of timeoutKeys) check.number(`${path}.${key}`, timeouts[key], { min: 0, exclusive: true });
}

export function checkRetry(check: Check, path: string, retry: unknown): void {
  if (retry === undefined) return;
  if (typeof retry === 'number') check.number(path, retry, { min: 0, integer: true, max: 100 });
  else if (check.object(path, retry, retryKeys)) {
    check.number(`${path}.limit`, retry.limit, { min: 0, integer: true, max: 100 });
    check.number(`${path}.baseDelayMs`, retry.baseDelayMs, { min: 0 });
    check.number(`${path}.maxDelayMs`, retry.maxDelayMs, { min: 0 });
  }
}

export function checkStream(check: Check, path: string, stream: unknown): void {
  if (stream === undefined || !check.object(path, stream, ['recovery', 'reasoning', ...laterStreamKeys]))
    return;
  checkLater(check, path, stream, laterStreamKeys);
  check.oneOf(`${path}.reasoning`, stream.reasoning, ['held', 'live']);
  if (stream.recovery === 'restart' || stream.recovery === 'continue') {
    check.fault(
      `${path}.recovery`,
      `'${stream.recovery}' is not available in this version of failsoft; use 'none'`,
    );
  } else check.oneOf(`${path}.recovery`, stream.recovery, ['none', 'restart', 'continue']);
}

export function checkRequirements(check: Check, path: string, require: unknown): void {
  if (require === undefined || !check.object(path, require, ['region', 'tags'])) return;
  if (Array.isArray(require.region)) check.strings(`${path}.region`, require.region);
  else check.string(`${path}.region`, require.region);
  check.strings(`${path}.tags`, require.tags);
}

/** The sampling and output settings that a request and a target's `defaults` and `overrides` share. */
export function checkSampling(check: Check, prefix: string, settings: Record<string, unknown>): void {
  check.number(`${prefix}maxTokens`, settings.maxTokens, { min: 1, integer: true });
  check.number(`${prefix}temperature`, settings.temperature, { min: 0 });
  check.number(`${prefix}topP`, settings.topP, { min: 0, max: 1 });
  check.number(`${prefix}seed`, settings.seed, { integer: true });
  checkStop(check, `${prefix}stop`, settings.stop);
  checkReasoning(check, `${prefix}reasoning`, settings.reasoning);
  checkProviderOptions(check, `${prefix}providerOptions`, settings.providerOptions);
}

export function checkSettings(check: Check, path: string, settings: unknown): void {
  if (settings === undefined || !check.object(path, settings, settingKeys)) return;
  checkSampling(check, `${path}.`, settings);
}

function checkStop(check: Check, path: string, stop: unknown): void {
  const list = Array.isArray(stop) ? (stop as unknown[]) : [stop];
  if (stop !== undefined && list.some((item) => typeof item !== 'string' || item === '')) {
    check.fault(path, 'expected a string or a list of strings, none of them empty');
  }
}

function checkReasoning(check: Check, path: string, reasoning: unknown): void {
  if (reasoning === undefined || !check.object(path, reasoning, ['effort', 'budgetTokens'])) return;
  const { effort, budgetTokens } = reasoning;
  if ((effort === undefined) === (budgetTokens === undefined)) {
    check.fault(path, 'expected either effort or budgetTokens');
  }
  check.oneOf(`${path}.effort`, effort, efforts);
  check.number(`${path}.budgetTokens`, budgetTokens, { min: 0, integer: true });
}

function checkProviderOptions(check: Check, path: string, options: unknown): void {
  if (options === undefined || !check.object(path, options)) return;
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      check.fault(`${path}.${name}`, `expected an object, got ${show(value)}`);
    }
  }
}
