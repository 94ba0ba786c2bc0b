import type { Reply, ReplyRequest } from './reply.ts';

export type JsonObject = { readonly [key: string]: unknown };

/** A piece of a body, written as it is: text, or bytes for a binary event stream. */
export type Frame = string | Uint8Array;

/** A request as it came over the wire. */
export interface WireRequest {
  /** Counts from 1 for each emulator. */
  readonly number: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By name, in lower case. */
  readonly headers: { readonly [name: string]: string | undefined };
  /** The parsed body; `{}` where it is not a JSON object. */
  readonly body: JsonObject;
  /** The body as it came. */
  readonly text: string;
  /** When it had arrived, in epoch milliseconds. */
  readonly at: number;
}

/** What a vendor can be made to answer instead of a reply. */
export type VendorErrorKind =
  | 'server-error'
  | 'overloaded'
  | 'rate-limit'
  | 'quota'
  | 'auth'
  | 'permission'
  | 'model-not-found'
  | 'context-length'
  | 'content-policy'
  | 'bad-request';

export interface ErrorDetails {
  readonly request: WireRequest;
  /** For `status`: the status to answer with. */
  readonly status?: number | undefined;
  /** @default the vendor's own words */
  readonly message?: string | undefined;
  /** @default the vendor's own code */
  readonly code?: string | undefined;
  /** A wait to be told in the body, in the vendor's own form, in milliseconds. */
  readonly bodyRetryAfterMs?: number | undefined;
}

/** An answer that comes whole: objects are written as JSON, strings and bytes as they are. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: unknown;
}

export type DialectAnswer =
  /** The vendor refuses the request. */
  | ({ readonly kind: 'error' } & WholeAnswer)
  /** A reply to a request that did not ask for a stream. `tokens` is what `tokenDelayMs` is multiplied with. */
  | {
      readonly kind: 'whole';
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly body: unknown;
      readonly tokens?: number | undefined;
    }
  /** A reply as a stream: `content` holds one frame for each piece of content, `tail` the terminal marker. */
  | {
      readonly kind: 'stream';
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly contentType: string;
      readonly head: readonly Frame[];
      readonly content: readonly Frame[];
      readonly tail: readonly Frame[];
    };

/** What a dialect may ask of the emulator that it runs in. */
export interface DialectSettings {
  /** Whether a key is accepted; none is never. */
  acceptsKey(key: string | undefined): boolean;
  hasModel(model: string): boolean;
  /** What to answer; asked once for each request that is answered. */
  reply(request: ReplyRequest): Reply;
}

/** One vendor's wire format. */
export interface Dialect {
  readonly name: string;
  /** Answers what is no completion (a list of models, a version): faults and their schedule leave it alone. */
  aside?(request: WireRequest, settings: DialectSettings): DialectAnswer | undefined;
  /** Answers a completion, or refuses what the vendor refuses. */
  handle(request: WireRequest, settings: DialectSettings): DialectAnswer;
  /** An error in the vendor's shape; `status` means any other status, in `details.status`. */
  error(kind: VendorErrorKind | 'status', details: ErrorDetails): WholeAnswer;
  /** An error inside a stream that has begun. */
  streamError(kind: VendorErrorKind, request: WireRequest): Frame;
  /** What keeps a quiet stream open without content. @default an SSE comment */
  keepAlive?(request: WireRequest): Frame;
}
