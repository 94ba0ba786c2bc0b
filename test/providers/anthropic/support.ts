import { classifyError } from '../../../src/providers/failure.ts';
import type { Failure } from '../../../src/core/failure.ts';
import type { Usage } from '../../../src/core/completion.ts';
import type { Provider, ProviderEvent, ProviderRequest } from '../../../src/providers/provider.ts';

export interface CallOverrides {
  readonly model?: string;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly unary?: boolean;
}

export const hello: ProviderRequest = { messages: [{ role: 'user', content: 'Hello' }] };

/** All that a provider yields for one request. */
export async function eventsOf(
  provider: Provider,
  request: ProviderRequest = hello,
  overrides: CallOverrides = {},
): Promise<ProviderEvent[]> {
  const { model = 'claude-sonnet-5', headers = {}, unary = false } = overrides;
  const call = { model, request, headers, signal: overrides.signal ?? new AbortController().signal };
  if (unary) return [...(await provider.complete!(call))];
  const events: ProviderEvent[] = [];
  for await (const event of provider.stream!(call)) {
    events.push(event);
    if (event.type === 'finish') break;
  }
  return events;
}

export interface Summary {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: unknown }[];
  readonly finishReason: string | undefined;
  readonly stopSequence: boolean | undefined;
  readonly usage: Usage | undefined;
  readonly ignored: readonly string[];
  readonly warnings: readonly string[];
  readonly requestId: string | undefined;
  readonly raw: unknown;
}

export function summaryOf(events: readonly ProviderEvent[]): Summary {
  const of = <Type extends ProviderEvent['type']>(type: Type) =>
    events.filter((event): event is Extract<ProviderEvent, { type: Type }> => event.type === type);
  const finish = of('finish').at(-1);
  return {
    text: of('text')
      .map(({ text }) => text)
      .join(''),
    reasoning: of('reasoning')
      .map(({ text }) => text)
      .join(''),
    toolCalls: of('tool-call').map(({ id, name, arguments: input }) => ({ id, name, arguments: input })),
    finishReason: finish?.finishReason,
    stopSequence: finish?.stopSequence,
    usage: finish?.usage,
    ignored: of('meta').flatMap(({ ignored = [] }) => ignored),
    warnings: of('meta').flatMap(({ warnings = [] }) => warnings),
    requestId: of('meta')
      .map(({ requestId }) => requestId)
      .findLast(Boolean),
    raw: finish?.raw,
  };
}

/** What a request fails with, classified as the engine does it. */
export async function failureOf(
  provider: Provider,
  request: ProviderRequest = hello,
  overrides: CallOverrides = {},
): Promise<Failure> {
  const events = await eventsOf(provider, request, overrides).catch((error: unknown) => {
    if (error instanceof Error) return error;
    throw error;
  });
  if (!(events instanceof Error)) throw new Error(`expected a failure, got ${JSON.stringify(events)}`);
  return classifyError(provider, events);
}
