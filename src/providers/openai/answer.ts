import { systemRuntime } from '../../core/runtime.ts';
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
export async function* answer(errand: Errand): AsyncGenerator<ProviderEvent> {
  const { asked, access, explain } = errand;
  const { call, streaming, api } = asked;
  const draft = errand.draft();
  if (draft.ignored.length > 0 || draft.warnings.length > 0) {
    yield { type: 'meta', ignored: draft.ignored, warnings: draft.warnings };
  }
  const line = openLine(call.signal);
  const reader = api === 'chat' ? chatReader(call.model) : responsesReader(call.model);
  const out: ProviderEvent[] = [];
  let requestId: string | undefined;
  let pieces: Pieces | undefined;
  try {
    const { client, headers } = await access.connect();
    const sent = {
      client,
      api,
      body: draft.body,
      headers: joined(headers, call.headers),
      signal: line.signal,
    };
    const reply = await send(sent);
    requestId = requestIdOf(headersOf(reply));
    const meta = metaOf(reply, requestId);
    if (meta) yield meta;
    pieces = piecesOf(reply, reader, streaming);
    while (await pieces.next(out)) {
      for (const event of out) yield event;
      out.length = 0;
      pieces.throwTrouble();
    }
    line.isOver = pieces.isOver();
    reader.finish(out, headersOf(reply));
    for (const event of out) yield event;
  } catch (error) {
    throw explain(error, draft, requestId);
  } finally {
    line.close();
    pieces?.close();
  }
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

function piecesOf(reply: Reply, reader: ReplyReader, wasAsked: boolean): Pieces {
  return isStreamed(reply, wasAsked) ? streamedPieces(reply, reader) : wholePiece(reply, reader);
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
      if (!line.isOver) own.abort();
    },
  };
  return line;
}

/** The caller's headers win, in whatever case they are written: two of one name would be sent as one list. */
function joined(
  own: Readonly<Record<string, string>>,
  callers: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = new Set(Object.keys(callers).map((name) => name.toLowerCase()));
  return { ...Object.fromEntries(Object.entries(own).filter(([name]) => !names.has(name))), ...callers };
}

function headersOf(reply: Reply): Headers | undefined {
  return reply.kind === 'response' ? reply.response.headers : undefined;
}

function metaOf(reply: Reply, requestId: string | undefined): ProviderEvent | undefined {
  const headers = headersOf(reply);
  const limits = headers && limitsOf(headers, systemRuntime.now());
  if (limits === undefined && requestId === undefined) return undefined;
  return {
    type: 'meta',
    ...(requestId === undefined ? {} : { requestId }),
    ...(limits === undefined ? {} : { limits }),
  };
}
