import { createRouter } from 'failsoft';
import { compareAllocation, compareTime, type Pair } from './measure.ts';
import { printHead, reportAllocation, reportTime } from './print.ts';
import { oneEventEach, packets } from './stub-fetch.ts';
import { vendors, type Vendor } from './vendors.ts';
import { answer, question } from './wires.ts';

const messages = [{ role: 'user' as const, content: question }];

type Pieces = (events: readonly string[]) => Uint8Array[];

interface Sides {
  readonly unary: Pair;
  readonly stream: Pair;
}

function sidesOf(vendor: Vendor, pieces: Pieces): Sides {
  const { whole, events, streamHeaders, isStreaming } = vendor.wire;
  const streamed = { headers: streamHeaders, pieces: pieces(events) };
  const { provider, complete, collect } = vendor.setUp({ whole, streamed, isStreaming });
  const router = createRouter({ models: { chat: [{ provider, model: vendor.model }] } });
  return {
    unary: {
      bare: checked(complete),
      routed: checked(async () => {
        const reply = await router.complete({ model: 'chat', messages }, { transport: 'unary' });
        return reply.text;
      }),
    },
    stream: {
      bare: checked(collect),
      routed: checked(async () => {
        let text = '';
        for await (const event of router.stream({ model: 'chat', messages })) {
          if (event.type === 'text') text += event.text;
          else if (event.type === 'finish' && event.completion.usage.totalTokens === undefined) text = '';
        }
        return text;
      }),
    },
  };
}

/** A side that does not answer is no side to compare with. */
function checked(ask: () => Promise<string>): () => Promise<void> {
  return async () => {
    const text = await ask();
    if (text.length !== answer.length)
      throw new Error(`expected ${answer.length} characters, got ${text.length}`);
  };
}

const [what = 'time', only = ''] = process.argv.slice(2);
const isTime = what === 'time';
printHead(
  isTime ? 'Time over the bare SDK' : 'Allocation over the bare SDK',
  isTime ? 'Time on a processor' : 'Bytes on the heap',
  'bare SDK',
  'failsoft',
  'added',
  isTime ? 'ratio (middle half)' : 'ratio',
);
for (const vendor of vendors.filter(({ name }) => name.startsWith(only))) {
  const { length } = vendor.wire.events;
  const packed = sidesOf(vendor, packets);
  const rows: readonly [name: string, pair: Pair, shares: number, operations: number][] = [
    [`${vendor.name}, call`, packed.unary, 1, 400],
    [`${vendor.name}, event of a stream in packets`, packed.stream, length, 40],
    [`${vendor.name}, event of a stream, one event each`, sidesOf(vendor, oneEventEach).stream, length, 40],
  ];
  for (const [name, pair, shares, operations] of rows) {
    if (isTime) reportTime(name, await compareTime(pair), shares);
    else reportAllocation(name, await compareAllocation(pair, operations), shares);
  }
}
