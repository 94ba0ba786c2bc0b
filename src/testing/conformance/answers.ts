import type { ProviderRequest } from '../../providers/provider.ts';
import { assert, assertEqual } from './assert.ts';
import { assertLawful, callOf, eventsIn, textIn, waysOf } from './attempt.ts';
import type { Check, Scene } from './scenario.ts';

const text = 'Hello from the other side: äöü, 日本語, 🙂.';
const calls = [
  { name: 'weather', arguments: { city: 'Zürich', days: 3 } },
  { name: 'weather', arguments: { city: '東京' } },
];
const tools = [
  {
    name: 'weather',
    description: 'Tells the weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
];
/** A PNG of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=';

async function eachWay(
  { provider, model }: Scene,
  request: Partial<ProviderRequest>,
  look: (events: Awaited<ReturnType<ReturnType<typeof waysOf>[number]['read']>>, way: string) => void,
): Promise<void> {
  for (const way of waysOf(provider)) {
    const events = await way.read(callOf(model, request));
    assertLawful(events, way.name);
    look(events, way.name);
  }
}

/** What a healthy vendor's answers must become. */
export const answerChecks: readonly Check[] = [
  {
    name: 'text',
    title: 'gives the text of an answer, whole and once, the same with and without a stream',
    reply: { text, usage: { inputTokens: 11, outputTokens: 7 } },
    run: (scene) =>
      eachWay(scene, {}, (events, way) => {
        assertEqual(textIn(events), text, `${way}: the text`);
        const [finish] = eventsIn(events, 'finish');
        assertEqual(finish?.finishReason, 'stop', `${way}: the finish reason`);
        const { inputTokens = 11, outputTokens = 7 } = finish?.usage ?? {};
        assertEqual([inputTokens, outputTokens], [11, 7], `${way}: the usage, where there is one`);
      }),
  },
  {
    name: 'stream',
    title: 'gives a stream in pieces',
    reply: { text: ['One ', 'two ', 'three.'] },
    async run({ provider, model }) {
      const way = waysOf(provider).find(({ name }) => name === 'stream');
      const pieces = way ? eventsIn(await way.read(callOf(model)), 'text').length : 2;
      assert(pieces > 1, 'expected more than one piece of text');
    },
  },
  {
    name: 'tool-calls',
    title: 'gives parallel tool calls whole, with parsed arguments and ids of their own',
    reply: { toolCalls: calls },
    run: (scene) =>
      eachWay(scene, { tools }, (events, way) => {
        const got = eventsIn(events, 'tool-call').map((call) => ({
          name: call.name,
          arguments: call.arguments,
        }));
        assertEqual(got, calls, `${way}: the tool calls`);
      }),
  },
  {
    name: 'tool-results',
    title: 'sends a history with tool calls and results in a form that the vendor accepts',
    reply: { text },
    run: (scene) =>
      eachWay(scene, { tools, messages: historyWithTools }, (events, way) =>
        assertEqual(textIn(events), text, `${way}: the text`),
      ),
  },
  {
    name: 'schema',
    title: 'gives an answer that was asked for by a schema as JSON text',
    reply: { object: { city: 'Oslo' } },
    run: (scene) =>
      eachWay(scene, { schema: citySchema }, (events, way) =>
        assertEqual(JSON.parse(textIn(events)), { city: 'Oslo' }, `${way}: the object`),
      ),
  },
  {
    name: 'reasoning',
    title: 'keeps reasoning apart from the text',
    reply: { text, reasoning: 'Let me think about it.' },
    run: (scene) =>
      eachWay(scene, {}, (events, way) => {
        assertEqual(textIn(events), text, `${way}: the text`);
        // A vendor may keep its reasoning to itself.
        const reasoning = textIn(events, 'reasoning');
        assert(['', 'Let me think about it.'].includes(reasoning), `${way}: the reasoning, got ${reasoning}`);
      }),
  },
  {
    name: 'length',
    title: 'says that the limit of tokens ended an answer',
    reply: { text: 'Once upon a', finishReason: 'length' },
    run: (scene) =>
      eachWay(scene, { maxTokens: 3 }, (events, way) =>
        assertEqual(eventsIn(events, 'finish')[0]?.finishReason, 'length', `${way}: the finish reason`),
      ),
  },
  {
    name: 'images',
    title: 'sends an image, as bytes and as base64, and leaves both as they were',
    reply: { text },
    async run(scene) {
      const bytes = Uint8Array.from(atob(pixel), (character) => character.charCodeAt(0));
      const images = [bytes, pixel].map((data) => ({ type: 'image', data, mediaType: 'image/png' }) as const);
      const content = [{ type: 'text', text: 'What is it?' } as const, ...images];
      await eachWay(scene, { messages: [{ role: 'user', content }] }, () => {});
      assertEqual(btoa(String.fromCharCode(...bytes)), pixel, 'the bytes');
    },
  },
  {
    name: 'untouched',
    title: 'leaves the request as it was',
    reply: { text },
    async run({ provider, model }) {
      for (const way of waysOf(provider)) {
        const call = callOf(model, { system: 'Be brief.', tools, messages: historyWithTools });
        const before = JSON.stringify(call.request);
        await way.read(call);
        assertEqual(JSON.stringify(call.request), before, `${way.name}: the request`);
      }
    },
  },
  {
    name: 'side-by-side',
    title: 'keeps calls at the same time apart',
    async run({ provider, model }) {
      const words = Array.from({ length: 8 }, (_, index) => `question-${index}-`);
      for (const way of waysOf(provider)) {
        const asked = words.map((content) =>
          way.read(callOf(model, { messages: [{ role: 'user', content }] })),
        );
        const answers = await Promise.all(asked);
        answers.forEach((events, index) => {
          const answer = textIn(events);
          assert(
            answer.includes(words[index] as string),
            `${way.name}: an answer to ${words[index]}, got ${answer}`,
          );
        });
      }
    },
  },
];

const citySchema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

const historyWithTools: ProviderRequest['messages'] = [
  { role: 'user', content: 'What is the weather in Oslo and in Rome?' },
  {
    role: 'assistant',
    content: [
      { type: 'text', text: 'I will look.' },
      { type: 'tool-call', id: 'call-of-another-vendor:1', name: 'weather', arguments: { city: 'Oslo' } },
      { type: 'tool-call', id: 'call-of-another-vendor:2', name: 'weather', arguments: { city: 'Rome' } },
    ],
  },
  {
    role: 'tool',
    content: [
      { type: 'tool-result', toolCallId: 'call-of-another-vendor:2', content: 'Sun.' },
      {
        type: 'tool-result',
        toolCallId: 'call-of-another-vendor:1',
        content: 'No such city.',
        isError: true,
      },
    ],
  },
];
