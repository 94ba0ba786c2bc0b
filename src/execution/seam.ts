import { openFence, readFence, unwrap, type Filter } from './seam-fences.ts';
import { readLeadIn, readPlace, type Entry, type Place } from './seam-lead-in.ts';
import { continuationPrompt } from './seam-prompt.ts';
import { readTold, watchRepetition, type RepetitionWatch, type Told } from './seam-repetition.ts';

export { continuationPrompt, type ContinuationPrompt } from './seam-prompt.ts';

/** What the reader may be shown now, or that the model answers anew: what was shown before is void then. */
export type SeamResult = { readonly text: string } | { readonly restart: string };

/** Joins what was told before a break with what another model says when it is asked to go on. */
export interface Seam {
  /** The next piece of the continuation. After a `restart`, the pieces of the new answer come back as `text`. */
  add(piece: string): SeamResult;
  /** The continuation ended whole. Not for one that broke off too: what is held back is then better asked for again. */
  end(): SeamResult;
}

/**
 * Makes one text of a broken-off answer and its continuation.
 *
 * The beginning of the continuation is held back as long as it says what was told before, or what models say before they go
 * on (400 characters of that at most). Then one of these is true, in this order:
 * 1. It repeats the last words, as `continuationPrompt` asks, or else at least a dozen letters up to the break, where the text
 *    does not repeat itself there anyway: the repetition goes, with all that stands before it. White space, case, and the
 *    forms of quotes and dashes may differ.
 * 2. It agrees with the first 32 letters or more of the text, which the text says only once, and then differs: `restart`.
 * 3. It says the last whole words again directly behind them, or the last, unfinished one from its start, or the last line from its
 *    start, with at least three letters, or at least four letters within the last, unfinished one: the repetition goes.
 * 4. It opens with a remark about going on, or with a fence where none can be due: these go.
 * 5. Otherwise every character is text.
 *
 * Not to be told apart, and kept: a space too much or too few in mid-word; a repetition of less than a dozen letters (six of Chinese,
 * Japanese or Korean) but for those of 3; a repetition that is not word for word; a bare fence that reopens a block, from one that closes it; an
 * answer that begins anew in other words. Lost: last words that the text truly says twice in a row.
 *
 * @example
 * const seam = createSeam('The quick bro');
 * seam.add('The quick brown fox'); // { text: 'wn fox' }
 */
export function createSeam(before: string): Seam {
  let received = '';
  let output: Filter | undefined = before.trim() === '' ? keepPairs('') : undefined;
  const opening = watchOpening(before);

  function settle(decision: Decision): SeamResult {
    if (decision.kind === 'anew') {
      output = keepPairs('');
      return { restart: output.add(received) };
    }
    output = chain(decision.filters);
    return { text: output.add(received.slice(decision.start)) };
  }

  return {
    add(piece) {
      if (output) return { text: output.add(piece) };
      for (let index = 0; index < piece.length; index++) {
        const unit = piece.charAt(index);
        received += unit;
        const decision = opening.add(unit, received);
        if (!decision) continue;
        received += piece.slice(index + 1);
        return settle(decision);
      }
      return { text: '' };
    },
    end() {
      const result = output ? { text: '' } : settle(opening.end(received));
      const last = output?.end() ?? '';
      return 'text' in result ? { text: result.text + last } : { restart: result.restart + last };
    },
  };
}

type Decision =
  | { readonly kind: 'goes on'; readonly start: number; readonly filters: readonly Filter[] }
  | { readonly kind: 'anew' };

interface OpeningWatch {
  /** The next code unit, and all that came with it: unit by unit, so that the pieces in which they come decide nothing. */
  add(unit: string, received: string): Decision | undefined;
  end(received: string): Decision;
}

/** What is held back at most while it is not clear where the continuation begins. */
const leadInLimit = 400;

interface WatchedEntry extends Entry {
  readonly watch: RepetitionWatch;
}

function watchOpening(before: string): OpeningWatch {
  const open = openFence(before);
  const place = readPlace(before, open);
  const told = readTold(
    withoutHalf(before),
    continuationPrompt(before).anchor,
    open && readFence(place.line) ? place.line : '',
  );
  const entries: WatchedEntry[] = [
    watched({ offset: 0, surely: true, aboutGoingOn: false, gap: '', fence: undefined }, told),
  ];
  let leadInOpen = true;

  function find(received: string, ended: boolean): void {
    if (!leadInOpen) return;
    const leadIn = readLeadIn(received, ended, place);
    leadInOpen = leadIn.open && received.length < leadInLimit;
    for (const entry of leadIn.entries.slice(entries.length - 1)) {
      const found = watched(entry, told);
      for (let index = entry.offset; index < received.length; index++)
        found.watch.add(received.charAt(index), index + 1);
      entries.push(found);
    }
  }

  return {
    add(unit, received) {
      // Not read from what came so far: that would copy all of it for each unit.
      for (const { watch } of entries) watch.add(unit, received.length);
      find(received, false);
      return isClear(entries, leadInOpen) ? decide(entries, before, place) : undefined;
    },
    end(received) {
      find(received, true);
      return decide(entries, before, place);
    },
  };
}

function isClear(entries: readonly WatchedEntry[], leadInOpen: boolean): boolean {
  if (entries.some(({ watch }) => watch.anchored())) return true;
  if (entries.some(({ watch }) => watch.open())) return false;
  return !leadInOpen || entries.some(({ watch }) => watch.verdict().surely);
}

function watched(entry: Entry, told: Told): WatchedEntry {
  return { ...entry, watch: watchRepetition(told) };
}

function decide(entries: readonly WatchedEntry[], before: string, place: Place): Decision {
  const found = entries.map((entry) => ({ entry, repeated: entry.watch.verdict() }));
  const space = /\s*$/.exec(withoutHalf(before))?.[0] ?? '';
  const half = halfAtEnd(before);
  for (const { entry, repeated } of found) {
    if (repeated.kind !== 'repeats' || !repeated.surely) continue;
    return goesOn(repeated.end, [dropSpace(space), ...unwrapped(entry, place), keepPairs(half)]);
  }
  if (found.some(({ repeated }) => repeated.kind === 'anew')) return { kind: 'anew' };
  const last = found.findLast(({ entry }) => entry.surely);
  if (!last) return goesOn(0, [keepPairs(half)]);
  const { entry, repeated } = last;
  const filters = [...unwrapped(entry, place), keepPairs(half)];
  if (repeated.kind === 'repeats') return goesOn(repeated.end, filters);
  if (entry.offset === 0) return goesOn(0, filters);
  if (entry.fence) return goesOn(entry.offset, [dropSpace(/[ \t]*$/.exec(before)?.[0] ?? ''), ...filters]);
  // The end of a sentence asks for white space behind it, and what stood behind the remark may have been meant so.
  const kept = /\D[.!?:]$/.test(before) ? entry.gap.length : 0;
  return goesOn(entry.offset - kept, [dropSpace(space), ...filters]);
}

function goesOn(start: number, filters: readonly Filter[]): Decision {
  return { kind: 'goes on', start, filters };
}

function unwrapped({ fence }: Entry, place: Place): Filter[] {
  return fence && !place.open ? [unwrap(fence)] : [];
}

/** Takes away the white space with which a text begins, as far as the reader has it already. */
function dropSpace(shown: string): Filter {
  let space = '';
  let done = shown === '';
  return {
    add(text) {
      if (done) return text;
      space += text;
      if (/^\s*$/.test(space)) return '';
      done = true;
      return newSpace(shown, space);
    },
    end: () => (done ? '' : newSpace(shown, space)),
  };
}

function newSpace(shown: string, text: string): string {
  if (text.startsWith(shown)) return text.slice(shown.length);
  const had = shown.replaceAll('\r', '');
  let start = 0;
  for (let same = 0; same < had.length; start++) {
    if (text[start] === '\r') continue;
    if (text[start] !== had[same]) break;
    same++;
  }
  // A space where a line break was: the same white space, changed.
  return start === 0 && /^ (?:\S|$)/.test(text) ? text.slice(1) : text.slice(start);
}

/** Never shows half of a surrogate pair. `half` is the one that was shown before the break; it may come again. */
function keepPairs(half: string): Filter {
  let held = '';
  let isFirst = true;
  return {
    add(text) {
      let whole = held + text;
      held = halfAtEnd(whole);
      whole = whole.slice(0, whole.length - held.length);
      if (whole === '') return '';
      const again = isFirst && half !== '' && whole.startsWith(half);
      isFirst = false;
      return again ? whole.slice(1) : whole;
    },
    end() {
      const last = held;
      held = '';
      return last;
    },
  };
}

function halfAtEnd(text: string): string {
  return /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? '';
}

function withoutHalf(text: string): string {
  return text.slice(0, text.length - halfAtEnd(text).length);
}

function chain(filters: readonly Filter[]): Filter {
  return {
    add: (text) => filters.reduce((passed, filter) => filter.add(passed), text),
    end: () => filters.reduce((passed, filter) => filter.add(passed) + filter.end(), ''),
  };
}
