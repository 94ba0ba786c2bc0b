/**
 * Overlaps of this weight are repetitions: no honest text says its last dozen letters twice in a row, unless it repeats
 * itself already (see `repeatsItself`).
 */
const strongWeight = 12;
/** What must agree with the very beginning before "it answers anew" is believed: that voids what the reader has. */
const startOverWeight = 32;
/** A whole word that is repeated without a space between is taken for a repetition from this weight on. */
const wordWeight = 3;
/** Hardly a word says so many letters twice in a row from its middle on. Where words are not set apart, two of them may be equal. */
const midWordLength = 4;
/** How far before the break a repetition may begin, unless it begins at the very beginning. */
const reachLength = 4_000;

/** What was told before, in the form in which repetitions are looked for: without white space, case and kinds of quotes. */
export interface Told {
  readonly folded: string;
  /** By the index of a folded letter: whether a word begins with it, or something else behind a space. */
  readonly startsWord: readonly boolean[];
  readonly anchorLength: number;
  /** How much of the end is one unfinished or finished word, or the line that opens a block of code; 0 for none. */
  readonly lastWordLength: number;
  /** The line at the end: how it is indented, and how many letters it has. */
  readonly lastLine: { readonly indentation: string; readonly length: number };
}

export const isWordLetter = (unit: string) => /[\p{L}\p{N}\p{M}_\uD800-\uDFFF]/u.test(unit);
export const isSpace = (unit: string) => /\s/.test(unit);

function foldUnit(unit: string): string {
  if (unit >= 'a' && unit <= 'z') return unit;
  if (isSpace(unit)) return '';
  if (/[‘’‚‛`´]/.test(unit)) return "'";
  if (/[“”„«»]/.test(unit)) return '"';
  if (/[‐‑‒–—―]/.test(unit)) return '-';
  const lower = unit.toLowerCase();
  // A letter that becomes two would shift what is counted.
  return lower.length === 1 ? lower : unit;
}

/** @param anchor the last words, for which the model is asked @param fenceLine the last line, if it opens a block of code */
export function readTold(before: string, anchor: string, fenceLine: string): Told {
  let folded = '';
  const startsWord: boolean[] = [];
  let last = ' ';
  for (let index = 0; index < before.length; index++) {
    const unit = before.charAt(index);
    const letter = foldUnit(unit);
    if (letter !== '') {
      folded += letter;
      startsWord.push(isSpace(last) || (isWordLetter(unit) && !isWordLetter(last)));
    }
    last = unit;
  }
  const line = before.slice(before.lastIndexOf('\n') + 1);
  return {
    folded,
    startsWord,
    anchorLength: foldAll(anchor).length,
    lastWordLength: foldAll(fenceLine === '' ? lastLetters(before) : fenceLine).length,
    lastLine: { indentation: /^\s*/.exec(line)?.[0] ?? '', length: foldAll(line).length },
  };
}

function foldAll(text: string): string {
  let folded = '';
  for (let index = 0; index < text.length; index++) folded += foldUnit(text.charAt(index));
  return folded;
}

/** The word at the end. Digits are none: numbers repeat their digits. */
function lastLetters(text: string): string {
  let start = text.length;
  while (start > 0 && isWordLetter(text.charAt(start - 1))) start--;
  const word = text.slice(start);
  return /\p{N}/u.test(word) ? '' : word;
}

/** A letter of Chinese, Japanese or Korean says about as much as two of an alphabet. */
function weigh(folded: string): number {
  let weight = 0;
  for (let index = 0; index < folded.length; index++) weight += folded.charCodeAt(index) >= 0x2e80 ? 2 : 1;
  return weight;
}

export type Repeated =
  /** What was told is repeated, up to `end` in the continuation. `surely` not where one word is all that speaks for it. */
  | { readonly kind: 'repeats'; readonly end: number; readonly surely: boolean }
  /** It began at the beginning, and then said something else. */
  | { readonly kind: 'anew'; readonly surely: true }
  | { readonly kind: 'none'; readonly surely: false };

/** Compares a continuation, as it comes, with everything that it could repeat. */
export interface RepetitionWatch {
  /** The next code unit of the continuation, and the index behind it. */
  add(unit: string, end: number): void;
  /** It may still turn out to repeat something. */
  open(): boolean;
  /** It began with the last words, as it was asked to. */
  anchored(): boolean;
  verdict(): Repeated;
}

export function watchRepetition(told: Told): RepetitionWatch {
  const { folded, anchorLength } = told;
  /** Where in what was told a repetition may have begun. */
  let starts = possibleStarts(folded.length);
  /** How many letters have come, and how many of them agree with the beginning. */
  let length = 0;
  let agreesFromStart = 0;
  /** The white space with which the continuation begins. */
  let space = '';
  /** Ends of repetitions that have reached the break, by their length. */
  const ends = new Map<number, number>();

  /** Where few words stand before the break, a new word may begin like them: "The" and " theory". */
  function anchorEnd(): number | undefined {
    const isHeavy = weigh(folded.slice(-anchorLength)) >= strongWeight;
    return anchorLength > 0 && (isHeavy || space === '') ? ends.get(anchorLength) : undefined;
  }

  function longestSure(): number | undefined {
    const longest = Math.max(0, ...ends.keys());
    return longest > 0 && isSure(folded, longest) ? ends.get(longest) : undefined;
  }

  /** It begins in the middle of the unfinished word, and directly behind it. */
  function isWithinWord(overlap: number): boolean {
    if (space !== '' || overlap < midWordLength || overlap >= told.lastWordLength) return false;
    return weigh(folded.slice(-overlap)) === overlap && !repeatsItself(folded, overlap);
  }

  function wordEnd(): number | undefined {
    if (told.lastWordLength === 0) return undefined;
    for (const [overlap, end] of ends) {
      const isLine = overlap === told.lastLine.length && space === told.lastLine.indentation;
      const isWords = space === '' && told.startsWord[folded.length - overlap] === true;
      const isEnough = overlap >= told.lastWordLength && weigh(folded.slice(-overlap)) >= wordWeight;
      if (((isLine || isWords) && isEnough) || isWithinWord(overlap)) return end;
    }
    return undefined;
  }

  return {
    add(unit, end) {
      const letter = foldUnit(unit);
      if (letter === '') {
        if (length === 0) space += unit;
        return;
      }
      if (starts.length === 0) return;
      if (agreesFromStart === length && folded[length] === letter) agreesFromStart++;
      starts = starts.filter((start) => folded[start + length] === letter);
      length++;
      // At most one start can have come to the end: they all have come equally far.
      if (!starts.includes(folded.length - length)) return;
      ends.set(length, end);
      starts = starts.filter((start) => start + length < folded.length);
    },
    open: () => starts.length > 0,
    anchored: () => anchorEnd() !== undefined,
    verdict() {
      const sure = anchorEnd() ?? longestSure();
      if (sure !== undefined) return { kind: 'repeats', end: sure, surely: true };
      if (startsOver(folded, agreesFromStart)) return { kind: 'anew', surely: true };
      const end = wordEnd();
      return end === undefined ? { kind: 'none', surely: false } : { kind: 'repeats', end, surely: false };
    },
  };
}

function possibleStarts(length: number): number[] {
  const starts = length > reachLength ? [0] : [];
  for (let start = Math.max(0, length - reachLength); start < length; start++) starts.push(start);
  return starts;
}

function isSure(folded: string, overlap: number): boolean {
  return weigh(folded.slice(-overlap)) >= strongWeight && !repeatsItself(folded, overlap);
}

/**
 * Whether the last letters of what was told stand there twice in a row, or are themselves one thing said again and again:
 * rows of dashes, equal lines of a log, a refrain. There a further copy may as well be how the text goes on.
 */
function repeatsItself(folded: string, overlap: number): boolean {
  const last = folded.slice(-overlap);
  const start = folded.length - overlap;
  if (start > 0 && folded.lastIndexOf(last, start - 1) >= Math.max(0, start - overlap)) return true;
  for (let period = 1; period <= overlap / 2; period++) if (last.startsWith(last.slice(period))) return true;
  return false;
}

/** An opening that comes again within what was told (a row of a table, a line of a log) opens the next row as well. */
function startsOver(folded: string, agrees: number): boolean {
  const opening = folded.slice(0, agrees);
  return weigh(opening) >= startOverWeight && !folded.includes(opening, 1);
}
