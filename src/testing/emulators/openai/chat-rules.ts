import type { JsonObject } from '../dialect.ts';
import { messagesRefusal } from './chat-messages.ts';
import {
  arrayRefusal,
  firstRefusal,
  functionRefusal,
  isGiven,
  isObject,
  listOf,
  rangeRefusal,
  schemaFormatRefusal,
  unknownKey,
} from './common-rules.ts';
import {
  emptyArray,
  invalidType,
  missingParameter,
  unsupportedParameter,
  type Flavour,
  type Refusal,
} from './errors.ts';
import {
  effortsOf,
  isOSeries,
  isReasoningModel,
  takesSampling,
  takesSchema,
  takesStop,
  toolsNeedResponses,
} from './models.ts';

const knownParameters = [
  ...[
    'messages',
    'model',
    'audio',
    'frequency_penalty',
    'function_call',
    'functions',
    'logit_bias',
    'logprobs',
  ],
  ...[
    'max_completion_tokens',
    'max_tokens',
    'metadata',
    'modalities',
    'moderation',
    'n',
    'parallel_tool_calls',
  ],
  ...['prediction', 'presence_penalty', 'prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention'],
  ...[
    'reasoning_effort',
    'response_format',
    'safety_identifier',
    'seed',
    'service_tier',
    'stop',
    'store',
    'stream',
  ],
  ...['stream_options', 'temperature', 'tool_choice', 'tools', 'top_logprobs', 'top_p', 'user', 'verbosity'],
  ...['web_search_options'],
];

/** What Chat Completions refuses. Compatible endpoints know the shapes, but neither the parameters nor the models. */
export function chatRefusal(body: JsonObject, model: string, flavour: Flavour): Refusal | undefined {
  const isStrict = flavour !== 'compatible';
  return (
    (isStrict ? unknownParameterRefusal(body, flavour) : undefined) ??
    (model === '' ? { message: 'you must provide a model parameter' } : undefined) ??
    messagesRefusal(body.messages, isStrict ? model : '', isStrict) ??
    toolsRefusal(body) ??
    samplingRefusal(body) ??
    formatRefusal(body, isStrict ? model : '') ??
    streamOptionsRefusal(body) ??
    (isStrict ? modelRefusal(body, model) : undefined)
  );
}

function unknownParameterRefusal(body: JsonObject, flavour: Flavour): Refusal | undefined {
  const refusal = unknownKey(
    body,
    flavour === 'azure' ? [...knownParameters, 'data_sources'] : knownParameters,
  );
  if (!refusal || flavour !== 'azure') return refusal;
  return { message: `Unrecognized request argument supplied: ${refusal.param}` };
}

function toolsRefusal(body: JsonObject): Refusal | undefined {
  const { tools, tool_choice: choice, parallel_tool_calls: parallel } = body;
  if (!isGiven(tools)) {
    if (isGiven(choice)) return onlyWithTools('tool_choice');
    return isGiven(parallel) ? onlyWithTools('parallel_tool_calls') : undefined;
  }
  return (
    arrayRefusal(tools, 128, 'tools') ??
    firstRefusal(listOf(tools), (tool, index) => toolRefusal(tool, `tools[${index}]`)) ??
    choiceRefusal(choice, listOf(tools) as JsonObject[])
  );
}

function onlyWithTools(param: string): Refusal {
  return {
    message: `Invalid value for '${param}': '${param}' is only allowed when 'tools' are specified.`,
    param,
  };
}

function toolRefusal(tool: unknown, param: string): Refusal | undefined {
  if (!isObject(tool)) return invalidType(param, 'an object', tool);
  if (!isGiven(tool.type)) return missingParameter(`${param}.type`);
  if (tool.type !== 'function') return undefined;
  if (!isObject(tool.function)) return missingParameter(`${param}.function`);
  return functionRefusal(tool.function, `${param}.function`);
}

function choiceRefusal(choice: unknown, tools: readonly JsonObject[]): Refusal | undefined {
  if (!isGiven(choice) || ['none', 'auto', 'required'].includes(choice as string)) return undefined;
  const wanted = isObject(choice) && isObject(choice.function) ? choice.function.name : undefined;
  if (isObject(choice) && choice.type !== 'function') return undefined;
  if (wanted === undefined) {
    const message = `Invalid value: '${String(choice)}'. Supported values are: 'none', 'auto', and 'required'.`;
    return { message, param: 'tool_choice', code: 'invalid_value' };
  }
  if (tools.some((tool) => isObject(tool.function) && tool.function.name === wanted)) return undefined;
  const message = `Invalid value for 'tool_choice': no function named ${JSON.stringify(wanted)} was specified in 'tools'.`;
  return { message, param: 'tool_choice' };
}

function samplingRefusal(body: JsonObject): Refusal | undefined {
  const { stop } = body;
  const stopFault = Array.isArray(stop) && stop.length > 0 ? arrayRefusal(stop, 4, 'stop') : undefined;
  return (
    stopFault ??
    (Array.isArray(stop) && stop.length === 0 ? emptyArray('stop') : undefined) ??
    rangeRefusal(body, 'temperature', { min: 0, max: 2 }) ??
    rangeRefusal(body, 'top_p', { min: 0, max: 1 }) ??
    rangeRefusal(body, 'presence_penalty', { min: -2, max: 2 }) ??
    rangeRefusal(body, 'frequency_penalty', { min: -2, max: 2 }) ??
    rangeRefusal(body, 'max_tokens', { min: 1, isInteger: true }) ??
    rangeRefusal(body, 'max_completion_tokens', { min: 1, isInteger: true }) ??
    rangeRefusal(body, 'seed', { min: Number.MIN_SAFE_INTEGER, isInteger: true })
  );
}

function formatRefusal(body: JsonObject, model: string): Refusal | undefined {
  const format = body.response_format;
  if (!isObject(format)) return undefined;
  if (format.type === 'json_object' && !JSON.stringify(body.messages).toLowerCase().includes('json')) {
    const rule = "to use 'response_format' of type 'json_object'.";
    return { message: `'messages' must contain the word 'json' in some form, ${rule}`, param: 'messages' };
  }
  if (format.type !== 'json_schema') return undefined;
  if (!takesSchema(model)) {
    const rule = "'response_format' of type 'json_schema' is not supported with this model.";
    return { message: `Invalid parameter: ${rule}` };
  }
  if (!isObject(format.json_schema)) return missingParameter('response_format.json_schema');
  return schemaFormatRefusal(format.json_schema, 'response_format.json_schema', 'response_format');
}

function streamOptionsRefusal(body: JsonObject): Refusal | undefined {
  if (!isGiven(body.stream_options) || body.stream === true) return undefined;
  const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
  return { message, param: 'stream_options' };
}

function modelRefusal(body: JsonObject, model: string): Refusal | undefined {
  const effort = typeof body.reasoning_effort === 'string' ? body.reasoning_effort : undefined;
  if (!isReasoningModel(model)) {
    return effort === undefined
      ? undefined
      : { message: 'Unrecognized request argument supplied: reasoning_effort' };
  }
  return (
    effortRefusal(effort, model) ??
    limitRefusal(body) ??
    (isGiven(body.stop) && !takesStop(model) ? unsupportedParameter('stop') : undefined) ??
    (takesSampling(model, effort) ? undefined : reasoningSamplingRefusal(body)) ??
    (isOSeries(model) && isGiven(body.parallel_tool_calls)
      ? unsupportedParameter('parallel_tool_calls')
      : undefined) ??
    reasoningToolsRefusal(body, model, effort)
  );
}

function effortRefusal(effort: string | undefined, model: string): Refusal | undefined {
  const known = effortsOf(model);
  if (effort === undefined || known.includes(effort)) return undefined;
  const values = known.map((value) => `'${value}'`).join(', ');
  return {
    message: `Unsupported value: 'reasoning_effort' does not support '${effort}' with this model. Supported values are: ${values}.`,
    param: 'reasoning_effort',
    code: 'unsupported_value',
  };
}

function limitRefusal(body: JsonObject): Refusal | undefined {
  if (!isGiven(body.max_tokens)) return undefined;
  return unsupportedParameter('max_tokens', " Use 'max_completion_tokens' instead.");
}

function reasoningSamplingRefusal(body: JsonObject): Refusal | undefined {
  const { temperature } = body;
  if (isGiven(temperature) && temperature !== 1) {
    const rule = `'temperature' does not support ${String(temperature)} with this model.`;
    return {
      message: `Unsupported value: ${rule} Only the default (1) value is supported.`,
      param: 'temperature',
      code: 'unsupported_value',
    };
  }
  const refused = ['top_p', 'presence_penalty', 'frequency_penalty', 'logit_bias', 'logprobs'];
  const found = refused.find((param) => isGiven(body[param]));
  return found === undefined ? undefined : unsupportedParameter(found);
}

function reasoningToolsRefusal(
  body: JsonObject,
  model: string,
  effort: string | undefined,
): Refusal | undefined {
  const hasFunctions = listOf(body.tools).some((tool) => isObject(tool) && tool.type === 'function');
  const message = hasFunctions ? toolsNeedResponses(model, effort) : undefined;
  return message === undefined ? undefined : { message, param: 'reasoning_effort' };
}
