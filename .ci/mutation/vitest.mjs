/**
 * Stands in for vitest in mutation testing: what the tests of the rooms use of it, collected once and run as often as there are
 * mutants. What needs vitest's own process (its fake timers, fresh modules) leaves its test out.
 */
import { format } from 'node:util';
import { vi as ofVitest } from 'vitest';

export { expect } from 'vitest';

/** Thrown by a test that cannot run here. */
export class LeftOut extends Error {}

const tests = [];
let suite;
let finishing = [];

/** What the file has told of itself. */
export async function collect(file, load) {
  suite = { name: '', nth: 0, before: [], after: [], parent: undefined, file };
  await load();
  return tests.splice(0);
}

/** One run of one test, with what stands around it. */
export async function run({ body, suite: own, args }) {
  finishing = [];
  const suites = [];
  for (let at = own; at !== undefined; at = at.parent) suites.unshift(at);
  try {
    for (const { before } of suites) for (const hook of before) await hook();
    await body(...args);
  } finally {
    for (const { after } of suites.reverse()) for (const hook of after) await hook();
    for (const hook of finishing.reverse()) await hook();
    ofVitest.restoreAllMocks();
    ofVitest.unstubAllGlobals();
  }
}

/** @param nth which row of a table it is for; later rows seldom notice what the first one does not */
function addTest(name, { args, nth }, rest) {
  const body = rest.find((part) => typeof part === 'function');
  tests.push({ name: `${suite.name}${name}`, nth: suite.nth + nth, body, suite, args });
}

function addSuite(name, { args, nth }, rest) {
  const outer = suite;
  suite = { name: `${outer.name}${name} > `, nth: outer.nth + nth, before: [], after: [], parent: outer };
  rest.find((part) => typeof part === 'function')(...args);
  suite = outer;
}

function withEach(add) {
  const one = (name, ...rest) => add(name, { args: [], nth: 0 }, rest);
  one.each =
    (rows) =>
    (name, ...rest) =>
      rows.forEach((row, nth) => {
        const args = Array.isArray(row) ? row : [row];
        add(`${titled(name, args)} #${nth}`, { args, nth }, rest);
      });
  return one;
}

function titled(name, args) {
  const places = name.match(/%[sdifjo]/g)?.length ?? 0;
  return format(name, ...args.slice(0, places));
}

export const it = withEach(addTest);
export const describe = withEach(addSuite);
export const beforeEach = (hook) => void suite.before.push(hook);
export const afterEach = (hook) => void suite.after.unshift(hook);
export const onTestFinished = (hook) => void finishing.push(hook);

function leaveOut() {
  throw new LeftOut();
}

export const vi = Object.create(ofVitest, {
  setConfig: { value: () => {} },
  useRealTimers: { value: () => {} },
  useFakeTimers: { value: leaveOut },
  resetModules: { value: leaveOut },
});
