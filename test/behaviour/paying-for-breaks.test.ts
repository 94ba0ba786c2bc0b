import { describe, expect, it } from 'vitest';
import type { Attempt, Completion } from 'failsoft';
import type { Script } from 'failsoft/testing';
import { arrange, read, type Part, type Stage } from './arrange.ts';

const price = { input: 1_000_000, output: 1_000_000 };
const usage = { inputTokens: 70, outputTokens: 30 };
const tokensOf = (text: string) => Math.ceil(text.length / 4);
/** Of the question that `arrange` asks. */
const questionTokens = tokensOf('Hello there.');

const first = 'The lighthouse stood alone on the northern cliff, and its keeper, an old man';
const second = ' called Tomas, climbed the ninety-six steps every evening to light the lamp';
const third = ' before the fishing boats came home.';

const priced = (script: Script): Part => ({ script, target: { price } });
/** Each way in which an answer breaks off by itself. */
const breaks = [{ fail: 'network' }, { fail: 'server-error' }, { cut: true }] as const;

async function completionOf<Id extends string>(stage: Stage<Id>, recovery: 'restart' | 'continue') {
  const { events, error } = await stage.runtime.run(read(stage.stream({}, { stream: { recovery } })));
  expect(error).toBeUndefined();
  const last = events.at(-1);
  return (last as { completion: Completion }).completion;
}

const costs = (attempts: readonly Attempt[]) => attempts.map(({ costUsd }) => costUsd!);
const marks = (attempts: readonly Attempt[]) => attempts.map(({ usageIs }) => usageIs);
const sum = (numbers: readonly number[]) => numbers.reduce((one, other) => one + other, 0);

describe('an answer that broke off by itself', () => {
  it('is paid for twice where it breaks twice and is told anew, each attempt once and marked', async () => {
    for (const end of breaks) {
      const stage = arrange({
        a: priced([{ text: first }, end]),
        b: priced([{ text: `${first}${second}` }, end]),
        c: priced([{ text: third }, { finish: { usage } }]),
      });
      const { attempts, costUsd, usage: told } = await completionOf(stage, 'restart');
      expect(marks(attempts)).toEqual(['estimated', 'estimated', undefined]);
      expect(attempts.map((attempt) => attempt.usage)).toEqual([
        { inputTokens: questionTokens, outputTokens: tokensOf(first) },
        { inputTokens: questionTokens, outputTokens: tokensOf(first + second) },
        usage,
      ]);
      expect(told).toMatchObject(usage);
      expect(costUsd).toBe(sum(costs(attempts)));
      expect(costUsd).toBe(2 * questionTokens + tokensOf(first) + tokensOf(first + second) + 100);
      expect(stage.eventsOf('call')[0]).toMatchObject({ costUsd });
    }
  });

  it('is paid for with all that was sent and all that came, where it breaks twice and is taken up', async () => {
    const repeated = first.slice(-40);
    const stage = arrange({
      a: priced([{ text: first }, { fail: 'network' }]),
      b: priced([{ text: repeated + second }, { cut: true }]),
      c: priced([{ text: second.slice(-40) + third }, { finish: { usage } }]),
    });
    const { text, attempts, costUsd } = await completionOf(stage, 'continue');
    expect(text).toBe(first + second + third);
    expect(marks(attempts)).toEqual(['estimated', 'estimated', undefined]);
    const sent = stage.providers.b.calls[0]!.request.messages.map(({ content }) => content as string);
    expect(sent).toHaveLength(3);
    expect(attempts[0]!.usage).toEqual({
      inputTokens: questionTokens,
      outputTokens: tokensOf(first),
    });
    expect(attempts[1]!.usage).toEqual({
      inputTokens: tokensOf(sent.join('')),
      outputTokens: tokensOf(repeated + second),
    });
    expect(attempts[1]!.usage!.inputTokens).toBeGreaterThan(questionTokens + tokensOf(first) + 50);
    expect(costUsd).toBe(sum(costs(attempts)));
  });

  it('is paid for by what its vendor counted, and by length for what it had not counted yet', async () => {
    const counted = { inputTokens: 50, outputTokens: 1 };
    const stage = arrange({
      a: priced([{ event: { type: 'meta', usage: counted } }, { text: first }, { fail: 'network' }]),
      b: priced([{ text: third }, { finish: { usage } }]),
    });
    const { attempts, costUsd } = await stage.ask();
    expect(attempts[0]).toMatchObject({
      usage: counted,
      usageIs: 'partial',
      costUsd: 50 + tokensOf(first),
    });
    expect(costUsd).toBe(50 + tokensOf(first) + 100);
  });

  it('is paid for with the calls for tools that it wrote, whole or not', async () => {
    const call = { id: 'c', name: 'look' } as const;
    const stage = arrange({
      a: priced([
        {
          event: {
            type: 'tool-call-delta',
            ...call,
            delta: '{"at":"the moon"}',
          },
        },
        {
          event: { type: 'tool-call', ...call, arguments: { at: 'the moon' } },
        },
        {
          event: {
            type: 'tool-call-delta',
            ...call,
            id: 'd',
            delta: '{"at":"the',
          },
        },
        { fail: 'network' },
      ]),
      b: priced([
        {
          event: { type: 'tool-call', ...call, arguments: { at: 'the moon' } },
        },
        { fail: 'network' },
      ]),
      c: priced([{ text: third }, { finish: { usage } }]),
    });
    const { attempts } = await stage.ask();
    expect(attempts.map((attempt) => attempt.usage?.outputTokens)).toEqual([
      tokensOf('{"at":"the moon"}{"at":"the'),
      tokensOf('look{"at":"the moon"}'),
      30,
    ]);
  });

  it('is paid for where all that was heard is that it thinks', async () => {
    const stage = arrange({
      a: priced([{ event: { type: 'activity' } }, { fail: 'network' }]),
      b: priced([{ text: third }, { finish: { usage } }]),
    });
    const { attempts, costUsd } = await stage.ask();
    expect(attempts[0]).toMatchObject({
      usageIs: 'estimated',
      usage: { outputTokens: 0 },
    });
    expect(costUsd).toBe(questionTokens + 100);
  });

  it('costs nothing where it had not begun', async () => {
    for (const script of [
      [{ fail: 'server-error' }],
      [{ text: '' }, { fail: 'network' }],
      [{ event: { type: 'meta', requestId: 'r' } }, { cut: true }],
    ] as const satisfies Script[]) {
      const stage = arrange({
        a: priced(script),
        b: priced([{ text: third }, { finish: { usage } }]),
      });
      const { attempts, costUsd } = await stage.ask();
      expect(attempts[0]).not.toHaveProperty('usage');
      expect(attempts[0]).not.toHaveProperty('usageIs');
      expect(costUsd).toBe(100);
    }
  });

  it('makes the cost of the call unknown where its price is', async () => {
    const stage = arrange({
      a: [{ text: first }, { fail: 'network' }],
      b: priced([{ text: third }, { finish: { usage } }]),
    });
    const { attempts, ...reply } = await stage.ask();
    expect(attempts[0]).toMatchObject({ usageIs: 'estimated' });
    expect(reply).not.toHaveProperty('costUsd');
  });
});

describe('a limit of tokens', () => {
  const limited = (script: Script): Part => ({
    script,
    target: { price, limits: { tpm: 100_000 } },
  });
  const usedAt = (stage: Stage<string>, id: string) =>
    stage.router.health().targets[id]!.limits!.tokens!.used;

  it('is settled with what broken attempts took, each once', async () => {
    const stage = arrange({
      a: limited([{ text: first }, { fail: 'network' }]),
      b: limited([{ text: second }, { cut: true }]),
      c: limited([{ text: third }, { finish: { usage } }]),
    });
    const { attempts } = await completionOf(stage, 'continue');
    for (const { target, usage: taken } of attempts)
      expect(usedAt(stage, target), target).toBe(taken!.inputTokens! + taken!.outputTokens!);
    expect(usedAt(stage, 'b')).toBeGreaterThan(questionTokens + tokensOf(first) + 50);
  });

  it('has room reserved for the answer so far, where it is to be taken up, and for no more once it is told anew', async () => {
    const answers: Script = [{ waitMs: 1_000 }, { text: 'All of it.' }, { finish: { usage } }];
    const stage = arrange({
      a: limited([{ text: first }, { fail: 'network' }]),
      b: limited(answers),
    });
    for (const [recovery, least, most] of [
      ['continue', questionTokens + tokensOf(first) + 50, 1_000],
      ['restart', questionTokens, questionTokens],
    ] as const) {
      const stream = stage.stream({}, { stream: { recovery } });
      const before = usedAt(stage, 'b');
      const done = read(stream);
      await stage.runtime.advance(500);
      expect(usedAt(stage, 'b') - before).toBeGreaterThanOrEqual(least);
      expect(usedAt(stage, 'b') - before).toBeLessThanOrEqual(most);
      await stage.runtime.run(done);
    }
  });

  it('turns away from a target that has room for the question, and none for the answer so far', async () => {
    const long = `${'It was a long story of many words. '.repeat(40)}The end of `;
    const stage = arrange({
      a: limited([{ text: long }, { fail: 'network' }]),
      b: { script: 'From b.', target: { limits: { tpm: 300, queueMs: 0 } } },
      c: [{ text: third }],
    });
    await stage.ask({}, { targets: ['b'] });
    const { segments } = await completionOf(stage, 'continue');
    expect(segments.map(({ target }) => target)).toEqual(['a', 'c']);
  });
});
