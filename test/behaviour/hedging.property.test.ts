import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter } from 'failsoft';
import { manualRuntime, scriptedProvider, type ScriptStep } from 'failsoft/testing';
import { brief, question, read } from './arrange.ts';

/** What one target does when it is asked. */
const act = fc.record({ afterMs: fc.integer({ min: 1, max: 2_000 }), answers: fc.boolean() });

const scriptOf = (id: string, { afterMs, answers }: { afterMs: number; answers: boolean }): ScriptStep[] => [
  { waitMs: afterMs },
  answers ? { text: `From ${id}.` } : { fail: 'network' },
];

interface Run {
  readonly decisions: readonly string[];
  readonly answerAt: number;
  readonly winner: string;
}

/** The reference: who answers, when, and what becomes of each attempt. `c` answers at once. */
function expected(a: Act, b: Act, hedgeMs: number): Run {
  const bAt = hedgeMs + b.afterMs;
  if (a.afterMs < hedgeMs) {
    if (a.answers) return { decisions: ['a answer'], answerAt: a.afterMs, winner: 'a' };
    return failover(a.afterMs, b, hedgeMs);
  }
  const first = a.afterMs < bAt ? 'a' : 'b';
  const [early, late] = first === 'a' ? [a, b] : [b, a];
  const at = { a: a.afterMs, b: bAt };
  const other = first === 'a' ? 'b' : 'a';
  const fates = (ofA: string, ofB: string) => [`a ${ofA}`, `b ${ofB}`];
  if (early.answers)
    return {
      decisions: first === 'a' ? fates('answer', 'cut') : fates('cut', 'answer'),
      answerAt: at[first],
      winner: first,
    };
  if (late.answers)
    return {
      decisions: first === 'a' ? fates('next', 'answer') : fates('answer', 'next'),
      answerAt: at[other],
      winner: other,
    };
  return { decisions: [...fates('next', 'next'), 'c answer'], answerAt: at[other], winner: 'c' };
}

/** `a` failed before any hedge: `b` is asked at once, and may have `c` beside it, which answers at once. */
function failover(startedAt: number, b: Act, hedgeMs: number): Run {
  if (b.afterMs > hedgeMs)
    return { decisions: ['a next', 'b cut', 'c answer'], answerAt: startedAt + hedgeMs, winner: 'c' };
  const decisions = b.answers ? ['a next', 'b answer'] : ['a next', 'b next', 'c answer'];
  return { decisions, answerAt: startedAt + b.afterMs, winner: b.answers ? 'b' : 'c' };
}

type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

describe('two attempts beside each other', () => {
  it('have exactly one winner: whoever sends content first, or is left', async () => {
    const cases = fc.record({
      a: act,
      b: act,
      hedgeMs: fc.integer({ min: 1, max: 2_000 }),
      unary: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ a, b, hedgeMs, unary }) => {
        // What falls into one millisecond is told apart by nobody.
        fc.pre(a.afterMs !== hedgeMs && b.afterMs !== hedgeMs && a.afterMs !== hedgeMs + b.afterMs);
        const runtime = manualRuntime();
        const made = (id: string, script: readonly ScriptStep[]) => ({
          id,
          model: 'm',
          provider: scriptedProvider(script, { name: id, runtime }),
        });
        const targets = [
          made('a', scriptOf('a', a)),
          made('b', scriptOf('b', b)),
          made('c', [{ text: 'From c.' }]),
        ];
        const router = createRouter({
          models: { chat: targets },
          hedge: { afterMs: hedgeMs, maxShare: 1 },
          transport: unary ? 'unary' : 'auto',
          runtime,
        });
        const stream = router.stream(question as { messages: typeof question.messages });
        const [{ events }, reply] = await runtime.run(Promise.all([read(stream), stream.completion]));
        const { decisions, answerAt, winner } = expected(a, b, hedgeMs);
        expect(reply.attempts.map(({ target, decision }) => `${target} ${decision}`)).toEqual(decisions);
        expect(reply.latencyMs).toBe(answerAt);
        expect(brief(events)).toEqual([`start:${winner}`, `text:From ${winner}.`, 'finish']);
        for (const { id, provider } of targets)
          for (const { signal } of provider.calls) expect(signal.aborted).toBe(id !== winner);
        expect(runtime.pending()).toBe(0);
        for (const { inFlight } of Object.values(router.health().targets)) expect(inFlight).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });
});
