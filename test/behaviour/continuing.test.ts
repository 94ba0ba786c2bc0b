import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Completion } from 'failsoft';
import type { Script } from 'failsoft/testing';
import { arrange, brief, read, type Stage } from './arrange.ts';

const goOn = { stream: { recovery: 'continue' } } as const;
const whole =
  'The lighthouse stood alone on the northern cliff, and its keeper, an old man called Tomas, climbed the ninety-six steps every evening to light the lamp before the fishing boats came home.';
const cutAt = whole.indexOf('every eve') + 'every eve'.length;
const before = whole.slice(0, cutAt);
const after = whole.slice(cutAt);

const broken = (text: string): Script => [{ text }, { fail: 'server-error' }];

async function watch<Id extends string>(stage: Stage<Id>, request: object = {}, options: object = goOn) {
  const stream = stage.stream(request, options);
  const { events, error } = await stage.runtime.run(read(stream));
  const text = events.map((event) => (event.type === 'text' ? event.text : '')).join('');
  const last = events.at(-1);
  return { events, error, text, completion: last?.type === 'finish' ? last.completion : undefined };
}

describe('recovery: continue', () => {
  it('goes on where the answer broke off, and the reader sees one text', async () => {
    const stage = arrange({ a: broken(before), b: [{ text: [after.slice(0, 5), after.slice(5)] }] });
    const { events, text, completion, error } = await watch(stage);
    expect(error).toBeUndefined();
    expect(text).toBe(whole);
    expect(brief(events).filter((event) => !event.startsWith('text'))).toEqual(['start:a', 'finish']);
    expect(completion).toMatchObject({
      text: whole,
      message: { role: 'assistant', content: [{ type: 'text', text: whole }] },
      segments: [
        { target: 'a', text: before },
        { target: 'b', text: after },
      ],
      target: { id: 'b' },
      attempts: [{ decision: 'next' }, { decision: 'answer' }],
    });
  });

  it('asks by an instruction that keeps the caller’s system prompt, or by prefill where the model takes one', async () => {
    const stage = arrange({
      a: broken(before),
      b: { script: broken(''), provider: { supports: { prefill: true } } },
      c: [{ text: after }],
    });
    expect((await watch(stage, { system: 'Be a storyteller.' })).text).toBe(whole);
    const asked = stage.providers.b.calls[0]!.request;
    expect(asked.system).toBe('Be a storyteller.');
    expect(asked.messages.at(-1)).toEqual({ role: 'assistant', content: before });
    const [said, instruction] = stage.providers.c.calls[0]!.request.messages.slice(-2);
    expect(said).toEqual({ role: 'assistant', content: before });
    expect(instruction).toMatchObject({
      role: 'user',
      content: expect.stringContaining(before.slice(-30)) as string,
    });
  });

  it('asks in a provider’s own way, where it has one', async () => {
    const stage = arrange({
      a: broken(before),
      b: {
        script: [{ text: after }],
        wrap: (provider) => ({
          ...provider,
          continuation: ({ before: told }) => [{ role: 'user', content: `Weiter: ${told}` }],
        }),
      },
    });
    expect((await watch(stage)).text).toBe(whole);
    expect(stage.providers.b.calls[0]!.request.messages.at(-1)).toEqual({
      role: 'user',
      content: `Weiter: ${before}`,
    });
  });

  it.each([
    ['repeats its last words', before.slice(-50) + after],
    ['repeats its last 200 characters, or all there are', before.slice(-200) + after],
    [
      'repeats them in other case and white space',
      before.slice(-60).toUpperCase().replaceAll(' ', '  ') + after,
    ],
    ['starts over from the beginning', whole],
    ['opens with a remark', `Sure, here is the rest:\n\n${before.slice(-50)}${after}`],
    ['opens with a code fence', `\`\`\`\n${before.slice(-50)}${after}\n\`\`\``],
    ['goes on exactly, in mid-word', after],
  ])('makes one text of it where the model %s', async (_, reply) => {
    const pieces = reply.match(/[\s\S]{1,7}/g) ?? [];
    const { text, error } = await watch(arrange({ a: broken(before), b: [{ text: pieces }] }));
    expect(error).toBeUndefined();
    expect(text.trimEnd()).toBe(whole);
  });

  it('restarts where the model answers anew in other words from the beginning on', async () => {
    const other = whole.replace('climbed the ninety-six steps', 'never left his armchair');
    const { events, completion } = await watch(arrange({ a: broken(before), b: other }));
    const types = events.map(({ type }) => type);
    expect(types).toContain('restart');
    const textAfter = events
      .slice(types.indexOf('restart') + 1)
      .map((event) => (event.type === 'text' ? event.text : ''))
      .join('');
    expect(textAfter).toBe(other);
    expect(completion).toMatchObject({ text: other, segments: [{ target: 'b', text: other }] });
  });

  it('takes up a second and a third break', async () => {
    const third = Math.floor(whole.length / 3);
    const stage = arrange({
      a: broken(whole.slice(0, third)),
      b: broken(whole.slice(third, 2 * third)),
      c: broken(''),
      d: [{ text: whole.slice(2 * third) }],
    });
    const { text, completion } = await watch(stage);
    expect(text).toBe(whole);
    expect(completion!.segments.map(({ target }) => target)).toEqual(['a', 'b', 'd']);
    expect(completion!.segments.map((segment) => segment.text).join('')).toBe(whole);
  });

  it('has nothing to add to an answer that broke off at its very end', async () => {
    const repeats = whole.slice(-60);
    const { text, completion } = await watch(arrange({ a: broken(whole), b: [{ text: repeats }] }));
    expect(text).toBe(whole);
    expect(completion).toMatchObject({ text: whole, finishReason: 'stop' });
    const prefilled = arrange({
      a: broken(whole),
      b: { script: [{ finish: 'stop' }], target: { supports: { prefill: true } } },
    });
    expect((await watch(prefilled)).completion).toMatchObject({ text: whole, finishReason: 'stop' });
  });

  it('takes no silence for that from who was asked for the last words: an empty reply is one here too', async () => {
    const stage = arrange({ a: broken(before), b: [{ finish: 'stop' }], c: [{ text: after }] });
    const { text, completion } = await watch(stage);
    expect(text).toBe(whole);
    expect(completion!.attempts.map(({ failure }) => failure?.code)).toEqual([undefined, 'empty', undefined]);
    const { error } = await watch(arrange({ a: broken(before), b: [{ finish: 'stop' }] }));
    expect(error).toMatchObject({ code: 'stream-interrupted', partial: { text: before } });
  });

  it('goes on also for a reader of bare text', async () => {
    const stage = arrange({ a: broken(before), b: [{ text: after }] });
    let text = '';
    await stage.runtime.run(
      (async () => {
        for await (const piece of stage.stream({}, goOn).textStream) text += piece;
      })(),
    );
    expect(text).toBe(whole);
  });

  it('tells a reader of bare text of no other answer: where the model answers anew, the next is asked', async () => {
    const anew = whole.replace('climbed the ninety-six steps', 'never left his armchair');
    const stage = arrange({ a: broken(before), b: anew, c: [{ text: after }] });
    let text = '';
    await stage.runtime.run(
      (async () => {
        for await (const piece of stage.stream({}, goOn).textStream) text += piece;
      })(),
    );
    expect(text).toBe(whole);
    expect(stage.providers.c.calls).toHaveLength(1);
  });

  it.each([
    [
      'a tool call has begun',
      {},
      [{ text: before }, { toolCall: { name: 'look', arguments: {} } }, { cut: true }],
    ],
    ['an object is asked for', { schema: {} }, [{ text: '{"of":"the lighthouse","a":' }, { cut: true }]],
    [
      'its reasoning is signed',
      {},
      [{ reasoning: 'Hm.', providerState: { signature: 's' } }, { text: before }, { cut: true }],
    ],
  ] as const)('restarts where %s', async (_, request, script) => {
    const stage = arrange({ a: script, b: '{"a":1}' });
    const { events, completion } = await watch(stage, request);
    expect(events.map(({ type }) => type)).toContain('restart');
    expect((completion as Completion).text).toBe('{"a":1}');
    expect(stage.providers.b.calls[0]!.request.messages).toHaveLength(1);
  });

  it('ends with stream-interrupted and all that was shown where nobody can go on', async () => {
    const stage = arrange({ a: broken(before), b: broken(after.slice(0, 20)) });
    const { error, text } = await watch(stage, {}, { ...goOn, retry: 0 });
    expect(error).toMatchObject({ code: 'stream-interrupted', partial: { text } });
    expect(text).toBe(before + after.slice(0, 20));
  });

  it('passes over whoever is too small for the request with the answer so far', async () => {
    const long = 'It was a dark and stormy night. '.repeat(200);
    const stage = arrange({
      a: broken(long),
      b: { script: [{ text: 'The end.' }], target: { contextWindow: 500 } },
      c: [{ text: 'The end.' }],
    });
    const { completion } = await watch(stage);
    expect(completion?.target.id).toBe('c');
    expect(stage.providers.b.calls).toEqual([]);
    // Alone, it is not asked either, and the error says why.
    const left = arrange({ a: broken(long), b: { script: 'The end.', target: { contextWindow: 500 } } });
    const { error } = await watch(left, {}, { ...goOn, retry: 0 });
    expect(error).toMatchObject({
      code: 'stream-interrupted',
      attempts: [{ target: 'a', decision: 'stop' }],
      rejected: [{ target: 'b', reason: expect.stringMatching(/^context window 500 is smaller/) as string }],
    });
  });

  it('goes by what the longer request costs, where the cheapest is asked', async () => {
    const long = 'It was a dark and stormy night. '.repeat(2_000);
    const stage = arrange(
      {
        a: { script: broken(long), target: { price: { input: 0, output: 0 } } },
        dearInput: { script: [{ text: 'The end.' }], target: { price: { input: 10, output: 1 } } },
        dearOutput: { script: [{ text: 'The end.' }], target: { price: { input: 1, output: 20 } } },
      },
      { strategy: 'cheapest' },
    );
    expect((await watch(stage)).completion?.target.id).toBe('dearOutput');
  });

  it('makes the whole text of any break, however the pieces come, where the model repeats what it was asked to', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 40, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 20, max: 200 }),
        async (at, size, repeated) => {
          const reply = whole.slice(Math.max(0, at - repeated));
          const pieces = reply.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
          const stage = arrange({ a: broken(whole.slice(0, at)), b: [{ text: pieces }] });
          expect((await watch(stage)).text).toBe(whole);
        },
      ),
      { numRuns: 200 },
    );
  });
});
