import type { Problem } from './errors.ts';

/** What a number must be. */
export interface NumberRule {
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
  /** The least value itself is not allowed. */
  readonly exclusive?: boolean;
}

/** Collects every fault of a configuration or a request, so that all can be told at once. */
export interface Check {
  readonly problems: Problem[];
  fault(path: string, message: string): void;
  /** Whether the value is a plain object; its unknown keys are faults that name the nearest known one. */
  object(path: string, value: unknown, known?: readonly string[]): value is Record<string, unknown>;
  number(path: string, value: unknown, rule?: NumberRule): void;
  string(path: string, value: unknown): value is string;
  boolean(path: string, value: unknown): void;
  oneOf(path: string, value: unknown, allowed: readonly string[]): void;
  strings(path: string, value: unknown): void;
}

/** A fresh collector. All checks but `object` pass over `undefined`: it is the same as absent. */
export function createCheck(): Check {
  const problems: Problem[] = [];
  const fault = (path: string, message: string) => void problems.push({ path, message });
  const expected = (path: string, what: string, value: unknown) =>
    fault(path, `expected ${what}, got ${show(value)}`);

  return {
    problems,
    fault,
    object(path, value, known): value is Record<string, unknown> {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        expected(path, 'an object', value);
        return false;
      }
      if (known) for (const key of Object.keys(value)) if (!known.includes(key)) unknownKey(path, key, known);
      return true;
    },
    number(path, value, rule = {}) {
      if (value !== undefined && !fits(value, rule)) expected(path, describeNumber(rule), value);
    },
    string(path, value): value is string {
      if (typeof value === 'string' && value !== '') return true;
      if (value !== undefined) expected(path, 'a string that is not empty', value);
      return false;
    },
    boolean(path, value) {
      if (value !== undefined && typeof value !== 'boolean') expected(path, 'true or false', value);
    },
    oneOf(path, value, allowed) {
      if (value === undefined || allowed.includes(value as string)) return;
      const hint = typeof value === 'string' ? nearest(value, allowed) : undefined;
      expected(path, `one of ${allowed.map((word) => `'${word}'`).join(', ')}`, value);
      if (hint) problems[problems.length - 1]!.message += `; did you mean '${hint}'?`;
    },
    strings(path, value) {
      if (value === undefined) return;
      if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
        expected(path, 'a list of strings', value);
    },
  };

  function unknownKey(path: string, key: string, known: readonly string[]): void {
    const hint = nearest(key, known);
    const where = path === '' ? key : `${path}.${key}`;
    fault(
      where,
      hint ? `is not known; did you mean '${hint}'?` : `is not known; known are ${known.join(', ')}`,
    );
  }
}

function fits(value: unknown, rule: NumberRule): boolean {
  if (typeof value !== 'number' || Number.isNaN(value)) return false;
  if (rule.integer && !Number.isInteger(value)) return false;
  if (rule.min !== undefined && (rule.exclusive ? value <= rule.min : value < rule.min)) return false;
  return rule.max === undefined || value <= rule.max;
}

function describeNumber({ min, max, integer, exclusive }: NumberRule): string {
  const noun = integer ? 'a whole number' : 'a number';
  const bounds = [
    ...(min === undefined ? [] : [`${exclusive ? '>' : '≥'} ${min}`]),
    ...(max === undefined ? [] : [`≤ ${max}`]),
  ];
  return bounds.length === 0 ? noun : `${noun} ${bounds.join(' and ')}`;
}

/** A value as a message may show it: short, and never a long string, which could be a prompt or a key. */
export function show(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value instanceof Date) return 'a Date';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value === 'function') return 'a function';
  return String(value);
}

/** The known word that a misspelt one most likely meant, by edit distance. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const scored = known.map((candidate) => ({
    candidate,
    distance: editDistance(lower, candidate.toLowerCase()),
  }));
  scored.sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
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

/** One line for a list of faults. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n');
}
