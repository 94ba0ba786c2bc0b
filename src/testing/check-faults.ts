import {
  aFunction,
  anything,
  describeProblems,
  expected,
  holding,
  isFunction,
  isNumber,
  isString,
  listOf,
  number,
  object,
  oneOf,
  problemsOf,
  string,
  variant,
  when,
  wholeNumber,
  type Rules,
} from '../core/check.ts';
import { zeroOrMore } from '../core/check-parts.ts';
import { failureKinds } from '../core/failure.ts';

const kind = oneOf(failureKinds);
const failure = when(isString, kind, holding({ kind, message: string }));
const after = wholeNumber(0);

const fault = variant('kind', {
  fail: object({ kind: anything, failure, after }),
  stall: object({ kind: anything, after }),
  cut: object({ kind: anything, after }),
  slow: object({ kind: anything, firstMs: number(0), eachMs: number(0) }),
});
const faultOrNull = when((value) => value === null, anything, fault);

const planRules: Rules = {
  // Who means 1 % and writes 1 strikes everybody; who writes 5 is told.
  rate: expected('a share from 0 to 1', (value) => isNumber(value) && value >= 0 && value <= 1),
  faults: listOf(fault),
  schedule: when(isFunction, anything, listOf(faultOrNull)),
  only: aFunction,
  forMs: zeroOrMore,
  onFault: aFunction,
  random: aFunction,
};
const plan = object(planRules);
const planAndRuntime = object({ ...planRules, runtime: anything });

/**
 * For those who write no types: on a live provider a misspelt `rate` would be all calls instead of one in a hundred, and a
 * misspelt `only` everybody instead of a few.
 *
 * @throws TypeError naming every fault
 */
export function checkFaultPlan(given: unknown): void {
  complain(problemsOf(plan, given));
}

/** @throws TypeError naming every fault */
export function checkFaultOptions(given: unknown): void {
  complain(problemsOf(planAndRuntime, given));
}

function complain(problems: ReturnType<typeof problemsOf>): void {
  if (problems.length > 0) throw new TypeError(describeProblems(problems));
}
