import { createRouter, isRouterError, type RouterEvent } from 'failsoft';
import {
  manualRuntime,
  scriptedProvider,
  withFaults,
  type FaultPlan,
  type ManualRuntime,
  type ProviderFault,
} from 'failsoft/testing';

// npm run source -- test/bench/game-day.ts: what each fault of a game day looks like, as docs/guides/game-day.md says

const callsPerSecond = 10;
const lastsMs = 5 * 60_000;

const rateLimit = { kind: 'rate-limit', message: 'game day', status: 429, retryAfterMs: 20_000 } as const;

const plans: readonly (readonly [name: string, rate: number, fault: ProviderFault | undefined])[] = [
  ['none', 0, undefined],
  ['slow by 5 s', 0.01, { kind: 'slow', firstMs: 5_000 }],
  ['stall before the first token', 0.01, { kind: 'stall' }],
  ['stall after 20 pieces', 0.01, { kind: 'stall', after: 20 }],
  ['cut after 20 pieces', 0.01, { kind: 'cut', after: 20 }],
  ['server error', 0.01, { kind: 'fail', failure: 'server-error' }],
  ['429, 20 s', 0.01, { kind: 'fail', failure: rateLimit }],
  ['401', 0.01, { kind: 'fail', failure: 'auth' }],
  ['server error', 0.1, { kind: 'fail', failure: 'server-error' }],
  ['server error', 0.3, { kind: 'fail', failure: 'server-error' }],
  ['stall before the first token', 0.1, { kind: 'stall' }],
  ['down', 1, { kind: 'fail', failure: 'network' }],
];

/** What one game day came to. */
interface Day {
  readonly events: RouterEvent[];
  struck: number;
  /** Until the first text, of streams that were answered. */
  readonly firstTextMs: number[];
  /** The longest wait between two texts. */
  longestPauseMs: number;
  errors: number;
}

async function play(rate: number, fault: ProviderFault | undefined): Promise<Day> {
  const runtime = manualRuntime({ seed: 7 });
  const day: Day = { events: [], struck: 0, firstTextMs: [], longestPauseMs: 0, errors: 0 };
  const plan: FaultPlan = fault ? { rate, faults: [fault], onFault: () => (day.struck += 1) } : { rate: 0 };
  const router = createRouter({
    models: {
      chat: [
        { id: 'gpt', provider: withFaults(steady('gpt', runtime), { ...plan, runtime }), model: 'gpt-5.2' },
        { id: 'claude', provider: steady('claude', runtime), model: 'claude-sonnet-5' },
      ],
    },
    stream: { recovery: 'continue' },
    observers: [(event) => day.events.push(event)],
    runtime,
  });
  await runtime.run(async () => {
    const calls: Promise<void>[] = [];
    for (let at = 0; at < lastsMs; at += 1_000 / callsPerSecond) {
      calls.push(
        read(router.stream({ messages: [{ role: 'user', content: 'Hi' }] }).textStream, runtime, day),
      );
      await runtime.sleep(1_000 / callsPerSecond, new AbortController().signal);
    }
    await Promise.all(calls);
  });
  return day;
}

/** 0.6 to 1.4 s to the first token, then 60 pieces in 1.2 s; asked to go on, it goes on. */
function steady(name: string, runtime: ManualRuntime) {
  const pieces = Array.from({ length: 60 }, (_, index) => `word${index} `);
  return scriptedProvider(
    ({ request }) => {
      const before = request.messages.at(-2)?.content;
      const told = typeof before === 'string' ? before.split(' ').length - 1 : 0;
      const rest = pieces.slice(Math.max(0, told - 5));
      return [
        { waitMs: 600 + 800 * runtime.random() },
        ...rest.flatMap((text) => [{ text }, { waitMs: 20 }]),
      ];
    },
    { name, runtime },
  );
}

async function read(texts: AsyncIterable<string>, runtime: ManualRuntime, day: Day): Promise<void> {
  const startedAt = runtime.now();
  let last: number | undefined;
  try {
    for await (const text of texts) {
      if (text === '') continue;
      if (last === undefined) day.firstTextMs.push(runtime.now() - startedAt);
      else day.longestPauseMs = Math.max(day.longestPauseMs, runtime.now() - last);
      last = runtime.now();
    }
  } catch (error) {
    if (!isRouterError(error)) throw error;
    day.errors += 1;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function row(
  name: string,
  rate: number,
  { events, struck, firstTextMs, longestPauseMs, errors }: Day,
): string {
  const sorted = firstTextMs.toSorted((one, other) => one - other);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
  const shown = new Set<string>();
  for (const event of events)
    if (event.type === 'attempt' && event.attempt.failure) shown.add(event.attempt.failure.kind);
  const opened = events.filter((event) => event.type === 'breaker' && event.to === 'open').length;
  const count = (type: RouterEvent['type']) => events.filter((event) => event.type === type).length;
  const cells = [
    name,
    `${rate * 100} %`,
    struck,
    [...shown].join(', ') || '–',
    errors,
    seconds(p99),
    seconds(longestPauseMs),
    opened,
    count('limit'),
    count('alert'),
  ];
  return `| ${cells.join(' | ')} |`;
}

console.log(
  '| fault | share | struck | kind | errors | first text p99 | longest pause | breaker opened | limit events | alerts |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|');
for (const [name, rate, fault] of plans) console.log(row(name, rate, await play(rate, fault)));
