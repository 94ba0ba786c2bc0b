import { boolean, mapOf, object } from '../../core/check.ts';
import { atLeastOne } from '../../core/check-parts.ts';
import { each } from '../../core/each.ts';
import type { Dialect, DialectAnswer, JsonObject, WireRequest } from './dialect.ts';
import { failed, vendorErrors } from './ollama-errors.ts';
import { refusalOf, tokensOf } from './ollama-rules.ts';
import { plainReply, wordsOf, type PlainReply } from './reply.ts';
import { startEmulator, type Emulator, type EmulatorOptions } from './server.ts';

/** What a model can do; what is not stated it can. */
export interface OllamaAbilities {
  readonly tools?: boolean | undefined;
  readonly thinking?: boolean | undefined;
  readonly vision?: boolean | undefined;
}

/** What an emulated Ollama server is like, beside what every emulator takes. */
export interface OllamaEmulatorOptions extends EmulatorOptions {
  /** By model. @default every model can do everything */
  readonly abilities?: Readonly<Record<string, OllamaAbilities>> | undefined;
  /** The window in tokens where a request gives no `num_ctx`. @default 4096 */
  readonly contextWindow?: number | undefined;
  /** Plays a server of before 0.12, which cuts a long prompt whatever `truncate` says. @default false */
  readonly alwaysCuts?: boolean | undefined;
  /** A local server asks for no key; ollama.com does. @default any request is accepted */
  readonly keys?: readonly string[] | undefined;
}

/** The settings of the emulator that its rules read. */
export interface OllamaServer {
  readonly abilities: (model: string) => OllamaAbilities;
  readonly defaultWindow: number;
  readonly alwaysCuts: boolean;
  readonly asksForKey: boolean;
}

const defaultWindow = 4096;

/**
 * An Ollama server on loopback: `/api/chat` with and without a stream, `/api/tags` and `/api/version`.
 *
 * @example
 * await using emulator = await ollamaEmulator({ reply: 'Hello.', abilities: { gemma3: { tools: false } } });
 * const client = new Ollama({ host: emulator.url });
 */
export function ollamaEmulator(options: OllamaEmulatorOptions = {}): Promise<Emulator> {
  const { abilities = {}, contextWindow = defaultWindow, alwaysCuts = false } = options;
  const server: OllamaServer = {
    abilities: (model) => abilities[model] ?? {},
    defaultWindow: contextWindow,
    alwaysCuts,
    asksForKey: options.keys !== undefined,
  };
  const can = object(each('tools thinking vision', boolean));
  const own = { abilities: mapOf(can), contextWindow: atLeastOne, alwaysCuts: boolean };
  return startEmulator(ollamaDialect(server, options.models), options, own);
}

function ollamaDialect(server: OllamaServer, models: readonly string[] | undefined): Dialect {
  return {
    name: 'ollama',
    aside: ({ path }) => aside(path, models ?? []),
    handle(request, settings) {
      const refusal = refusalOf(request, settings, server);
      if (refusal) return { kind: 'error', ...refusal };
      const { body } = request;
      const messages = body['messages'] as readonly JsonObject[] | undefined;
      const model = body['model'] as string;
      const stream = body['stream'] !== false;
      if (!messages?.length)
        return answerOf([], lineOf(model, {}, { done: true, done_reason: 'load' }), stream);
      const reply = settings.reply({
        model,
        prompt: promptOf(messages),
        stream,
        afterToolResult: messages.at(-1)?.['role'] === 'tool',
        body,
        number: request.number,
      });
      const broken = reply.toolCalls?.map((call) => call.arguments).find(isBrokenText);
      if (broken !== undefined) {
        return { kind: 'error', ...failed(500, `error parsing tool call: raw='${broken}'`) };
      }
      const inputTokens = reply.usage?.inputTokens ?? tokensRead(body, server);
      return replyAnswer(request, plainReply({ ...reply, usage: { ...reply.usage, inputTokens } }, ''));
    },
    error: (kind, { request, status, message }) => {
      const [usualStatus, words] = vendorErrors[kind === 'status' ? 'server-error' : kind];
      const model = request.body['model'] as string;
      return failed(status ?? usualStatus, message ?? words.replace('{model}', model));
    },
    streamError: (kind) => `${JSON.stringify({ error: vendorErrors[kind][1] })}\n`,
    // There is no such thing in a stream of lines; an empty one is what a proxy could put in.
    keepAlive: () => '\n',
  };
}

/** What a server that cuts says that it has read: half of the window, beside the few tokens that it keeps. */
function tokensRead(body: JsonObject, { defaultWindow: window }: OllamaServer): number {
  const tokens = tokensOf(body);
  const asked = (body['options'] as JsonObject | undefined)?.['num_ctx'];
  const limit = typeof asked === 'number' ? asked : window;
  return tokens <= limit ? tokens : Math.floor(limit / 2) + 2;
}

function replyAnswer({ body, number }: WireRequest, reply: PlainReply): DialectAnswer {
  const model = body['model'] as string;
  const reasoning = body['think'] === false ? '' : reply.reasoning;
  const calls = reply.toolCalls.map((call, index) => ({
    id: call.id ?? `call_${number.toString(36).padStart(4, '0')}${index.toString(36).padStart(4, '0')}`,
    function: { index, name: call.name, arguments: call.arguments },
  }));
  const end = {
    done: true,
    done_reason: doneReasonOf(reply.finishReason),
    total_duration: 5_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: reply.usage.inputTokens,
    prompt_eval_duration: 2_000_000,
    eval_count: reply.usage.outputTokens,
    eval_duration: 2_000_000,
  };
  if (body['stream'] === false) {
    const message = {
      content: reply.text,
      ...(reasoning === '' ? {} : { thinking: reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
    return { kind: 'whole', body: lineOf(model, message, end), tokens: reply.pieces.length };
  }
  const lines = [
    ...wordsOf(reasoning).map((thinking) => ({ content: '', thinking })),
    ...reply.pieces.map((content) => ({ content })),
    ...calls.map((call) => ({ content: '', tool_calls: [call] })),
  ];
  return answerOf(
    lines.map((message) => lineOf(model, message, { done: false })),
    lineOf(model, {}, end),
    true,
  );
}

function answerOf(content: readonly object[], last: object, stream: boolean): DialectAnswer {
  if (!stream) return { kind: 'whole', body: last };
  const written = (line: object) => `${JSON.stringify(line)}\n`;
  return {
    kind: 'stream',
    contentType: 'application/x-ndjson',
    head: [],
    content: content.map(written),
    tail: [written(last)],
  };
}

function lineOf(model: string, message: object, end: object): object {
  const created_at = new Date().toISOString();
  return { model, created_at, message: { role: 'assistant', content: '', ...message }, ...end };
}

/** A turn that calls tools ends like any other. */
function doneReasonOf(finishReason: string): string {
  return ['tool-calls', 'content-filter'].includes(finishReason) ? 'stop' : finishReason;
}

function promptOf(messages: readonly JsonObject[]): string {
  const content = messages.findLast(({ role }) => role === 'user')?.['content'];
  return typeof content === 'string' ? content : '';
}

/** Text that the server's own parser of calls stumbles over. */
function isBrokenText(given: object | string): given is string {
  if (typeof given !== 'string') return false;
  try {
    const parsed: unknown = JSON.parse(given);
    return typeof parsed !== 'object' || parsed === null || Array.isArray(parsed);
  } catch {
    return true;
  }
}

function aside(path: string, models: readonly string[]): DialectAnswer | undefined {
  if (path === '/api/version') return { kind: 'whole', body: { version: '0.12.11' } };
  if (path !== '/api/tags') return undefined;
  return { kind: 'whole', body: { models: models.map((name) => ({ name, model: name })) } };
}
