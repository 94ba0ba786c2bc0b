import { openFence, type Fence } from './seam-fences.ts';

const anchorLimit = 60;
/** An anchor that a word boundary leaves shorter than this says too little: it begins within a word then. */
const anchorLeast = 20;

/** How a model that takes no prefill is asked to go on. */
export interface ContinuationPrompt {
  /** The last words of the answer so far, up to 60 characters; '' if there are none. */
  readonly anchor: string;
  /** For a user message behind the answer so far; the caller's system prompt stays as it is. */
  readonly instruction: string;
}

/**
 * Asks a model to begin by repeating the last words of a broken-off answer, and to go on.
 *
 * The repetition is asked for because it is what makes the seam visible: a continuation that begins with these words can be
 * cut exactly, in mid-word and with its white space, where one that begins "exactly there" cannot.
 *
 * @example
 * const { instruction } = continuationPrompt('The quick bro');
 */
export function continuationPrompt(before: string): ContinuationPrompt {
  const open = openFence(before);
  const anchor = lastWords(before, open);
  const lines = [
    'Your last message broke off before it was complete. Complete it.',
    ...(anchor === ''
      ? []
      : [
          'These are its last words:',
          anchor,
          'Begin by repeating exactly these last words, without quotation marks, and go on directly behind them, even if they end in the middle of a word or of a sentence.',
        ]),
    'Write nothing else before: no greeting, no remark, no heading, no code fence around the text. Do not start over. Keep to the language, the style and the format of what you have written so far.',
    ...(open && !anchor.includes(open.mark.repeat(3))
      ? ['You are inside a code block that is still open: do not open it again.']
      : []),
  ];
  return { anchor, instruction: lines.join('\n\n') };
}

function lastWords(before: string, open: Fence | undefined): string {
  const text = before.replace(/[\uD800-\uDBFF]$/, '').trim();
  if (text.length <= anchorLimit) return text;
  const tail = text.slice(-anchorLimit);
  const boundary = /\s/.test(text.charAt(text.length - anchorLimit - 1)) ? 0 : tail.search(/\s/);
  const words = boundary < 0 ? '' : tail.slice(boundary).trimStart();
  for (const anchor of [behindFence(words, open), words]) if (anchor.length >= anchorLeast) return anchor;
  return tail.replace(/^[\uDC00-\uDFFF]/, '').trimStart();
}

/** A line that opens a block, given as last words, would ask for what is forbidden: to open it again. */
function behindFence(words: string, open: Fence | undefined): string {
  const start = open ? words.lastIndexOf(open.mark.repeat(3)) : -1;
  return start < 0 ? '' : words.slice(start).replace(/^.*\s*/, '');
}
