import type { ToolCall, Usage } from '../core/completion.ts';
import type { AssistantPart } from '../core/request.ts';
import type { ProviderEvent } from '../providers/provider.ts';

type Event<Type extends ProviderEvent['type']> = Extract<ProviderEvent, { type: Type }>;

/** What one attempt has said so far. */
export interface Collected {
  text: string;
  reasoning: string;
  parts: AssistantPart[];
  toolCalls: ToolCall[];
  /** Whether a call for a tool has begun, though it may not be whole. */
  toolBegun: boolean;
  usage: Usage | undefined;
  requestId: string | undefined;
  ignored: string[];
  warnings: string[];
  finish: Event<'finish'> | undefined;
}

/** Gathers the events of one attempt into an answer. */
export interface Collector {
  readonly collected: Collected;
  add(event: ProviderEvent): void;
}

/** `providerName` is written beside private state, so that it goes back to its maker only. */
export function createCollector(providerName: string): Collector {
  const collected = nothingYet();
  const stateOf = (state: unknown) =>
    state === undefined ? {} : { providerState: { provider: providerName, state } };
  /** The kind and text of the part that increments are still added to. */
  let openKind: 'text' | 'reasoning' | undefined;
  let openText = '';

  function close(state?: unknown): void {
    if (openKind === undefined) return;
    if (openText !== '' || state !== undefined) {
      collected.parts.push({ type: openKind, text: openText, ...stateOf(state) });
    }
    openKind = undefined;
    openText = '';
  }

  function addText({ type, text, providerState }: Event<'text' | 'reasoning'>): void {
    if (openKind !== type) close();
    openKind = type;
    openText += text;
    collected[type] += text;
    if (providerState !== undefined) close(providerState);
  }

  function addCall({ id, name, arguments: input, providerState }: Event<'tool-call'>): void {
    close();
    collected.toolBegun = true;
    collected.toolCalls.push({ id, name, arguments: input });
    collected.parts.push({ type: 'tool-call', id, name, arguments: input, ...stateOf(providerState) });
  }

  return {
    collected,
    add(event) {
      if (event.type === 'text' || event.type === 'reasoning') addText(event);
      else if (event.type === 'tool-call-delta') collected.toolBegun = true;
      else if (event.type === 'tool-call') addCall(event);
      else if (event.type === 'meta') addFacts(collected, event);
      else if (event.type === 'finish') {
        close();
        collected.finish = event;
        if (event.usage) count(collected, event.usage);
      }
    },
  };
}

function nothingYet(): Collected {
  return {
    text: '',
    reasoning: '',
    parts: [],
    toolCalls: [],
    toolBegun: false,
    usage: undefined,
    requestId: undefined,
    ignored: [],
    warnings: [],
    finish: undefined,
  };
}

function addFacts(collected: Collected, { requestId, usage, ignored, warnings }: Event<'meta'>): void {
  if (requestId !== undefined) collected.requestId = requestId;
  if (usage) count(collected, usage);
  if (ignored) collected.ignored.push(...ignored);
  if (warnings) collected.warnings.push(...warnings);
}

/** Costs and limits are reckoned with it: what is no count of tokens counts as not given. */
function count(collected: Collected, usage: Usage): void {
  const counted: Record<string, number> = { ...collected.usage };
  // Without a list of its entries: this runs for each answer.
  for (const name in usage) {
    const tokens = usage[name as keyof Usage];
    if (Number.isFinite(tokens) && (tokens as number) >= 0) counted[name] = tokens as number;
  }
  collected.usage = counted;
}
