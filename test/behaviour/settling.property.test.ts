import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter, isRouterError, type Completion, type Router, type StreamEvent } from 'failsoft';
import { manualRuntime, scriptedProvider, type Script, type ScriptStep } from 'failsoft/testing';
import { messages } from './arrange.ts';

const kinds = [
  'rate-limit',
  'quota',
  'auth',
  'permission',
  'model-not-found',
  'unsupported',
  'bad-request',
  'context-length',
  'content-policy',
  'timeout',
  'overloaded',
  'server-error',
  'network',
  'invalid-response',
  'unknown',
] as const;

/** What one call to one provider does, besides saying who it is. */
const acts = fc.oneof(
  { weight: 3, arbitrary: fc.record({ act: fc.constant('answer' as const), pieces: fc.nat(4) }) },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('slow' as const), pieces: fc.nat(3), eachMs: fc.nat(4_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('fail' as const),
      pieces: fc.nat(2),
      kind: fc.constantFrom(...kinds),
      retryAfterMs: fc.option(fc.nat(30_000), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('cut' as const), pieces: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('hang' as const), pieces: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('chatter' as const), pieces: fc.nat(2) }) },
);
type Act = typeof acts extends fc.Arbitrary<infer Value> ? Value : never;

const calls = fc.record({
  streams: fc.boolean(),
  live: fc.boolean(),
  afterMs: fc.nat(3_000),
  abortAfterMs: fc.option(fc.nat(15_000), { nil: undefined, freq: 3 }),
  leaveAfter: fc.option(fc.nat(4), { nil: undefined, freq: 5 }),
  totalMs: fc.integer({ min: 200, max: 40_000 }),
  timeouts: fc.record(
    {
      firstTokenMs: fc.integer({ min: 50, max: 8_000 }),
      idleMs: fc.integer({ min: 50, max: 8_000 }),
      attemptMs: fc.integer({ min: 100, max: 9_000 }),
    },
    { requiredKeys: [] },
  ),
  retry: fc.nat(3),
  maxAttempts: fc.integer({ min: 1, max: 8 }),
  transport: fc.constantFrom('auto' as const, 'unary' as const),
});
type CallPlan = typeof calls extends fc.Arbitrary<infer Value> ? Value : never;

const worlds = fc.record({
  seed: fc.nat(),
  targets: fc.array(
    fc.record({
      acts: fc.array(acts, { minLength: 1, maxLength: 4 }),
      priority: fc.nat(1),
      weight: fc.option(fc.nat(3), { nil: undefined }),
      concurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 4 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  calls: fc.array(calls, { minLength: 1, maxLength: 6 }),
});

const pieceOf = (who: string, piece: number) => `<${who} ${piece}>`;

function scriptOf(act: Act, who: string): Script {
  const pieces = Array.from({ length: act.pieces }, (_, index): ScriptStep => ({
    text: pieceOf(who, index),
  }));
  switch (act.act) {
    case 'answer':
      return [...pieces, { text: `<${who} end>` }];
    case 'slow':
      return [
        ...pieces.flatMap((piece): ScriptStep[] => [{ waitMs: act.eachMs }, piece]),
        { waitMs: act.eachMs },
        { text: `<${who} end>` },
      ];
    case 'fail': {
      const { kind, retryAfterMs } = act;
      return [
        ...pieces,
        { fail: { kind, message: 'staged', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } },
      ];
    }
    case 'cut':
      return [...pieces, { cut: true }];
    case 'hang':
      return [{ reasoning: 'hm' }, ...pieces, { hang: true }];
    default:
      return [
        ...pieces,
        ...Array.from({ length: 60 }, (): ScriptStep[] => [
          { waitMs: 900 },
          { event: { type: 'meta' } },
        ]).flat(),
      ];
  }
}

/** Whether a text is the whole of what one provider said to one call. */
function isWhole(text: string): boolean {
  const found = /<(\S+) end>$/.exec(text);
  if (!found) return false;
  const pieces = text.split('>').length - 2;
  const whole = Array.from({ length: pieces }, (_, index) => pieceOf(found[1]!, index)).join('');
  return text === `${whole}<${found[1]} end>`;
}

interface Outcome {
  settled: number;
  at: number;
  completion?: Completion;
  error?: unknown;
  events: StreamEvent[];
}

describe('whatever its providers do', () => {
  it('each call settles once, by its deadline, with one whole answer or one RouterError, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const runtime = manualRuntime({ seed: world.seed });
        const router: Router = createRouter<string>({
          models: {
            chat: world.targets.map(({ acts: own, priority, weight, concurrency }, index) => ({
              id: `t${index}`,
              model: 'm',
              priority,
              weight,
              limits: { concurrency },
              provider: scriptedProvider(
                (_call, number) => scriptOf(own[(number - 1) % own.length]!, `t${index}#${number}`),
                { name: `p${index}`, runtime },
              ),
            })),
          },
          runtime,
        });
        const outcomes = await runtime.run(
          Promise.all(world.calls.map((plan) => carryOut(plan, router, runtime))),
        );
        for (const [index, outcome] of outcomes.entries()) check(outcome, world.calls[index]!);
        // Half-open probes and slots are given back, and no timer runs without traffic.
        expect(runtime.pending()).toBe(0);
        for (const { inFlight } of Object.values(router.health().targets)) expect(inFlight).toBe(0);
      }),
      { numRuns: 500, seed: 20_260_101 },
    );
  });
});

async function carryOut(
  plan: CallPlan,
  router: Router,
  runtime: ReturnType<typeof manualRuntime>,
): Promise<Outcome & { startedAt: number }> {
  await runtime.sleep(plan.afterMs);
  const controller = new AbortController();
  const startedAt = runtime.now();
  const outcome: Outcome = { settled: 0, at: 0, events: [] };
  const { timeouts, totalMs, retry, maxAttempts, transport } = plan;
  const options = {
    signal: controller.signal,
    timeouts: { ...timeouts, totalMs },
    retry,
    maxAttempts,
    transport,
  };
  const stopTimer = new AbortController();
  if (plan.abortAfterMs !== undefined) {
    void runtime.sleep(plan.abortAfterMs, stopTimer.signal).then(
      () => controller.abort(),
      () => {},
    );
  }
  const stream = plan.streams
    ? router.stream({ messages }, { ...options, stream: { reasoning: plan.live ? 'live' : 'held' } })
    : undefined;
  const reading = stream && readSome(stream, plan.leaveAfter, outcome.events);
  const done = stream ? stream.completion : router.complete({ messages }, options);
  await done.then(
    (completion) => Object.assign(outcome, { completion, settled: outcome.settled + 1, at: runtime.now() }),
    (error: unknown) => Object.assign(outcome, { error, settled: outcome.settled + 1, at: runtime.now() }),
  );
  stopTimer.abort();
  const read = await reading;
  // The reader and `completion` tell the same.
  if (read && !read.left) expect(read.error).toBe(outcome.error);
  return { ...outcome, startedAt };
}

async function readSome(
  stream: AsyncIterable<StreamEvent>,
  leaveAfter: number | undefined,
  events: StreamEvent[],
): Promise<{ left: boolean; error?: unknown }> {
  try {
    for await (const event of stream) {
      events.push(event);
      if (events.length > (leaveAfter ?? Infinity)) return { left: true };
    }
    return { left: false };
  } catch (error) {
    return { left: false, error };
  }
}

function check(outcome: Outcome & { startedAt: number }, plan: CallPlan): void {
  expect(outcome.settled).toBe(1);
  expect(outcome.at - outcome.startedAt).toBeLessThanOrEqual(plan.totalMs);
  const { completion, error, events } = outcome;
  if (completion) {
    expect(isWhole(completion.text), completion.text).toBe(true);
    expect(completion.attempts.at(-1)?.decision).toBe('answer');
    expect(completion.attempts.length).toBeLessThanOrEqual(plan.maxAttempts);
    expect(completion.latencyMs).toBe(outcome.at - outcome.startedAt);
  } else {
    if (!isRouterError(error)) throw new Error('expected a RouterError', { cause: error });
    expect(error.attempts.length).toBeLessThanOrEqual(plan.maxAttempts);
    expect(error.attempts.every(({ decision }) => decision !== 'answer')).toBe(true);
    if (error.code === 'timeout') expect(outcome.at - outcome.startedAt).toBe(plan.totalMs);
    if (error.code === 'aborted')
      expect(plan.abortAfterMs !== undefined || plan.leaveAfter !== undefined).toBe(true);
  }
  checkEvents(events, completion);
}

/** At most one start before anything else, one writer of text, and finish only once and last. */
function checkEvents(events: readonly StreamEvent[], completion: Completion | undefined): void {
  if (events.length === 0) return;
  expect(events[0]?.type).toBe('start');
  expect(events.filter(({ type }) => type === 'start')).toHaveLength(1);
  const finishes = events.filter(({ type }) => type === 'finish');
  expect(finishes.length).toBeLessThanOrEqual(1);
  if (finishes.length === 1) expect(events.at(-1)?.type).toBe('finish');
  const text = events.map((event) => (event.type === 'text' ? event.text : '')).join('');
  const writers = new Set([...text.matchAll(/<(\S+) /g)].map(([, who]) => who));
  expect(writers.size).toBeLessThanOrEqual(1);
  if (completion && finishes.length === 1) expect(text).toBe(completion.text);
  expect(
    events
      .slice(events.findIndex(({ type }) => type === 'text'))
      .every(({ type }) => type !== 'restart' || text === ''),
  ).toBe(true);
}
