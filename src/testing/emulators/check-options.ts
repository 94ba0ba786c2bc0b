import {
  anything,
  describeProblems,
  isFunction,
  isString,
  listOf,
  object,
  problemsOf,
  string,
  wholeNumber,
  when,
  type Rules,
} from '../../core/check.ts';
import { zeroOrMore } from '../../core/check-parts.ts';
import { each } from '../../core/each.ts';

const reply = when(
  (value) => isString(value) || isFunction(value),
  anything,
  object(each('text reasoning toolCalls finishReason usage object', anything)),
);

const common: Rules = {
  reply,
  // Checked where a schedule is read, which may be later.
  faults: anything,
  keys: listOf(string),
  models: listOf(string),
  tokenDelayMs: zeroOrMore,
  port: wholeNumber(0, 65_535),
};

/**
 * A misspelt option would be a test that proves nothing.
 *
 * @throws TypeError naming every fault
 */
export function checkOptions(options: unknown, own: Rules): void {
  const problems = problemsOf(object({ ...common, ...own }), options, 'options');
  if (problems.length > 0) throw new TypeError(describeProblems(problems));
}

/** @throws TypeError naming every fault */
export function checkReply(given: unknown): void {
  const problems = given === undefined ? [] : problemsOf(reply, given, 'reply');
  if (problems.length > 0) throw new TypeError(describeProblems(problems));
}
