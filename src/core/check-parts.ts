import {
  all,
  anything,
  either,
  fault,
  isNumber,
  isString,
  json,
  mapOf,
  name,
  anObject,
  both,
  number,
  object,
  oneOf,
  strings,
  wholeNumber,
  when,
  expected,
  type Rules,
} from './check.ts';

const milliseconds = expected('a number > 0', (value) => isNumber(value) && value > 0);
/** Also without an end, where it is a time. */
export const zeroOrMore = expected('a number ≥ 0', (value) => isNumber(value) && value >= 0);
const share = expected('a number > 0 and ≤ 1', (value) => isNumber(value) && value > 0 && value <= 1);
export const atLeastOne = wholeNumber(1);

const attemptTimeouts = { firstTokenMs: milliseconds, idleMs: milliseconds, attemptMs: milliseconds };
export const targetTimeouts = object({
  ...attemptTimeouts,
  totalMs: () => fault('belongs to a whole call; set it on the model, the router or the call'),
});

const retryLimit = wholeNumber(0, 100);

/** What router, model and call can set alike. */
export const callRules: Rules = {
  timeouts: object({ ...attemptTimeouts, totalMs: milliseconds }),
  retry: when(
    isNumber,
    retryLimit,
    object({ limit: retryLimit, baseDelayMs: number(0), maxDelayMs: zeroOrMore }),
  ),
  maxAttempts: atLeastOne,
  stream: object({
    recovery: oneOf(['none', 'restart', 'continue']),
    reasoning: oneOf(['held', 'live']),
    holdMs: number(0),
    holdTokens: number(0),
  }),
  transport: oneOf(['auto', 'stream', 'unary']),
  hedge: when(
    (value) => typeof value === 'boolean',
    anything,
    object({
      percentile: share,
      afterMs: milliseconds,
      maxShare: share,
    }),
  ),
};

export const requirements = object({ region: when(Array.isArray, strings, name), tags: strings });

/** The sampling and output settings that a request and a target's `defaults` and `overrides` share. */
export const settingRules: Rules = {
  maxTokens: atLeastOne,
  temperature: number(0),
  topP: number(0, 1),
  stop: expected('a string or a list of strings, none of them empty', (value) =>
    [value].flat().every((item) => isString(item) && item !== ''),
  ),
  seed: wholeNumber(),
  reasoning: all(
    object({ effort: oneOf(['none', 'low', 'medium', 'high']), budgetTokens: wholeNumber(0) }),
    either('effort', 'budgetTokens'),
  ),
  providerOptions: mapOf(both(anObject, json)),
};
