import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter, type Completion, type CompletionRequest, type Provider, type Router } from 'failsoft';
import { scriptedProvider, type Reply } from 'failsoft/testing';
import { holds } from './holds.ts';
import { record, wires, type Recorded, type Wire } from './wires.ts';

/** Calls whose arguments are JSON at many of their beginnings too, if one does not look for the end. */
const reply: Reply = {
  text: ['Let me ', 'look.'],
  toolCalls: [
    { name: 'look', arguments: { at: 'the “moon” 🌕', times: 12 } },
    { name: 'pay', arguments: { amount: 100, to: { name: 'Zoë', more: [1, 22, 333] } } },
    { name: 'rest', arguments: {} },
  ],
};
const tool = (name: string) => ({ name, parameters: { type: 'object', properties: {} } });
const request: CompletionRequest<'chat'> = {
  messages: [{ role: 'user', content: 'Hello?' }],
  tools: [tool('look'), tool('pay'), tool('rest')],
};
const rescue = 'The rescue answers.';

/** How the bytes end: as if all were well, or with the connection. */
const endings = ['closed', 'broken'] as const;

describe('a stream that ends at any byte', () => {
  it.each(wires)(
    'gives the whole answer of its vendor, or another one’s, and no part of it: $name',
    async (wire) => {
      const recorded = await record(wire, reply, (provider) => routerOf(wire, provider).complete(request));
      const full = await ask(wire, recorded, {
        length: recorded.bytes.length,
        ending: 'closed',
        how: 'whole',
      });
      expect(full.calls).toEqual(reply.toolCalls);
      const cases = fc.record({
        length: fc.nat(recorded.bytes.length),
        ending: fc.constantFrom(...endings),
        how: fc.constantFrom('whole', 'restarting'),
      });
      await holds(
        cases,
        async (one) => {
          const answer = await ask(wire, recorded, one);
          expect([full, { text: rescue, calls: [] }]).toContainEqual(answer);
        },
        0.3,
      );
    },
  );
});

interface Case {
  readonly length: number;
  readonly ending: (typeof endings)[number];
  readonly how: 'whole' | 'restarting';
}

/** What somebody who acts on it would act on. */
interface Answer {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly arguments: unknown }[];
}

function routerOf({ model }: Wire, provider: Provider): Router {
  return createRouter({
    models: {
      chat: [
        { id: 'a', provider, model },
        { id: 'rescue', provider: scriptedProvider(rescue), model: 'any' },
      ],
    },
    retry: 0,
  });
}

async function ask(wire: Wire, { url, headers, bytes }: Recorded, one: Case): Promise<Answer> {
  const provider = wire.provider(url, async () => new Response(bodyOf(bytes, one), { headers }));
  const router = routerOf(wire, provider);
  if (one.how === 'whole') return answerOf(await router.complete(request));
  let shown: { text: string; calls: Answer['calls'] } = { text: '', calls: [] };
  const stream = router.stream(request, { stream: { recovery: 'restart' } });
  for await (const event of stream) {
    if (event.type === 'restart') shown = { text: '', calls: [] };
    if (event.type === 'text') shown.text += event.text;
    if (event.type === 'tool-call')
      shown.calls = [...shown.calls, { name: event.name, arguments: event.arguments }];
  }
  expect(answerOf(await stream.completion)).toEqual(shown);
  return shown;
}

function answerOf({ text, toolCalls }: Completion): Answer {
  return { text, calls: toolCalls.map(({ name, arguments: given }) => ({ name, arguments: given })) };
}

function bodyOf(bytes: Uint8Array, { length, ending }: Case): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream({
    pull(controller) {
      if (!isSent && length > 0) controller.enqueue(bytes.slice(0, length));
      else if (ending === 'closed') controller.close();
      else controller.error(new TypeError('terminated'));
      isSent = true;
    },
  });
}
