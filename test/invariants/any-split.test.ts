import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter, type CompletionRequest, type Provider, type StreamEvent } from 'failsoft';
import type { Reply } from 'failsoft/testing';
import { holds } from './holds.ts';
import { record, wires, type Recorded, type Wire } from './wires.ts';

/** Characters of one to four bytes, line ends and what looks like framing, so that a cut can fall into each of them. */
const reply: Reply = {
  text: [
    'Grüße, ',
    '“Zoë” — ',
    '漢字 and ',
    '🎉👩‍🚀 ',
    'line\r\nbreaks\n\ndata: ',
    '{"x": [DONE]} ',
    'e\u0301nd.',
  ],
  toolCalls: [{ name: 'look', arguments: { at: 'the “moon” 🌕', times: 2 } }],
};
const request: CompletionRequest<'chat'> = {
  messages: [{ role: 'user', content: 'Hello?' }],
  tools: [{ name: 'look', parameters: { type: 'object', properties: {} } }],
};

describe('any split of the bytes of a stream gives the same events', () => {
  it.each(wires)('$name', async (wire) => {
    const recorded = await record(wire, reply, (provider) => eventsOf(wire, provider));
    const expected = await replay(wire, recorded, [recorded.bytes]);
    expect(textOf(expected)).toBe((reply.text as string[]).join(''));
    const cases = fc.record({
      cuts: fc.array(fc.nat(recorded.bytes.length), { maxLength: 40, size: 'max' }),
      everyByte: fc.oneof(
        { weight: 30, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
      lineEnd: wire.hasLines ? fc.constantFrom(undefined, '\n', '\r\n') : fc.constant(undefined),
    });
    const isTheSame = async ({ cuts, everyByte, lineEnd }: Case) => {
      const bytes = withLineEnds(recorded.bytes, lineEnd);
      const at = everyByte ? bytes.keys() : cuts;
      expect(await replay(wire, recorded, split(bytes, [...at]))).toEqual(expected);
    };
    await holds(cases, isTheSame);
  });
});

interface Case {
  readonly cuts: readonly number[];
  readonly everyByte: boolean;
  readonly lineEnd: string | undefined;
}

async function replay(
  wire: Wire,
  { url, headers }: Recorded,
  pieces: readonly Uint8Array[],
): Promise<unknown[]> {
  const body = () =>
    new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece.slice());
        controller.close();
      },
    });
  return eventsOf(
    wire,
    wire.provider(url, async () => new Response(body(), { headers })),
  );
}

/** As a reader sees them; what the clock and chance put into the completion is left out. */
async function eventsOf({ model }: Wire, provider: Provider): Promise<unknown[]> {
  const router = createRouter({ models: { chat: [{ id: 'a', provider, model }] }, retry: 0 });
  const seen: unknown[] = [];
  for await (const event of router.stream(request))
    seen.push(event.type === 'finish' ? ending(event) : event);
  return seen;
}

function ending({ completion }: Extract<StreamEvent, { type: 'finish' }>) {
  const { text, message, toolCalls, finishReason, usage } = completion;
  return { type: 'finish', text, message, toolCalls, finishReason, usage };
}

function textOf(events: readonly unknown[]): string {
  return (events as StreamEvent[]).map((event) => (event.type === 'text' ? event.text : '')).join('');
}

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...[...new Set(cuts)].sort((one, other) => one - other), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

/** Undefined: as the vendor sends them. */
function withLineEnds(bytes: Uint8Array, lineEnd: string | undefined): Uint8Array {
  if (lineEnd === undefined) return bytes;
  return Buffer.from(Buffer.from(bytes).toString().replaceAll(/\r?\n/g, lineEnd));
}
