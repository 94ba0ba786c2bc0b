import type { ProviderRequest, ProviderTool } from '../provider.ts';
import { strictSchema } from './schema.ts';
import type { Family } from './families.ts';
import type { WireMessage } from './wire.ts';

export const toolNameForm = /^[a-zA-Z0-9_-]{1,128}$/;

export interface ToolFields {
  readonly tools?: readonly object[];
  readonly tool_choice?: object;
  readonly warnings: readonly string[];
}

/** Tools and their choice; where only the history has calls, tools of those names, since calls without tools are refused. */
export function toolFields(
  request: ProviderRequest,
  family: Family,
  messages: readonly WireMessage[],
): ToolFields {
  const warnings: string[] = [];
  const given = request.tools ?? [];
  if (given.length === 0) {
    const names = namesInHistory(messages);
    if (names.length === 0) return { warnings };
    return { tools: names.map(pastTool), tool_choice: { type: 'none' }, warnings };
  }
  const tools = given.map((tool) => toWireTool(tool, family, warnings));
  const choice = toolChoice(request);
  return { tools, ...(choice ? { tool_choice: choice } : {}), warnings };
}

function namesInHistory(messages: readonly WireMessage[]): string[] {
  const names = messages.flatMap(({ content }) =>
    content.filter(({ type }) => type === 'tool_use').map((block) => block['name'] as string),
  );
  return [...new Set(names)];
}

function pastTool(name: string): object {
  return { name, description: 'No longer offered.', input_schema: { type: 'object' } };
}

function toWireTool(tool: ProviderTool, family: Family, warnings: string[]): object {
  const { name, description, parameters } = tool;
  const strict = tool.strict && family.schemas !== false ? strictSchema(parameters) : undefined;
  if (tool.strict && !strict)
    warnings.push(`tool "${name}": its arguments cannot be held to its schema here`);
  const input_schema = { ...(strict ?? parameters), type: 'object' };
  return { name, ...(description ? { description } : {}), input_schema, ...(strict ? { strict: true } : {}) };
}

function toolChoice({ toolChoice = 'auto', parallelToolCalls }: ProviderRequest): object | undefined {
  if (toolChoice === 'none') return { type: 'none' };
  const single = parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  if (typeof toolChoice === 'object') return { type: 'tool', name: toolChoice.name, ...single };
  if (toolChoice === 'required') return { type: 'any', ...single };
  return parallelToolCalls === false ? { type: 'auto', ...single } : undefined;
}

export function isToolForced({ tools, toolChoice }: ProviderRequest): boolean {
  return Boolean(tools?.length) && (toolChoice === 'required' || typeof toolChoice === 'object');
}
