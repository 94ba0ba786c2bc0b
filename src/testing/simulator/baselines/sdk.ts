import type { Runtime } from '../../../core/runtime.ts';
import { classifyError } from '../../../providers/failure.ts';
import type { SimulatedRequest, SimulatedTarget } from '../simulate.ts';

/** How a vendor's SDK is called. */
export interface SdkSettings {
  readonly runtime: Runtime;
  /** The SDK's own `maxRetries`. */
  readonly retries: number;
  /** Gives a request up that has no first token by then. @default never, as the SDKs do once headers have come */
  readonly firstTokenMs?: number;
}

const firstDelayMs = 500;
const longestDelayMs = 8_000;

/**
 * A streamed call with the official SDK of OpenAI or Anthropic as it comes, by what was measured of them: what failed
 * before the first byte is tried again after 0.5 s and 1 s, or after what the vendor asks for, however long; a stream that
 * ends early looks whole; silence is waited for.
 */
export async function* streamBySdk(
  target: SimulatedTarget,
  request: SimulatedRequest,
  settings: SdkSettings,
): AsyncGenerator<string> {
  for (let retry = 0; ; retry += 1) {
    let begun = false;
    try {
      for await (const { text } of once(target, request, settings)) {
        if (text === undefined) continue;
        begun = true;
        yield text;
      }
      return;
    } catch (error) {
      const delayMs =
        begun || retry >= settings.retries ? undefined : delayAfter(error, target, retry, settings);
      if (delayMs === undefined) throw error;
      await settings.runtime.sleep(delayMs);
    }
  }
}

/** The same, not streamed: a body that ends early is no JSON, and is seen. */
export async function completeBySdk(
  target: SimulatedTarget,
  request: SimulatedRequest,
  settings: SdkSettings,
): Promise<string> {
  for (let retry = 0; ; retry += 1) {
    try {
      let text = '';
      let isWhole = false;
      for await (const part of once(target, request, settings)) {
        text += part.text ?? '';
        isWhole ||= part.isLast;
      }
      if (!isWhole) throw new SyntaxError('unexpected end of JSON input');
      return text;
    } catch (error) {
      const delayMs = retry >= settings.retries ? undefined : delayAfter(error, target, retry, settings);
      if (delayMs === undefined) throw error;
      await settings.runtime.sleep(delayMs);
    }
  }
}

interface ReplyPart {
  readonly text: string | undefined;
  readonly isLast: boolean;
}

async function* once(
  { provider, model }: SimulatedTarget,
  request: SimulatedRequest,
  { runtime, firstTokenMs = Infinity }: SdkSettings,
): AsyncGenerator<ReplyPart> {
  const controller = new AbortController();
  const timer = new AbortController();
  if (firstTokenMs < Infinity) {
    const giveUp = () => controller.abort(new Error('no first token in time'));
    runtime.sleep(firstTokenMs, timer.signal).then(giveUp, () => {});
  }
  try {
    const call = { model, request: { messages: request.messages }, signal: controller.signal, headers: {} };
    for await (const event of provider.asSdk(call)) {
      if (event.type === 'text') timer.abort();
      if (event.type === 'text') yield { text: event.text, isLast: false };
      else if (event.type === 'finish') yield { text: undefined, isLast: true };
    }
  } finally {
    timer.abort();
  }
}

/** What both SDKs retry: connections, 408, 409, 429 and 5xx. A reply that was understood wrongly is none of these. */
function delayAfter(
  error: unknown,
  { provider }: SimulatedTarget,
  retry: number,
  { runtime }: SdkSettings,
): number | undefined {
  const { kind, status = 0, retryAfterMs } = classifyError(provider, error);
  const isRetried = kind === 'network' || status >= 500 || [408, 409, 429].includes(status);
  if (!isRetried) return undefined;
  const stepMs = Math.min(longestDelayMs, firstDelayMs * 2 ** retry);
  return retryAfterMs ?? stepMs * (1 - runtime.random() / 4);
}
