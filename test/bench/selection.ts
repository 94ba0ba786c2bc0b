import { createRouter, type Provider, type Router } from 'failsoft';
import { compareTime, spreadOf, timeOf, type Spread } from './measure.ts';
import { microseconds, printHead, printRow } from './print.ts';

/** Answers at once: what is left of a call is the engine's own. */
const prompt: Provider = {
  name: 'prompt',
  complete: async () => [
    { type: 'text', text: 'Yes.' },
    { type: 'finish', finishReason: 'stop' },
  ],
};
const request = { messages: [{ role: 'user' as const, content: 'Is it so?' }] };

function routerOf(count: number, isWeighted: boolean): Router {
  const targets = Array.from({ length: count }, (_, index) => ({
    id: `target-${index}`,
    provider: prompt,
    model: `model-${index}`,
    ...(isWeighted ? { weight: 1 + (index % 5) } : {}),
  }));
  return createRouter({ models: { chat: targets }, defaultModel: 'chat' });
}

const ask = (router: Router) => () => router.complete(request, { transport: 'unary' });

/** What a call at one of `count` targets takes more than one at the only target. */
async function addedByChoice(count: number, isWeighted: boolean): Promise<Spread> {
  const { addedUs } = await compareTime({
    bare: ask(routerOf(1, false)),
    routed: ask(routerOf(count, isWeighted)),
  });
  return addedUs;
}

/** The same with every target put in order and told, as `plan()` does. */
async function wholePlan(count: number): Promise<Spread> {
  const router = routerOf(count, true);
  const plan = async () => router.plan(request);
  const operations = Math.ceil(100_000 / count);
  await timeOf(plan, operations);
  const samples: number[] = [];
  for (let round = 0; round < 20; round += 1) samples.push(await timeOf(plan, operations));
  return spreadOf(samples);
}

const told = ({ median, from, to }: Spread) =>
  `${microseconds(median)} (${from.toFixed(1)}–${to.toFixed(1)})`;

printHead('Selection', 'Targets', 'In order', 'Weighted', '`router.plan()`');
for (const count of [3, 30, 300, 3_000]) {
  const inOrder = await addedByChoice(count, false);
  const weighted = await addedByChoice(count, true);
  printRow(String(count), told(inOrder), told(weighted), told(await wholePlan(count)));
}
