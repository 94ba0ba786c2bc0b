import { createParser } from 'eventsource-parser';
import { failureError, invalidResponse } from '../failure.ts';
import { chunksOf, type ServerSentEvent } from '../http.ts';
import { errorInText, failureOf } from './classify.ts';

/**
 * Server-sent events in batches, one for each piece of the body that arrived. A stream that breaks off in Google's front
 * ends with an error as bare JSON, outside of any event: a parser of events passes over it, and what was said before may
 * look whole.
 * @throws a failure where something followed that is no event
 */
export async function* eventBatches(response: Response): AsyncGenerator<readonly ServerSentEvent[]> {
  let batch: ServerSentEvent[] = [];
  let foreign: string | undefined;
  let atLineStart = true;
  const parser = createParser({ onEvent: (event) => batch.push(event) });
  for await (const chunk of chunksOf(response)) {
    parser.feed(chunk);
    if (foreign === undefined) {
      const start = jsonLineIn(chunk, atLineStart);
      if (start >= 0) foreign = chunk.slice(start);
      atLineStart = /[\r\n]$/.test(chunk);
    } else foreign += chunk;
    if (batch.length === 0) continue;
    yield batch;
    batch = [];
  }
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
