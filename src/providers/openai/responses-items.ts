import type { Sink } from '../sink.ts';
import type { Loose } from './reader.ts';
import { fragmentOf, isParsable, pushCall, type OpenCall } from './tool-calls.ts';

/** One item of the output, as far as it has been shown. */
interface OpenItem {
  /** How many characters of each of its texts were passed on. */
  readonly shown: Map<string, number>;
  call: OpenCall | undefined;
  isDone: boolean;
}

/** The items of one response, in whatever mixture of increments and whole items a server sends them. */
export interface Output {
  readonly model: string;
  readonly items: Map<unknown, OpenItem>;
  lastKey: unknown;
  shownText: number;
  /** Whether the model declined, in words of its own. */
  isRefused: boolean;
  readonly sink: Sink;
}

export function emptyOutput(model: string, sink: Sink): Output {
  return { model, items: new Map(), lastKey: undefined, shownText: 0, isRefused: false, sink };
}

/** By its place in the output: some servers give one item another id in every event. */
function itemAt(output: Output, event: Loose): OpenItem {
  const key: unknown = event['output_index'] ?? event['item_id'] ?? event['item']?.id ?? output.lastKey ?? 0;
  output.lastKey = key;
  let item = output.items.get(key);
  if (!item) {
    item = { shown: new Map(), call: undefined, isDone: false };
    output.items.set(key, item);
  }
  return item;
}

/** Places are `content 0` of a message, and `summary 0` and `thought 0` of reasoning. */
function showDelta(output: Output, item: OpenItem, place: string, delta: unknown): void {
  if (typeof delta !== 'string' || delta === '') return;
  const shown = item.shown.get(place);
  const isText = place.startsWith('content');
  // Paragraphs of a summary come without anything between them.
  if (!isText && shown === undefined && item.shown.size > 0)
    output.sink.push({ type: 'reasoning', text: '\n\n' });
  item.shown.set(place, (shown ?? 0) + delta.length);
  if (isText) output.shownText += delta.length;
  output.sink.push({ type: isText ? 'text' : 'reasoning', text: delta });
}

/** Shows of a whole text what its increments did not. */
function showWhole(output: Output, item: OpenItem, place: string, text: unknown): void {
  if (typeof text === 'string') showDelta(output, item, place, text.slice(item.shown.get(place) ?? 0));
}

/** Where the text of an event belongs, which field counts the places of that name, and which one holds the whole text. */
interface TextEvent {
  readonly place: 'content' | 'summary' | 'thought';
  readonly index: string;
  readonly whole: string;
}

/** By the type of the event, without its end: `delta` brings an increment, `done` the whole text. */
const textEvents: Readonly<Record<string, TextEvent>> = {
  output_text: { place: 'content', index: 'content_index', whole: 'text' },
  refusal: { place: 'content', index: 'content_index', whole: 'refusal' },
  reasoning_summary_text: { place: 'summary', index: 'summary_index', whole: 'text' },
  reasoning_text: { place: 'thought', index: 'content_index', whole: 'text' },
};

const itemEvents: Readonly<Record<string, (output: Output, event: Loose) => void>> = {
  'function_call_arguments.delta': addArguments,
  'function_call_arguments.done': replaceArguments,
  'output_item.added': startItem,
  'output_item.done': (output, event) => readItem(output, itemAt(output, event), event['item'] ?? {}),
};

/** Reads one event of a stream that does not end it. */
export function readItemEvent(output: Output, type: string, event: Loose): void {
  const name = type.replace(/^response\./, '');
  const [what = '', stage] = name.split('.');
  const text = textEvents[what];
  const read = itemEvents[name];
  if (read) read(output, event);
  else if (text) readText(output, event, text, stage);
  // Searches, programs and other work at the vendor: no content, but no silence either.
  else if (/_call|reasoning/.test(name)) output.sink.push({ type: 'activity' });
}

function readText(output: Output, event: Loose, { place, index, whole }: TextEvent, stage?: string): void {
  if (whole === 'refusal') output.isRefused = true;
  const item = itemAt(output, event);
  const at = `${place} ${event[index] ?? 0}`;
  if (stage === 'delta') showDelta(output, item, at, event['delta']);
  else if (stage === 'done') showWhole(output, item, at, event[whole]);
}

/** The output as the terminal event repeats it, or as a whole reply holds it: what was not shown before is shown now. */
export function readOutput(output: Output, wholes: readonly Loose[]): void {
  const isAllShown = output.shownText > 0 && output.shownText >= textLength(wholes);
  wholes.forEach((one, index) => {
    const item = output.items.get(index) ?? output.items.get(one['id']) ?? itemOfCall(output, one['call_id']);
    // Increments that named no item cannot be told apart, but counted.
    if (item === undefined && one['type'] === 'message' && isAllShown) return;
    readItem(output, item ?? itemAt(output, { output_index: index }), one);
  });
}

/** Pushes calls that never were declared done; one that the token limit cut is named in a warning instead. */
export function finishItems(output: Output, wasCut: boolean): void {
  for (const item of output.items.values()) {
    if (item.call === undefined || item.isDone) continue;
    item.isDone = true;
    pushCall(item.call, output.sink, wasCut);
  }
}

function startItem(output: Output, event: Loose): void {
  const item = itemAt(output, event);
  const added: Loose = event['item'] ?? {};
  if (added['type'] === 'function_call') openCall(output, item, added);
  if (added['type'] !== 'message') output.sink.push({ type: 'activity' });
}

function readItem(output: Output, item: OpenItem, given: Loose): void {
  if (item.isDone) return;
  item.isDone = true;
  if (given['type'] === 'message') readMessage(output, item, given);
  else if (given['type'] === 'reasoning') readReasoning(output, item, given);
  else if (given['type'] === 'function_call') readCall(output, item, given);
  else if (answerable.has(given['type'] as string)) {
    output.sink.push({ type: 'meta', warnings: [`an item of type ${String(given['type'])} was left out`] });
  } else output.sink.push({ type: 'activity' });
}

/** Items that want an answer of the caller, which only `providerOptions` can have asked for. */
const answerable = new Set([
  'custom_tool_call',
  'computer_call',
  'local_shell_call',
  'apply_patch_call',
  'mcp_approval_request',
]);

function readMessage(output: Output, item: OpenItem, message: Loose): void {
  const { content, phase } = message;
  const parts: Loose[] = Array.isArray(content) ? content : [{ text: content as unknown }];
  parts.forEach((part, index) => {
    const isRefusal = part['type'] === 'refusal';
    if (isRefusal) output.isRefused = true;
    showWhole(output, item, `content ${index}`, isRefusal ? part['refusal'] : part['text']);
  });
  if (typeof phase === 'string') {
    output.sink.push({ type: 'text', text: '', providerState: { model: output.model, phase } });
  }
}

function readReasoning(output: Output, item: OpenItem, reasoning: Loose): void {
  const { id, summary, content, encrypted_content } = reasoning;
  const texts = (list: unknown): Loose[] => (Array.isArray(list) ? list : []);
  texts(summary).forEach((part, index) => showWhole(output, item, `summary ${index}`, part['text']));
  texts(content).forEach((part, index) => showWhole(output, item, `thought ${index}`, part['text']));
  if (typeof encrypted_content !== 'string') return;
  const kept = { type: 'reasoning', id: id as unknown, summary: texts(summary), encrypted_content };
  output.sink.push({ type: 'reasoning', text: '', providerState: { model: output.model, item: kept } });
}

function openCall(output: Output, item: OpenItem, call: Loose): OpenCall {
  const id: unknown = isText(call['call_id']) ? call['call_id'] : call['id'];
  item.call ??= { id: isText(id) ? id : `call_${output.items.size}`, name: '', text: '' };
  if (isText(call['call_id'])) item.call.id = call['call_id'];
  if (item.call.name === '' && isText(call['name'])) item.call.name = call['name'];
  return item.call;
}

function addArguments(output: Output, event: Loose): void {
  const call = openCall(output, itemAt(output, event), { id: event['item_id'], name: event['name'] });
  const fragment = fragmentOf(event['delta']);
  call.text += fragment;
  output.sink.push({ type: 'tool-call-delta', id: call.id, name: call.name, delta: fragment });
}

/** The whole says more than increments that a server may have left out. */
function replaceArguments(output: Output, event: Loose): void {
  const call = openCall(output, itemAt(output, event), { id: event['item_id'], name: event['name'] });
  const text = fragmentOf(event['arguments']);
  if (text.length > call.text.length) call.text = text;
}

function readCall(output: Output, item: OpenItem, given: Loose): void {
  const call = openCall(output, item, given);
  const text = fragmentOf(given['arguments']);
  if (text.length > call.text.length) call.text = text;
  // Whether a call was cut, only the end of the reply tells.
  if (given['status'] === 'incomplete' || !isParsable(call.text)) item.isDone = false;
  else pushCall(call, output.sink, false);
}

function itemOfCall({ items }: Output, id: unknown): OpenItem | undefined {
  return id === undefined ? undefined : [...items.values()].find((item) => item.call?.id === id);
}

function textLength(wholes: readonly Loose[]): number {
  const parts = wholes
    .filter((item) => item['type'] === 'message' && Array.isArray(item['content']))
    .flatMap((item) => item['content'] as Loose[]);
  return parts.reduce((sum, part) => sum + String(part['text'] ?? part['refusal'] ?? '').length, 0);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
