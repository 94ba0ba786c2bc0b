import { getEventListeners } from 'node:events';
import OpenAI from 'openai';
import { createRouter } from 'failsoft';
import { openai } from 'failsoft/openai';
import { printHead, printRow } from './print.ts';
import { answer, openaiWire, question } from './wires.ts';

const streamCount = 10_000;
const messages = [{ role: 'user' as const, content: question }];
const encoder = new TextEncoder();
/** Short answers: what counts here is how many are under way, not how long they are. */
const firstHalf = encoder.encode(openaiWire.events.slice(0, 21).join(''));
const secondHalf = encoder.encode(openaiWire.events.slice(-23).join(''));
const tokens = tokensOf(answer);
const whole = [...tokens.slice(0, 20), ...tokens.slice(-20)].join('');

function tokensOf(text: string): string[] {
  return text.split(/(?= )/);
}

/** Streams that stop halfway until the gate opens. */
function gatedFetch(): { readonly fetch: typeof fetch; readonly open: () => void; begun: number } {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const gated = {
    begun: 0,
    open,
    fetch: async () => {
      let pieces = 0;
      const body = new ReadableStream({
        async pull(controller) {
          pieces += 1;
          if (pieces === 1) {
            controller.enqueue(firstHalf.slice());
            return;
          }
          gated.begun += 1;
          await gate;
          controller.enqueue(secondHalf.slice());
          controller.close();
        },
      });
      return new Response(body, { headers: openaiWire.streamHeaders });
    },
  };
  return gated;
}

type Collect = (client: OpenAI) => () => Promise<string>;

interface Measured {
  readonly memoryMiB: number;
  readonly timers: number;
  readonly finished: number;
  readonly seconds: number;
}

async function flightOf(collect: Collect): Promise<Measured> {
  const gated = gatedFetch();
  const one = collect(new OpenAI({ apiKey: 'sk-bench', fetch: gated.fetch }));
  await settle();
  const before = process.memoryUsage().heapUsed;
  const startedAt = performance.now();
  const all = Array.from({ length: streamCount }, one);
  while (gated.begun < streamCount) await new Promise((resolve) => setTimeout(resolve, 5));
  await settle();
  const memoryMiB = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  const timers = timerCount();
  gated.open();
  const texts = await Promise.all(all);
  const seconds = (performance.now() - startedAt) / 1000;
  return { memoryMiB, timers, seconds, finished: texts.filter((text) => text === whole).length };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const timerCount = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

/** Each caller has a signal of its own, as one has for each request of a server. */
const callers: AbortSignal[] = [];
function newCaller(): AbortSignal {
  const { signal } = new AbortController();
  callers.push(signal);
  return signal;
}
const listenerCount = () =>
  callers.splice(0).reduce((sum, signal) => sum + getEventListeners(signal, 'abort').length, 0);

let inFlight = (): number => 0;

const byRouter: Collect = (client) => {
  const router = createRouter({
    models: { chat: [{ id: 'gpt', provider: openai({ client }), model: 'gpt-4.1' }] },
  });
  inFlight = () => router.health().targets['gpt']?.inFlight ?? 0;
  return async () => {
    let text = '';
    const stream = router.stream({ model: 'chat', messages }, { signal: newCaller() });
    for await (const event of stream) if (event.type === 'text') text += event.text;
    return text;
  };
};

const byBareSdk: Collect = (client) => async () => {
  let text = '';
  const asked = { model: 'gpt-4.1', messages, stream: true as const };
  for await (const chunk of await client.chat.completions.create(asked, { signal: newCaller() }))
    text += chunk.choices[0]?.delta.content ?? '';
  return text;
};

const timersBefore = timerCount();
printHead(
  `${streamCount.toLocaleString('en')} streams in flight at once`,
  'Streams by',
  'heap at the half',
  'each',
  'finished whole',
  'seconds',
  'timers at the half',
  'timers left',
  'listeners left',
  'in flight left',
);
for (const [name, collect] of [
  ['bare SDK', byBareSdk],
  ['failsoft', byRouter],
] as const) {
  const { memoryMiB, timers, finished, seconds } = await flightOf(collect);
  await settle();
  printRow(
    name,
    `${memoryMiB.toFixed(0)} MiB`,
    `${((memoryMiB * 1024) / streamCount).toFixed(1)} KiB`,
    String(finished),
    seconds.toFixed(1),
    String(timers - timersBefore),
    String(timerCount() - timersBefore),
    String(listenerCount()),
    name === 'failsoft' ? String(inFlight()) : '–',
  );
}
