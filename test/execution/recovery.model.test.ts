import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  createRouter,
  isRouterError,
  type Provider,
  type ProviderEvent,
  type Router,
  type Target,
} from 'failsoft';
import { manualRuntime } from 'failsoft/testing';

vi.setConfig({ testTimeout: 120_000 });

/** One attempt of one call: so many words, and then how it ends. */
interface Turn {
  readonly words: number;
  readonly end: 'answers' | 'fails' | 'breaks off' | 'calls a tool and fails';
}

interface CallPlan {
  readonly recovery: 'none' | 'restart' | 'continue';
  readonly reader: 'events' | 'text' | 'nobody';
  /** By target, in the order in which they are asked. */
  readonly turns: readonly Turn[];
  readonly leavesAfter: number | undefined;
  readonly aborts: boolean;
}

/** What a call comes to, if nobody leaves it before its end. */
interface Expected {
  readonly ends: 'answer' | 'stream-interrupted' | 'all-targets-failed';
  /** What the reader has in the end. */
  readonly text: string;
  readonly attempts: number;
}

const wordOf = (place: number, writer: string) => `word-${place}-by-${writer} `;

/** Recovery as it is meant, told once more and without time, events or promises. */
function expectedOf({ recovery, reader, turns }: CallPlan, name: string): Expected {
  /** What the reader has; undefined: nothing. Behind a tool call nobody can go on. */
  let shown: { readonly words: readonly string[]; readonly hasTool: boolean } | undefined;
  const ended = (ends: Expected['ends'], attempts: number) => ({
    ends,
    text: shown?.words.join('') ?? '',
    attempts,
  });
  for (const [index, turn] of turns.entries()) {
    const goesOn = recovery === 'continue' && shown !== undefined && !shown.hasTool;
    const isVoid = shown !== undefined && !goesOn;
    if (isVoid && (recovery === 'none' || reader === 'text')) return ended('stream-interrupted', index);
    const before: readonly string[] = goesOn ? (shown?.words ?? []) : [];
    const said = Array.from({ length: turn.words }, (_, place) =>
      wordOf(before.length + place, `${name}-${index}`),
    );
    const hasTool = turn.end === 'calls a tool and fails';
    // An attempt that shows nothing leaves what was shown before it as it is.
    if (said.length > 0 || hasTool) shown = { words: [...before, ...said], hasTool };
    // Who was asked to repeat the last words and says nothing has not answered.
    if (turn.end === 'answers' && said.length > 0) return ended('answer', index + 1);
  }
  return ended(shown === undefined ? 'all-targets-failed' : 'stream-interrupted', turns.length);
}

/** Each of its events waits for its turn in the schedule. */
function providerOf(turn: Turn, writer: string, turnOf: (label: string) => Promise<unknown>): Provider {
  return {
    name: writer,
    async *stream({ request }): AsyncGenerator<ProviderEvent> {
      const said = request.messages.slice(1).find(({ role }) => role === 'assistant')?.content;
      const from = typeof said === 'string' ? said.split(' ').length - 1 : 0;
      for (let place = from; place < from + turn.words; place += 1) {
        await turnOf(`${writer} says ${place}`);
        yield { type: 'text', text: wordOf(place, writer) };
      }
      await turnOf(`${writer} ${turn.end}`);
      if (turn.end === 'calls a tool and fails')
        yield { type: 'tool-call-delta', id: 'c', name: 'look', delta: '{' };
      if (turn.end === 'calls a tool and fails' || turn.end === 'fails') throw new Error('staged');
      if (turn.end === 'answers') yield { type: 'finish', finishReason: 'stop' };
    },
  };
}

const turns: fc.Arbitrary<Turn> = fc.record({
  words: fc.nat(3),
  end: fc.constantFrom('answers', 'fails', 'fails', 'breaks off', 'calls a tool and fails'),
});

const plans: fc.Arbitrary<CallPlan> = fc.record({
  recovery: fc.constantFrom('none', 'restart', 'continue', 'continue'),
  reader: fc.constantFrom('events', 'events', 'text', 'nobody'),
  turns: fc.array(turns, { minLength: 1, maxLength: 4 }),
  leavesAfter: fc.option(fc.nat(4), { nil: undefined, freq: 5 }),
  aborts: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

describe('recovery of streams', () => {
  it('does what its reference does, however providers, readers and aborts of several calls interleave', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plans, { minLength: 1, maxLength: 3 }),
        fc.scheduler(),
        async (calls, scheduler) => {
          const router = routerOf(calls, (label) => scheduler.schedule(Promise.resolve(), label));
          const seen = calls.map((plan, index) => follow(plan, `call${index}`, router, scheduler));
          const all = Promise.all(seen);
          await scheduler.waitFor(all);
          for (const [index, one] of (await all).entries()) check(one, calls[index]!, `call${index}`);
          for (const { inFlight } of Object.values(router.health().targets)) expect(inFlight).toBe(0);
        },
      ),
      { numRuns: 1_000, seed: 20_260_101 },
    );
  });
});

/** A model of its own for each call, so that only time is shared. */
function routerOf(calls: readonly CallPlan[], turnOf: (label: string) => Promise<unknown>): Router {
  const models = Object.fromEntries(
    calls.map((plan, index) => [
      `call${index}`,
      plan.turns.map((turn, target): Target => {
        const writer = `call${index}-${target}`;
        return { id: writer, model: 'm', provider: providerOf(turn, writer, turnOf) };
      }),
    ]),
  );
  return createRouter<string>({ models, retry: 0, runtime: manualRuntime() });
}

interface Seen {
  readonly text: string;
  /** Whether the reader left. */
  readonly left: boolean;
  readonly ends: string;
  readonly partial: string | undefined;
  readonly attempts: number;
}

async function follow(plan: CallPlan, model: string, router: Router, scheduler: fc.Scheduler): Promise<Seen> {
  const controller = new AbortController();
  const stream = router.stream(
    { model, messages: [{ role: 'user', content: 'Go.' }] },
    { signal: controller.signal, stream: { recovery: plan.recovery } },
  );
  if (plan.aborts)
    void scheduler.schedule(Promise.resolve(), `${model} aborts`).then(() => controller.abort());
  const read = plan.reader === 'nobody' ? undefined : readAll(plan, model, stream, scheduler);
  const end = await stream.completion.then(
    ({ text, attempts }) => ({ ends: 'answer', partial: text, attempts: attempts.length }),
    (error: unknown) => {
      if (!isRouterError(error)) throw error;
      return { ends: error.code, partial: error.partial?.text, attempts: error.attempts.length };
    },
  );
  return { ...end, ...((await read) ?? { text: end.partial ?? '', left: false }) };
}

async function readAll(
  { reader, leavesAfter = Infinity }: CallPlan,
  model: string,
  stream: ReturnType<Router['stream']>,
  scheduler: fc.Scheduler,
): Promise<{ text: string; left: boolean }> {
  let text = '';
  let events = 0;
  try {
    for await (const piece of reader === 'text' ? stream.textStream : stream) {
      if (typeof piece === 'string') text += piece;
      else if (piece.type === 'text') text += piece.text;
      else if (piece.type === 'restart') text = '';
      events += 1;
      if (typeof piece !== 'string' && piece.type === 'finish') break;
      if (events > leavesAfter) return { text, left: true };
      await scheduler.schedule(Promise.resolve(), `${model} reads on`);
    }
  } catch {
    // `completion` tells the same error.
  }
  return { text, left: false };
}

function check(seen: Seen, plan: CallPlan, name: string): void {
  const expected = expectedOf(plan, name);
  expect(seen.attempts).toBeLessThanOrEqual(expected.attempts);
  if (seen.ends === 'aborted') return expect(plan.aborts || seen.left).toBe(true);
  expect(seen).toMatchObject({ ends: expected.ends, attempts: expected.attempts });
  if (seen.left) return;
  expect(seen.text).toBe(expected.text);
  if (expected.ends !== 'all-targets-failed') expect(seen.partial).toBe(expected.text);
}
