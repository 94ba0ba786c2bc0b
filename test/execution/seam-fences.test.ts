import { describe, expect, it } from 'vitest';
import { openFence, readFence, unwrap } from '../../src/execution/seam-fences.ts';

const backticks = { mark: '`', length: 3, info: '' } as const;
const tildes = { mark: '~', length: 3, info: '' } as const;

describe('a line that could be a fence', () => {
  it('is three marks or more at its beginning, indented or not, with a language behind', () => {
    expect(readFence('```')).toEqual(backticks);
    expect(readFence('  \t~~~~')).toEqual({ ...tildes, length: 4 });
    expect(readFence('``` ts ')).toEqual({ ...backticks, info: 'ts' });
    expect(readFence('~~~ a ` b')).toEqual({ ...tildes, info: 'a ` b' });
    expect(readFence('\n```')).toEqual(backticks);
  });

  it.each(['', 'text', '``', '~~', '~', 'x ```', 'x ~~~', '``` a ` b', '```ts\nmore'])(
    'is not %j',
    (line) => {
      expect(readFence(line)).toBeUndefined();
    },
  );
});

describe('the block of code in which a text ends', () => {
  it.each([
    ['none at all', 'Hello', undefined],
    ['one that was opened', 'Look:\n```ts\ncode', { ...backticks, info: 'ts' }],
    ['none after it was closed', '```ts\ncode\n```\nDone', undefined],
    ['none after it was closed by more marks', '```\ncode\n`````', undefined],
    ['the same after fewer marks', '````\ncode\n```', { ...backticks, length: 4 }],
    ['the same after other marks', '```\ncode\n~~~', backticks],
    ['the same after other and more marks', '```\ncode\n~~~~', backticks],
    ['the same after marks with a language', '```\ncode\n```ts', backticks],
    ['the second one', '```\none\n```\n~~~\ntwo', tildes],
  ])('is %s', (_, text, open) => {
    expect(openFence(text)).toEqual(open);
  });
});

describe('the fence around a whole text', () => {
  /** In one piece, and letter by letter. */
  function unwrapped(text: string, wrapper: typeof backticks | typeof tildes = backticks): string {
    const [whole, letters] = [unwrap(wrapper), unwrap(wrapper)];
    const told = whole.add(text) + whole.end();
    const byLetter = [...text].map((letter) => letters.add(letter)).join('') + letters.end();
    expect(byLetter).toBe(told);
    expect(letters.end()).toBe('');
    return told;
  }

  it.each([
    ['is taken away where it closes', 'one\ntwo\n```', 'one\ntwo'],
    ['is taken away with what stands before it in its line', 'one\n  ``` ', 'one'],
    ['leaves what comes behind it', 'one\n```\ntwo\n```\n', 'one\ntwo\n```\n'],
    ['leaves empty lines', 'one\n\n\n```', 'one\n\n'],
    ['leaves a block within', 'a\n~~~\nb\n```\nc\n~~~\n```', 'a\n~~~\nb\n```\nc\n~~~'],
    ['leaves a block with a language within', 'a\n```ts\nb\n```\nc\n```', 'a\n```ts\nb\n```\nc'],
    [
      'leaves lines that only look like one',
      'a\n``\n~~\n`b`\n~c\nx```\n~~~ d',
      'a\n``\n~~\n`b`\n~c\nx```\n~~~ d',
    ],
    ['leaves a text that does not end with one', 'one\ntwo', 'one\ntwo'],
  ])('%s', (_, text, left) => {
    expect(unwrapped(text)).toBe(left);
  });

  it('is closed by its own mark only', () => {
    expect(unwrapped('one\n```', tildes)).toBe('one\n```');
    expect(unwrapped('one\n~~~', tildes)).toBe('one');
  });

  it('shows at once what cannot become a fence, and holds back what can', () => {
    const { add } = unwrap(backticks);
    expect(['a', '\n', ' ', '`', '`', 'b', 'c'].map((letter) => add(letter))).toEqual([
      'a',
      '',
      '',
      '',
      '',
      '\n ``b',
      'c',
    ]);
    expect(['\n', '~', '~', '~', ' ', 'x'].map((letter) => add(letter)).join('')).toBe('');
  });
});
