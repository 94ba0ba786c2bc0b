import { createParser } from 'eventsource-parser';
import { failureError, invalidResponse } from '../failure.ts';
import { readBody } from '../http.ts';
import { errorInText, failureOf } from './classify.ts';

/**
 * Server-sent events, as they come. A stream that breaks off in Google's front ends with an error as bare JSON, outside of
 * any event: a parser of events passes over it, and what was said before may look whole.
 * @throws a failure where something followed that is no event
 */
export async function readEvents(response: Response, take: (data: string) => void): Promise<void> {
  let foreign: string | undefined;
  let atLineStart = true;
  const parser = createParser({ onEvent: ({ data }) => take(data) });
  await readBody(response, {
    take(text) {
      parser.feed(text);
      if (foreign === undefined) {
        const start = jsonLineIn(text, atLineStart);
        if (start >= 0) foreign = text.slice(start);
        atLineStart = /[\r\n]$/.test(text);
      } else foreign += text;
      return false;
    },
  });
  if (foreign === undefined) return;
  const error = errorInText(foreign);
  throw error
    ? failureError(failureOf(error))
    : invalidResponse('the stream held JSON outside of its events');
}

/** Where a line begins with JSON instead of a field's name; -1 where none does. */
function jsonLineIn(chunk: string, atLineStart: boolean): number {
  if (atLineStart && /^[[{]/.test(chunk)) return 0;
  const before = chunk.search(/[\r\n][[{]/);
  return before < 0 ? -1 : before + 1;
}
