import { afterAll, expect, it } from 'vitest';
import type { FinishReason } from '../../../src/core/completion.ts';
import type { FailureKind } from '../../../src/core/failure.ts';
import { describeRecordings, type Recording } from '../../support/recordings.ts';
import { google } from '../../../src/providers/google/index.ts';
import { everyBytes, oddCutters, replayFetch, replayServer } from '../../support/replay-server.ts';
import {
  callOf,
  completed,
  eventsIn,
  hostClients,
  streamed,
  textIn,
  vertexAt,
  type Outcome,
} from './clients.ts';

const brokenReasons = ['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL'];
const finishReasons: Record<string, FinishReason> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  FAKE_ENUM: 'other',
};
const kinds: Record<string, FailureKind> = {
  'bad-apikey': 'auth',
  '400.ruby_llm.real-error-scenarios': 'context-length',
  'bad-model': 'bad-request',
  toplogprobs: 'unsupported',
  'api-not-enabled': 'permission',
  '.404.': 'model-not-found',
  'unary-failure-quota-exceeded': 'quota',
  // Its violations name a limit per day beside those per minute.
  '429.genai.testclient-errorresponse': 'quota',
  '.429.': 'rate-limit',
  '.500.': 'server-error',
  '.400.': 'bad-request',
};

function check({ expect: expected, response, id }: Recording, { events, failure }: Outcome): void {
  if (response.status !== 200) {
    const kind = Object.entries(kinds).find(([word]) => id.includes(word))?.[1];
    expect(failure, id).toMatchObject({ kind, status: response.status });
    return;
  }
  if (expected.error !== undefined) {
    expect(textIn(events)).toBe(expected.text);
    expect(failure).toBeDefined();
    return;
  }
  if (expected.empty === 'promptFeedback') {
    const { blockReason } = expected.promptFeedback!;
    expect(failure?.kind).toBe(blockReason ? 'content-policy' : 'invalid-response');
    return;
  }
  if (brokenReasons.includes(expected.finishReason!)) {
    expect(failure).toMatchObject({ kind: 'invalid-response', code: expected.finishReason });
    return;
  }
  expect(failure).toBeUndefined();
  expect(textIn(events)).toBe(expected.text);
  expect(textIn(events, 'reasoning')).toBe(expected.reasoning ?? '');
  const calls = eventsIn(events, 'tool-call');
  expect(calls.map(({ name, arguments: args }) => ({ name, arguments: args }))).toEqual(
    expected.toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args ?? {} })),
  );
  expected.toolCalls.forEach(({ id }, index) => id && expect(calls[index]!.id).toBe(id));
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
  const finish = events.at(-1);
  const { usage } = expected;
  expect(finish).toMatchObject({
    type: 'finish',
    finishReason: finishReasons[expected.finishReason!],
    ...(usage?.['totalTokenCount'] === undefined ? {} : { usage: { totalTokens: usage['totalTokenCount'] } }),
  });
}

describeRecordings('recorded streams of Gemini', 'gemini.stream', (recordings) => {
  const server = replayServer();
  afterAll(async () => (await server).close());

  for (const [name, providerAt] of hostClients) {
    it.each(recordings.map((recording) => [recording.id, recording] as const))(
      `${name}: %s`,
      async (_, recording) => {
        const { urlOf } = await server;
        const cutters = [oddCutters['whole']!, oddCutters['inside characters']!, everyBytes(61)];
        for (const cutter of cutters) {
          check(recording, await streamed(providerAt(urlOf(recording, cutter)), callOf()));
        }
      },
    );
  }
});

describeRecordings('recorded streams of Gemini, byte by byte', 'gemini.stream', (recordings) => {
  it.each(recordings.map((recording) => [recording.id, recording] as const))('%s', async (_, recording) => {
    const fetch = replayFetch(recording, everyBytes(1));
    check(recording, await streamed(google({ apiKey: 'key', fetch }), callOf()));
  });
});

describeRecordings('recorded traffic of Vertex', 'vertex.', (recordings) => {
  const server = replayServer();
  afterAll(async () => (await server).close());

  it.each(recordings.map((recording) => [recording.id, recording] as const))('%s', async (_, recording) => {
    const { urlOf } = await server;
    const provider = vertexAt(urlOf(recording, everyBytes(61)));
    check(recording, await (recording.stream ? streamed(provider) : completed(provider)));
  });
});

describeRecordings('recorded replies of Gemini', 'gemini.generate', (recordings) => {
  const server = replayServer();
  afterAll(async () => (await server).close());

  for (const [name, providerAt] of hostClients) {
    it.each(recordings.map((recording) => [recording.id, recording] as const))(
      `${name}: %s`,
      async (_, recording) => {
        const { urlOf } = await server;
        check(recording, await completed(providerAt(urlOf(recording, everyBytes(997))), callOf()));
      },
    );
  }
});
