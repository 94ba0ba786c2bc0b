import { describe, expect, it } from 'vitest';
import { isRouterError, type StreamEvent } from 'failsoft';
import { flawOf, isWhole, wordsOf } from './answers.ts';
import { holds } from './holds.ts';
import { play, type Outcome } from './play.ts';
import { worlds } from './world.ts';

describe('what a reader is given', () => {
  it('is one provider’s text, or a beginning and its continuation where that was asked for; no word is lost, doubled or mixed in', () =>
    holds(worlds(), async (world) => {
      const { outcomes } = await play(world);
      for (const outcome of outcomes) {
        checkAnswer(outcome);
        checkShown(outcome);
      }
    }));
});

function checkAnswer({ completion, plan }: Outcome): void {
  if (!completion) return;
  const { text, segments, toolCalls } = completion;
  if (toolCalls.length === 0) expect(isWhole(text), text).toBe(true);
  checkText(text, plan);
  expect(segments.map((segment) => segment.text).join('')).toBe(text);
  for (const segment of segments)
    for (const { writer } of wordsOf(segment.text)) expect(writer.split('.')[0]).toBe(segment.target);
}

/** Everything since the last `restart` is one text; what a reader of bare text was given cannot be taken back. */
function checkShown({ events, texts, completion, error, reading, plan }: Outcome): void {
  const from = events.findLastIndex(({ type }) => type === 'restart');
  const shown = textOf(events.slice(from + 1)) + texts.join('');
  checkText(shown, plan);
  if (!reading) return;
  checkOrder(events, plan);
  if (!reading.left && completion) expect(shown).toBe(completion.text);
  if (!isRouterError(error) || reading.left) return;
  if (error.code === 'stream-interrupted') expect(error.partial?.text.startsWith(shown)).toBe(true);
}

/** Nothing before `start`, and nothing is void that was not asked for. */
function checkOrder(events: readonly StreamEvent[], { stream }: Outcome['plan']): void {
  if (events.length > 0) expect(events[0]?.type).toBe('start');
  expect(events.filter(({ type }) => type === 'start').length).toBeLessThanOrEqual(1);
  const restart = events.findIndex(({ type }) => type === 'restart');
  const shown = textOf(events.slice(0, Math.max(0, restart)));
  if ((stream.recovery ?? 'none') === 'none') expect(shown).toBe('');
}

function checkText(text: string, { streams, stream }: Outcome['plan']): void {
  expect(flawOf(text)).toBeUndefined();
  const writers = wordsOf(text).map(({ writer }) => writer);
  const changes = writers.filter((writer, index) => index > 0 && writer !== writers[index - 1]).length;
  expect(changes).toBe(new Set(writers).size - (writers.length > 0 ? 1 : 0));
  if (!streams || stream.recovery !== 'continue') expect(changes).toBe(0);
}

function textOf(events: readonly StreamEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
}
