import { describe, expect, it } from 'vitest';
import type { Provider } from 'failsoft';
import { classifyError, failureError, invalidResponse } from '../../src/providers/failure.ts';

const provider: Provider = { name: 'own', complete: () => Promise.resolve([]) };

function thrown(fields: object): Error {
  return Object.assign(new Error('words of a vendor'), fields);
}

describe('the general rules of failures', () => {
  it.each([
    [400, 'bad-request'],
    [401, 'auth'],
    [402, 'quota'],
    [403, 'permission'],
    [404, 'model-not-found'],
    [408, 'timeout'],
    [409, 'server-error'],
    [413, 'context-length'],
    [418, 'bad-request'],
    [422, 'bad-request'],
    [429, 'rate-limit'],
    [500, 'server-error'],
    [502, 'server-error'],
    [503, 'overloaded'],
    [504, 'timeout'],
    [529, 'overloaded'],
    [599, 'server-error'],
  ])('read status %s as %s, under either name that SDKs give it', (status, kind) => {
    expect(classifyError(provider, thrown({ status }))).toMatchObject({ kind, status });
    expect(classifyError(provider, thrown({ status_code: status }))).toMatchObject({ kind, status });
  });

  it('go by the status and not by the words: a 400 that mentions a 429 stays a 400', () => {
    const error = Object.assign(new Error('429 rate limit exceeded, says the prompt'), { status: 400 });
    expect(classifyError(provider, error).kind).toBe('bad-request');
  });

  it('say of a connection that failed what its innermost cause says, unless that may quote an answer', () => {
    const because = (cause: unknown) =>
      new Error('Connection error.', { cause: new TypeError('fetch failed', { cause }) });
    const message = (cause?: unknown) => classifyError(provider, because(cause)).message;
    expect(message(new Error('bad port'))).toBe('connection failed: bad port');
    expect(message()).toBe('connection failed: fetch failed');
    expect(message(new SyntaxError('Unexpected token: the answer'))).toBe('connection failed');
    expect(classifyError(provider, new Error('network down')).message).toBe('connection failed');
  });

  it('heed Retry-After in the headers of an error or of its response', () => {
    const headers = new Headers({ 'retry-after': '7' });
    expect(classifyError(provider, thrown({ status: 429, headers })).retryAfterMs).toBe(7_000);
    expect(classifyError(provider, thrown({ status: 503, response: { headers } })).retryAfterMs).toBe(7_000);
    expect(classifyError(provider, thrown({ status: 429 })).retryAfterMs).toBeUndefined();
  });

  it.each([
    [
      new TypeError('fetch failed', { cause: thrown({ code: 'ECONNREFUSED' }) }),
      'network',
      'connection-refused',
    ],
    [
      new TypeError('fetch failed', { cause: new AggregateError([thrown({ code: 'ECONNREFUSED' })]) }),
      'network',
      'connection-refused',
    ],
    [new TypeError('fetch failed', { cause: thrown({ code: 'ENOTFOUND' }) }), 'network', 'ENOTFOUND'],
    [new TypeError('fetch failed', { cause: thrown({ code: 'EAI_AGAIN' }) }), 'network', 'EAI_AGAIN'],
    [
      new TypeError('fetch failed', { cause: thrown({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }) }),
      'network',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    [
      new TypeError('fetch failed', { cause: thrown({ code: 'CERT_HAS_EXPIRED' }) }),
      'network',
      'CERT_HAS_EXPIRED',
    ],
    [
      new TypeError('fetch failed', { cause: thrown({ code: 'UND_ERR_CONNECT_TIMEOUT' }) }),
      'timeout',
      'UND_ERR_CONNECT_TIMEOUT',
    ],
    [new TypeError('terminated', { cause: thrown({ code: 'UND_ERR_SOCKET' }) }), 'network', 'UND_ERR_SOCKET'],
    [new TypeError('terminated'), 'network', undefined],
    [new TypeError('fetch failed'), 'network', undefined],
    [new DOMException('aborted', 'AbortError'), 'network', undefined],
    [new SyntaxError('Unexpected token h in "CANARY"'), 'invalid-response', 'malformed-json'],
    [new TypeError("Cannot read properties of undefined (reading 'x')"), 'unknown', undefined],
    ['just a string', 'unknown', undefined],
    [undefined, 'unknown', undefined],
    [null, 'unknown', undefined],
  ])('read %o as %s', (error, kind, code) => {
    const failure = classifyError(provider, error);
    expect(failure.kind).toBe(kind);
    expect(failure.code).toBe(code);
    expect(failure.message).not.toContain('CANARY');
  });

  it('end where a cause leads round in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    expect(classifyError(provider, error).kind).toBe('unknown');
  });
});

describe('a classification', () => {
  it('that the error carries comes first, then the provider’s own, then the general rules', () => {
    const own: Provider = { ...provider, classify: () => ({ kind: 'overloaded', message: 'busy' }) };
    const carried = failureError({ kind: 'quota', message: 'empty' });
    expect(classifyError(own, carried).kind).toBe('quota');
    expect(classifyError(own, thrown({ status: 400 })).kind).toBe('overloaded');
    expect(classifyError({ ...provider, classify: () => undefined }, thrown({ status: 400 })).kind).toBe(
      'bad-request',
    );
  });

  it('that itself fails does not hide the failure', () => {
    const broken: Provider = {
      ...provider,
      classify: () => {
        throw new Error('bug');
      },
    };
    expect(classifyError(broken, thrown({ status: 503 })).kind).toBe('overloaded');
  });

  it('of garbage is invalid-response with a code', () => {
    expect(classifyError(provider, invalidResponse('half', 'truncated'))).toEqual({
      kind: 'invalid-response',
      message: 'half',
      code: 'truncated',
    });
  });
});
