import { describe, expect, it } from 'vitest';
import {
  boolean,
  holding,
  listOf,
  nearest,
  number,
  object,
  oneOf,
  problemsOf,
  refused,
  show,
  string,
  strings,
  variant,
} from '../../src/core/check.ts';

describe('a rule', () => {
  it('says where, what was expected and what came', () => {
    const rule = object({
      weight: number(0),
      transport: oneOf(['auto', 'stream', 'unary']),
      retry: object({}),
    });
    expect(problemsOf(rule, { weight: -1, transport: 'strem', retry: 'often' }, 'models.chat[2]')).toEqual([
      { path: 'models.chat[2].weight', message: 'expected a number ≥ 0, got -1' },
      {
        path: 'models.chat[2].transport',
        message: "expected one of 'auto', 'stream', 'unary', got \"strem\"; did you mean 'stream'?",
      },
      { path: 'models.chat[2].retry', message: 'expected an object, got "often"' },
    ]);
  });

  it('names the nearest known key, and all of them where none is near', () => {
    const rule = object({ weight: number(), model: string });
    expect(problemsOf(rule, { wieght: 1, zzz: 2 })).toEqual([
      { path: 'wieght', message: "is not known; did you mean 'weight'?" },
      { path: 'zzz', message: 'is not known; known are weight, model' },
    ]);
  });

  it('never proposes a key that is refused', () => {
    const rule = object({ model: string, cache: refused('comes later') });
    expect(problemsOf(rule, { cahce: 1, cache: true })).toEqual([
      { path: 'cahce', message: 'is not known; known are model' },
      { path: 'cache', message: 'comes later' },
    ]);
  });

  it('takes undefined as absent', () => {
    const optional = { a: number(), b: boolean, c: strings, d: oneOf(['x']) };
    const absent = { a: undefined, b: undefined, c: undefined, d: undefined };
    expect(problemsOf(object(optional), absent)).toEqual([]);
    expect(problemsOf(object({}, { a: number() }), absent)).toContainEqual({
      path: 'a',
      message: 'expected a number, got nothing',
    });
  });

  it('finds every fault of a list, and of variants by their own rules', () => {
    const rule = listOf(variant('type', { text: holding({ text: string }), call: holding({ id: string }) }));
    expect(
      problemsOf(rule, [{ type: 'text', text: 1 }, { type: 'text', text: '', more: 1 }, { type: 'cal' }]),
    ).toEqual([
      { path: '[0].text', message: 'expected a string, got 1' },
      { path: '[2].type', message: "expected one of 'text', 'call', got \"cal\"; did you mean 'call'?" },
    ]);
  });
});

describe('nearest', () => {
  it.each([
    ['retyr', 'retry'],
    ['Timeouts', 'timeouts'],
    ['max_attempts', 'maxAttempts'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, ['retry', 'timeouts', 'maxAttempts', 'stream'])).toBe(meant);
  });

  it.each([
    ['x', ['a']],
    ['gp', ['a', 'b']],
    ['ab', ['cd']],
  ])('guesses nothing for %s among the short words %j', (word, known) => {
    expect(nearest(word, known)).toBeUndefined();
  });

  it('guesses nothing where nothing is near', () => {
    expect(nearest('banana', ['retry', 'timeouts'])).toBeUndefined();
  });
});

describe('show', () => {
  it('never shows a long string, which could be a key or a prompt', () => {
    expect(show('x'.repeat(100))).toBe('a string of 100 characters');
  });
});
