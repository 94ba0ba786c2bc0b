import { toDataUrl } from '../../core/binary.ts';
import type {
  AssistantPart,
  FilePart,
  ImagePart,
  Message,
  TextPart,
  ToolResultPart,
} from '../../core/request.ts';
import { repairHistory, type ToolIdRule } from '../history.ts';
import type { ProviderRequest } from '../provider.ts';
import { failedText, fileName } from './chat-messages.ts';
import { addWishes, effortOf, mergeOptions, refuseFeature, type Asked, type Draft } from './draft.ts';
import { effortAsked } from './families.ts';
import { formatOf, jsonReminder } from './schema.ts';
import { stateOf } from './state.ts';

type Item = Record<string, unknown>;

const toolIds: ToolIdRule = { accepts: /^[\w-]{1,64}$/, make: (index) => `call_${index}` };
/** The Responses API refuses less. */
const leastOutputTokens = 16;

/** The body of one request to the Responses API. Nothing is stored at the vendor unless `store` is asked for. */
export function responsesRequest(asked: Asked): Draft {
  const { call, facts, streaming } = asked;
  const { request } = call;
  const draft: Draft = {
    body: { model: call.model, input: inputItems(asked), store: false },
    ignored: [],
    warnings: [],
  };
  if (request.stop?.length) throw refuseFeature('stop', 'the Responses API has no stop sequences');
  if (request.system !== undefined) draft.body['instructions'] = request.system;
  addTools(draft, request);
  addLimit(draft, request);
  const format = formatOf(request);
  if (format) draft.body['text'] = { format };
  const effort = effortOf(asked, draft);
  addReasoning(draft, asked, effort);
  if (facts.family.reasons) draft.body['include'] = ['reasoning.encrypted_content'];
  addWishes(asked, draft, wishNames, effort);
  if (streaming) draft.body['stream'] = true;
  mergeOptions(draft, request.options);
  return draft;
}

const wishNames = {
  temperature: 'temperature',
  topP: 'top_p',
  parallelToolCalls: 'parallel_tool_calls',
};

function addTools({ body }: Draft, { tools, toolChoice }: ProviderRequest): void {
  if (!tools?.length) return;
  body['tools'] = tools.map(({ name, description, parameters, strict }) => ({
    type: 'function',
    name,
    description,
    parameters,
    // Absent means strict here, which would refuse most schemas.
    strict: strict ?? false,
  }));
  if (toolChoice === undefined) return;
  body['tool_choice'] =
    typeof toolChoice === 'string' ? toolChoice : { type: 'function', name: toolChoice.name };
}

function addLimit({ body, warnings }: Draft, { maxTokens }: ProviderRequest): void {
  if (maxTokens === undefined) return;
  body['max_output_tokens'] = Math.max(maxTokens, leastOutputTokens);
  if (maxTokens < leastOutputTokens) {
    warnings.push(`maxTokens was raised to ${leastOutputTokens}, the least that the Responses API takes`);
  }
}

function addReasoning({ body }: Draft, { call, facts }: Asked, effort: string | undefined): void {
  if (effort === undefined) return;
  const { reasoning } = call.request;
  const isWanted = reasoning !== undefined && effortAsked(reasoning) !== 'none';
  // Summaries are all of the reasoning that can be read, and its only sign of life.
  body['reasoning'] = isWanted && !facts.noSummary ? { effort, summary: 'auto' } : { effort };
}

function inputItems(asked: Asked): Item[] {
  const { call, facts } = asked;
  const items = repairHistory(call.request.messages, toolIds).flatMap((message) => itemsOf(message, asked));
  const reminder = jsonReminder(call.request, undefined);
  const system = facts.noDeveloper ? 'system' : 'developer';
  return reminder === undefined ? items : [{ role: system, content: reminder }, ...items];
}

function itemsOf(message: Message, asked: Asked): Item[] {
  switch (message.role) {
    case 'system':
      return [{ role: asked.facts.family.systemRole, content: message.content }];
    case 'user':
      return [
        {
          role: 'user',
          content: typeof message.content === 'string' ? message.content : message.content.map(inputPart),
        },
      ];
    case 'assistant':
      return typeof message.content === 'string'
        ? [{ role: 'assistant', content: message.content }].filter(({ content }) => content !== '')
        : assistantItems(message.content, asked);
    case 'tool':
      return message.content.map((result) => ({
        type: 'function_call_output',
        call_id: result.toolCallId,
        output: outputOf(result),
      }));
  }
}

function inputPart(part: TextPart | ImagePart | FilePart): Item {
  if (part.type === 'text') return { type: 'input_text', text: part.text };
  if (part.type === 'image') {
    const url = 'url' in part ? part.url : toDataUrl(part.data, part.mediaType);
    return { type: 'input_image', image_url: url, detail: 'auto' };
  }
  if ('url' in part) return { type: 'input_file', file_url: part.url };
  return { type: 'input_file', filename: fileName(part), file_data: toDataUrl(part.data, part.mediaType) };
}

/** A reasoning item without the item that it led to is refused, so one that ends a turn is left out. */
function assistantItems(parts: readonly AssistantPart[], { call, facts }: Asked): Item[] {
  const items: Item[] = [];
  for (const part of parts) {
    const state = stateOf(part, call.model);
    if (part.type === 'reasoning') {
      if (state?.item && !facts.refusedItems.has(state.item['id'] as string)) items.push({ ...state.item });
    } else if (part.type === 'text') {
      if (part.text === '') continue;
      items.push({ role: 'assistant', content: part.text, phase: state?.phase });
    } else {
      const { id, name, arguments: input } = part;
      items.push({ type: 'function_call', call_id: id, name, arguments: JSON.stringify(input ?? {}) });
    }
  }
  const last = items.findLastIndex((item) => item['type'] !== 'reasoning');
  return items.slice(0, last + 1);
}

function outputOf(result: ToolResultPart): string | Item[] {
  if (typeof result.content === 'string') return failedText(result.content, result.isError);
  const parts = result.content.map(inputPart);
  return result.isError ? [{ type: 'input_text', text: 'Error:' }, ...parts] : parts;
}
