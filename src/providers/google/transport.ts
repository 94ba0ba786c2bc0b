import type { Route, WireBody } from './wire.ts';

/** One request, ready to go. */
export interface Outgoing {
  readonly model: string;
  readonly body: WireBody;
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What an SDK gives back: the response itself, whose bytes failsoft reads, or, where the SDK lets nobody at it, what it
 * made of them.
 */
export type Answer =
  | { readonly response: Response }
  | { readonly replies: AsyncIterable<unknown> }
  | { readonly reply: unknown };

/** Sends requests through one of the two packages. */
export interface Transport {
  readonly route: Route;
  stream(outgoing: Outgoing): Promise<Answer>;
  complete(outgoing: Outgoing): Promise<Answer>;
}
