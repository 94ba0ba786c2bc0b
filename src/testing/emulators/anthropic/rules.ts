import type { JsonObject } from '../dialect.ts';
import { isObject, listOf } from './json.ts';
import { messagesRefusal } from './message-rules.ts';
import { rulesOf, type ModelRules } from './models.ts';
import type { Route } from './route.ts';
import { schemaRefusal } from './schema-rules.ts';

const samplingKeys = ['temperature', 'top_p', 'top_k'];
const knownKeys = new Set([
  ...['model', 'messages', 'max_tokens', 'system', 'metadata', 'stop_sequences', 'stream', ...samplingKeys],
  ...['tools', 'tool_choice', 'thinking', 'output_config', 'service_tier', 'container', 'context_management'],
  ...['mcp_servers', 'inference_geo', 'cache_control', 'speed'],
]);
const cloudKeys = new Set(['anthropic_version', 'anthropic_beta']);
const versionWithoutSampling = '2026-10-21';
const versions: Readonly<Record<Route['door'], readonly string[]>> = {
  anthropic: ['2023-06-01', versionWithoutSampling],
  bedrock: ['bedrock-2023-05-31', versionWithoutSampling],
  vertex: ['vertex-2023-10-16', versionWithoutSampling],
};

/** What the vendor refuses in a request, in its own words; undefined where it is valid. */
export function requestRefusal(route: Route, body: JsonObject): string | undefined {
  const model = rulesOf(route.model);
  const isThinking = thinks(body, model);
  return (
    versionRefusal(route) ??
    keyRefusal(route, body) ??
    requiredRefusal(body) ??
    samplingRefusal(body, model, isThinking) ??
    thinkingRefusal(body, model) ??
    effortRefusal(body, model) ??
    toolsRefusal(body) ??
    toolChoiceRefusal(body, model, isThinking) ??
    formatRefusal(body, model) ??
    stopRefusal(body) ??
    systemRefusal(body) ??
    cacheRefusal(body) ??
    messagesRefusal(route, body, model, isThinking)
  );
}

/** Whether the answer may begin with thinking. */
export function thinks(body: JsonObject, model: ModelRules): boolean {
  const { thinking } = body;
  if (!isObject(thinking)) return model.thinksUnasked;
  return thinking['type'] === 'enabled' || thinking['type'] === 'adaptive';
}

function versionRefusal({ door, version }: Route): string | undefined {
  const name = door === 'anthropic' ? 'anthropic-version' : 'anthropic_version';
  if (version === undefined)
    return `${name}: ${door === 'anthropic' ? 'header is required' : 'Field required'}`;
  return versions[door].includes(version) ? undefined : `${name}: "${version}" is not a valid version`;
}

function keyRefusal({ door, version }: Route, body: JsonObject): string | undefined {
  const isKnown = (key: string): boolean => {
    if (samplingKeys.includes(key)) return version !== versionWithoutSampling;
    if (door === 'bedrock' && (key === 'model' || key === 'stream')) return false;
    return knownKeys.has(key) || (door !== 'anthropic' && cloudKeys.has(key));
  };
  const unknown = Object.keys(body).find((key) => !isKnown(key));
  return unknown === undefined ? undefined : `${unknown}: Extra inputs are not permitted`;
}

function requiredRefusal({ max_tokens: maxTokens, messages }: JsonObject): string | undefined {
  if (maxTokens === undefined) return 'max_tokens: Field required';
  if (!Number.isInteger(maxTokens)) return 'max_tokens: Input should be a valid integer';
  if ((maxTokens as number) < 0) return 'max_tokens: Input should be greater than or equal to 0';
  if (messages === undefined) return 'messages: Field required';
  if (!Array.isArray(messages)) return 'messages: Input should be a valid list';
  return messages.length === 0 ? 'messages: at least one message is required' : undefined;
}

function samplingRefusal(body: JsonObject, model: ModelRules, isThinking: boolean): string | undefined {
  const given = samplingKeys.filter((key) => body[key] !== undefined);
  if (given.length === 0) return undefined;
  if (!model.sampling) return `\`${given[0]}\` is deprecated for this model.`;
  const { temperature } = body;
  if (
    temperature !== undefined &&
    !(typeof temperature === 'number' && temperature >= 0 && temperature <= 1)
  ) {
    return 'temperature: range: 0..1';
  }
  if (given.includes('temperature') && given.includes('top_p') && !model.temperatureWithTopP) {
    return '`temperature` and `top_p` cannot both be specified for this model. Please use only one.';
  }
  return isThinking && (given.includes('top_k') || (temperature !== undefined && temperature !== 1))
    ? '`temperature` may only be set to 1 when thinking is enabled.'
    : undefined;
}

function thinkingRefusal(
  { thinking, max_tokens: maxTokens }: JsonObject,
  model: ModelRules,
): string | undefined {
  if (thinking === undefined) return undefined;
  if (!isObject(thinking)) return 'thinking: Input should be a valid dictionary';
  const { type, budget_tokens: budget } = thinking;
  if (!['enabled', 'adaptive', 'disabled', 'between_tools'].includes(String(type))) {
    return `thinking: Input tag '${String(type)}' found using 'type' does not match any of the expected tags`;
  }
  if (!model.thinkingTypes.includes(String(type))) {
    const instead = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.';
    return `"thinking.type.${String(type)}" is not supported for this model. ${instead}`;
  }
  if (type !== 'enabled')
    return budget === undefined
      ? undefined
      : `thinking.${String(type)}.budget_tokens: Extra inputs are not permitted`;
  if (typeof budget !== 'number') return 'thinking.enabled.budget_tokens: Field required';
  if (budget < 1024) return 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024';
  return budget >= (maxTokens as number)
    ? '`max_tokens` must be greater than `thinking.budget_tokens`.'
    : undefined;
}

function effortRefusal({ output_config: config }: JsonObject, model: ModelRules): string | undefined {
  const effort = isObject(config) ? config['effort'] : undefined;
  if (effort === undefined) return undefined;
  if (!['low', 'medium', 'high', 'xhigh', 'max'].includes(effort as string)) {
    return "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'";
  }
  return model.effort ? undefined : 'This model does not support the effort parameter.';
}

function toolsRefusal({ tools }: JsonObject): string | undefined {
  const names = new Set<unknown>();
  for (const [index, tool] of listOf(tools).entries()) {
    if (!isObject(tool)) return `tools.${index}: Input should be a valid dictionary`;
    // Tools of the vendor's own have a type, and fields of which we know nothing.
    if (tool['type'] !== undefined && tool['type'] !== 'custom') continue;
    const refusal = toolRefusal(tool, `tools.${index}.custom`);
    if (refusal) return refusal;
    if (names.has(tool['name'])) return 'tools: Tool names must be unique.';
    names.add(tool['name']);
  }
  return undefined;
}

const toolKeys = new Set([
  ...['type', 'name', 'description', 'input_schema', 'strict', 'cache_control', 'eager_input_streaming'],
]);

function toolRefusal(tool: JsonObject, at: string): string | undefined {
  const unknown = Object.keys(tool).find((key) => !toolKeys.has(key));
  if (unknown) return `${at}.${unknown}: Extra inputs are not permitted`;
  if (!/^[a-zA-Z0-9_-]{1,128}$/.test(String(tool['name']))) {
    return `${at}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`;
  }
  const schema = tool['input_schema'];
  if (!isObject(schema)) return `${at}.input_schema: Field required`;
  if (schema['type'] !== 'object') return `${at}.input_schema.type: Input should be 'object'`;
  const banned = ['oneOf', 'allOf', 'anyOf'].find((key) => key in schema);
  if (banned)
    return `${at}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`;
  return tool['strict'] === true ? schemaRefusal(schema, `${at}.input_schema`) : undefined;
}

function toolChoiceRefusal(body: JsonObject, model: ModelRules, isThinking: boolean): string | undefined {
  const { tool_choice: choice, tools } = body;
  if (choice === undefined) return undefined;
  if (!isObject(choice)) return 'tool_choice: Input should be a valid dictionary';
  if (listOf(tools).length === 0) return 'tool_choice: may only be specified while providing tools';
  const type = String(choice['type']);
  if (!['auto', 'any', 'none', 'tool'].includes(type))
    return `tool_choice: Input tag '${type}' is not expected`;
  if (type === 'none' && 'disable_parallel_tool_use' in choice) {
    return 'tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted';
  }
  if (type === 'auto' || type === 'none') return undefined;
  if (!model.forcedTools) return `tool_choice: "${type}" is not supported for this model.`;
  if (isThinking) return 'Thinking may not be enabled when tool_choice forces tool use.';
  const isKnown = listOf(tools).some((tool) => isObject(tool) && tool['name'] === choice['name']);
  return type === 'tool' && !isKnown
    ? `Tool '${String(choice['name'])}' not found in provided tools`
    : undefined;
}

function formatRefusal({ output_config: config }: JsonObject, model: ModelRules): string | undefined {
  const format = isObject(config) ? config['format'] : undefined;
  if (format === undefined || format === null) return undefined;
  if (!model.formats) return 'output_config.format: structured outputs are not supported for this model';
  if (!isObject(format) || format['type'] !== 'json_schema') {
    return "output_config.format.type: Input should be 'json_schema'";
  }
  const { schema } = format;
  return isObject(schema)
    ? schemaRefusal(schema, 'output_config.format.schema')
    : 'output_config.format.schema: Field required';
}

function stopRefusal({ stop_sequences: sequences }: JsonObject): string | undefined {
  return listOf(sequences).some((sequence) => typeof sequence !== 'string' || sequence.trim() === '')
    ? 'stop_sequences: each stop sequence must contain non-whitespace'
    : undefined;
}

function systemRefusal({ system }: JsonObject): string | undefined {
  if (system === undefined || typeof system === 'string') return undefined;
  if (!Array.isArray(system)) return 'system: Input should be a valid string or list';
  return system.some(
    (block: unknown) => !isObject(block) || block['type'] !== 'text' || String(block['text']).trim() === '',
  )
    ? 'system: text content blocks must be non-empty'
    : undefined;
}

const mostCacheMarks = 4;

function cacheRefusal(body: JsonObject): string | undefined {
  const found = JSON.stringify(body).match(/"cache_control":\{/g)?.length ?? 0;
  return found > mostCacheMarks
    ? `A maximum of ${mostCacheMarks} blocks with cache_control may be provided. Found ${found}.`
    : undefined;
}
