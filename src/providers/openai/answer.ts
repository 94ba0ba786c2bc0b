import { systemRuntime } from '../../core/runtime.ts';
import { tellNotes } from '../notes.ts';
import type { Sink } from '../sink.ts';
import { chatReader } from './chat-reader.ts';
import type { Access } from './client.ts';
import type { Asked, Draft } from './draft.ts';
import { limitsOf, requestIdOf } from './reply-headers.ts';
import { responsesReader } from './responses-reader.ts';
import { isStreamed, readStream, send, wholeOf } from './transport.ts';

/** One request that is ready to be made. */
export interface Errand {
  readonly asked: Asked;
  readonly access: Access;
  readonly draft: Draft;
  /** Makes of what was thrown what the engine is told. */
  readonly explain: (error: unknown, requestId: string | undefined) => unknown;
}

/** Sends one request and reads its reply. An abort and every failure close the connection. */
export async function answer({ asked, access, draft, explain }: Errand, sink: Sink): Promise<void> {
  const { call, api, streaming } = asked;
  const { signal } = call;
  tellNotes(sink, draft.ignored, draft.warnings);
  let headers: Headers | undefined;
  try {
    const { client, headers: own } = await access.connect();
    const reply = await send({ client, api, body: draft.body, headers: { ...own, ...call.headers }, signal });
    headers = reply.kind === 'response' ? reply.response.headers : undefined;
    if (headers) tellHeaders(headers, sink);
    const reader = api === 'chat' ? chatReader(call.model, sink) : responsesReader(call.model, sink);
    if (isStreamed(reply, streaming)) await readStream(reply, reader);
    else reader.readWhole(await wholeOf(reply));
    reader.finish(headers);
  } catch (error) {
    throw explain(error, requestIdOf(headers));
  }
}

function tellHeaders(headers: Headers, sink: Sink): void {
  const requestId = requestIdOf(headers);
  const limits = limitsOf(headers, systemRuntime.now());
  if (limits !== undefined || requestId !== undefined) sink.push({ type: 'meta', requestId, limits });
}
