import type { FinishReason, Usage } from '../../core/completion.ts';
import { invalidResponse } from '../failure.ts';
import type { Sink } from '../sink.ts';
import { noAnswer, vendorFailure } from './classify.ts';
import { endPatienceMs, finishReasonOf, type Loose, type ReplyReader } from './reader.ts';
import { emptyOutput, finishItems, readItemEvent, readOutput } from './responses-items.ts';
import { usageOf, withHeaderCost } from './usage.ts';

/** Reads the Responses API: typed events of a stream, or one whole response. */
export function responsesReader(model: string, sink: Sink): ReplyReader {
  const output = emptyOutput(model, sink);
  let finishReason: FinishReason | undefined;
  let usage: Usage | undefined;
  let raw: Loose | undefined;
  /** An `error` event; the `response.failed` after it often knows more. */
  let trouble: Error | undefined;

  function end(response: Loose): void {
    usage = usageOf(response['usage']);
    const { status } = response;
    if (status === 'failed' || status === 'cancelled' || response['error']) {
      if (usage) sink.push({ type: 'meta', usage });
      if (response['error']) throw vendorFailure(response['error']);
      throw trouble ?? vendorFailure({ message: `the response was ${String(status)}` });
    }
    if (status !== 'completed' && status !== 'incomplete') {
      throw invalidResponse(`the response ended with the status ${String(status)}`, 'truncated');
    }
    if (Array.isArray(response['output'])) readOutput(output, response['output'] as Loose[]);
    const reason: unknown = status === 'completed' ? status : response['incomplete_details']?.reason;
    finishReason = finishReasonOf(reason);
    raw = response;
  }

  return {
    read(event) {
      const type = String(event['type'] ?? '');
      if (type === 'error' || (event['error'] && event['response'] === undefined)) {
        trouble ??= vendorFailure(event['error'] ?? event, event['error'] ? event : {});
      } else if (/^response\.(completed|incomplete|failed|cancelled|done)$/.test(type)) {
        end(terminalResponse(event['response'], type));
      } else {
        readItemEvent(output, type, event);
      }
    },
    readWhole(reply) {
      if (reply['error']) throw vendorFailure(reply['error'], reply);
      if (!Array.isArray(reply['output'])) throw noAnswer(reply, 'output');
      end(reply);
    },
    patienceMs: () => (finishReason === undefined && trouble === undefined ? undefined : endPatienceMs),
    finish(headers) {
      if (trouble !== undefined) throw trouble;
      if (finishReason === undefined) {
        throw invalidResponse('the stream ended without response.completed', 'truncated');
      }
      finishItems(output, finishReason === 'length');
      sink.push({
        type: 'finish',
        finishReason: output.isRefused ? 'content-filter' : finishReason,
        usage: withHeaderCost(usage, headers),
        raw,
      });
    },
  };
}

/** Some servers leave the status to the event's name. */
function terminalResponse(response: unknown, type: string): Loose {
  if (typeof response !== 'object' || response === null) {
    throw invalidResponse(`${type} came without its response`, 'no-response');
  }
  const named = type === 'response.done' ? 'completed' : type.slice('response.'.length);
  return { status: named, ...response };
}
