import { expect, it } from 'vitest';
import { callOf, completed, eventsIn, hostClients, streamed } from './clients.ts';
import { eventOf, json, streaming, wireServer } from './wire-server.ts';

const providerAt = hostClients[0]![1];
const signed = 'gemini-3-pro-preview';

function replyOf(parts: readonly object[], finishReason?: string, more: object = {}): object {
  const candidate = { content: { role: 'model', parts }, ...(finishReason ? { finishReason } : {}) };
  return { candidates: [candidate], responseId: 'r1', ...more };
}

async function read(replies: readonly object[]) {
  await using server = await wireServer(streaming(...replies.map(eventOf)));
  return await streamed(providerAt(server.url), callOf({}, { model: signed }));
}

it('keeps signatures and real ids as state of the part, and makes ids where there are none', async () => {
  const { events } = await read([
    replyOf([{ text: 'Hm.', thought: true }]),
    replyOf([
      { functionCall: { name: 'one', args: { a: 1 } }, thoughtSignature: 'sig' },
      { functionCall: { id: 'own', name: 'two' } },
      { functionCall: { name: 'one', args: {} } },
    ]),
    replyOf([{ text: '', thoughtSignature: 'end' }], 'STOP'),
  ]);
  const state = { model: signed, route: 'gemini' };
  expect(events.slice(1, -1)).toEqual([
    { type: 'reasoning', text: 'Hm.' },
    {
      type: 'tool-call',
      id: 'call_r1_1',
      name: 'one',
      arguments: { a: 1 },
      providerState: { ...state, signature: 'sig' },
    },
    { type: 'tool-call', id: 'own', name: 'two', arguments: {}, providerState: { ...state, callId: 'own' } },
    { type: 'tool-call', id: 'call_r1_3', name: 'one', arguments: {} },
    { type: 'text', text: '', providerState: { ...state, signature: 'end' } },
  ]);
});

it('makes ids that differ from reply to reply where the replies have no id', async () => {
  const reply = {
    candidates: [{ content: { parts: [{ functionCall: { name: 'a' } }] }, finishReason: 'STOP' }],
  };
  const ids = await Promise.all([read([reply]), read([reply])]);
  const [first, second] = ids.map(({ events }) => eventsIn(events, 'tool-call')[0]!.id);
  expect(first).not.toBe(second);
});

it('puts the pieces of a call together, and leaves out one that was cut', async () => {
  const pieces = (...args: object[]) =>
    replyOf([{ functionCall: { partialArgs: args, willContinue: true } }]);
  const start = replyOf([{ functionCall: { name: 'add', willContinue: true } }]);
  const middle = pieces(
    { jsonPath: '$.items[0].name', stringValue: 'ap', willContinue: true },
    { jsonPath: '$.items[0].name', stringValue: 'ple' },
    { jsonPath: "$['a key']", nullValue: 'NULL_VALUE' },
    { jsonPath: '$.sure', boolValue: false },
  );
  const whole = await read([start, middle, replyOf([{ functionCall: {} }], 'STOP')]);
  expect(eventsIn(whole.events, 'tool-call')[0]).toMatchObject({
    name: 'add',
    arguments: { items: [{ name: 'apple' }], 'a key': null, sure: false },
  });
  const cut = await read([start, middle, replyOf([], 'MAX_TOKENS')]);
  expect(eventsIn(cut.events, 'tool-call')).toEqual([]);
  expect(eventsIn(cut.events, 'meta').flatMap(({ warnings }) => warnings ?? [])).toEqual([
    'a call of add was cut off and left out',
  ]);
  expect(cut.events.at(-1)).toMatchObject({ finishReason: 'length' });
});

it.each([
  ['arguments that are no object', { functionCall: { name: 'a', args: 'x' } }],
  ['no name', { functionCall: { args: {} } }],
  ['a piece without a path', { functionCall: { name: 'a', partialArgs: [{ stringValue: 'x' }] } }],
])('takes a call with %s for a failure', async (_, part) => {
  expect((await read([replyOf([part], 'STOP')])).failure).toMatchObject({
    kind: 'invalid-response',
    code: 'malformed-tool-call',
  });
});

it.each([
  ['STOP', 'stop'],
  ['FUNCTION_CALL', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content-filter'],
  ['RECITATION', 'content-filter'],
  ['SPII', 'content-filter'],
  ['IMAGE_SAFETY', 'content-filter'],
  ['OTHER', 'other'],
  ['NO_IMAGE', 'other'],
  ['SOMETHING_NEW', 'other'],
])('reads the finish reason %s as %s', async (vendors, ours) => {
  expect((await read([replyOf([{ text: 'x' }], vendors)])).events.at(-1)).toMatchObject({
    finishReason: ours,
  });
});

it.each(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS', 'MALFORMED_RESPONSE'])(
  'takes %s for a failure',
  async (reason) => {
    expect((await read([replyOf([], reason)])).failure).toMatchObject({
      kind: 'invalid-response',
      code: reason,
    });
  },
);

it('takes an unspecified finish reason for none', async () => {
  expect((await read([replyOf([{ text: 'x' }], 'FINISH_REASON_UNSPECIFIED')])).failure?.code).toBe(
    'truncated',
  );
});

it('counts cached input inside, thoughts and tool prompts beside, as one meaning', async () => {
  const usageMetadata = {
    promptTokenCount: 10,
    cachedContentTokenCount: 4,
    toolUsePromptTokenCount: 2,
    candidatesTokenCount: 3,
    thoughtsTokenCount: 5,
    totalTokenCount: 20,
  };
  const { events } = await read([replyOf([{ text: 'x' }], 'STOP', { usageMetadata })]);
  expect(events.at(-1)).toMatchObject({
    usage: { inputTokens: 12, cachedInputTokens: 4, outputTokens: 8, reasoningTokens: 5, totalTokens: 20 },
  });
});

it('says what it had to leave out', async () => {
  const parts = [
    { text: 'Look:' },
    { inlineData: { mimeType: 'image/png', data: 'AQID' } },
    { executableCode: {} },
  ];
  await using server = await wireServer(json(200, replyOf(parts, 'STOP')));
  const { events } = await completed(providerAt(server.url));
  expect(eventsIn(events, 'meta').flatMap(({ warnings }) => warnings ?? [])).toEqual([
    'the reply held inlineData, which has no place in a completion',
  ]);
});

it('reads only the first of several candidates', async () => {
  const second = { index: 1, content: { parts: [{ text: 'no' }] }, finishReason: 'STOP' };
  const { failure } = await read([{ candidates: [second], responseId: 'r' }]);
  expect(failure?.code).toBe('truncated');
});

it('takes the last word on usage, which is a running total', async () => {
  const usage = (candidatesTokenCount: number, more: object = {}) => ({
    usageMetadata: {
      promptTokenCount: 3,
      candidatesTokenCount,
      totalTokenCount: 3 + candidatesTokenCount,
      ...more,
    },
  });
  const { events } = await read([
    replyOf([{ text: 'One' }], undefined, usage(1)),
    replyOf([{ text: ' two.' }], 'STOP', usage(2, { thoughtsTokenCount: 4 })),
  ]);
  expect(eventsIn(events, 'finish')[0]?.usage).toMatchObject({
    inputTokens: 3,
    outputTokens: 6,
    reasoningTokens: 4,
    totalTokens: 5,
  });
});

// Version 2 of `@google/genai` takes out what it does not know, and leaves nothing of it.
const telling = hostClients.filter(([name]) => name !== '@google/genai 2');
it.each(telling)('reads an error inside a reply with status 200 as what it says: %s', async (_, make) => {
  const error = { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Slow down.' };
  for (const [handler, how] of [
    [json(200, { error }), completed],
    [streaming(eventOf(replyOf([{ text: 'One' }])), eventOf({ error })), streamed],
  ] as const) {
    await using server = await wireServer(handler);
    const { failure } = await how(make(server.url));
    expect(failure).toMatchObject({ kind: 'rate-limit', code: 'RESOURCE_EXHAUSTED' });
  }
});
