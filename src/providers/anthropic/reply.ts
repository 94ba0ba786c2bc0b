import { invalidResponse } from '../failure.ts';
import type { ProviderEvent } from '../provider.ts';
import { replyFailure } from './classify.ts';
import { cutCallWarning, endEvents, isCutting } from './stream.ts';
import { isObject, type Json } from './wire.ts';

/**
 * A whole message as events.
 * @throws a failure where it is an error, or nothing that the vendor would send
 */
export function replyEvents(reply: unknown, model: string): ProviderEvent[] {
  if (!isObject(reply)) throw invalidResponse('the reply is not a JSON object', 'not-json');
  if (reply['type'] === 'error' || isObject(reply['error'])) throw replyFailure(reply);
  const { content, stop_reason: stopReason } = reply;
  if (!Array.isArray(content) || typeof stopReason !== 'string') {
    throw invalidResponse(
      'the reply is no message: it has no content or no reason of its end',
      'not-a-message',
    );
  }
  const events = content.flatMap((block: Json, index) =>
    blockEvents(block, model, index === content.length - 1 && isCutting(stopReason) ? stopReason : undefined),
  );
  return [
    ...events,
    ...endEvents(stopReason, reply['stop_details'], reply['usage'] as Json | undefined, reply),
  ];
}

/** `cutBy`: the reason that may have cut this block, the last one. */
function blockEvents(block: Json, model: string, cutBy: string | undefined): ProviderEvent[] {
  switch (block['type']) {
    case 'text':
      return block['text'] ? [{ type: 'text', text: block['text'] as string }] : [];
    case 'thinking': {
      const { thinking, signature } = block as { thinking?: string; signature?: string };
      const state = signature ? { providerState: { model, signature } } : {};
      return thinking || signature ? [{ type: 'reasoning', text: thinking ?? '', ...state }] : [];
    }
    case 'redacted_thinking':
      return [{ type: 'reasoning', text: '', providerState: { model, redacted: block['data'] as string } }];
    case 'tool_use':
      return callEvents(block, cutBy);
    default:
      return [];
  }
}

function callEvents({ id, name, input = {} }: Json, cutBy: string | undefined): ProviderEvent[] {
  if (cutBy) return [{ type: 'meta', warnings: [cutCallWarning(String(name), cutBy)] }];
  if (typeof id !== 'string' || typeof name !== 'string') {
    throw invalidResponse('a tool call came without its id or name', 'malformed-tool-call');
  }
  if (!isObject(input)) {
    throw invalidResponse(
      `the arguments of the call of "${name}" are not a JSON object`,
      'malformed-tool-call',
    );
  }
  return [{ type: 'tool-call', id, name, arguments: input }];
}
