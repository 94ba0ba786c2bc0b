import { invalidResponse } from '../failure.ts';
import { chunksOf } from '../http.ts';
import type { ProviderEvent } from '../provider.ts';
import type { ReplyReader } from './replies.ts';

/** Reads a stream of JSON lines to its last reply. @throws a failure where it ends before that */
export async function* eventsOfLines(
  response: Response,
  reader: ReplyReader,
): AsyncGenerator<readonly ProviderEvent[], void> {
  let rest = '';
  let isLast = false;
  for await (const chunk of chunksOf(response, () => isLast)) {
    const lines = chunk.split('\n');
    // Only what is new can hold the end of a line.
    lines[0] = rest + (lines[0] as string);
    rest = lines.pop() as string;
    const events: ProviderEvent[] = [];
    let failure: unknown;
    try {
      isLast = lines.some((line) => acceptLine(reader, line, events));
    } catch (error) {
      failure = error;
    }
    // What came before a broken line is shown before its failure.
    yield events;
    if (failure !== undefined) throw failure;
    if (isLast) return;
  }
  const events: ProviderEvent[] = [];
  isLast = acceptLastLine(reader, rest, events);
  yield events;
  if (!isLast) throw endedEarly('the stream ended without its last line');
}

function acceptLine(reader: ReplyReader, line: string, events: ProviderEvent[]): boolean {
  return line.trim() === '' ? false : reader.accept(parseLine(line), events);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    const what = /^\s*</.test(line) ? 'a page of HTML' : `${line.length} characters that do not parse`;
    throw invalidResponse(`expected a line of JSON, got ${what}`, 'malformed-json');
  }
}

/** The last line may lack its line feed; one that does not parse was cut. */
function acceptLastLine(reader: ReplyReader, line: string, events: ProviderEvent[]): boolean {
  let reply: unknown;
  if (line.trim() === '') return false;
  try {
    reply = JSON.parse(line);
  } catch {
    throw /^\s*</.test(line)
      ? invalidResponse('expected a line of JSON, got a page of HTML', 'malformed-json')
      : endedEarly('the stream ended inside a line');
  }
  return reader.accept(reply, events);
}

function endedEarly(message: string): Error {
  return invalidResponse(message, 'truncated');
}

/** The same reply, whose body fails at a line that is no JSON: the SDK would print the line and go on without it. */
export function checkedLines(response: Response): Response {
  if (response.body === null) return response;
  const decoder = new TextDecoder();
  let rest = '';
  const check = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      // The SDK takes an empty line for a broken one.
      const kept = lines.filter((line) => line.trim() !== '');
      for (const line of kept) parseLine(line);
      if (kept.length > 0) controller.enqueue(encoder.encode(`${kept.join('\n')}\n`));
    },
    flush(controller) {
      rest += decoder.decode();
      if (rest.trim() === '') return;
      parseLine(rest);
      controller.enqueue(encoder.encode(`${rest}\n`));
    },
  });
  const { status, headers } = response;
  return new Response(response.body.pipeThrough(check), { status, headers });
}

const encoder = new TextEncoder();
