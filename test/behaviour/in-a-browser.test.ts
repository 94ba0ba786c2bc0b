import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallOptions } from 'failsoft';
import type { ScriptSource } from 'failsoft/testing';
import { showAnswer, type View } from '../../examples/browser/show-answer.ts';
import { arrange } from './arrange.ts';

/** What a page does with a response, as lines. */
async function shownOf(response: Response): Promise<string[]> {
  const lines: string[] = [];
  const view: View = {
    append: (text) => lines.push(text),
    clear: () => lines.push('(cleared)'),
    finished: () => lines.push('(finished)'),
    failed: (message, canTryAgain) => lines.push(`(failed: ${message} ${canTryAgain})`),
  };
  await showAnswer(response, view);
  return lines;
}

const responseTo = (a: ScriptSource, options: CallOptions['stream'] = {}) => {
  const stage = arrange({ a, b: [{ text: ['Naïve ', 'tea.'] }] });
  return stage.stream({}, { stream: options, retry: 0 }).toResponse();
};

describe('a page that shows an answer', () => {
  it('shows it as it comes', async () => {
    expect(await shownOf(responseTo([{ text: ['Hot ', 'tea.'] }]))).toEqual(['Hot ', 'tea.', '(finished)']);
  });

  it('takes back what a restart voids', async () => {
    expect(await shownOf(responseTo([{ text: 'Cold ' }, { cut: true }], { recovery: 'restart' }))).toEqual([
      'Cold ',
      '(cleared)',
      'Naïve ',
      'tea.',
      '(finished)',
    ]);
  });

  it('says that an answer broke off, where nothing recovers it', async () => {
    const lines = await shownOf(responseTo([{ text: 'Cold ' }, { cut: true }]));
    expect(lines).toEqual(['Cold ', expect.stringMatching(/^\(failed: .* true\)$/)]);
  });

  it('does not take a connection that ended for an answer that is whole', async () => {
    const sent = await responseTo([{ text: 'Hot tea.' }]).text();
    const cut = new Response(sent.slice(0, sent.indexOf('event: finish')));
    expect(await shownOf(cut)).toEqual(['Hot tea.', '(failed: The connection broke off. true)']);
  });

  it('shows the same however the bytes are split', async () => {
    const sent = new Uint8Array(
      await responseTo([{ text: 'Cold ' }, { cut: true }], { recovery: 'restart' }).arrayBuffer(),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: sent.length }), async (size) => {
        const chunks = Array.from({ length: Math.ceil(sent.length / size) }, (_, index) =>
          sent.slice(index * size, (index + 1) * size),
        );
        const lines = await shownOf(new Response(ReadableStream.from(chunks)));
        expect(lines.join('|')).toBe('Cold |(cleared)|Naïve |tea.|(finished)');
      }),
    );
  });
});
