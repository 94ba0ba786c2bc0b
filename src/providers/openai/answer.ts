import { systemRuntime } from '../../core/runtime.ts';
import { noReason } from '../http.ts';
import type { ProviderEvent } from '../provider.ts';
import { chatReader } from './chat-reader.ts';
import type { Access } from './client.ts';
import type { Asked, Draft } from './draft.ts';
import { endPatienceMs, type ReplyReader } from './reader.ts';
import { limitsOf, requestIdOf } from './reply-headers.ts';
import { responsesReader } from './responses-reader.ts';
import { batchesOf, isStreamed, nextWithin, readBatch, send, wholeOf, type Reply } from './transport.ts';

/** One request that is ready to be made. */
export interface Errand {
  readonly asked: Asked;
  readonly access: Access;
  /** Makes the vendor's body. */
  readonly draft: () => Draft;
  /** Makes of what was thrown what the engine is told. */
  readonly explain: (error: unknown, draft: Draft, requestId: string | undefined) => unknown;
}

/** Sends one request and reads its reply. Leaving early, an abort, and every failure close the connection. */
export async function* answer(errand: Errand): AsyncGenerator<readonly ProviderEvent[]> {
  const { signal } = errand.asked.call;
  const draft = errand.draft();
  const omitted = omissions(draft);
  if (omitted.length > 0) yield omitted;
  const line = openLine(signal);
  const out: ProviderEvent[] = [];
  let opened: Opened | undefined;
  try {
    opened = await open(errand, draft, line.signal);
    const { reader, pieces } = opened;
    if (opened.meta) yield [opened.meta];
    while (await pieces.next(out)) {
      yield out;
      out.length = 0;
      pieces.throwTrouble();
    }
    line.isOver = pieces.isOver();
    reader.finish(out, opened.headers);
    yield out;
  } catch (error) {
    throw errand.explain(error, draft, opened?.requestId);
  } finally {
    line.close();
    opened?.pieces.close();
  }
}

/** The same for a reply that nobody wants to see before it is whole. */
export async function wholeAnswer(errand: Errand): Promise<ProviderEvent[]> {
  const draft = errand.draft();
  const events = omissions(draft);
  let opened: Opened | undefined;
  try {
    opened = await open(errand, draft, errand.asked.call.signal);
    const { reader, pieces } = opened;
    if (opened.meta) events.push(opened.meta);
    while (await pieces.next(events)) pieces.throwTrouble();
    reader.finish(events, opened.headers);
    return events;
  } catch (error) {
    throw errand.explain(error, draft, opened?.requestId);
  } finally {
    opened?.pieces.close();
  }
}

function omissions({ ignored, warnings }: Draft): ProviderEvent[] {
  return ignored.length > 0 || warnings.length > 0 ? [{ type: 'meta', ignored, warnings }] : [];
}

/** A reply that has begun. */
interface Opened {
  readonly reader: ReplyReader;
  readonly pieces: Pieces;
  readonly headers: Headers | undefined;
  readonly requestId: string | undefined;
  readonly meta: ProviderEvent | undefined;
}

async function open({ asked, access }: Errand, { body }: Draft, signal: AbortSignal): Promise<Opened> {
  const { call, api, streaming } = asked;
  const { client, headers: own } = await access.connect();
  const reply = await send({ client, api, body, headers: { ...own, ...call.headers }, signal });
  const reader = api === 'chat' ? chatReader(call.model) : responsesReader(call.model);
  const headers = reply.kind === 'response' ? reply.response.headers : undefined;
  const requestId = requestIdOf(headers);
  const pieces = isStreamed(reply, streaming) ? streamedPieces(reply, reader) : wholePiece(reply, reader);
  return { reader, pieces, headers, requestId, meta: metaOf(headers, requestId) };
}

/** A reply, piece by piece as it arrives. */
interface Pieces {
  /** Reads the next piece; resolves to false once nothing more is to be expected. */
  next(out: ProviderEvent[]): Promise<boolean>;
  /** Throws what the last piece held beside its events: they arrived before the trouble, and are shown before it. */
  throwTrouble(): void;
  /** Whether the reply was read to its end, so that its connection can be used again. */
  isOver(): boolean;
  close(): void;
}

function streamedPieces(reply: Reply, reader: ReplyReader): Pieces {
  const batches = batchesOf(reply);
  let trouble: unknown;
  let isLast = false;
  let isOver = false;
  return {
    async next(out) {
      const patienceMs = isLast ? endPatienceMs : reader.patienceMs();
      const batch = await (patienceMs === undefined
        ? batches.next()
        : nextWithin(batches.next(), patienceMs));
      isOver = batch?.done === true;
      if (batch === undefined || batch.done) return false;
      try {
        // What follows the server's last word is no part of the answer.
        if (!isLast) isLast = readBatch(batch.value, reader, out);
      } catch (error) {
        trouble = error;
      }
      return true;
    },
    throwTrouble() {
      if (trouble !== undefined) throw trouble;
    },
    isOver: () => isOver,
    close() {
      batches.return(undefined).catch(() => {});
    },
  };
}

function wholePiece(reply: Reply, reader: ReplyReader): Pieces {
  let isOver = false;
  return {
    async next(out) {
      if (isOver) return false;
      const whole = await wholeOf(reply);
      isOver = true;
      reader.readWhole(whole, out);
      return true;
    },
    throwTrouble() {},
    isOver: () => isOver,
    close() {},
  };
}

interface Line {
  readonly signal: AbortSignal;
  /** Whether the reply was read to its end. */
  isOver: boolean;
  readonly close: () => void;
}

/** A signal that follows the call's, and that closes a connection which stalls after all was said. */
function openLine(callSignal: AbortSignal): Line {
  const own = new AbortController();
  const follow = () => own.abort(callSignal.reason);
  if (callSignal.aborted) follow();
  else callSignal.addEventListener('abort', follow);
  const line = {
    signal: own.signal,
    isOver: false,
    close() {
      callSignal.removeEventListener('abort', follow);
      if (!line.isOver) own.abort(noReason);
    },
  };
  return line;
}

function metaOf(headers: Headers | undefined, requestId: string | undefined): ProviderEvent | undefined {
  const limits = headers && limitsOf(headers, systemRuntime.now());
  if (limits === undefined && requestId === undefined) return undefined;
  return { type: 'meta', requestId, limits };
}
