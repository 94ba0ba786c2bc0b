import { both, fault, isObject, isString, mapOf, must, show, type Rule } from './core/check.ts';

const value = must(
  'expected a string without line breaks, of characters up to U+00FF',
  (given) => isString(given) && /^[\t\x20-\x7e\x80-\xff]*$/.test(given),
);

/** They frame the message: with a forwarded `content-length`, vendor and client wait for each other. */
const framing = /^(connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

const names: Rule = (headers) =>
  Object.keys(headers as object).flatMap((name) => {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) return fault(`${show(name)} is no name of a header`);
    return framing.test(name) ? fault('is set by the HTTP client; leave it out', `.${name}`) : [];
  });

/** Headers of a call. What no client can send would fail at every target, and count against each of them. */
export const headers: Rule = both(
  must('expected an object of strings', (given) => isObject(given) && !(Symbol.iterator in given)),
  both(mapOf(value), names),
);
