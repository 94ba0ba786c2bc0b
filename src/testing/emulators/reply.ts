import type { FinishReason, Usage } from '../../core/completion.ts';
import type { JsonObject } from './dialect.ts';

/** What a dialect has read from a request, on one meaning for every vendor. */
export interface ReplyRequest {
  readonly model: string;
  /** The text of the last message of the user. */
  readonly prompt: string;
  readonly stream: boolean;
  /** Whether the last message is a tool's result. */
  readonly afterToolResult: boolean;
  /** The vendor's own body. */
  readonly body: JsonObject;
  /** The request's number, from 1. */
  readonly number: number;
}

/** What an emulator answers, on one meaning for every vendor. */
export interface Reply {
  /** A list gives the pieces of a stream; a string is cut at its words. */
  text?: string | readonly string[] | undefined;
  reasoning?: string | undefined;
  /** `arguments` as a string is sent as it is, also where it is no JSON. */
  toolCalls?: readonly { name: string; arguments: object | string; id?: string | undefined }[] | undefined;
  /** One of failsoft's, mapped to the vendor's, or any of the vendor's own. @default what the content means */
  finishReason?: FinishReason | (string & {}) | undefined;
  /** @default counted roughly from request and reply */
  usage?: Usage | undefined;
  /** Answered as JSON text, where `text` is not given. */
  object?: unknown;
}

/** What to answer: a text, a reply, or a function of the request. */
export type ReplySource = Reply | string | ((request: ReplyRequest) => Reply | string);

/** A reply with everything settled. */
export interface PlainReply {
  /** The text in its pieces; none for no text. */
  readonly pieces: readonly string[];
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly {
    readonly name: string;
    /** JSON text, or what the test put in its place. */
    readonly argumentsText: string;
    /** The arguments as an object; `{}` where they are broken text. */
    readonly arguments: object;
    readonly id: string | undefined;
  }[];
  readonly finishReason: string;
  readonly usage: Required<Omit<Usage, 'costUsd'>> & Pick<Usage, 'costUsd'>;
}

/** How failsoft asks a model to complete an answer that broke off, with its last words. */
const askedToGoOn =
  /^Your last message broke off before it was complete\.(?:[^]*?its last words:\n\n([^]+?)\n\nBegin by repeating)?/;

/** What is answered where a test says nothing: a short text with the question in it, or the rest of one that broke off. */
export function defaultReply({ prompt, afterToolResult }: ReplyRequest): Reply {
  if (afterToolResult) return { text: 'Thank you, that is what I needed to know.' };
  const [isAsked, lastWords = ''] = askedToGoOn.exec(prompt) ?? [];
  if (isAsked !== undefined) return { text: `${lastWords} … and so on, to its end.` };
  return { text: prompt ? `You said: ${prompt}` : 'Hello there.' };
}

/** Makes a reply function of what the options hold. */
export function replyFunction(source: ReplySource | undefined): (request: ReplyRequest) => Reply {
  return (request) => {
    const given = typeof source === 'function' ? source(request) : source;
    if (given === undefined) return defaultReply(request);
    return typeof given === 'string' ? { text: given } : given;
  };
}

/** Settles a reply: pieces, arguments as text, finish reason and usage. */
export function plainReply(reply: Reply, requestText: string): PlainReply {
  const pieces = piecesOf(reply);
  const toolCalls = (reply.toolCalls ?? []).map((call) => ({
    name: call.name,
    argumentsText: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
    arguments: typeof call.arguments === 'string' ? parsedObject(call.arguments) : call.arguments,
    id: call.id,
  }));
  const finishReason = reply.finishReason ?? (toolCalls.length > 0 ? 'tool-calls' : 'stop');
  const reasoning = reply.reasoning ?? '';
  return {
    pieces,
    text: pieces.join(''),
    reasoning,
    toolCalls,
    finishReason,
    usage: usageOf(reply, requestText, pieces.length + toolCalls.length * 8),
  };
}

/** Cuts text at its words, keeping every character. */
export function wordsOf(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

/** Cuts text into pieces of equal length, wherever that falls. */
export function slicesOf(text: string, length: number): string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) =>
    text.slice(index * length, (index + 1) * length),
  );
}

function piecesOf({ text, object }: Reply): string[] {
  if (text === undefined) return object === undefined ? [] : slicesOf(JSON.stringify(object), 8);
  return typeof text === 'string' ? wordsOf(text) : text.filter((piece) => piece !== '');
}

function parsedObject(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function usageOf(reply: Reply, requestText: string, visibleTokens: number): PlainReply['usage'] {
  const given = reply.usage ?? {};
  const reasoningTokens = given.reasoningTokens ?? wordsOf(reply.reasoning ?? '').length;
  const inputTokens = given.inputTokens ?? Math.ceil(requestText.length / 4);
  const outputTokens = given.outputTokens ?? visibleTokens + reasoningTokens;
  return {
    inputTokens,
    outputTokens,
    reasoningTokens,
    cachedInputTokens: given.cachedInputTokens ?? 0,
    cacheWriteInputTokens: given.cacheWriteInputTokens ?? 0,
    totalTokens: given.totalTokens ?? inputTokens + outputTokens,
    ...(given.costUsd === undefined ? {} : { costUsd: given.costUsd }),
  };
}
