import { invalidResponse } from '../failure.ts';
import { readBody } from '../http.ts';
import type { Sink } from '../sink.ts';
import type { ReplyReader } from './replies.ts';

/** Reads a stream of JSON lines to its last reply. @throws a failure where it ends before that */
export async function readLines(response: Response, reader: ReplyReader, sink: Sink): Promise<void> {
  let rest = '';
  let isLast = false;
  await readBody(response, {
    take(text) {
      let start = 0;
      for (let end = text.indexOf('\n'); end >= 0 && !isLast; end = text.indexOf('\n', start)) {
        const line = rest + text.slice(start, end);
        rest = '';
        start = end + 1;
        isLast = line.trim() !== '' && reader.accept(parseLine(line), sink);
      }
      rest += text.slice(start);
      return isLast;
    },
  });
  if (!isLast && !acceptLastLine(reader, rest, sink))
    throw endedEarly('the stream ended without its last line');
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
function acceptLastLine(reader: ReplyReader, line: string, sink: Sink): boolean {
  let reply: unknown;
  if (line.trim() === '') return false;
  try {
    reply = JSON.parse(line);
  } catch {
    throw /^\s*</.test(line)
      ? invalidResponse('expected a line of JSON, got a page of HTML', 'malformed-json')
      : endedEarly('the stream ended inside a line');
  }
  return reader.accept(reply, sink);
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
