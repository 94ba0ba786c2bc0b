/** A reply as its bytes came over the network. */
export interface StubReply {
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly Uint8Array[];
}

/** What a whole reply and a streamed one are to be answered with. */
export interface StubReplies {
  readonly whole: StubReply;
  readonly streamed: StubReply;
  /** Whether a request asks for the streamed one. */
  readonly isStreaming: (url: string, body: string) => boolean;
}

/**
 * A `fetch` without a network, the same for both sides. It heeds its signal as the real one does: a body that is not
 * read to its end is cut when the signal aborts.
 */
export function stubFetch({ whole, streamed, isStreaming }: StubReplies): typeof fetch {
  return async (input, init) => {
    const url = typeof input === 'string' ? input : 'url' in input ? input.url : input.href;
    const body = typeof init?.body === 'string' ? init.body : '';
    init?.signal?.throwIfAborted();
    if (!isStreaming(url, body)) return new Response(whole.pieces[0], { headers: whole.headers });
    return new Response(bodyOf(streamed.pieces, init?.signal), { headers: streamed.headers });
  };
}

function bodyOf(pieces: readonly Uint8Array[], signal: AbortSignal | null | undefined): ReadableStream {
  let next = 0;
  let cut = (): void => {};
  return new ReadableStream({
    start(controller) {
      cut = () => controller.error(signal?.reason);
      signal?.addEventListener('abort', cut, { once: true });
    },
    pull(controller) {
      // A network gives each piece as a buffer of its own.
      controller.enqueue((pieces[next] as Uint8Array).slice());
      next += 1;
      if (next < pieces.length) return;
      signal?.removeEventListener('abort', cut);
      controller.close();
    },
    cancel() {
      signal?.removeEventListener('abort', cut);
    },
  });
}

const encoder = new TextEncoder();

export function oneEventEach(events: readonly string[]): Uint8Array[] {
  return events.map((event) => encoder.encode(event));
}

/** What fits into one packet of Ethernet after the headers of IP, TCP and TLS. */
const packetBytes = 1_400;

/** A reply that was sent faster than it was read: full packets, cut anywhere. */
export function packets(events: readonly string[]): Uint8Array[] {
  const bytes = encoder.encode(events.join(''));
  const count = Math.ceil(bytes.length / packetBytes);
  return Array.from({ length: count }, (_, index) =>
    bytes.slice(index * packetBytes, (index + 1) * packetBytes),
  );
}
