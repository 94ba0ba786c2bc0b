import type { Problem } from './errors.ts';

/**
 * What a value must be: says each of its faults, with the path from the value on. It is never asked about `undefined`,
 * which is the same as absent.
 */
export type Rule = (value: unknown) => readonly Problem[];

export type Rules = Readonly<Record<string, Rule>>;

/** Stands for a value that is absent where there must be one. */
const nothing = Symbol('nothing');
export const fine: readonly Problem[] = [];

/** Every fault of a value, so that all can be told at once. */
export function problemsOf(rule: Rule, value: unknown, path = ''): Problem[] {
  const faults = rule(orNothing(value));
  if (faults.length === 0) return [];
  return under(path, faults).map((fault) => ({
    ...fault,
    path: fault.path.replace(/^\./, ''),
  }));
}

export const isGiven = (value: unknown) => value !== nothing;
const orNothing = (value: unknown) => (value === undefined ? nothing : value);

export function fault(message: string, path = ''): Problem[] {
  return [{ path, message }];
}

/** Paths are put together only where there are faults: most requests have none. */
function under(path: string, faults: readonly Problem[]): readonly Problem[] {
  return faults.map((inner) => ({ ...inner, path: path + inner.path }));
}

/** A rule out of its fault and which values have none. */
export function must(message: string, fits: (value: unknown) => boolean): Rule {
  return (value) => (fits(value) ? fine : fault(message));
}

/** A rule out of what is expected, in words, and which values meet it. */
export function expected(what: string, fits: (value: unknown) => boolean): Rule {
  return (value) => (fits(value) ? fine : fault(`expected ${what}, got ${show(value)}`));
}

export function number(min = -Infinity, max = Infinity): Rule {
  return expected(
    `a number${bounds(min, max)}`,
    (value) => Number.isFinite(value) && (value as number) >= min && (value as number) <= max,
  );
}

export function wholeNumber(min = -Infinity, max = Infinity): Rule {
  return expected(
    `a whole number${bounds(min, max)}`,
    (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  );
}

function bounds(min: number, max: number): string {
  return (min === -Infinity ? '' : ` ≥ ${min}`) + (max === Infinity ? '' : ` and ≤ ${max}`);
}

export const isString = (value: unknown): value is string => typeof value === 'string';
export const isFunction = (value: unknown) => typeof value === 'function';
export const isNumber = (value: unknown): value is number => typeof value === 'number';
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const string = expected('a string', isString);
/** A string that is not empty. */
export const name = expected('a string that is not empty', (value) => isString(value) && value !== '');
export const boolean = expected('true or false', (value) => typeof value === 'boolean');
export const aFunction = expected('a function', isFunction);
export const anObject = expected('an object', isObject);
export const strings = expected(
  'a list of strings',
  (value) => Array.isArray(value) && value.every(isString),
);
export const anything: Rule = () => fine;
/** Found before a target is asked: it cannot be sent to any of them, and says nothing of their health. */
export const json = must('expected what JSON can hold, without a cycle or a BigInt', (value) => {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
});
const refusals = new WeakSet<Rule>();
/** An option of the contract that a later version brings: refused by name, so that nobody relies on it in vain. */
export const later = refused('is not available in this version of failsoft; leave it out');

/** A field that is refused with a word of its own. It is never named among the known ones. */
export function refused(message: string): Rule {
  const rule: Rule = () => fault(message);
  refusals.add(rule);
  return rule;
}

export function oneOf(words: readonly string[]): Rule {
  const list = expected(`one of ${words.map((word) => `'${word}'`).join(', ')}`, () => false);
  return (value) => {
    if (words.includes(value as string)) return fine;
    const hint = isString(value) && nearest(value, words);
    return list(value).map(({ message }) => ({
      path: '',
      message: hint ? `${message}; did you mean '${hint}'?` : message,
    }));
  };
}

/** One rule for those that pass the test, another for the rest. */
export function when(test: (value: unknown) => boolean, rule: Rule, otherwise: Rule): Rule {
  return (value) => (test(value) ? rule : otherwise)(value);
}

/** Rules that hold together, each of which can be asked about anything. */
export function all(...rules: readonly Rule[]): Rule {
  return (value) => rules.flatMap((rule) => rule(value));
}

/** Of two fields exactly one is given. */
export function either(one: string, other: string): Rule {
  return must(`expected either ${one} or ${other}`, (value) => {
    const given = value as Readonly<Record<string, unknown>> | null;
    return (given?.[one] === undefined) !== (given?.[other] === undefined);
  });
}

/** Two rules, the second for what the first finds no fault with. */
export function both(first: Rule, second: Rule): Rule {
  return (value) => {
    const faults = first(value);
    return faults.length > 0 ? faults : second(value);
  };
}

export function listOf(rule: Rule, what = 'a list'): Rule {
  const list = expected(what, Array.isArray);
  return (value) => {
    if (!Array.isArray(value)) return list(value);
    let faults = fine;
    // By index, since a list can have holes, which `forEach` leaves out.
    for (let index = 0; index < value.length; index += 1)
      faults = joined(faults, `[${index}]`, rule(orNothing(value[index])));
    return faults;
  };
}

function joined(faults: readonly Problem[], path: string, more: readonly Problem[]): readonly Problem[] {
  return more.length === 0 ? faults : [...faults, ...under(path, more)];
}

/** What to say of a key that nobody knows. */
export function notKnown(key: string, known: readonly string[]): string {
  const hint = nearest(key, known);
  return `is not known; ${hint ? `did you mean '${hint}'?` : `known are ${known.join(', ')}`}`;
}

/** An object with these fields and no other ones: an unknown one is a fault that names the nearest known one. */
export function object(optional: Rules, required: Rules = {}): Rule {
  const rules = new Map(Object.entries(optional));
  const names = [...rules.keys(), ...Object.keys(required)].filter(
    (key) => !refusals.has(rules.get(key) ?? anything),
  );
  const unknown = (key: string) => () => fault(notKnown(key, names));
  return both(
    anObject,
    fields((key) => rules.get(key) ?? (key in required ? anything : unknown(key)), required),
  );
}

/** An object with any keys. */
export function mapOf(rule: Rule): Rule {
  return both(
    anObject,
    fields(() => rule),
  );
}

/** An object that holds at least these fields. */
export function holding(required: Rules, optional?: Rules): Rule {
  return both(anObject, fields(optional && ((key) => optional[key] ?? anything), required));
}

function fields(ruleOf: ((key: string) => Rule) | undefined, required: Rules = {}): Rule {
  const needed = Object.entries(required);
  return (value) => {
    const given = value as Readonly<Record<string, unknown>>;
    let faults = fine;
    if (ruleOf) {
      for (const key in given)
        if (given[key] !== undefined) faults = joined(faults, `.${key}`, ruleOf(key)(given[key]));
    }
    for (const [key, rule] of needed) faults = joined(faults, `.${key}`, rule(orNothing(given[key])));
    return faults;
  };
}

/** An object whose field `key` says which rule holds for it. */
export function variant(key: string, rules: Rules): Rule {
  const kinds = new Map(Object.entries(rules));
  const refuse = holding({ [key]: oneOf([...kinds.keys()]) });
  return (value) => ((isObject(value) && kinds.get(value[key] as string)) || refuse)(value);
}

/** A value as a message may show it: short, and never a long string, which could be a prompt or a key. */
export function show(value: unknown): string {
  if (isString(value))
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value instanceof Date) return 'a Date';
  if (isObject(value)) return 'an object';
  if (isFunction(value)) return 'a function';
  return value === nothing ? 'nothing' : String(value);
}

/** The known word that a misspelt one most likely meant, by edit distance. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3));
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance > least || (distance === least && best !== undefined)) continue;
    // Two short words that have hardly a letter in common are not near, however few the edits are.
    if (distance >= Math.min(word.length, candidate.length)) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const substituted = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substituted, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

export function describeProblem({ path, message }: Problem): string {
  return path === '' ? message : `${path}: ${message}`;
}

/** `1 fault`, `2 faults`. */
export function faultCount({ length }: readonly Problem[]): string {
  return length === 1 ? '1 fault' : `${length} faults`;
}

/** One line for each fault. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(describeProblem).join('\n');
}
