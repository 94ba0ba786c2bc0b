import OldAnthropic from 'anthropic-sdk-0';
import { expect, it } from 'vitest';
import { anthropic } from '../../../src/providers/anthropic/index.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { describeRecordings, type Recording } from '../../support/recordings.ts';
import { oddCutters, replayFetch, replayServer, whole, type Cutter } from '../../support/replay-server.ts';
import { eventsOf, failureOf, summaryOf } from './support.ts';

const finishReasons: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
};

/** Single bytes of a long body cost a second each. */
const cuttersFor = ({ response }: Recording): [string, Cutter][] =>
  Object.entries(oddCutters).filter(([name]) => name !== 'single bytes' || response.body.length < 6_000);

async function expectAsRecorded(provider: Provider, { expect: expected, stream }: Recording): Promise<void> {
  const summary = summaryOf(await eventsOf(provider, undefined, { unary: !stream }));
  expect(summary.text).toBe(expected.text);
  expect(summary.toolCalls).toEqual(
    expected.toolCalls.map(({ id, name, arguments: input }) => ({ id, name, arguments: input })),
  );
  expect(summary.finishReason).toBe(finishReasons[expected.finishReason ?? '']);
  expect(summary.stopSequence).toBe(expected.finishReason === 'stop_sequence' ? true : undefined);
  if (expected.reasoning !== undefined) expect(summary.reasoning).toBe(expected.reasoning);
  const { input_tokens: input, output_tokens: output, ...usage } = expected.usage!;
  const cached = (usage['cache_read_input_tokens'] as number | undefined) ?? 0;
  const written = (usage['cache_creation_input_tokens'] as number | undefined) ?? 0;
  expect(summary.usage).toMatchObject({
    inputTokens: input + cached + written,
    outputTokens: output,
    totalTokens: input + cached + written + output,
  });
}

describeRecordings('recorded messages', 'anthropic.messages', (recordings) => {
  const answered = recordings.filter(({ expect: expected }) => expected.error === undefined);
  const failed = recordings.filter(({ expect: expected }) => expected.error !== undefined);

  it.each(answered.map((recording) => [recording.id, recording] as const))('%s', async (_, recording) => {
    for (const [, cutter] of cuttersFor(recording)) {
      await expectAsRecorded(anthropic({ apiKey: 'k', fetch: replayFetch(recording, cutter) }), recording);
    }
    const client = new OldAnthropic({ apiKey: 'k', maxRetries: 2, fetch: replayFetch(recording) });
    await expectAsRecorded(anthropic({ client }), recording);
  });

  it('reads them from a real socket as well', async () => {
    await using server = await replayServer();
    for (const recording of answered.filter((_, index) => index % 4 === 0)) {
      await expectAsRecorded(anthropic({ apiKey: 'k', baseURL: server.urlOf(recording, whole) }), recording);
    }
  });

  it('accepts no stream that was cut before its terminal marker', async () => {
    for (const recording of answered.filter(
      ({ stream, response }) => stream && response.body.length < 4_000,
    )) {
      const end = recording.response.body.indexOf('"message_delta"');
      for (let length = 0; length < end; length += Math.ceil(end / 12)) {
        const body = recording.response.body.slice(0, length);
        const cut = { ...recording, response: { ...recording.response, body } };
        const { kind } = await failureOf(anthropic({ apiKey: 'k', fetch: replayFetch(cut) }));
        expect(kind).toBe('invalid-response');
      }
    }
  });

  it.each(failed.map((recording) => [recording.id, recording] as const))('%s', async (id, recording) => {
    const kinds: Readonly<Record<string, string>> = {
      '401': 'auth',
      '404': 'model-not-found',
      '429': 'rate-limit',
      '500': 'server-error',
      '529': 'overloaded',
      stream: 'overloaded',
    };
    const word = id.split('.')[2]!;
    const isLong = recording.response.body.includes('prompt is too long');
    const expected = word === '400' ? (isLong ? 'context-length' : 'bad-request') : kinds[word];
    for (const unary of recording.stream ? [false] : [false, true]) {
      const provider = anthropic({ apiKey: 'k', fetch: replayFetch(recording) });
      const failure = await failureOf(provider, undefined, { unary });
      expect(failure.kind).toBe(expected);
      expect(failure.message).toBe((recording.expect.error as { message: string }).message.slice(0, 500));
      if (!recording.stream) expect(failure.status).toBe(recording.response.status);
      const retryAfter = recording.response.headers['retry-after'];
      if (retryAfter) expect(failure.retryAfterMs).toBeGreaterThanOrEqual(Number(retryAfter) * 1_000);
    }
  });
});
