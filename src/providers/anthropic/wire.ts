/** A JSON object of the vendor's. */
export type Json = { readonly [key: string]: any };

/** Whose service answers: Bedrock and Vertex take less than the vendor's own. */
export type Platform = 'anthropic' | 'bedrock' | 'vertex';

/** What a request is sent through. */
export interface Surface {
  readonly platform: Platform;
  /** `anthropic-version`: decides whether sampling parameters are taken. */
  readonly version: string;
}

/** A content block of a request. */
export type Block = { readonly type: string; readonly [key: string]: unknown };

export interface WireMessage {
  readonly role: 'user' | 'assistant';
  readonly content: readonly Block[];
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
