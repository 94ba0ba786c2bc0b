import { Ollama } from 'ollama';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FailureKind } from '../../../src/core/failure.ts';
import { ollama } from '../../../src/providers/ollama/index.ts';
import { describeRecordings, type Recording } from '../../support/recordings.ts';
import { oddCutters, replayFetch, replayServer } from '../../support/replay-server.ts';
import { callOf, completed, eventsIn, streamed, textIn, type Outcome } from './calls.ts';

const kinds: Readonly<Record<number, FailureKind>> = {
  400: 'unsupported',
  404: 'model-not-found',
  500: 'unsupported',
};

function check({ response, expect: expected }: Recording, { events, failure }: Outcome): void {
  if (response.status !== 200) {
    expect(failure).toMatchObject({
      kind: kinds[response.status],
      status: response.status,
      message: expected.error,
    });
    return;
  }
  expect(failure).toBeUndefined();
  expect(textIn(events)).toBe(expected.text);
  expect(textIn(events, 'reasoning')).toBe(expected.reasoning ?? '');
  const calls = eventsIn(events, 'tool-call');
  expect(calls.map((call) => call.name)).toEqual(expected.toolCalls.map((call) => call.name));
  expect(calls.map((call) => call.arguments)).toEqual(expected.toolCalls.map((call) => call.arguments));
  expected.toolCalls.forEach((call, index) => {
    if (call.id !== undefined) expect(calls[index]?.id).toBe(call.id);
  });
  expect(new Set(calls.map((call) => call.id)).size).toBe(calls.length);
  const finish = events.at(-1);
  const known = ['stop', 'length'].includes(expected.finishReason ?? '');
  expect(finish).toMatchObject({ type: 'finish', finishReason: known ? expected.finishReason : 'other' });
  const usage = eventsIn(events, 'finish')[0]?.usage;
  // One old server gives no count for a prompt that it had in its cache.
  expect(usage?.inputTokens).toBe(expected.usage?.['prompt_eval_count']);
  expect(usage?.outputTokens).toBe(expected.usage?.['eval_count']);
}

describeRecordings('recorded chats with Ollama', 'ollama.chat', (recordings) => {
  const named = recordings.map((recording) => [recording.id.replace('ollama.chat.', ''), recording] as const);
  const silent: ReturnType<typeof vi.spyOn>[] = [];
  beforeEach(() => {
    for (const method of ['log', 'warn', 'error', 'info'] as const) {
      silent.push(vi.spyOn(console, method).mockImplementation(() => {}));
    }
  });
  afterEach(() => {
    for (const spy of silent.splice(0)) expect(spy).not.toHaveBeenCalled();
  });

  it.each(named)('read the same over a socket: %s', async (_, recording) => {
    await using server = await replayServer();
    const provider = ollama({ client: new Ollama({ host: server.urlOf(recording) }) });
    const call = callOf({}, { model: recording.model ?? 'any' });
    check(recording, recording.stream ? await streamed(provider, call) : await completed(provider, call));
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.path).toBe('/api/chat');
  });

  it.each(named)('read the same however they are cut: %s', async (_, recording) => {
    for (const cutter of Object.values(oddCutters)) {
      const provider = ollama({ fetch: replayFetch(recording, cutter) });
      const call = callOf({}, { model: recording.model ?? 'any' });
      check(recording, recording.stream ? await streamed(provider, call) : await completed(provider, call));
    }
  });

  it.each(named.filter(([, { stream }]) => stream))(
    'are a failure wherever they break off: %s',
    async (_, recording) => {
      const body = recording.response.body.trimEnd();
      const lastLine = body.lastIndexOf('\n') + 1;
      const ends = [0, 1, lastLine >> 1, lastLine - 1, lastLine, lastLine + 1, body.length - 1];
      for (const end of ends.filter((at) => at >= 0 && at < body.length)) {
        const broken = { ...recording, response: { ...recording.response, body: body.slice(0, end) } };
        const { events, failure } = await streamed(ollama({ fetch: replayFetch(broken) }), callOf());
        expect(failure, `cut after ${end} characters`).toMatchObject({
          kind: 'invalid-response',
          code: 'truncated',
        });
        expect(eventsIn(events, 'finish')).toEqual([]);
      }
    },
  );
});
