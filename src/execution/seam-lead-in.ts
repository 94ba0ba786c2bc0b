import { readFence, type Fence } from './seam-fences.ts';

/** Where, behind something that models say before they go on, the continuation itself may begin. */
export interface Entry {
  /** Its index in what came. */
  readonly offset: number;
  /** What stands before is surely none of the text. Otherwise only a repetition behind it can prove that. */
  readonly surely: boolean;
  /** The remark before speaks of going on, for which there may be other reasons. */
  readonly aboutGoingOn: boolean;
  /** The white space between what was said before and the continuation. */
  readonly gap: string;
  /** The fence that was opened before. */
  readonly fence: Fence | undefined;
}

export interface LeadIn {
  readonly entries: readonly Entry[];
  /** More is needed to say where it ends. */
  readonly open: boolean;
}

/** What of the text before the break decides how a continuation can begin. */
export interface Place {
  /** The block of code in which the text broke off. */
  readonly open: Fence | undefined;
  /** It broke off within a line, behind a letter or a comma: no remark and no block of code can be due here. */
  readonly midSentence: boolean;
  /** It broke off directly behind a letter. */
  readonly midWord: boolean;
  /** The line in which it broke off, as far as it came. */
  readonly line: string;
}

export function readPlace(before: string, open: Fence | undefined): Place {
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const midSentence = /[\p{L}\p{M}\p{N},][ \t]*$/u.test(line) && !/^\s*#/.test(line);
  return { open, midSentence, midWord: /[\p{L}\p{M}]$/u.test(before), line };
}

/** Longer remarks than this are taken for text. */
const remarkLimit = 200;
const strangeLineLimit = 120;

const assents =
  'sure|sure thing|certainly|of course|absolutely|okay|ok|alright|all right|got it|understood|my apologies|i apologize|apologies|sorry|' +
  "natürlich|klar|gerne|gern|selbstverständlich|entschuldigung|verstanden|bien sûr|bien entendu|certainement|d'accord|désolé|" +
  'claro|por supuesto|de acuerdo|perdón|entendido|com certeza|desculpe|certo|certamente|va bene|natuurlijk|zeker|' +
  'конечно|хорошо|好的|当然|當然|抱歉|はい|承知しました|わかりました|もちろん|네|물론';
const announcers =
  "here is|here's|here are|i'll|i will|let me|continuing|continuation|continued|picking up|resuming|to continue|the rest|the remaining|" +
  'hier ist|hier sind|hier kommt|hier geht|ich fahre|ich setze|fortsetzung|weiter|voici|je continue|je reprends|suite|la suite|' +
  'aquí|continúo|continuo|continuando|sigo|continuación|aqui está|segue|ecco|riprendo|hier is|ik ga verder|' +
  'вот|продолжаю|продолжение|以下|继续|繼續|接着|接下来|下面是|続き|続けます|引き続き|이어서|계속|다음은';
const assentWords = assents.split('|');
const openingWords = [...assentWords, ...announcers.split('|')];

/** What a remark speaks of if it is about the answer. */
const goingOn =
  /\b(?:rest|remainder|remaining|continu\w*|resum\w*|pick(?:ing)? up)\b|fortsetzung|weiter|fahre.*fort|setze.*fort|suite|reste\b|reprend|resto|restante|continú|seguito|sigo|segue|riprend|vervolg|verder|продолж|остал|剩余|剩下|其余|继续|繼續|接着|续|続|나머지|이어|계속/;
const breakingOff =
  /left off|broke off|cut off|stopped|interrupt|abgebrochen|unterbrochen|aufgehört|arrêté|interromp|interrump|dejé|quedé|parei|interrott|остановил|прерв|中断|中斷|途切れ|중단/;

const sentenceEnd = /[：。！？]|[:.!?…]+[*_)\]]{0,3}(?=\s)|(?=\n)/;
const colonAtEnd = /[:：][*_)\]]*$/;
const assent = new RegExp(`^[*_([¡¿]{0,3}(?:${assents})\\s*[,!.，、！。]\\s*(?=\\S)`, 'iu');

/** One reading of what came so far. */
interface Reader {
  readonly text: string;
  readonly ended: boolean;
  readonly place: Place;
  /** Grows at its end only as more text comes. */
  readonly entries: Entry[];
}

/** How far a reading came, and whether more text could change it. */
interface Reading {
  readonly end: number;
  readonly open: boolean;
}

/** Reads what models say before they go on: assent, announcements, a fence, dots. */
export function readLeadIn(text: string, ended: boolean, place: Place): LeadIn {
  const entries: Entry[] = [];
  const reader = { text, ended, place, entries };
  const remarks = readRemarks(reader);
  if (remarks.open) return { entries, open: true };
  const { end, open } = readOpeningFence(reader, remarks.end);
  if (open) return { entries, open: true };
  const dots = /^\s*(?:\.{3,}|…)/.exec(text.slice(end))?.[0];
  if (dots) entries.push({ ...unsure, offset: end + dots.length, fence: entries.at(-1)?.fence });
  return { entries, open: !ended && /^\s*\.{0,2}$/.test(text.slice(end)) };
}

const unsure: Omit<Entry, 'offset'> = { surely: false, aboutGoingOn: false, gap: '', fence: undefined };

function readRemarks(reader: Reader): Reading {
  const { text, ended } = reader;
  let end = 0;
  for (let assented = false; ;) {
    const start = end + (/^\s*/.exec(text.slice(end))?.[0].length ?? 0);
    const rest = text.slice(start, remarkLimit);
    const opening = readOpening(rest, ended || text.length >= remarkLimit);
    if (opening === 'unclear') return { end, open: true };
    if (opening === 'none') return end === 0 ? readStrangeLine(reader) : { end, open: false };
    assented ||= opening === 'assent';
    if (opening === 'assent') readAssent(reader, start);
    const remark = readRemark(reader, start, assented);
    if (remark === 'unclear') return { end, open: !ended && text.length < remarkLimit };
    reader.entries.push(remark);
    end = remark.offset;
    if (!remark.aboutGoingOn && opening !== 'assent') return { end, open: false };
  }
}

function readOpening(rest: string, isWhole: boolean): 'assent' | 'announcement' | 'unclear' | 'none' {
  const words = rest
    .replace(/^[*_([¡¿]{1,3}/, '')
    .replaceAll('’', "'")
    .toLowerCase();
  const opens = (word: string) => {
    if (!words.startsWith(word)) return false;
    return /[\u1100-\uffff]$/.test(word) || !/^[\p{L}\p{M}\p{N}]/u.test(words.slice(word.length));
  };
  if (!isWhole && openingWords.some((word) => word.startsWith(words))) return 'unclear';
  if (assentWords.some(opens)) return 'assent';
  return openingWords.some(opens) ? 'announcement' : 'none';
}

/** "Sure, " alone, glued to the middle of a word: no text says that. Elsewhere somebody may be speaking in the text. */
function readAssent({ text, place, entries }: Reader, start: number): void {
  const told = assent.exec(text.slice(start))?.[0];
  if (told === undefined) return;
  const surely = start === 0 && isGluedSentence(text, place) && /\s$/.test(told);
  entries.push({ ...unsure, offset: start + told.length, surely });
}

/** A sentence begins in the middle of a word: it is none of the text. In code, it may be a name. */
function isGluedSentence(text: string, place: Place): boolean {
  return place.midWord && place.open === undefined && /^[*_([¡¿]{0,3}\p{Lu}/u.test(text);
}

function readRemark(reader: Reader, start: number, assented: boolean): Entry | 'unclear' {
  const { text, ended, place } = reader;
  const rest = text.slice(start, remarkLimit);
  const found = sentenceEnd.exec(ended ? `${rest}\n` : rest);
  if (!found) return 'unclear';
  const told = rest.slice(0, found.index + found[0].length);
  const behind = text.slice(start + told.length);
  const gap = ended ? (/^\s*/.exec(behind)?.[0] ?? '') : /^\s*(?=\S)/.exec(behind)?.[0];
  if (gap === undefined) return 'unclear';
  // The indentation of the line that follows is text.
  const space = gap.slice(0, gap.lastIndexOf('\n') + 1) || gap;
  const words = told.toLowerCase();
  const aboutGoingOn = goingOn.test(words);
  const announces = colonAtEnd.test(told) && (assented || breakingOff.test(words));
  const interrupts = isGluedSentence(text, place) && (colonAtEnd.test(told) || gap.includes('\n'));
  return {
    offset: start + told.length + space.length,
    surely: aboutGoingOn && (announces || interrupts),
    aboutGoingOn,
    gap: space,
    fence: undefined,
  };
}

/** A remark in a language that is not known here: a line of its own with a colon, where a sentence should go on. */
function readStrangeLine({ text, ended, place, entries }: Reader): Reading {
  if (!place.midWord || !/^\p{Lu}/u.test(text)) return { end: 0, open: false };
  const line = /^[^\n]*\n/.exec(text)?.[0];
  if (line === undefined) return { end: 0, open: !ended && text.length < strangeLineLimit };
  if (line.length > strangeLineLimit || !colonAtEnd.test(line.trim())) return { end: 0, open: false };
  entries.push({ ...unsure, offset: line.length });
  return { end: line.length, open: false };
}

function readOpeningFence({ text, ended, place, entries }: Reader, start: number): Reading {
  const rest = text.slice(start);
  const line = /^\s*(?:`{3,}[^\n`]*|~{3,}[^\n]*)\n/.exec(rest)?.[0];
  if (line === undefined) {
    const begun = /^\s*(?:`{1,2}|~{1,2}|`{3,}[^\n`]{0,60}|~{3,}[^\n]{0,60})?$/.test(rest);
    return { end: start, open: !ended && begun };
  }
  const fence = readFence(line.trim());
  const remark = start > 0 ? entries.at(-1) : undefined;
  const ownLine = start === 0 && /^\s*\n/.test(rest);
  const surely = place.open ? reopens(fence, place, remark, ownLine) : wraps(fence, place, remark, ownLine);
  entries.push({ ...unsure, offset: start + line.length, surely, fence });
  return { end: start + line.length, open: false };
}

/** Within a block of code, a fence that names a language cannot be the closing one. In Markdown it opens an inner block. */
function reopens(
  fence: Fence | undefined,
  place: Place,
  remark: Entry | undefined,
  ownLine: boolean,
): boolean {
  if (remark) return remark.surely || remark.aboutGoingOn;
  // Where the break is within such a line itself, the repetition of that line says more.
  if (!fence?.info || readFence(place.line)) return false;
  return !isMarkdown(place.open) || (!ownLine && place.line.trim() !== '');
}

/** In the middle of a sentence no block can begin; but one that names a language may do so all the same. */
function wraps(fence: Fence | undefined, place: Place, remark: Entry | undefined, ownLine: boolean): boolean {
  return (remark?.surely ?? true) && place.midSentence && !ownLine && isPlain(fence);
}

const isMarkdown = (fence: Fence | undefined) => /^(?:markdown|md|mdx)\b/i.test(fence?.info ?? '');
const isPlain = (fence: Fence | undefined) =>
  isMarkdown(fence) || /^(?:|text|txt|plain|plaintext)$/i.test(fence?.info ?? '');
