import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';

/** What a client asked; `headers` are mostly empty, since recorders take them out. */
export interface RecordedRequest {
  readonly method: string;
  /** Below the vendor's base URL, as it was sent: `/v1/chat/completions`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed body; null where it was not recorded. */
  readonly body: any;
}

export interface RecordedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded: as it was before any content encoding. */
  readonly body: string;
}

/** A call that the caller must answer. */
export interface ExpectedToolCall {
  readonly id?: string;
  readonly name: string;
  /** The parsed value; null where the text is no JSON. */
  readonly arguments: unknown;
  readonly argumentsRaw?: string;
  readonly custom?: boolean;
}

/** What two independent parsers read from the bytes; words and numbers are the vendor's own. */
export interface Expected {
  /** What a user should see: no thinking, refusal or tool input. */
  readonly text: string;
  readonly toolCalls: readonly ExpectedToolCall[];
  readonly finishReason?: string | null;
  readonly usage?: Readonly<Record<string, any>> | null;
  /** Anthropic streams: from `message_start` and from `message_delta`; `usage` is the first overlaid with the second. */
  readonly usageStart?: Readonly<Record<string, any>> | null;
  readonly usageDelta?: Readonly<Record<string, any>>;
  readonly id?: string | null;
  readonly model?: string | null;
  readonly reasoning?: string;
  /** A failure, also one inside a 200. */
  readonly error?: string | Readonly<Record<string, any>>;
  /** Why a success has neither text nor tool call. */
  readonly empty?: string;
  readonly stopSequence?: string;
  readonly refusal?: string;
  readonly incompleteReason?: string;
  readonly finishMessage?: string;
  readonly promptFeedback?: Readonly<Record<string, any>>;
  /** Server-side tools and other content that no caller answers. */
  readonly otherBlocks?: readonly unknown[];
  readonly otherItems?: readonly unknown[];
  readonly otherParts?: readonly unknown[];
  readonly eventTypes?: Readonly<Record<string, number>>;
  readonly choiceTexts?: readonly string[];
  readonly functionCall?: Readonly<Record<string, any>>;
  readonly audioTranscript?: string;
}

/** One recorded exchange; the README beside the recordings explains every field. */
export interface Recording {
  readonly id: string;
  readonly provider: string;
  /** `openai.chat`, `openai.responses`, `anthropic.messages`, `gemini.streamGenerateContent`, `ollama.chat`, … */
  readonly endpoint: string;
  readonly host: string | null;
  readonly model: string | null;
  readonly request: RecordedRequest;
  readonly response: RecordedResponse;
  /** Whether the response is a stream. */
  readonly stream: boolean;
  /** Whether the request asked for one. */
  readonly requestStream: boolean;
  readonly expect: Expected;
  readonly tags: readonly string[];
  readonly provenance: {
    readonly kind: string;
    readonly fidelity: string;
    readonly notes: readonly string[];
    readonly [key: string]: unknown;
  };
}

const projectRoot = fileURLToPath(new URL('../../', import.meta.url));
const fixtures = process.env['FAILSOFT_FIXTURES'] ?? join(projectRoot, '..', 'shared', 'fixtures');
const folder = join(fixtures, 'replay');

/** Whether the recordings are not on this machine; tests of them are skipped then. */
export const recordingsMissing: boolean = !existsSync(folder);

/** All recordings whose name begins so (`ollama.`, `openai.chat`, `compat-`, `vertex.`); none where they are missing. */
export function loadRecordings(namePrefix: string): Recording[] {
  if (recordingsMissing) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && name.startsWith(namePrefix))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Recording);
}

/**
 * A `describe` over recordings that is skipped, with a line that says what is missing, where there are none.
 *
 * @example
 * describeRecordings('recorded chats', 'ollama.', (recordings) => {
 *   it.each(recordings.map((one) => [one.id, one] as const))('%s', async (_, recording) => { … });
 * });
 */
export function describeRecordings(
  title: string,
  namePrefix: string,
  body: (recordings: Recording[]) => void,
): void {
  const recordings = loadRecordings(namePrefix);
  if (recordings.length > 0) {
    describe(title, () => body(recordings));
    return;
  }
  console.log(
    `skipped: "${title}" needs the recordings ${namePrefix}* in the folder that FAILSOFT_FIXTURES names`,
  );
  describe.skip(title, () => it('needs recordings', () => {}));
}
