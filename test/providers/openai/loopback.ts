import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FinishReason, Usage } from '../../../src/core/completion.ts';
import type { Failure } from '../../../src/core/failure.ts';
import { classifyError } from '../../../src/providers/failure.ts';
import type {
  Provider,
  ProviderCall,
  ProviderEvent,
  ProviderRequest,
} from '../../../src/providers/provider.ts';

/** What a client sent. */
export interface Received {
  /** The client's end of the connection. */
  readonly port: number | undefined;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: any;
  /** Resolves when the connection of this request is closed. */
  readonly closed: Promise<void>;
}

export interface Loopback extends AsyncDisposable {
  /** Without a version. */
  readonly url: string;
  readonly baseURL: string;
  readonly received: Received[];
}

export type Answer = (response: ServerResponse, received: Received) => void | Promise<void>;

/** A server on loopback that answers the requests in turn, the last answer again and again. */
export async function loopback(...answers: Answer[]): Promise<Loopback> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const closed = once(response, 'close').then(() => {});
      const one = {
        port: request.socket.remotePort,
        path: request.url ?? '',
        headers: request.headers,
        body: text && JSON.parse(text),
        closed,
      };
      received.push(one);
      await (answers[received.length - 1] ?? answers.at(-1))?.(response, one);
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    baseURL: `${url}/v1`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Events as data lines; strings go as they are. */
export function sse(events: readonly unknown[], headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    response.end(events.map(frame).join(''));
  };
}

export function frame(event: unknown): string {
  return typeof event === 'string' ? event : `data: ${JSON.stringify(event)}\n\n`;
}

export const done = 'data: [DONE]\n\n';

/** A chunk of Chat Completions. */
export function chunk(delta: object, finishReason: string | null = null): object {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  };
}

export const usageChunk = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  choices: [],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
};

export const helloStream: readonly unknown[] = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hel' }),
  chunk({ content: 'lo' }),
  chunk({}, 'stop'),
  usageChunk,
  done,
];

export const hello = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
};

/** A whole response of the Responses API. */
export function responseOf(output: readonly object[], rest: object = {}): object {
  return {
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    error: null,
    incomplete_details: null,
    output,
    usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
    ...rest,
  };
}

export function messageItem(text: string): object {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [] }],
  };
}

export function callOf(
  request: Partial<ProviderRequest> = {},
  rest: Partial<ProviderCall> = {},
): ProviderCall {
  return {
    model: 'gpt-4.1',
    request: { messages: [{ role: 'user', content: 'Say hello.' }], ...request },
    signal: new AbortController().signal,
    headers: {},
    ...rest,
  };
}

/** What an attempt came to. */
export interface Outcome {
  text: string;
  reasoning: string;
  toolCalls: { id: string; name: string; arguments: unknown }[];
  states: unknown[];
  ignored: string[];
  warnings: string[];
  requestId: string | undefined;
  limits: unknown;
  finishReason: FinishReason | undefined;
  usage: Usage | undefined;
  raw: unknown;
  events: ProviderEvent[];
  failure: Failure | undefined;
}

/** Runs one attempt to its end, and tells what came of it. */
export async function run(provider: Provider, call: ProviderCall, transport = 'stream'): Promise<Outcome> {
  const events: ProviderEvent[] = [];
  let failure: Failure | undefined;
  try {
    if (transport === 'stream') for await (const event of provider.stream!(call)) events.push(event);
    else events.push(...(await provider.complete!(call)));
  } catch (error) {
    failure = classifyError(provider, error);
  }
  return outcomeOf(events, failure);
}

function outcomeOf(events: ProviderEvent[], failure: Failure | undefined): Outcome {
  const outcome: Outcome = {
    text: '',
    reasoning: '',
    toolCalls: [],
    states: [],
    ignored: [],
    warnings: [],
    requestId: undefined,
    limits: undefined,
    finishReason: undefined,
    usage: undefined,
    raw: undefined,
    events,
    failure,
  };
  for (const event of events) {
    if (event.type === 'text' || event.type === 'reasoning') outcome[event.type] += event.text;
    if ('providerState' in event && event.providerState !== undefined)
      outcome.states.push(event.providerState);
    if (event.type === 'tool-call') {
      outcome.toolCalls.push({ id: event.id, name: event.name, arguments: event.arguments });
    }
    if (event.type === 'meta') {
      outcome.ignored.push(...(event.ignored ?? []));
      outcome.warnings.push(...(event.warnings ?? []));
      outcome.requestId = event.requestId ?? outcome.requestId;
      outcome.limits = event.limits ?? outcome.limits;
    }
    if (event.type === 'finish') {
      outcome.finishReason = event.finishReason;
      outcome.usage = event.usage;
      outcome.raw = event.raw;
    }
  }
  return outcome;
}
