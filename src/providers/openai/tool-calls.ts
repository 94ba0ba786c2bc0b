import { invalidResponse } from '../failure.ts';
import type { Sink } from '../sink.ts';
import type { Loose } from './reader.ts';

export interface OpenCall {
  id: string;
  name: string;
  text: string;
}

/** Puts the fragments of tool calls together, however a server numbers and names them. */
export interface ToolCallAssembler {
  /** One element of a `tool_calls` delta, or a whole call. */
  add(delta: Loose): void;
  /** Pushes the whole calls; one that the token limit cut is named in a warning instead. */
  finish(wasCut: boolean): void;
}

export function toolCallAssembler(sink: Sink): ToolCallAssembler {
  const calls: OpenCall[] = [];
  const byIndex = new Map<number, OpenCall>();
  const givenIds = new Map<OpenCall, unknown>();

  function open(delta: Loose): OpenCall {
    const { index, id } = delta;
    const name: unknown = delta['function']?.name;
    const known =
      typeof index === 'number' ? byIndex.get(index) : (calls.find((call) => call.id === id) ?? calls.at(-1));
    // Some servers give every parallel call the index 0, others every fragment of one call an id of its own: a new call is
    // one with another id and a name.
    const isNew = known === undefined || (isText(id) && isText(name) && givenIds.get(known) !== id);
    if (!isNew) return known;
    const call: OpenCall = { id: freeId(id), name: isText(name) ? name : '', text: '' };
    calls.push(call);
    givenIds.set(call, id);
    if (typeof index === 'number') byIndex.set(index, call);
    return call;
  }

  function freeId(id: unknown): string {
    if (isText(id) && !calls.some((call) => call.id === id)) return id;
    return `call_${calls.length + 1}`;
  }

  return {
    add(delta) {
      const call = open(delta);
      const name: unknown = delta['function']?.name;
      if (call.name === '' && isText(name)) call.name = name;
      const fragment = fragmentOf(delta['function']?.arguments);
      // Some servers end a call by sending all of it once more.
      if (fragment.length > 1 && fragment === call.text && parse(fragment) !== undefined) return;
      call.text += fragment;
      sink.push({ type: 'tool-call-delta', id: call.id, name: call.name, delta: fragment });
    },
    finish(wasCut) {
      calls.forEach((call, index) => pushCall(call, sink, wasCut && index === calls.length - 1));
    },
  };
}

/** Pushes one whole call, with its arguments parsed. */
export function pushCall({ id, name, text }: OpenCall, sink: Sink, wasCut: boolean): void {
  if (name === '' && !wasCut) throw invalidResponse('a tool call came without a name', 'tool-call-name');
  const value = text.trim() === '' && !wasCut ? {} : parse(text);
  if (value === undefined && !wasCut) {
    throw invalidResponse(`the arguments of the tool call ${name} are not valid JSON`, 'tool-arguments');
  }
  if (value === undefined || name === '') {
    sink.push({
      type: 'meta',
      warnings: [`the token limit cut the tool call ${name || id}, which was left out`],
    });
    return;
  }
  // `null` is how some models say that there are no arguments.
  sink.push({ type: 'tool-call', id, name, arguments: value ?? {} });
}

/** Whether arguments are whole; none at all are. */
export function isParsable(text: string): boolean {
  return text.trim() === '' || parse(text) !== undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function fragmentOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : '';
}

/** The value, or undefined where the text is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
