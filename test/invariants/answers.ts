import type { Message, Provider, ProviderCall } from 'failsoft';
import type { Script, ScriptStep } from 'failsoft/testing';
import type { Act, Habit, WorldTarget } from './world.ts';

/**
 * Every word says its place and who wrote it: `0:b.2 1:b.2 2:b.2 end.` So a text shows by itself whether a word is missing, comes
 * twice, or was written by somebody else.
 */
export interface Word {
  readonly place: number;
  readonly writer: string;
}

export function wordsOf(text: string): Word[] {
  return [...text.matchAll(/(\d+):(\S+)/g)].map(([, place, writer]) => ({
    place: Number(place),
    writer: writer!,
  }));
}

/** Why a text is no beginning of an answer; undefined: it is one. */
export function flawOf(text: string): string | undefined {
  const words = wordsOf(text);
  const gap = words.findIndex(({ place }, index) => place !== index);
  if (gap >= 0) return `word ${gap} is missing or comes twice in '${text}'`;
  const plain = [...words.map(({ place, writer }) => `${place}:${writer}`), 'end.'].join(' ');
  return plain.startsWith(text.trimEnd()) ? undefined : `'${text}' is not made of words alone`;
}

export function isWhole(text: string): boolean {
  return text.endsWith('end.') && flawOf(text) === undefined;
}

/** The text that an answer is asked to go on with, as a provider finds it behind the conversation. */
function brokenOff({ request }: ProviderCall): string {
  const said = request.messages.slice(1).find(({ role }) => role === 'assistant');
  return typeof said?.content === 'string' ? said.content : '';
}

/** The call that an attempt belongs to, by its question: `Call 3.` */
export function labelOf(messages: readonly Message[]): number {
  const content = messages[0]?.content;
  return typeof content === 'string' ? Number(/\d+/.exec(content)?.[0]) : NaN;
}

/** What one attempt says. It goes on where it is asked to, in its own way. */
export function scriptOf(act: Act, call: ProviderCall, writer: string, habit: Habit): Script {
  const before = brokenOff(call);
  const isOver = before.endsWith('end.');
  const from = wordsOf(before).length;
  const opening = before === '' ? [] : openingOf(before, habit, call);
  const eachMs = act.act === 'answer' ? act.eachMs : 0;
  const words = Array.from({ length: isOver ? 0 : act.words }, (_, index): ScriptStep[] => [
    ...(eachMs > 0 ? [{ waitMs: eachMs }] : []),
    { text: `${from + index}:${writer} ` },
  ]).flat();
  return [...opening, ...words, ...endingOf(act, isOver)];
}

/** What a model says before it goes on. One that was given the beginning of its own message has nothing to say. */
function openingOf(before: string, habit: Habit, { request }: ProviderCall): ScriptStep[] {
  if (request.messages.at(-1)?.role === 'assistant') return /\s$/.test(before) ? [] : [{ text: ' ' }];
  const again = before.slice(Math.max(0, before.length - 40));
  switch (habit) {
    case 'exactly':
      return [];
    case 'repeats':
      return [{ text: again }];
    case 'starts over':
      return [{ text: before }];
    default:
      return [{ text: `Sure, here is the rest:\n\n${again}` }];
  }
}

function endingOf(act: Act, isOver: boolean): ScriptStep[] {
  switch (act.act) {
    case 'answer':
      return isOver ? [{ finish: 'stop' }] : [{ text: 'end.' }];
    case 'tool':
      return [{ toolCall: { name: 'look', arguments: {} } }];
    case 'fail': {
      const { kind, retryAfterMs } = act;
      return [{ fail: { kind, message: 'staged', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } }];
    }
    case 'cut':
      return [{ cut: true }];
    case 'hang':
      return [...(act.reasons ? [{ reasoning: 'hm' }] : []), { hang: true }];
    case 'chatter':
      return Array.from({ length: 60 }, (): ScriptStep[] => [
        { waitMs: 900 },
        { event: { type: 'meta' } },
      ]).flat();
    default:
      return [{ event: { type: 'text', text: 7 as unknown as string } }];
  }
}

export const supportsOf = ({ prefill }: WorldTarget): Provider['supports'] => {
  const supports = { prefill };
  return () => supports;
};
