import { describe, expect, it } from 'vitest';
import { continuationPrompt } from '../../src/execution/seam-prompt.ts';

const anchorOf = (before: string) => continuationPrompt(before).anchor;
const fence = '```';

describe('what a model is asked that goes on', () => {
  it('is, word for word, to repeat the last words and to add nothing', () => {
    expect(continuationPrompt('The quick bro').instruction).toBe(
      [
        'Your last message broke off before it was complete. Complete it.',
        'These are its last words:',
        'The quick bro',
        'Begin by repeating exactly these last words, without quotation marks, and go on directly behind them, even if they end in the middle of a word or of a sentence.',
        'Write nothing else before: no greeting, no remark, no heading, no code fence around the text. Do not start over. Keep to the language, the style and the format of what you have written so far.',
      ].join('\n\n'),
    );
  });

  it('names no last words where there are none', () => {
    const { anchor, instruction } = continuationPrompt(' \n');
    expect(anchor).toBe('');
    expect(instruction.split('\n\n')).toHaveLength(2);
  });

  it('warns of a block of code that is still open, unless the last words open it', () => {
    const warning = 'You are inside a code block that is still open: do not open it again.';
    const lines = `${'const one = 1;\n'.repeat(8)}`;
    expect(continuationPrompt(`${fence}ts\n${lines}`).instruction.split('\n\n').at(-1)).toBe(warning);
    expect(continuationPrompt(`Look:\n${fence}ts\nconst`).instruction).not.toContain(warning);
    expect(continuationPrompt(`${fence}ts\n${lines}${fence}\nDone so far`).instruction).not.toContain(
      warning,
    );
  });
});

describe('the last words', () => {
  it('are all that was told, as long as that has no more than 60 characters', () => {
    expect(anchorOf(`  ${'x'.repeat(60)} `)).toBe('x'.repeat(60));
    expect(anchorOf('x'.repeat(61))).toBe('x'.repeat(60));
    const words = `${'a'.repeat(9)} ${'b'.repeat(50)}`;
    expect(anchorOf(words)).toBe(words);
  });

  it('begin with a word, where that leaves 20 characters at least', () => {
    const last = 'b'.repeat(19);
    expect(anchorOf(`${'a'.repeat(80)} c${last}`)).toBe(`c${last}`);
    expect(anchorOf(`${'a'.repeat(80)} ${last}`)).toBe(`${'a'.repeat(40)} ${last}`);
    expect(anchorOf(`${'a'.repeat(30)} ${'c'.repeat(29)} ${'b'.repeat(30)}`)).toBe(
      `${'c'.repeat(29)} ${'b'.repeat(30)}`,
    );
  });

  it('hold no half of a character', () => {
    expect(anchorOf('The end \uD83D')).toBe('The end');
    expect(anchorOf(`\u{1F600}${'x'.repeat(59)}`)).toBe('x'.repeat(59));
  });

  it('begin behind the line that opens a block of code, where enough is left', () => {
    const code = 'const answer = 42; // enough';
    expect(anchorOf(`${'word '.repeat(20)}\n${fence}ts\n${code}`)).toBe(code);
    expect(anchorOf(`${'word '.repeat(20)}\n${fence}ts\nconst`)).toContain(`${fence}ts\nconst`);
  });
});
