import { describe, expect, it } from 'vitest';
import { createCheck, nearest, show } from '../../src/core/check.ts';

describe('the check', () => {
  it('says where, what was expected and what came', () => {
    const check = createCheck();
    check.number('models.chat[2].weight', -1, { min: 0 });
    check.oneOf('transport', 'strem', ['auto', 'stream', 'unary']);
    check.object('retry', 'often');
    expect(check.problems).toEqual([
      { path: 'models.chat[2].weight', message: 'expected a number ≥ 0, got -1' },
      {
        path: 'transport',
        message: "expected one of 'auto', 'stream', 'unary', got \"strem\"; did you mean 'stream'?",
      },
      { path: 'retry', message: 'expected an object, got "often"' },
    ]);
  });

  it('names the nearest known key, and all of them where none is near', () => {
    const check = createCheck();
    check.object('', { wieght: 1, zzz: 2 }, ['weight', 'model']);
    expect(check.problems).toEqual([
      { path: 'wieght', message: "is not known; did you mean 'weight'?" },
      { path: 'zzz', message: 'is not known; known are weight, model' },
    ]);
  });

  it('takes undefined as absent', () => {
    const check = createCheck();
    check.number('a', undefined);
    check.boolean('b', undefined);
    check.strings('c', undefined);
    check.oneOf('d', undefined, ['x']);
    expect(check.problems).toEqual([]);
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

  it('guesses nothing where nothing is near', () => {
    expect(nearest('banana', ['retry', 'timeouts'])).toBeUndefined();
  });
});

describe('show', () => {
  it('never shows a long string, which could be a key or a prompt', () => {
    expect(show('x'.repeat(100))).toBe('a string of 100 characters');
  });
});
