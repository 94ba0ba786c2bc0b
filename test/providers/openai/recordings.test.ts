import { OpenAI } from 'openai';
import { OpenAI as OpenAI6 } from 'openai-6';
import { expect, it } from 'vitest';
import type { FailureKind } from '../../../src/core/failure.ts';
import { openai } from '../../../src/providers/openai/index.ts';
import { describeRecordings, type Recording } from '../../support/recordings.ts';
import { oddCutters, replayFetch, type Cutter } from '../../support/replay-server.ts';
import { callOf, run, type Outcome } from './loopback.ts';

const sdks = { 'openai 7': OpenAI, 'openai 6': OpenAI6 };

async function replay(recording: Recording, cutter: Cutter, Sdk: typeof OpenAI | typeof OpenAI6) {
  const client = new Sdk({
    apiKey: 'key',
    baseURL: 'http://127.0.0.1:9/v1',
    fetch: replayFetch(recording, cutter),
  });
  const api = recording.endpoint === 'openai.responses' ? 'responses' : 'chat';
  const provider = openai({ client, api });
  const call = callOf({}, { model: recording.model ?? 'model' });
  return run(provider, call, recording.stream ? 'stream' : 'unary');
}

function expectedCalls({ expect: expected }: Recording): unknown[] {
  const calls = expected.toolCalls
    .filter(({ custom }) => !custom)
    .map(({ name, arguments: input, argumentsRaw }) => ({
      name,
      arguments: argumentsRaw === '' ? {} : input,
    }));
  const legacy = expected.functionCall;
  return legacy ? [...calls, { name: legacy['name'], arguments: legacy['arguments'] }] : calls;
}

function check(recording: Recording, outcome: Outcome): void {
  const { expect: expected, tags } = recording;
  if (recording.response.status >= 400 || expected.error !== undefined) {
    expect(outcome.failure).toBeDefined();
    expect(kindsThatFit(recording)).toContain(outcome.failure?.kind);
    return;
  }
  if (['queued', 'in_progress'].includes(expected.finishReason ?? '')) {
    expect(outcome.failure?.kind).toBe('invalid-response');
    return;
  }
  if (expected.toolCalls.some((call) => call.arguments === null && call.argumentsRaw && !call.custom)) {
    expect(outcome.failure).toMatchObject({ kind: 'invalid-response', code: 'tool-arguments' });
    return;
  }
  if (expected.finishReason == null) {
    expect(tags).toContain('no-finish');
    expect(outcome.failure).toMatchObject({ kind: 'invalid-response', code: 'truncated' });
    return;
  }
  expect(outcome.failure).toBeUndefined();
  expect(outcome.text).toBe(expected.text + (expected.refusal ?? ''));
  expect(outcome.toolCalls.map(({ name, arguments: input }) => ({ name, arguments: input }))).toEqual(
    expectedCalls(recording),
  );
  expect(outcome.finishReason).toBe(expected.refusal ? 'content-filter' : reasonOf(recording));
  checkUsage(recording, outcome);
}

function reasonOf({ expect: { finishReason, incompleteReason } }: Recording): string {
  const reasons: Record<string, string> = {
    stop: 'stop',
    eos: 'stop',
    completed: 'stop',
    length: 'length',
    max_output_tokens: 'length',
    tool_calls: 'tool-calls',
    function_call: 'tool-calls',
    content_filter: 'content-filter',
  };
  return reasons[incompleteReason ?? finishReason ?? ''] ?? 'other';
}

function checkUsage({ expect: { usage } }: Recording, outcome: Outcome): void {
  if (!usage) return;
  expect(outcome.usage?.inputTokens).toBe(usage['prompt_tokens'] ?? usage['input_tokens']);
  expect(outcome.usage?.totalTokens).toBe(usage['total_tokens']);
  const output = (usage['completion_tokens'] ?? usage['output_tokens']) as number;
  const reasoning = outcome.usage?.reasoningTokens ?? 0;
  expect([output, output + reasoning]).toContain(outcome.usage?.outputTokens);
}

/** By status, and by what the recorded error says of itself. */
function kindsThatFit({ response, expect: { error }, model }: Recording): FailureKind[] {
  const said = `${response.body} ${JSON.stringify(error ?? '')}`;
  if (/insufficient_quota/.test(said)) return ['quota'];
  if (/context_length_exceeded|Request too large|context length|Context size/.test(said))
    return ['context-length'];
  if (/model_not_found|invalid model ID|bad model|not a valid model/.test(said)) return ['model-not-found'];
  if (/content_filter/.test(said)) return ['content-policy'];
  if (/rate_limit_exceeded/.test(said)) return ['rate-limit'];
  if (/unsupported_|not support|not allowed to request|invalid_json_schema/.test(said))
    return ['unsupported'];
  if (/tool_use_failed/.test(said)) return ['invalid-response'];
  if (/server_error/.test(said)) return ['server-error'];
  const byStatus: Record<number, FailureKind[]> = {
    400: ['bad-request', 'unsupported'],
    401: ['auth'],
    402: ['quota'],
    403: ['permission', 'content-policy'],
    404: ['model-not-found'],
    422: ['bad-request', 'unsupported'],
    429: ['rate-limit'],
    500: ['server-error'],
    502: ['server-error'],
  };
  return byStatus[response.status] ?? (model === null ? [] : ['bad-request', 'server-error']);
}

describeRecordings('recorded traffic of OpenAI and its kin', '', (all) => {
  const recordings = all.filter(({ endpoint }) => endpoint.startsWith('openai.'));
  const names = recordings.map((recording) => [recording.id, recording] as const);

  it('is there', () => expect(recordings.length).toBeGreaterThan(200));

  it.each(names)('%s reads the same however it is cut', async (_, recording) => {
    for (const cutter of Object.values(oddCutters)) check(recording, await replay(recording, cutter, OpenAI));
  });

  it.each(names)('%s reads the same through the oldest SDK', async (_, recording) => {
    check(recording, await replay(recording, (body) => [body], sdks['openai 6']));
  });
});
