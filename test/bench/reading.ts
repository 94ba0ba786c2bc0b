import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Provider } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';
import { compareTime, type Pair } from './measure.ts';
import { printHead, reportTime } from './print.ts';
import { oneEventEach, packets, stubFetch } from './stub-fetch.ts';
import { anthropicWire, openaiWire, question, type Wire } from './wires.ts';

/** The same provider over a client that hands on what its SDK parsed, and over one that hands on its response. */
interface Ways {
  readonly name: string;
  readonly wire: Wire;
  readonly model: string;
  readonly over: (fetch: typeof globalThis.fetch) => { readonly parsed: Provider; readonly read: Provider };
}

const ways: readonly Ways[] = [
  {
    name: 'openai chat',
    wire: openaiWire,
    model: 'gpt-4.1',
    over(fetch) {
      const client = new OpenAI({ apiKey: 'sk-bench', fetch });
      // A promise of its own has no `asResponse`.
      const create = async (body: any, options: any) => client.chat.completions.create(body, options);
      const parsing = { baseURL: client.baseURL, chat: { completions: { create } } };
      return { parsed: openai({ client: parsing }), read: openai({ client }) };
    },
  },
  {
    name: 'anthropic',
    wire: anthropicWire,
    model: 'claude-sonnet-5',
    over(fetch) {
      const client = new Anthropic({ apiKey: 'sk-ant-bench', fetch });
      const create = async (body: any, options: any) => client.messages.create(body, options);
      return { parsed: anthropic({ client: { messages: { create } } }), read: anthropic({ client }) };
    },
  },
];

const messages = [{ role: 'user' as const, content: question }];

function pairOf({ over, wire, model }: Ways, pieces: Uint8Array[], method: 'stream' | 'complete'): Pair {
  const streamed = { headers: wire.streamHeaders, pieces };
  const { parsed, read } = over(stubFetch({ ...wire, streamed }));
  const ask = (provider: Provider) => async () => {
    const { signal } = new AbortController();
    const call = { model, request: { messages }, signal, headers: {} };
    if (method === 'complete') return provider.complete?.(call);
    let length = 0;
    for await (const event of provider.stream!(call)) if (event.type === 'text') length += event.text.length;
    return length;
  };
  return { bare: ask(parsed), routed: ask(read) };
}

printHead(
  'What the SDK parsed, and what is read from its response',
  'One provider',
  'SDK parses',
  'failsoft reads',
  'added',
  'ratio (middle half)',
);
for (const way of ways) {
  const { events } = way.wire;
  reportTime(`${way.name}, call`, await compareTime(pairOf(way, packets(events), 'complete')));
  reportTime(
    `${way.name}, event of a stream in packets`,
    await compareTime(pairOf(way, packets(events), 'stream')),
    events.length,
  );
  reportTime(
    `${way.name}, event of a stream, one event each`,
    await compareTime(pairOf(way, oneEventEach(events), 'stream')),
    events.length,
  );
}
