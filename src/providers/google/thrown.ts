import { messageOf, type Failure } from '../../core/failure.ts';
import { statusOf } from '../failure.ts';
import { errorInText, failureOf } from './classify.ts';

const legacyPrefix = /^\[GoogleGenerativeAI Error\]: /;
const legacyStatus = /^Error fetching from \S+: \[\d+[^\]]*\] ?/;

/** What an error means that one of the SDKs threw; undefined leaves it to the general rules. */
export function classifyThrown(error: unknown): Failure | undefined {
  const message = messageOf(error);
  if (legacyPrefix.test(message)) return classifyLegacy(error, message.replace(legacyPrefix, ''));
  // Both quote the reply itself, which must not go into a message.
  if (/^(Incomplete JSON segment|exception parsing stream chunk|Response body is empty)/.test(message)) {
    return { kind: 'invalid-response', message: 'the stream was cut off', code: 'truncated' };
  }
  // `null` for a reply: the SDKs write into it all the same.
  if (error instanceof TypeError && message.startsWith('Cannot ')) {
    return { kind: 'invalid-response', message: 'the reply is none of Gemini', code: 'not-json' };
  }
  const status = statusOf(error);
  if (status === undefined && !message.startsWith('got status')) return undefined;
  const found = errorInText(message, status);
  return found && failureOf(found);
}

/** `@google/generative-ai` keeps the status and the details; all else it only tells. */
function classifyLegacy(error: unknown, message: string): Failure {
  const status = statusOf(error);
  if (status !== undefined) {
    const { errorDetails } = error as { errorDetails?: unknown };
    const details = Array.isArray(errorDetails) ? errorDetails : [];
    const appended = details.length > 0 ? ` ${JSON.stringify(details)}` : '';
    const words = message.replace(legacyStatus, '').replace(appended, '').trim();
    return failureOf({ status, message: words || `status ${status}`, details });
  }
  if (/^(Failed to parse stream|Error parsing JSON response)/.test(message)) {
    return { kind: 'invalid-response', message: 'the stream was cut off or is no stream', code: 'truncated' };
  }
  if (/^(Error fetching|Error reading|Request aborted)/.test(message)) {
    return { kind: 'network', message: 'connection failed' };
  }
  return { kind: 'bad-request', message: message.slice(0, 500), code: 'sdk-refused' };
}
