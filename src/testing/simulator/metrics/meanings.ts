/** What is measured, each figure in words. Shares are from 0 to 1; what never came about is Infinity, what cannot be told is NaN. */
export const metricMeanings = {
  success: 'Calls answered whole and in time, of all',
  successInFault: 'Calls answered whole and in time, of those that began in the fault',
  corrupt:
    'Calls whose caller was given something else than the answer as if it were one, or text that is not of it',
  hangs: 'Calls that had not ended a second after their deadline',
  firstTokenP50Ms: 'First text of streamed calls that began in the fault, from their scheduled start: median',
  firstTokenP95Ms: 'First text of streamed calls that began in the fault: 95th percentile',
  firstTokenP99Ms: 'First text of streamed calls that began in the fault: 99th percentile',
  totalP50Ms: 'Answered calls that began in the fault, from their scheduled start to their end: median',
  totalP95Ms: 'Answered calls that began in the fault, to their end: 95th percentile',
  totalP99Ms: 'Answered calls that began in the fault, to their end: 99th percentile',
  errorP99Ms: 'Calls that failed, from their scheduled start: 99th percentile',
  attemptsPerCall: 'Requests to providers for one call, in the fault',
  wastedShare: 'Requests that were not the answer of their call, of all',
  timeToDetectMs: 'From the fault until 18 of the next 20 calls do not ask a first',
  timeToReturnMs: 'From the end of the fault until 18 of the next 20 calls ask a first',
  struckAttempts: 'Requests that met the fault at a',
  shareInFault: 'First attempts made at a while the fault was active, of all then',
  shareAfter20s: 'First attempts made at a from 20 seconds after the fault on until its end',
  shareAfter30s: 'First attempts made at a from 30 seconds after the fault on until its end',
  loadOnA: 'Requests to a for one call, in the fault',
  loadOnB: 'Requests to b for one call, in the fault',
  loadOnC: 'Requests to c for one call, in the fault',
  peakLoad: 'Requests to one target for one call, in the fault: the most that any had',
  overshoot:
    'After the fault: the most requests to a in one second, over the most calls in one second of the run',
  changes: 'Changes of the breaker of a',
  changesPer5s: 'How often the breaker of a took it out of use or back within any 5 seconds, at most',
  longestWaitMs: 'The longest that an answered call spent with no request under way',
  earlyAttempts: 'Requests before the time that a provider had asked to be left alone until',
  answersFromAPerSecond: 'Answers of a in the second half of the fault, by the second',
  limitedShare: 'Requests refused as a rate limit, of all in the fault',
  answersInFault: 'Calls that began in the fault and were answered',
  recoveryP95Ms:
    'Streamed calls whose first request fell silent: first text after it was given up, 95th percentile',
  longestSilenceMs: 'The longest that a request was left silent after a token',
  silenceP99Ms:
    'Calls that began in the fault: how long a request of theirs was silent after a token, 99th percentile',
  falseMoves:
    'Requests given up that would have been answered (not the slower one of a hedge), and changes of breakers, though no provider had a fault',
  repeatsAtOneTarget: 'Requests to a target that the same call had asked before',
  alerts: 'Alerts told to the operator',
  goodputBackMs: 'From the end of the fault until a answers 95 % of its healthy share for 10 seconds',
} as const;

/** The names of the figures; `metricMeanings` says what each is. */
export type MetricName = keyof typeof metricMeanings;
/** All figures of one run. */
export type Metrics = Readonly<Record<MetricName, number>>;
