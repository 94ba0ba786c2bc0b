import type { Dialect, DialectAnswer, Frame, VendorErrorKind, WholeAnswer, WireRequest } from './dialect.ts';
import type { Exchange } from './exchange.ts';
import type { Garbage, PlayedFault, RetryHint } from './faults.ts';

/** One request being answered. */
export interface Scene {
  readonly dialect: Dialect;
  readonly request: WireRequest;
  readonly exchange: Exchange;
  readonly tokenDelayMs: number;
}

/** What a fault does to a reply that has begun to be sent. */
interface Disturbance {
  readonly headersMs?: number | undefined;
  readonly tokenMs?: number | undefined;
  /** Content that still goes out before what `then` says. */
  readonly tokens?: number | undefined;
  readonly then?: ((scene: Scene, rest: readonly Frame[], isWhole: boolean) => Promise<void>) | undefined;
}

const defaultTokens = 3;
const defaultPingMs = 25;
const defaultRateLimitMs = 20_000;

/** Plays a fault that needs no reply: returns false where the request has to be answered first. */
export function playInstead(scene: Scene, fault: PlayedFault): boolean {
  const { exchange } = scene;
  switch (fault.kind) {
    case 'hang':
      return true;
    case 'reset':
      exchange.reset();
      return true;
    case 'garbage':
      exchange.whole(garbage(scene, fault.what ?? 'html'));
      return true;
    default: {
      const refusal = vendorRefusal(scene, fault);
      if (refusal) exchange.whole(refusal);
      return refusal !== undefined;
    }
  }
}

function vendorRefusal({ dialect, request }: Scene, fault: PlayedFault): WholeAnswer | undefined {
  switch (fault.kind) {
    case 'status': {
      const { status, message, code, headers } = fault;
      const answer = dialect.error('status', { request, status, message, code });
      return { ...answer, headers: { ...answer.headers, ...headers } };
    }
    case 'rate-limit': {
      const { hint = 'retry-after', afterMs = defaultRateLimitMs, message } = fault;
      const bodyRetryAfterMs = hint === 'body' ? afterMs : undefined;
      const answer = dialect.error('rate-limit', { request, message, bodyRetryAfterMs });
      return { ...answer, headers: { ...answer.headers, ...hintHeaders(hint, afterMs, request.at) } };
    }
    case 'server-error':
    case 'overloaded':
    case 'quota':
    case 'auth':
    case 'permission':
    case 'model-not-found':
    case 'context-length':
    case 'content-policy':
    case 'bad-request':
      return dialect.error(fault.kind, { request, message: fault.message });
    default:
      return undefined;
  }
}

function hintHeaders(hint: RetryHint, afterMs: number, at: number): Record<string, string> {
  switch (hint) {
    case 'retry-after':
      return { 'retry-after': String(Math.ceil(afterMs / 1000)) };
    case 'http-date':
      return { 'retry-after': new Date(at + afterMs).toUTCString() };
    case 'retry-after-ms':
      return { 'retry-after-ms': String(afterMs) };
    default:
      return {};
  }
}

function garbage({ dialect, request }: Scene, what: Garbage): WholeAnswer {
  const json = { 'content-type': 'application/json' };
  switch (what) {
    case 'html':
      return {
        status: 200,
        headers: { 'content-type': 'text/html' },
        body: '<!DOCTYPE html><html><body>Hi.',
      };
    case 'empty-object':
      return { status: 200, body: {} };
    case 'error-body':
      return { ...dialect.error('server-error', { request }), status: 200 };
    case 'invalid-json':
      return { status: 200, headers: json, body: '{"id": "1", "choices": [}' };
    case 'string':
      return { status: 200, headers: json, body: '"it works"' };
    case 'empty-body':
      return { status: 200, headers: json, body: '' };
  }
}

/** Sends a dialect's answer, disturbed by the fault if there is one. */
export async function playAnswer(
  scene: Scene,
  answer: DialectAnswer,
  fault: PlayedFault | undefined,
): Promise<void> {
  if (answer.kind === 'error') return scene.exchange.whole(answer);
  const disturbance = fault ? disturbanceOf(fault) : {};
  if (answer.kind === 'stream') return playStream(scene, answer, disturbance);
  return playWhole(scene, answer, disturbance, fault);
}

function disturbanceOf(fault: PlayedFault): Disturbance {
  switch (fault.kind) {
    case 'slow':
      return { headersMs: fault.headersMs, tokenMs: fault.tokenMs };
    case 'stall-before-first-token':
      return { tokens: 0, then: ({ exchange }) => exchange.silence() };
    case 'stall-after':
      return { tokens: fault.tokens ?? defaultTokens, then: ({ exchange }) => exchange.silence() };
    case 'pings-only':
      return {
        tokens: fault.tokens ?? 0,
        then: (scene, _rest, isWhole) => ping(scene, fault.everyMs ?? defaultPingMs, isWhole),
      };
    case 'truncate':
      return { tokens: fault.tokens ?? defaultTokens, then: truncation(fault.how ?? 'clean') };
    case 'half-json':
      return { tokens: 0, then: truncation('mid-event') };
    case 'stream-error':
      return { tokens: fault.tokens ?? defaultTokens, then: failing(fault.error ?? 'overloaded') };
    default:
      return {};
  }
}

async function playStream(
  scene: Scene,
  answer: Extract<DialectAnswer, { kind: 'stream' }>,
  { headersMs = 0, tokenMs = scene.tokenDelayMs, tokens, then }: Disturbance,
): Promise<void> {
  const { exchange } = scene;
  if (!(await exchange.wait(headersMs))) return;
  exchange.head(200, { 'content-type': answer.contentType, 'cache-control': 'no-cache', ...answer.headers });
  // Silence before the first token means no event at all: an opening event could be taken for a sign of life.
  const head = tokens === 0 ? [] : answer.head;
  const content = answer.content.slice(0, tokens);
  if (!(await writeAll(exchange, head, 0)) || !(await writeAll(exchange, content, tokenMs))) return;
  const rest = [...answer.head.slice(head.length), ...answer.content.slice(content.length), ...answer.tail];
  if (then) return then(scene, rest, false);
  if (await writeAll(exchange, answer.tail, 0)) exchange.end();
}

async function writeAll(exchange: Exchange, frames: readonly Frame[], pauseMs: number): Promise<boolean> {
  for (const frame of frames) {
    if (pauseMs > 0 && !(await exchange.wait(pauseMs))) return false;
    if (!(await exchange.write(frame))) return false;
  }
  return true;
}

async function playWhole(
  scene: Scene,
  answer: Extract<DialectAnswer, { kind: 'whole' }>,
  { headersMs = 0, tokenMs = scene.tokenDelayMs, then }: Disturbance,
  fault: PlayedFault | undefined,
): Promise<void> {
  const { exchange, dialect, request } = scene;
  if (!(await exchange.wait(headersMs + (answer.tokens ?? 1) * tokenMs))) return;
  if (!then) return exchange.whole({ status: 200, headers: answer.headers, body: answer.body });
  if (fault?.kind === 'stream-error') {
    return exchange.whole({ ...dialect.error(fault.error ?? 'overloaded', { request }), status: 200 });
  }
  exchange.head(200, { 'content-type': 'application/json', ...answer.headers });
  const text = JSON.stringify(answer.body);
  // A body without a stream has no events to end between: every cut is one in the middle.
  if (fault?.kind === 'truncate' || fault?.kind === 'stall-after') {
    await exchange.write(text.slice(0, text.length >> 1));
    return then(scene, [], true);
  }
  return then(scene, [text], true);
}

/** JSON may begin with white space, so that a reply without a stream can be kept open too. */
async function ping(scene: Scene, everyMs: number, isWhole: boolean): Promise<void> {
  const { dialect, request, exchange } = scene;
  const frame = isWhole ? '\n' : (dialect.keepAlive?.(request) ?? ': keep-alive\n\n');
  while (await exchange.write(frame)) if (!(await exchange.wait(everyMs))) return;
}

function truncation(how: 'clean' | 'mid-event' | 'hard') {
  return async ({ exchange }: Scene, rest: readonly Frame[]): Promise<void> => {
    const next = rest[0];
    if (how === 'mid-event' && next !== undefined) await exchange.write(next.slice(0, next.length >> 1));
    if (how === 'hard') return exchange.cut();
    exchange.end();
  };
}

function failing(error: VendorErrorKind) {
  return async ({ dialect, request, exchange }: Scene): Promise<void> => {
    await exchange.write(dialect.streamError(error, request));
    exchange.end();
  };
}
