import type { VendorErrorKind, WholeAnswer } from './dialect.ts';

/** Statuses and words as the server and ollama.com use them; policies they have none. */
export const vendorErrors: Readonly<Record<VendorErrorKind, readonly [status: number, words: string]>> = {
  'server-error': [500, 'llama runner process has terminated: exit status 2'],
  overloaded: [503, 'server busy, please try again.  maximum pending requests exceeded'],
  'rate-limit': [429, 'too many requests'],
  quota: [402, 'payment required'],
  auth: [401, 'unauthorized'],
  permission: [403, 'this model requires a subscription, upgrade for access'],
  'model-not-found': [404, "model '{model}' not found"],
  'context-length': [400, 'the prompt exceeds the context length of the model'],
  'content-policy': [400, 'the request was refused'],
  'bad-request': [400, 'invalid request'],
};

/** A refusal in the server's shape. */
export function failed(status: number, error: string): WholeAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: { error } };
}
