import type { StubReply } from './stub-fetch.ts';

/** One answer as a vendor sends it, whole and as a stream of events; headers and fields as the real ones have them. */
export interface Wire {
  readonly whole: StubReply;
  readonly events: readonly string[];
  readonly streamHeaders: Readonly<Record<string, string>>;
  readonly isStreaming: (url: string, body: string) => boolean;
}

export const question =
  'Our customers write that the export of their invoices fails at the end of a month. Please explain in a few paragraphs where we should look first, and why.';

const words =
  'The first place to look is the queue behind the export since every month ends there at once'.split(' ');
/** About a page. */
const wordCount = 400;
const tokens = Array.from({ length: wordCount }, (_, index) => ` ${words[index % words.length]}`);
export const answer = tokens.join('');

const encoder = new TextEncoder();
const asksByField = (_: string, body: string) => body.includes('"stream":true');
const json = { 'content-type': 'application/json' };
const sse = { 'content-type': 'text/event-stream; charset=utf-8' };

const wholeOf = (headers: Readonly<Record<string, string>>, body: unknown): StubReply => ({
  headers: { ...headers, ...json },
  pieces: [encoder.encode(JSON.stringify(body))],
});

const openaiHeaders = {
  date: 'Thu, 20 Nov 2025 09:00:00 GMT',
  server: 'cloudflare',
  'cf-ray': '9a0000000000-FRA',
  'openai-organization': 'org-bench',
  'openai-processing-ms': '412',
  'openai-version': '2020-10-01',
  'x-envoy-upstream-service-time': '430',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-limit-tokens': '2000000',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-remaining-tokens': '1999500',
  'x-ratelimit-reset-requests': '6ms',
  'x-ratelimit-reset-tokens': '15ms',
  'x-request-id': 'req_0123456789abcdef0123456789abcdef',
};
const openaiUsage = {
  prompt_tokens: 41,
  completion_tokens: wordCount,
  total_tokens: 41 + wordCount,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
};
const openaiId = 'chatcmpl-CdrP1ZkBf9vQ2tYw7uXo3nLs8aHgE';

function openaiChunk(delta: object, finishReason: string | null, index: number): string {
  const chunk = {
    id: openaiId,
    object: 'chat.completion.chunk',
    created: 1763629200,
    model: 'gpt-4.1-2025-04-14',
    service_tier: 'default',
    system_fingerprint: 'fp_1a2b3c4d5e',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    usage: null,
    obfuscation: 'Qx7LmT2vRz9'.slice(0, 3 + (index % 8)),
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

export const openaiWire: Wire = {
  isStreaming: asksByField,
  streamHeaders: { ...openaiHeaders, ...sse },
  whole: wholeOf(openaiHeaders, {
    id: openaiId,
    object: 'chat.completion',
    created: 1763629200,
    model: 'gpt-4.1-2025-04-14',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: answer, refusal: null, annotations: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: openaiUsage,
    service_tier: 'default',
    system_fingerprint: 'fp_1a2b3c4d5e',
  }),
  events: [
    openaiChunk({ role: 'assistant', content: '', refusal: null }, null, 0),
    ...tokens.map((content, index) => openaiChunk({ content }, null, index)),
    openaiChunk({}, 'stop', 0),
    `data: ${JSON.stringify({
      id: openaiId,
      object: 'chat.completion.chunk',
      created: 1763629200,
      model: 'gpt-4.1-2025-04-14',
      service_tier: 'default',
      system_fingerprint: 'fp_1a2b3c4d5e',
      choices: [],
      usage: openaiUsage,
      obfuscation: 'Qx7',
    })}\n\n`,
    'data: [DONE]\n\n',
  ],
};

const anthropicHeaders = {
  date: 'Thu, 20 Nov 2025 09:00:00 GMT',
  server: 'cloudflare',
  'cf-ray': '9a0000000001-FRA',
  'anthropic-organization-id': '00000000-0000-0000-0000-000000000000',
  'anthropic-ratelimit-input-tokens-limit': '2000000',
  'anthropic-ratelimit-input-tokens-remaining': '1999000',
  'anthropic-ratelimit-input-tokens-reset': '2025-11-20T09:00:01Z',
  'anthropic-ratelimit-output-tokens-limit': '400000',
  'anthropic-ratelimit-output-tokens-remaining': '399000',
  'anthropic-ratelimit-output-tokens-reset': '2025-11-20T09:00:01Z',
  'anthropic-ratelimit-requests-limit': '4000',
  'anthropic-ratelimit-requests-remaining': '3999',
  'anthropic-ratelimit-requests-reset': '2025-11-20T09:00:00Z',
  'anthropic-ratelimit-tokens-limit': '2400000',
  'anthropic-ratelimit-tokens-remaining': '2398000',
  'anthropic-ratelimit-tokens-reset': '2025-11-20T09:00:01Z',
  'request-id': 'req_011CTabcdefghijklmnopqrs',
};
const anthropicMessage = {
  id: 'msg_01AbCdEfGhIjKlMnOpQrStUv',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5',
};
const anthropicUsage = {
  input_tokens: 41,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: 2,
  service_tier: 'standard',
};

function anthropicEvent(event: { readonly type: string } & Record<string, unknown>): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

export const anthropicWire: Wire = {
  isStreaming: asksByField,
  streamHeaders: { ...anthropicHeaders, ...sse },
  whole: wholeOf(anthropicHeaders, {
    ...anthropicMessage,
    content: [{ type: 'text', text: answer }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { ...anthropicUsage, output_tokens: wordCount },
  }),
  events: [
    anthropicEvent({
      type: 'message_start',
      message: {
        ...anthropicMessage,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: anthropicUsage,
      },
    }),
    anthropicEvent({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    anthropicEvent({ type: 'ping' }),
    ...tokens.map((text) =>
      anthropicEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
    ),
    anthropicEvent({ type: 'content_block_stop', index: 0 }),
    anthropicEvent({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: wordCount },
    }),
    anthropicEvent({ type: 'message_stop' }),
  ],
};

const geminiHeaders = {
  date: 'Thu, 20 Nov 2025 09:00:00 GMT',
  server: 'scaffolding on HTTPServer2',
  'server-timing': 'gfet4t7; dur=412',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
};
const geminiUsage = {
  promptTokenCount: 41,
  candidatesTokenCount: wordCount,
  totalTokenCount: 41 + wordCount,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 41 }],
};

function geminiReply(text: string, finishReason?: string): object {
  return {
    candidates: [
      { content: { parts: [{ text }], role: 'model' }, ...(finishReason && { finishReason }), index: 0 },
    ],
    usageMetadata: geminiUsage,
    modelVersion: 'gemini-2.5-flash',
    responseId: 'abCDefGHijKLmnOPqrST',
  };
}

export const geminiWire: Wire = {
  isStreaming: (url) => url.includes(':streamGenerateContent'),
  streamHeaders: { ...geminiHeaders, ...sse },
  whole: wholeOf(geminiHeaders, geminiReply(answer, 'STOP')),
  events: tokens.map(
    (text, index) =>
      `data: ${JSON.stringify(geminiReply(text, index === wordCount - 1 ? 'STOP' : undefined))}\r\n\r\n`,
  ),
};

const ollamaHeaders = { date: 'Thu, 20 Nov 2025 09:00:00 GMT' };
const ollamaPart = { model: 'llama3.3', created_at: '2025-11-20T09:00:00.123456789Z' };
const ollamaEnd = {
  done: true,
  done_reason: 'stop',
  total_duration: 4_123_456_789,
  load_duration: 12_345_678,
  prompt_eval_count: 41,
  prompt_eval_duration: 98_765_432,
  eval_count: wordCount,
  eval_duration: 3_987_654_321,
};

export const ollamaWire: Wire = {
  isStreaming: asksByField,
  streamHeaders: { ...ollamaHeaders, 'content-type': 'application/x-ndjson' },
  whole: wholeOf(ollamaHeaders, {
    ...ollamaPart,
    message: { role: 'assistant', content: answer },
    ...ollamaEnd,
  }),
  events: [
    ...tokens.map(
      (content) =>
        `${JSON.stringify({ ...ollamaPart, message: { role: 'assistant', content }, done: false })}\n`,
    ),
    `${JSON.stringify({ ...ollamaPart, message: { role: 'assistant', content: '' }, ...ollamaEnd })}\n`,
  ],
};
