import { resolve } from 'node:path';
import type * as Failsoft from 'failsoft';
import type * as Stub from './stub-fetch.ts';
import type { Vendor } from './vendors.ts';
import type * as Wires from './wires.ts';

// Another checkout of this repository and this one in one process, in turns, each as a ratio to the bare SDK of its own:
// npm run source -- test/bench/against.ts ../another-checkout

const [other] = process.argv.slice(2);
if (other === undefined) throw new Error('expected the path of another checkout, with its dependencies');

interface Sides {
  readonly bareCall: () => Promise<unknown>;
  readonly call: () => Promise<unknown>;
  readonly bareStream: () => Promise<unknown>;
  readonly stream: () => Promise<unknown>;
}

type Pieces = 'packets' | 'oneEventEach';

async function checkout(root: string): Promise<(name: string, pieces: Pieces) => Sides> {
  const load = async (file: string): Promise<unknown> => import(resolve(root, file));
  const { createRouter } = (await load('src/index.ts')) as typeof Failsoft;
  const { vendors } = (await load('test/bench/vendors.ts')) as { vendors: readonly Vendor[] };
  const stub = (await load('test/bench/stub-fetch.ts')) as typeof Stub;
  const { question } = (await load('test/bench/wires.ts')) as typeof Wires;
  const messages = [{ role: 'user' as const, content: question }];
  return (name, pieces) => {
    const vendor = vendors.find((one) => one.name === name) as Vendor;
    const { whole, events, streamHeaders, isStreaming } = vendor.wire;
    const streamed = { headers: streamHeaders, pieces: stub[pieces](events) };
    const { provider, complete, collect } = vendor.setUp({ whole, streamed, isStreaming });
    const router = createRouter({ models: { chat: [{ provider, model: vendor.model }] } });
    return {
      bareCall: complete,
      call: () => router.complete({ model: 'chat', messages }, { transport: 'unary' }),
      bareStream: collect,
      stream: () => router.stream({ model: 'chat', messages }).completion,
    };
  };
}

async function microseconds(ask: () => Promise<unknown>, times: number): Promise<number> {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) await ask();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

const median = (values: readonly number[]) =>
  values.toSorted((one, next) => one - next)[values.length >> 1] as number;

const rounds = 30;
const [before, now] = [await checkout(other), await checkout('.')];
console.log('| what | bare SDK, µs | before | now | now to before |');
console.log('| --- | --- | --- | --- | --- |');
for (const name of ['openai chat', 'anthropic', 'google genai', 'ollama']) {
  await compare(`${name}, call`, 300, 'bareCall', 'call', 'packets', name);
  await compare(`${name}, stream in packets`, 30, 'bareStream', 'stream', 'packets', name);
  await compare(`${name}, stream, one event each`, 30, 'bareStream', 'stream', 'oneEventEach', name);
}

async function compare(
  title: string,
  times: number,
  ...[bare, routed, pieces, name]: readonly [keyof Sides, keyof Sides, Pieces, string]
): Promise<void> {
  const [old, current] = [before(name, pieces), now(name, pieces)];
  // Each beside the SDK of its own checkout: a copy that two have in common is quicker for neither in the same way.
  const sides = [old[bare], old[routed], current[bare], current[routed]] as const;
  for (const side of sides) await microseconds(side, times * 8);
  const rows: (readonly [number, number, number, number])[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const took = [0, 0, 0, 0] as [number, number, number, number];
    // Whoever comes first finds the caches of whoever came last.
    const order = round % 2 === 0 ? [0, 1, 2, 3] : [3, 2, 1, 0];
    for (const side of order) took[side] = await microseconds(sides[side]!, times);
    rows.push(took);
  }
  const of = (value: (row: (typeof rows)[number]) => number) => median(rows.map(value)).toFixed(2);
  const cells = [
    of(([, , sdk]) => sdk),
    of(([sdk, one]) => one / sdk),
    of(([, , sdk, two]) => two / sdk),
    of(([oldSdk, one, sdk, two]) => two / sdk / (one / oldSdk)),
  ];
  console.log(`| ${title} | ${cells.join(' | ')} |`);
}
